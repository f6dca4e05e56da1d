"""Random files, sound and broken: what pbl says of each is what a reader of its own (`oracle.py`) says.

`PBL_FUZZ_SEED` and `PBL_FUZZ_COUNT` choose the files; a failure prints the file and the seed that makes it again.
"""

from __future__ import annotations

import csv
import importlib
import io
import os
import re
import struct
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import UTC, datetime
from random import Random
from typing import TYPE_CHECKING

import polars as pl
import pytest
from pbl_sql import Sql, listed, name
from support import generator, oracle

from pbl.blending.blend import blend
from pbl.checks import _match as match
from pbl.checks import _one_file as check_alone
from pbl.checks import _schema as decide
from pbl.checks._gather import Gathered, gather
from pbl.domain.contract import Contract
from pbl.domain.errors import Malformed
from pbl.domain.limits import Limits
from pbl.domain.pillars import Pillar, Selection
from pbl.domain.progress import Progress
from pbl.domain.provenance import Maker
from pbl.domain.rules import Severity
from pbl.domain.settings import Settings
from pbl.engine.duck import open_duck
from pbl.reading import _scan as screen
from pbl.reading import blocks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from pbl.checks._checked import Checked
    from pbl.domain.findings import Finding
    from pbl.engine.duck import Duck

validate = importlib.import_module("pbl.checks.validate")  # `pbl.validate` is the function of that name
SEED = os.environ.get("PBL_FUZZ_SEED", "2025")
COUNT = int(os.environ.get("PBL_FUZZ_COUNT", "20000" if os.environ.get("CI") else "1600"))
SHARDS = 8
BATCH = 200
WANTED = (
    {},
    {},
    {"targets": ("a", "b")},
    {"id": "row", "targets": ("id", "t0", "t1")},
    {"id": 'i"d, x', "targets": ("^.*$", "tärget 🙂", "SELECT")},
    {"min": 0.0, "max": 100.0},
    {"min": -1.5},
    {"id_pattern": r"[A-Za-z0-9_.\-]+"},
    {"id_pattern": r"ID[0-9]+__[A-Za-z_]+|[0-9]+", "max": 0.5},
)


def doubles(texts: Iterable[str]) -> list[bytes]:
    """Return each number's bits."""
    return [struct.pack("<d", float(text)) for text in texts]


def findings(found: list[Finding], severity: Severity) -> frozenset[str]:
    return frozenset(f.code for f in found if f.severity is severity)


def batches() -> Iterator[tuple[int, int]]:
    """Yield number and size of each batch."""
    for first in range(0, COUNT, BATCH):
        yield first // BATCH, min(BATCH, COUNT - first)


@pytest.mark.parametrize("shard", range(SHARDS))
def test_pbl_reads_what_a_strict_reader_reads_and_refuses_the_rest(shard, tmp_path, monkeypatch):
    accepted = as_large = seen = 0
    for number, size in batches():
        if number % SHARDS != shard:
            continue
        chance = Random(f"{SEED}-{number}")  # noqa: S311 - to be made again, not to be secret
        wanted = oracle.Wanted(**chance.choice(WANTED))
        monkeypatch.setattr(screen, "_CHUNK", chance.choice((1 << 20, 2, 3, 5, 7, 16, 61)))
        monkeypatch.setattr(blocks, "_BYTES", chance.choice((1 << 20, 40, 100, 500)))
        files = [generator.file(chance, wanted) for _ in range(size)]
        try:
            both = agree(files, wanted, tmp_path)
            accepted, as_large = accepted + both[0], as_large + both[1]
        except AssertionError as error:
            error.add_note(f"PBL_FUZZ_SEED={SEED}, batch {number}, contract {wanted}")
            raise
        seen += size
    assert not seen or seen // 10 < accepted < seen - seen // 10, "the generator makes nothing but one kind"
    assert seen < 5 * BATCH or as_large > seen // 40, "hardly any file is read as large ones are"


def agree(files: list[bytes], wanted: oracle.Wanted, folder: Path) -> tuple[int, int]:
    """Have pbl and the oracle read each file; say how many both accept, and how many are read as large ones too."""
    contract = Contract(**vars(wanted))
    paths = []
    for place, data in enumerate(files):
        paths.append(folder / f"f{place}.csv")
        paths[-1].write_bytes(data)
    accepted = as_large = 0
    with ExitStack() as stack:
        pillars = [Pillar(name=f"f{n}", path=path) for n, path in enumerate(paths)]
        checked = [validate._opened(stack, pillar, pillar.path) for pillar in pillars]  # noqa: SLF001
        validate._look_over(checked, contract, None, Progress())  # noqa: SLF001
        announced = {file.source.fd: file.path for file in checked}
        duck = stack.enter_context(open_duck(announced, Limits(threads=1), size=0, spill=folder))
        for place, (file, data) in enumerate(zip(checked, files, strict=True)):
            verdict = oracle.read(data, wanted)
            what = f"{data!r}: the oracle says {verdict}"
            fast = gathered(duck, replace(file, findings=list(file.findings)), contract)
            assert fast is None or (verdict.sound and fast == [numbers(row) for row in verdict.rows]), f"{what}, {fast}"
            large = lined_up(file, contract)
            assert large is None or (verdict.sound and large == verdict.rows), f"{what}, {large}"
            as_large += large is not None
            look(duck, file, f"q{place}", contract, trusting=place % 3 > 0)
            errors = findings(file.findings, Severity.ERROR)
            assert verdict.allows(errors), f"{what}, pbl {sorted(errors)}"
            if not verdict.sound:
                continue
            accepted += 1
            check_alone.note_constant(file, contract)
            warned = findings(file.findings, Severity.WARNING)
            assert warned == verdict.warnings, f"{what}, pbl {sorted(warned)}"
            same_cells(duck, file, verdict, what)
            if place % 12 == 0:
                same_blend(file, contract, verdict, what, folder)
    return accepted, as_large


def gathered(duck: Duck, file: Checked, contract: Contract) -> list[list[bytes]] | None:
    """Read a file in the one pass that a blend tries first; give each row's bits, None where it is not sure."""
    try:
        if gather(duck, [file], None, contract, line=lambda: None) is Gathered.NOT:
            return None
        columns = [name(f"n0_{t}") for t in range(len(contract.targets))]
        rows = duck.rows("files/cells", table="numbers", columns=listed(columns))
        return [[struct.pack("<d", value) for value in row] for row in rows]
    finally:
        for kind in ("VIEW", "TABLE"):
            with suppress(Exception):
                duck._connection.execute(f"DROP {kind} p0")  # noqa: SLF001


def lined_up(file: Checked, contract: Contract) -> list[tuple[str, ...]] | None:
    """Read a file as if it were large, a few lines at a time; see that the schema takes it if the lining up does.

    Give each row's id and the texts of its numbers, None where it is not sure.
    """
    if not file.source.plain or not file.source.columns or file.findings:
        return None
    try:
        frames = list(match.sound_blocks(file, contract))
        texts = list(blocks.blocks(file.source, file.source.columns, numbers=False))
    except Malformed:
        return None
    seen = blocks.Seen()
    for frame in frames:
        seen.look(frame)
    if not frames or not seen.distinct():
        return None
    shown = decide.passed(file, contract)
    assert shown is None or shown.rows == seen.rows
    known, rows = pl.concat(frames), pl.concat(texts)
    for target in known.columns[1:]:
        assert doubles(known[target]) == doubles(rows[target])
    assert known["id"].to_list() == rows["id"].to_list()
    return rows.rows()


def numbers(row: tuple[str, ...]) -> list[bytes]:
    return doubles(row[1:])


def look(duck: Duck, file: Checked, table: str, contract: Contract, *, trusting: bool) -> None:
    """Check a file as `pbl blend` or `pbl validate` does, and see that the schema says the same as the screen."""
    check_alone._check_structure(duck, file, table, contract, 3, trusting=trusting)  # noqa: SLF001
    if not file.table:
        return
    if file.spotless:
        assert not decide.decide(duck, file, contract, contract.targets, 3), "the schema disagrees with itself"
        return
    before = list(file.findings)
    check_alone._check_values(duck, file, contract, 3, trusting=True)  # noqa: SLF001
    if file.spotless:
        trusted, file.findings = file.findings, before
        check_alone._check_values(duck, file, contract, 3, trusting=False)  # noqa: SLF001
        assert (file.findings, file.spotless) == (trusted, True), "the screen and the schema disagree"


def same_cells(duck: Duck, file: Checked, verdict: oracle.Verdict, what: str) -> None:
    """See that the engine has the oracle's ids byte for byte and its doubles bit for bit, in the file's order."""
    width = len(verdict.rows[0])
    columns = [name("id"), *(name(f"t{n}") for n in range(width - 1))]
    rows = duck.rows("files/cells", table=file.table, columns=listed(columns))
    assert rows == verdict.rows, what
    values = duck.rows("files/cells", table=file.table, columns=listed([Sql(f"{c}::DOUBLE") for c in columns[1:]]))
    bits = [struct.pack("<d", value) for row in values for value in row]
    assert bits == doubles(cell for row in verdict.rows for cell in row[1:]), what


def same_blend(file: Checked, contract: Contract, verdict: oracle.Verdict, what: str, folder: Path) -> None:
    """See that the blend of this file alone is this file: same ids, same doubles, as any CSV reader reads them."""
    sink = io.BytesIO()
    selection = Selection(
        pillars=(Pillar(name="only", path=file.path, weight=1.0),), settings=Settings(contract=contract)
    )
    maker = Maker(now=datetime(2025, 1, 1, tzinfo=UTC), version="0")
    blend(selection, output=sink, maker=maker, spill=folder)
    header, *rows = csv.reader(io.StringIO(sink.getvalue().decode(), newline=""), strict=True)
    assert header == list(contract.columns), what
    assert [row[0] for row in rows] == [row[0] for row in verdict.rows], what
    written = doubles(cell for row in rows for cell in row[1:])
    assert written == doubles(cell for row in verdict.rows for cell in row[1:]), what
    assert re.search(rb"[^\r]\n\Z", sink.getvalue()), what
