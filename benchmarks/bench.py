"""Measure pbl beside the plain ways to do the same, print the table and write RESULTS.md. Nothing is asserted."""

import argparse
import functools
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
import venv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from race import Contender, race
from telling import Line, beyond_twice, count, document, growth, own_words, peak, ratio

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "RESULTS.md"
LARGE = 10_000_000
HUGE = 100_000_000
PBL = Path(sysconfig.get_path("scripts")) / "pbl"
BYTES_A_CELL = 44
ORDERS = {"same": "same order", "shuffled": "shuffled"}


class NoSpaceError(Exception):
    """The disk has too little room for a case."""


class Bench:
    """The cases. `lines` is the table, `raced` everything measured, by case."""

    def __init__(self, room: Path, options: argparse.Namespace) -> None:
        self.room = room
        self.most_rows: int = options.rows
        self.with_huge: bool = options.huge
        self.quick: bool = options.quick
        self.patience: float = options.patience
        self.began = time.monotonic()
        self.lines: list[Line] = []
        self.grown: list[list[str]] = []
        self.raced: dict[str, Sequence[Contender]] = {}

    def everyday(self) -> None:
        """Four files of 4,000 rows, in environments with pandas and without."""
        rows, full_size = self._size(4_000)
        without = _environment_without_pandas(self.room / "bare")
        case = f"{count(rows)} x 4, different order"
        with self._files(rows, "shuffled") as files:
            helps, blends, validates = [], [], []
            for python, where in ((sys.executable, ""), (without, ", no pandas")):
                helps.append(Contender(name=f"pbl --help{where}", argv=[python, PBL, "--help"]))
                blends.append(self._blend(files, where, python=python))
                validates.append(Contender(name=f"pbl validate{where}", argv=[python, PBL, "validate", *files]))
            typer = Contender(name="import typer", argv=[sys.executable, "-c", "import typer"])
            pandas = self._script("pandas_script.py", files)
            self._race(case, [typer, *helps, pandas, *blends, *validates], turns=15, warm=True)
        for ours in helps:
            self._add(ratio("start-up", ours, typer, "cpu", at_most=1.2))
        for ours in blends:
            self._add(ratio(case, ours, pandas, "wall", at_most=0.75, goal=0.5, full_size=full_size))
        for ours in validates:
            self._add(ratio(case, ours, pandas, "wall", at_most=1.3, goal=1.0, full_size=full_size))

    def million(self) -> None:
        """Four files of 1M rows, in the same order and shuffled."""
        rows, full_size = self._size(1_000_000)
        case = f"{count(rows)} x 4, same order"
        ours, floor, pandas = self._same_order(rows)
        self._add(
            ratio(case, ours, pandas, "wall", at_most=0.30, goal=0.2, full_size=full_size),
            ratio(case, ours, floor, "wall", at_most=2.0, goal=1.5, full_size=full_size),
        )
        case = f"{count(rows)} x 4, shuffled"
        ours, _, pandas, _, _ = self._shuffled(rows)
        self._add(ratio(case, ours, pandas, "wall", at_most=0.40, goal=0.3, full_size=full_size))

    def large(self) -> None:
        """Four files of 10M rows, in the same order and shuffled."""
        rows, full_size = self._size(LARGE)
        case = f"{count(rows)} x 4, same order"
        ours, floor, pandas = self._same_order(rows)
        self._add(
            ratio(case, ours, pandas, "cpu", at_most=0.3, full_size=full_size),
            ratio(case, ours, floor, "cpu", at_most=2.2, goal=1.5, full_size=full_size),
            peak(case, ours, at_most=1024, goal=600, full_size=full_size),
        )
        case = f"{count(rows)} x 4, shuffled"
        ours, join, _, limited, same = self._shuffled(rows)
        told = {None: "not measured", True: "the same bytes", False: "OTHER BYTES"}[same]
        self._add(
            ratio(case, ours, join, "cpu", at_most=1.3, goal=1.0, full_size=full_size),
            peak(case, ours, at_most=2560, goal=2048, full_size=full_size),
            Line(
                case=case,
                asked=f"{limited.name}, output",
                shown=told,
                figure=None if same is None else not same,
                goal=0,
            ),
            peak(case, limited, at_most=1331, full_size=full_size),
            ratio(case, limited, ours, "wall", at_most=3, goal=2, full_size=full_size),
        )

    def parquet(self) -> None:
        """Four Parquet files of 10M rows, in the same order and shuffled, beside the same as CSV."""
        rows, full_size = self._size(LARGE)
        for order, at_most in (("same", 0.5), ("shuffled", 0.7)):
            case = f"{count(rows)} x 4 in Parquet, {ORDERS[order]}"
            with self._files(rows, order) as files:
                subprocess.run([sys.executable, HERE / "make_parquet.py", *files], check=True)
                typed = [path.with_suffix(".parquet") for path in files]
                plain = self._blend(files, " of CSV")
                ours = self._blend(typed, " of Parquet", ending="parquet")
                frames = [path.parent / "frames" / path.name for path in typed]
                alike = self._blend(frames, " of Parquet from frames", ending="parquet")
                limited = self._blend(typed, " of Parquet --memory-limit 1GB", "--memory-limit", "1GB")
                polars = self._script("polars_parquet.py", typed)
                check, check_alike = (
                    Contender(name=f"pbl validate of Parquet{how}", argv=[sys.executable, PBL, "validate", *paths])
                    for how, paths in (("", typed), (" from frames", frames))
                )
                contenders = [plain, ours, alike, limited, polars, check, check_alike]
                self._race(case, contenders, turns=_turns(rows))
                hashes = {_sha256(it.output) for it in (plain, limited) if it.turns and not it.trouble}
            same = len(hashes) == 1
            self._add(
                ratio(case, ours, plain, "cpu", at_most=at_most, full_size=full_size),
                ratio(case, alike, plain, "cpu", at_most=at_most, full_size=full_size),
                ratio(case, ours, polars, "cpu", at_most=1.5, full_size=full_size),
                peak(case, ours, at_most=600 if order == "same" else 2560, full_size=full_size),
                peak(case, check, at_most=600 if order == "same" else 2560, full_size=full_size),
                Line(
                    case=case,
                    asked=f"{limited.name}, output",
                    shown="the bytes of CSV" if same else "OTHER BYTES",
                    figure=not same,
                    goal=0,
                ),
            )

    def huge(self) -> None:
        """Four files of 100M rows, in the same order."""
        case = f"{count(HUGE)} x 4, same order"
        ours, floor, _ = self._same_order(HUGE)
        self._add(peak(case, ours, at_most=2048), ratio(case, ours, floor, "wall", goal=1.5))

    def validate(self) -> None:
        """One file of 10M rows, beside Pandera as its manual shows it."""
        rows, full_size = self._size(LARGE)
        case = f"validate one file of {count(rows)}"
        with self._files(rows, "same", pillars=1) as files:
            ours = Contender(name="pbl validate", argv=[sys.executable, PBL, "validate", *files])
            plain = Contender(name="pandera_plain.py", argv=[sys.executable, HERE / "pandera_plain.py", *files])
            self._race(case, [ours, plain], turns=3)
        self._add(
            ratio(case, ours, plain, "wall", at_most=0.5, goal=0.3, full_size=full_size),
            peak(case, ours, at_most=1024, goal=500, full_size=full_size),
        )

    def report(self) -> None:
        """The page of four files of 10M rows, in the same order and shuffled."""
        rows, full_size = self._size(LARGE)
        for order, in_words in ORDERS.items():
            case = f"report of {count(rows)} x 4, {in_words}"
            with self._files(rows, order) as files:
                check = Contender(name="pbl validate", argv=[sys.executable, PBL, "validate", *files])
                compare = Contender(name="pbl compare", argv=[sys.executable, PBL, "compare", *files])
                page = self.room / "out" / "report.html"
                ours = Contender(
                    name="pbl report", argv=[sys.executable, PBL, "report", *files, "-o", page], output=page
                )
                self._race(case, [check, compare, ours], turns=1)
            self._add(
                beyond_twice(case, ours, check, at_most=30, full_size=full_size),
                peak(case, ours, at_most=4096, full_size=full_size),
            )

    def wide(self) -> None:
        """Four files of 250k rows and 20 targets."""
        rows, full_size = self._size(250_000)
        for order, at_most, goal in (("same", 0.4, 0.25), ("shuffled", 0.5, 0.35)):
            case = f"{count(rows)} x 4 x 20 targets, {ORDERS[order]}"
            with self._files(rows, order, targets=20) as files:
                ours, pandas = self._blend(files), self._script("pandas_script.py", files)
                self._race(case, [ours, pandas], turns=3)
            self._add(ratio(case, ours, pandas, "wall", at_most=at_most, goal=goal, full_size=full_size))

    def growth(self) -> None:
        """What a row and a pillar cost as both grow."""
        sizes = [size for size in (10**4, 10**5, 10**6, LARGE) if size <= self.most_rows]
        same = {size: self._same_order(size)[0] for size in [*sizes, *([HUGE] if self.with_huge else [])]}
        self.grown += growth("rows, 4 pillars, same order", same, 1)
        self.grown += growth("rows, 4 pillars, shuffled", {size: self._shuffled(size)[0] for size in sizes}, 1)
        rows, _ = self._size(1_000_000)
        for order, in_words in ORDERS.items():
            with self._files(rows, order, pillars=16) as files:
                ours = {n: self._blend(files[:n], f", {n} pillar{'s'[: n - 1]}") for n in (1, 2, 4, 8, 16)}
                self._race(f"{count(rows)} x 1 to 16, {in_words}", list(ours.values()), turns=3)
            self.grown += growth(f"pillars, {count(rows)} rows, {in_words}", ours, rows)

    @functools.cache  # noqa: B019 - there is one Bench
    def _same_order(self, rows: int) -> tuple[Contender, Contender, Contender]:
        with self._files(rows, "same") as files:
            ours, floor = self._blend(files), self._script("floor.py", files)
            pandas = self._script("pandas_script.py", files)
            contenders = [ours, floor, pandas] if rows <= LARGE else [ours, floor]
            self._race(f"{count(rows)} x 4, same order", contenders, turns=_turns(rows))
        return ours, floor, pandas

    @functools.cache  # noqa: B019 - same
    def _shuffled(self, rows: int) -> tuple[Contender, Contender, Contender, Contender, bool | None]:
        """Also say whether less memory gave the same bytes."""
        with self._files(rows, "shuffled") as files:
            ours, join = self._blend(files), self._script("duckdb_join.py", files)
            pandas = self._script("pandas_script.py", files)
            limited = self._blend(files, " --memory-limit 1GB", "--memory-limit", "1GB")
            contenders = [ours, join]
            contenders += [pandas] if rows <= 10**6 else []
            contenders += [limited] if rows == min(LARGE, self.most_rows) else []
            self._race(f"{count(rows)} x 4, shuffled", contenders, turns=_turns(rows))
            hashes = [_sha256(it.output) for it in (ours, limited) if it.turns and not it.trouble]
        return ours, join, pandas, limited, len(set(hashes)) == 1 if len(hashes) > 1 else None

    def _blend(
        self, files: Sequence[Path], name: str = "", *flags: str, python: str = sys.executable, ending: str = "csv"
    ) -> Contender:
        output = self.room / "out" / f"blend{name.replace(' ', '_').replace(',', '')}.{ending}"
        argv = [python, PBL, "blend", *files, "--clip-min", "0", "--output", output, *flags]
        return Contender(name=f"pbl blend{name}", argv=argv, output=output)

    def _script(self, script: str, files: Sequence[Path]) -> Contender:
        output = self.room / "out" / f"{script}.csv"
        return Contender(name=script, argv=[sys.executable, HERE / script, output, *files], output=output)

    @contextmanager
    def _files(self, rows: int, order: str, *, pillars: int = 4, targets: int = 1) -> Iterator[list[Path]]:
        """Make prediction files; remove them afterwards, and all that was made of them."""
        needed = rows * BYTES_A_CELL * targets * (pillars + 4)
        if needed > shutil.disk_usage(self.room).free:
            raise NoSpaceError(f"{needed / 1e9:,.0f} GB of disk are needed; name another with --folder")
        self._tell(f"making data: {count(rows)} rows, pillars: {pillars}, targets: {targets}, {ORDERS[order]}")
        folder, out = self.room / "files", self.room / "out"
        out.mkdir()
        try:
            what = map(str, (rows, pillars, targets))
            subprocess.run([sys.executable, HERE / "make_data.py", folder, *what, order], check=True)
            os.chdir(folder)  # where pbl looks for its pbl.toml
            named = [folder / f"submission_{name}.csv" for name in ("siglip", "dino", "mvp", "dinov2")]
            yield [path for path in named if path.exists()] or sorted(folder.glob("*.csv"))
        finally:
            os.chdir(self.room)
            for each in (folder, out):
                shutil.rmtree(each, ignore_errors=True)

    def _race(self, case: str, contenders: Sequence[Contender], *, turns: int, warm: bool = False) -> None:
        self.raced[case] = contenders
        turns = 1 if self.quick else turns
        race(
            contenders, turns=turns, warm=warm, patience=self.patience, tell=lambda text: self._tell(f"{case}: {text}")
        )

    def _size(self, asked: int) -> tuple[int, bool]:
        rows = min(asked, self.most_rows)
        return rows, rows == asked

    def _add(self, *lines: Line) -> None:
        for line in lines:
            self.lines.append(line)
            self._tell(f"{line.case}: {line.asked}: {line.shown}, {line.outcome()}")

    def _tell(self, text: str) -> None:
        print(f"[{time.monotonic() - self.began:5.0f} s] {text}", file=sys.stderr, flush=True)


CASES = {
    "everyday": Bench.everyday,
    "million": Bench.million,
    "large": Bench.large,
    "parquet": Bench.parquet,
    "huge": Bench.huge,
    "validate": Bench.validate,
    "report": Bench.report,
    "wide": Bench.wide,
    "growth": Bench.growth,
}


def main() -> None:
    """Run the cases, print the tables, and write them down if nothing was left out."""
    options = _options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # ends as Ctrl-C does: the temporary folder is removed
    began, load = datetime.now(UTC), os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="pbl-bench-", dir=options.folder) as room:
        bench = Bench(Path(room).resolve(), options)
        try:
            for name in options.only or [name for name in CASES if name != "huge" or options.huge]:
                try:
                    CASES[name](bench)
                except NoSpaceError as error:
                    bench.lines.append(Line(case=name, asked="", shown=str(error)))
        except KeyboardInterrupt:
            sys.exit("stopped; nothing was written")
        finally:
            os.chdir(HERE)
    minutes = (time.monotonic() - bench.began) / 60
    told = document(began=began, minutes=minutes, load=load, lines=bench.lines, grown=bench.grown, raced=bench.raced)
    print(told)
    if options.only or options.quick or options.rows < LARGE:
        print("Not everything was measured at full size: benchmarks/RESULTS.md stays as it is.", file=sys.stderr)
        return
    words = own_words(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else ""
    RESULTS.write_text(f"{told}\n{words}" if words else told, encoding="utf-8")
    print("written: benchmarks/RESULTS.md", file=sys.stderr)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=LARGE, metavar="N", help="no file is longer (default: %(default)s)")
    parser.add_argument("--huge", action="store_true", help="100M rows as well: 35 GB of disk, and its time")
    parser.add_argument("--quick", action="store_true", help="one turn each, to see that it runs")
    parser.add_argument("--only", nargs="+", choices=CASES, metavar="CASE", help=f"some cases: {', '.join(CASES)}")
    parser.add_argument("--folder", metavar="DIR", help="where to make the temporary folder (default: $TMPDIR or /tmp)")
    parser.add_argument("--patience", type=float, metavar="S", help="end a command after S seconds (600; huge: 3600)")
    options = parser.parse_args()
    options.huge = options.huge or "huge" in (options.only or ())
    options.patience = options.patience or (3600 if options.huge else 600)
    if options.rows < 1:
        parser.error("--rows: at least 1")
    return options


def _environment_without_pandas(folder: Path) -> str:
    """Link this environment's packages, but for pandas and numpy, into a new one; return its Python."""
    venv.EnvBuilder(symlinks=True, with_pip=False).create(folder)
    site = Path(sysconfig.get_path("purelib", "venv", {"base": str(folder), "installed_base": str(folder)}))
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        if not entry.name.startswith(("pandas", "numpy", "__pycache__")):
            (site / entry.name).symlink_to(entry)
    return str(folder / "bin" / "python")


def _turns(rows: int) -> int:
    return 5 if rows <= 10**6 else 3 if rows <= LARGE else 1


def _sha256(path: Path | None) -> str:
    if path is None:
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


if __name__ == "__main__":
    main()
