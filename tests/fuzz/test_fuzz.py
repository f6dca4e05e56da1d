"""Random files, sound and broken: what pbl says of each is what a reader of its own (`oracle.py`) says.

`PBL_FUZZ_SEED` and `PBL_FUZZ_COUNT` choose the files; a failure prints the file and the seed that makes it again.
"""

from __future__ import annotations

import csv
import io
import os
import re
import struct
from contextlib import suppress
from datetime import UTC, datetime
from random import Random
from typing import TYPE_CHECKING

import polars as pl
import pytest
from pbl_sql import Sql, join, name
from support import generator, oracle
from support.effort import THOROUGH

from pbl.blending._align_sql import align_table
from pbl.blending.blend import blend
from pbl.blending.plan import plan_blend
from pbl.checks._across_files import note_constants
from pbl.checks._one_file import check_file
from pbl.checks._schema import check_blocks
from pbl.checks.open_files import open_files
from pbl.checks.profile import Profiler
from pbl.checks.screen_frames import clean_blocks
from pbl.domain.contract import Contract
from pbl.domain.errors import Unclear
from pbl.domain.limits import Limits, Sizes
from pbl.domain.pillars import Pillar, Selection
from pbl.domain.progress import Progress
from pbl.domain.provenance import Provenance
from pbl.domain.rules import Severity
from pbl.domain.settings import Settings
from pbl.engine.duck import open_duck
from pbl.reading.blocks import read_blocks
from pbl.reading.prefetch import Pull
from pbl.reading.survey import preview, survey

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from pbl.checks.open_files import CheckedFile, Input
    from pbl.domain.findings import Finding
    from pbl.engine.duck import Duck

SEED = os.environ.get("PBL_FUZZ_SEED", "2025")
COUNT = int(os.environ.get("PBL_FUZZ_COUNT", "20000" if THOROUGH else "800"))
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
def test_pbl_reads_what_a_strict_reader_reads_and_refuses_the_rest(shard, tmp_path):
    accepted = as_large = seen = 0
    for number, size in batches():
        if number % SHARDS != shard:
            continue
        chance = Random(f"{SEED}-{number}")  # noqa: S311 - to be made again, not to be secret
        wanted = oracle.Wanted(**chance.choice(WANTED))
        block = chance.choice((1 << 20, 40, 100, 500))
        limits = Limits(threads=1, sizes=Sizes(block=block))
        files = [generator.file(chance, wanted) for _ in range(size)]
        try:
            both = agree(files, wanted, tmp_path, limits)
            accepted, as_large = accepted + both[0], as_large + both[1]
        except AssertionError as error:
            error.add_note(f"PBL_FUZZ_SEED={SEED}, batch {number}, contract {wanted}")
            raise
        seen += size
    assert not seen or seen // 10 < accepted < seen - seen // 10, "the generator makes nothing but one kind"
    assert seen < 5 * BATCH or as_large > seen // 40, "hardly any file is read as large ones are"


def agree(files: list[bytes], wanted: oracle.Wanted, folder: Path, limits: Limits) -> tuple[int, int]:
    """Have pbl and the oracle read each file; say how many both accept, and how many are read as large ones too."""
    contract = Contract(**vars(wanted))
    paths = []
    for place, data in enumerate(files):
        paths.append(folder / f"f{place}.csv")
        paths[-1].write_bytes(data)
    accepted = as_large = 0
    pillars = tuple(Pillar(name=f"f{n}", path=path) for n, path in enumerate(paths))
    selection = Selection(pillars=pillars, settings=Settings(contract=contract))
    with open_files(selection) as inputs, open_duck(inputs.paths, limits, size=0, spill=folder) as duck:
        for place, (each, data) in enumerate(zip(inputs.all, files, strict=True)):
            verdict = oracle.read(data, wanted)
            what = f"{data!r}: the oracle says {verdict}"
            joined = read_by_sql(duck, each, contract)
            whole = [numbers(row) for row in verdict.rows] if verdict.sound else None
            assert joined is None or joined == whole, f"{what}, {joined}"
            large = read_by_frames(each, contract, limits)
            assert large is None or (verdict.sound and large == verdict.rows), f"{what}, {large}"
            as_large += large is not None
            file = check_file(duck, each, f"q{place}", contract, limits=limits, most=3)
            assert file.clean or (joined is None and large is None), f"{what}: a screen and the schema disagree"
            errors = findings(file.findings, Severity.ERROR)
            assert verdict.allows(errors), f"{what}, pbl {sorted(errors)}"
            if not verdict.sound:
                continue
            accepted += 1
            warned = findings([*file.findings, *note_constants(file, contract)], Severity.WARNING)
            assert warned == verdict.warnings, f"{what}, pbl {sorted(warned)}"
            same_cells(duck, file, verdict, what)
            if place % 12 == 0:
                same_blend(file, contract, verdict, what, folder)
    return accepted, as_large


def read_by_sql(duck: Duck, each: Input, contract: Contract) -> list[list[bytes]] | None:
    """Read a file as small ones are aligned; give each row's bits, None where that is unclear."""
    try:
        align_table(duck, [(each, survey(each.file, contract))], contract, Limits(sizes=Sizes(ids=3)))
        columns = [name(f"n0_{t}") for t in range(len(contract.targets))]
        rows = duck.rows("files/cells", table="numbers", columns=join(columns))
        return [[struct.pack("<d", value) for value in row] for row in rows]
    except Unclear:
        return None
    finally:
        for kind in ("VIEW", "TABLE"):
            with suppress(Exception):
                duck._connection.execute(f"DROP {kind} p0")  # noqa: SLF001


def read_by_frames(each: Input, contract: Contract, limits: Limits) -> list[tuple[str, ...]] | None:
    """Read a file as large ones are aligned, a few lines at a time; see that the schema takes it if the screen does.

    Give each row's id and the texts of its numbers, None where it is not sure.
    """
    seen = preview(each.file, contract)
    if seen is None:
        return None
    size = limits.sizes.block
    try:
        screened = Pull(clean_blocks(each.file, seen, contract, ids_only=False, size=size))
        frames = list(screened)
        texts = [b.frame for b in read_blocks(each.file, seen, contract, ids_only=False, numbers=False, size=size)]
    except Unclear:
        return None
    assert screened.result == survey(each.file, contract), "what is read in blocks is seen otherwise than the whole"
    profiler = Profiler(7, targets=len(contract.targets))
    for frame in frames:
        profiler.add(frame)
    if not frames or not profiler.profile().distinct:
        return None
    known, rows = pl.concat(frames), pl.concat(texts)
    for target in known.columns[1:]:
        assert doubles(known[target]) == doubles(rows[target])
    assert known["id"].to_list() == rows["id"].to_list()
    with suppress(Unclear):
        _, profile = check_blocks(each, each.file, contract, limits, Progress())
        assert profile.rows == profiler.rows
    return rows.rows()


def numbers(row: tuple[str, ...]) -> list[bytes]:
    return doubles(row[1:])


def same_cells(duck: Duck, file: CheckedFile, verdict: oracle.Verdict, what: str) -> None:
    """See that the engine has the oracle's ids byte for byte and its doubles bit for bit, in the file's order."""
    width = len(verdict.rows[0])
    columns = [name("id"), *(name(f"t{n}") for n in range(width - 1))]
    rows = duck.rows("files/cells", table=file.table, columns=join(columns))
    assert rows == verdict.rows, what
    values = duck.rows("files/cells", table=file.table, columns=join([Sql(f"{c}::DOUBLE") for c in columns[1:]]))
    bits = [struct.pack("<d", value) for row in values for value in row]
    assert bits == doubles(cell for row in verdict.rows for cell in row[1:]), what


def same_blend(file: CheckedFile, contract: Contract, verdict: oracle.Verdict, what: str, folder: Path) -> None:
    """See that the blend of this file alone is this file: same ids, same doubles, as any CSV reader reads them."""
    sink = io.BytesIO()
    pillar = Pillar(name="only", path=file.input.path)
    plan = plan_blend(Selection(pillars=(pillar,), settings=Settings(contract=contract)))
    blend(plan, output=sink, provenance=Provenance(now=datetime(2025, 1, 1, tzinfo=UTC), version="0"), spill=folder)
    header, *rows = csv.reader(io.StringIO(sink.getvalue().decode(), newline=""), strict=True)
    assert header == list(contract.columns), what
    assert [row[0] for row in rows] == [row[0] for row in verdict.rows], what
    written = doubles(cell for row in rows for cell in row[1:])
    assert written == doubles(cell for row in verdict.rows for cell in row[1:]), what
    assert re.search(rb"[^\r]\n\Z", sink.getvalue()), what
