"""The roads by which one set of pillars comes to pbl: as CSV, Parquet or frames, small or large, in any order."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

import duckdb
import polars as pl
from support.large import little_memory
from support.parquet import put

from pbl.domain.errors import FindingsError, PblError
from pbl.domain.limits import Limits, Sizes
from pbl.project.frames import frames_as_files
from pbl.project.pillar_files import select_pillars

HEADER = "id"
ORDER = "PBL604"
KINDS = ("csv", "csv", "parquet", "parts", "frame")
QUOTES = ("needed", "needed", "all", "one", "cells")
ORDERS = ("same", "shuffled", "late")
SPELLINGS = ("{!r}".format, "{:.17g}".format, "{:.16E}".format, "{:+}".format, lambda x: repr(x).removesuffix(".0"))


@dataclass(frozen=True)
class Road:
    """How a set is put into files, and how pbl is to read them; `seed` decides all that differs from file to file."""

    kinds: tuple[str, ...]
    """The form of each file, the template's last."""
    seed: int
    large: bool = False
    little: bool = False
    """Whether memory is said to be too small."""
    order: str = "same"
    output: str = "out.csv"

    @property
    def limits(self):
        chance = chance_of(self.seed)
        memory = 64 << 20 if self.little else None
        if not self.large:
            return Limits(threads=chance.choice((1, 2)), memory=memory, sizes=Sizes(ids=chance.choice((5, 10**6))))
        block = chance.choice((256, 256, 900))
        sizes = Sizes(
            large=1,
            block=block,
            preview=block,
            ids=chance.choice((5, 100)),
            rows=chance.choice((5, 50)),
            cells=chance.choice((30, 200)),
            parquet_rows=chance.choice((6, 1000)),
            table_rows=chance.choice((7, 16)),
        )
        return Limits(threads=chance.choice((1, 2)), memory=memory, sizes=sizes)

    def __str__(self):
        size = "in little memory" if self.little else "large" if self.large else "small"
        return f"{'/'.join(self.kinds)}, {size}, {self.order} order, to {self.output}, seed {self.seed}"


def chance_of(seed):
    return Random(seed)  # noqa: S311 - to be made again, not to be secret


def make_roads(chance, files, *, count, frames=True):
    """Make roads that differ as much as they can: the first is small CSV in the order as it is."""
    kinds = KINDS if frames else KINDS[:-1]
    roads = [Road(("csv",) * (files + 1), chance.getrandbits(32))]
    for n in range(1, count):
        one, several = chance.choice(kinds), [chance.choice(KINDS[:-1]) for _ in range(files + 1)]
        chosen = several if chance.random() < 0.3 else [one] * files + [chance.choice(KINDS[:-1])]
        large = n % 3 != 0
        how = {
            "large": large,
            "little": large and chance.random() < 0.3,
            "order": chance.choice(ORDERS),
            "output": chance.choice(("out.csv", "out.csv", "out.parquet")),
        }
        roads.append(Road(tuple(chosen), chance.getrandbits(32), **how))
    return roads


def ordered(rows, order, seed):
    """Put rows into an order of their own."""
    if order == "same":
        return list(rows)
    kept = 0 if order == "shuffled" else len(rows) // 2
    rest = list(rows[kept:])
    chance_of(seed).shuffle(rest)
    return [*rows[:kept], *rest]


def put_file(path, rows, columns, kind, seed):
    """Write one file, or a folder of parts, and return its path."""
    chance = chance_of(seed)
    if kind == "csv":
        return put_csv(path.with_suffix(".csv"), rows, columns, chance)
    frame = as_frame(rows, columns, chance)
    how = {"row_group_size": chance.choice((2, 5, 1000)), "statistics": chance.random() < 0.5}
    if kind == "parquet":
        return rewritten(put(path.with_suffix(".parquet"), frame, **how), chance)
    parts = chance.choice((1, 2, 3, 10) if len(rows) < 13 else (1, 3))
    cuts = sorted(chance.randint(0, len(rows)) for _ in range(parts))
    for n, (first, last) in enumerate(zip([0, *cuts], [*cuts, len(rows)], strict=True)):
        rewritten(put(path / f"part-{n:02}.parquet", frame[first:last], **how), chance)
    return path


def put_csv(path, rows, columns, chance):
    quotes, end, spelling = chance.choice(QUOTES), chance.choice(("\n", "\n", "\r\n")), chance.choice(SPELLINGS)
    one = chance.randrange(len(rows)) if rows else 0

    def cell(value, *, quoted=False):
        text = "" if value is None else value if isinstance(value, str) else spelling(value)
        wanted = quoted or any(mark in text for mark in ',"\n\r') or text != text.strip()
        return '"' + text.replace('"', '""') + '"' if wanted else text

    lines = [",".join(cell(name, quoted=quotes == "cells") for name in columns)]
    for n, (key, *numbers) in enumerate(rows):
        quoted = quotes in {"all", "cells"} or (quotes == "one" and n == one)
        lines.append(",".join([cell(key, quoted=quoted), *(cell(x, quoted=quotes == "cells") for x in numbers)]))
    text = "".join(line + end for line in lines)
    path.write_bytes(text.encode("utf-8-sig" if chance.random() < 0.2 else "utf-8"))
    return path


def as_frame(rows, columns, chance=None):
    """Make a frame; by chance with FLOAT where that is exact, with dictionaries or whole numbers as ids."""
    ids = pl.Series(columns[0], [row[0] for row in rows], dtype=pl.String)
    numbers = [pl.Series(name, [row[n] for row in rows], dtype=pl.Float64) for n, name in enumerate(columns[1:], 1)]
    if chance is not None:
        if chance.random() < 0.5:
            numbers = [each.cast(pl.Float32) if is_single(each) else each for each in numbers]
        if all(row[0] is None or (row[0].isdigit() and str(int(row[0])) == row[0]) for row in rows):
            ids = ids.cast(chance.choice((pl.String, pl.Int64, pl.UInt16)))
        elif chance.random() < 0.3:
            ids = ids.cast(pl.Categorical)
    return pl.DataFrame([ids, *numbers])


def is_single(numbers):
    """Say whether all numbers are exact as FLOAT."""
    return numbers.cast(pl.Float32, strict=False).cast(pl.Float64).eq_missing(numbers).all()


def rewritten(path, chance):
    """Have another writer than polars write a Parquet file again, at times."""
    if chance.random() < 0.15:
        other = path.with_name(f"{path.name}.tmp")
        with duckdb.connect() as base:
            base.execute("SET threads = 1")
            limit = chance.choice((1, 10**6))
            how = f"FORMAT parquet, DICTIONARY_SIZE_LIMIT {limit}, PARQUET_VERSION V2"
            base.execute(f"COPY (FROM read_parquet('{path}')) TO '{other}' ({how})")
        other.replace(path)
    return path


def files_on(made, road):
    """Return the rows of each file in the order that the road has."""
    return [ordered(rows, road.order, road.seed + n) for n, rows in enumerate(made.files)]


def template_on(made, road):
    """Return the template's ids in the order that the road has."""
    return ordered(made.template, road.order, road.seed - 1)


def due_order(made, road):
    """Return the ids in the order of the blend, and the pillars that are said to have another, one for each file."""
    ids = [[row[0] for row in rows] for rows in files_on(made, road)]
    first = ids[0] if made.template is None else template_on(made, road)
    pillars = [name for n, name in enumerate(made.names) for _ in made.members_of(n)]
    return first, [name for name, own in zip(pillars, ids, strict=True) if own != first]


def lay(made, road, folder, *, truth=None):
    """Put a set into a folder by a road, with its pbl.toml; return the frames by name, if the pillars are frames.

    With a truth's rows, the files are out-of-fold ones.
    """
    columns = (HEADER, *made.targets)
    toml = [f"[contract]\nid = '{HEADER}'\ntargets = {list(made.targets)}", made.contract]
    files = files_on(made, road)
    frames = {}
    if truth is not None:
        rows = ordered(truth, road.order, road.seed - 1)
        path = put_file(folder / "truth", rows, columns, road.kinds[-1], road.seed - 1)
        toml.append(f"[metric]\ntruth = '{path.name}'")
    elif made.template is not None:
        rows = [(key, *[0.0] * len(made.targets)) for key in template_on(made, road)]
        path = put_file(folder / "template", rows, columns, road.kinds[-1], road.seed - 1)
        toml.append(f"template = '{path.name}'")
    if road.kinds[0] == "frame":
        frames = {name: as_frame(rows, columns) for name, rows in zip(made.names, files, strict=True)}
    else:
        for pillar, name in enumerate(made.names):
            paths = [
                put_file(folder / f"f{n}", files[n], columns, road.kinds[n], road.seed + n).name
                for n in made.members_of(pillar)
            ]
            several = len(paths) > 1
            toml += [f"[pillars.{name}]", f"files = {paths}" if several else f"file = '{paths[0]}'"]
            oof = repr("gone.csv" if name == made.gone else paths if several else paths[0])
            toml += [f"oof = {oof}"] * (truth is not None)
    Path(folder / "pbl.toml").write_text("\n".join([*toml, made.toml]))
    return frames


@contextmanager
def selected(frames, folder):
    """Give the selection of what lies in a folder, and of frames if there are some."""
    with frames_as_files(frames, spill=folder) as handed:
        named = list(handed.paths.items())
        yield handed.mark(select_pillars([] if named else [folder], named=named, folder=folder))


def told(findings, *, errors=False):
    """Tell findings by all but the files' names, rows and order."""
    return sorted(
        (f.code, f.severity.value, f.pillar or "", f.column or "", f.count, sorted(str(e.id) for e in f.examples))
        for f in findings
        if f.code != ORDER and (not errors or f.severity.value == "error")
    )


def say(call):
    """Return what a call says, or how it refuses."""
    try:
        return call()
    except FindingsError as error:
        # A command shows the first places only, and which those are depends on the order.
        return {"refused": [found[:-1] for found in told(error.report.findings, errors=True)]}
    except PblError as error:
        return {"refused": type(error).__name__}


def require_one_answer(walk, roads, folder, patching):
    """Have a set walk each road, and see that all say the same; `walk` is told the road and an empty folder."""
    first = None
    for road in roads:
        folder.mkdir()
        with patching.context() as patch:
            if road.little:
                little_memory(patch)
            try:
                said = walk(road, folder)
                first = first or said
                for what, answer in first.items():
                    assert said[what] == answer, f"{what} says something else"
                    assert repr(said[what]) == repr(answer), f"{what} says something else, -0.0 for 0.0 perhaps"
            except Exception as error:
                error.add_note(f"first road: {roads[0]}\nthis road: {road}")
                raise
        shutil.rmtree(folder)
