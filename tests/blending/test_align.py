"""Large files take another road than small ones; it must lead to the same bytes, and to the same findings."""

import dataclasses
import math
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import polars as pl
import pytest
from pbl_sql import Sql, join
from support.large import PATHS, ROWS, little_memory, same, ways
from support.making import four, ids, predictions, read, shuffled, write

import pbl
from pbl.blending import formula
from pbl.blending.blend import blend
from pbl.blending.plan import plan_blend
from pbl.domain import limits
from pbl.domain.errors import FindingsError
from pbl.domain.provenance import Provenance
from pbl.engine import duck
from pbl.project.pillar_files import select_pillars

pytestmark = pytest.mark.usefixtures("here")


KINDS = {
    "same order": lambda: same(ids(ROWS)),
    "shuffled": lambda: four(Path("p"), ROWS, template=False),
    "CRLF": lambda: [write(p, predictions(ids(ROWS), p), end="\r\n") for p in PATHS],
    "ids with spaces": lambda: same([f"image {n} of {ROWS}" for n in range(ROWS)]),
    "ids to be quoted": lambda: [
        write(p, [(f'"{k}#,"' if n % 3 else f"#{k}", v) for n, (k, v) in enumerate(predictions(ids(ROWS), p).items())])
        for p in PATHS
    ],
    "ids with a #": lambda: same([f"{'#' if n % 2 else 'x'}{n}" for n in range(ROWS)]),
    "a space in the last id": lambda: same([f"image{' ' if n == ROWS - 1 else '_'}{n}" for n in range(ROWS)]),
    "ids that look like marks": lambda: same([f"{'x' if n % 2 else '#'}\x01{n}=" for n in range(ROWS)]),
    "columns in another order": lambda: [
        write(p, [(repr(v), k) for k, v in predictions(ids(ROWS), p).items()], ("target", "sample_id")) for p in PATHS
    ],
    "numbers of all kinds": lambda: [
        write(
            p,
            [(k, ("5", "+.5", "7.", "1e-7", "0.1E+2", "123456789.123456789")[i % 6]) for i, k in enumerate(ids(ROWS))],
        )
        for p in PATHS
    ],
}


@pytest.mark.parametrize("kind", KINDS)
def test_large_files_give_the_same_bytes_as_small_ones(kind, large, monkeypatch):
    KINDS[kind]()
    pbl.blend(*PATHS, output="small.csv", clip_min=0)
    large()
    taken = ways(monkeypatch)
    pbl.blend(*PATHS, output="large.csv", clip_min=0)
    assert taken == (["align_frames"] if "quoted" not in kind else [])
    assert Path("small.csv").read_bytes() == Path("large.csv").read_bytes()


@pytest.mark.parametrize("targets", [1, 7])
def test_a_template_and_several_targets(targets, large, monkeypatch):
    names = ids(ROWS)
    header = ("sample_id", *(f"t{n}" for n in range(targets)))
    Path("pbl.toml").write_text(f"[contract]\ntargets = {list(header[1:])}\n", encoding="utf-8")
    for at, path in enumerate(PATHS):
        columns = [predictions(names, f"{at}{n}") for n in range(targets)]
        write(path, {key: tuple(c[key] for c in columns) for key in shuffled(names, at)}, header)
    write("t.csv", dict.fromkeys(shuffled(names, 9), (0,) * targets), header)
    pbl.blend(*PATHS, template="t.csv", output="small.csv")
    large()
    taken = ways(monkeypatch)
    pbl.blend(*PATHS, template="t.csv", output="large.csv")
    assert taken == ["align_frames"]
    assert read("small.csv") == read("large.csv")


@pytest.mark.parametrize("template", [False, True])
def test_files_that_do_not_fit_into_memory_are_matched_in_parts_to_the_same_bytes(template, large, monkeypatch):
    four(Path("p"), ROWS, template=template)
    pbl.blend("p", output="small.csv")
    large()
    little_memory(monkeypatch)
    taken = ways(monkeypatch)
    pbl.blend("p", output="large.csv")
    assert taken == ["align_frames"]
    assert read("small.csv") == read("large.csv")
    assert not list(Path().glob(".*"))


def test_a_template_may_leave_its_targets_empty(large, monkeypatch):
    names = ids(ROWS)
    same(names)
    write("t.csv", dict.fromkeys(shuffled(names, 9), ""))
    pbl.blend(*PATHS, template="t.csv", output="small.csv")
    large()
    taken = ways(monkeypatch)
    pbl.blend(*PATHS, template="t.csv", output="large.csv")
    assert taken == ["align_frames"]
    assert read("small.csv") == read("large.csv")


def test_ids_that_may_be_alike_are_looked_at_first(large, monkeypatch):
    same([f"é{n}" for n in range(ROWS)])
    large()
    taken = ways(monkeypatch)
    pbl.blend(*PATHS, output="large.csv")
    assert taken == ["check_files"]


@pytest.mark.parametrize("last", ["0.0", "-0.0"])
def test_zero_has_no_sign_in_what_is_told(last, large):
    rows = [(key, "-0.0" if n % 2 else "0") for n, key in enumerate(ids(ROWS))]
    write(PATHS[0], [*rows[:-1], (rows[-1][0], last)])
    told = []
    for enlarge in (list, large):
        enlarge()
        recipe = pbl.blend(PATHS[0], output="blend.csv", force=True)
        told.append((repr(recipe.output.min), repr(recipe.output.max), pbl.validate(PATHS[0]).findings[0].message))
    assert told == [("0.0", "0.0", "every prediction is 0.0")] * 2


@pytest.mark.parametrize("others", ["bc", "ab", "abc"])
def test_a_part_may_be_empty(others, large, monkeypatch):
    write(PATHS[0], {"a": 1.0, "b": 2.0})
    write(PATHS[1], dict.fromkeys(others[::-1], 3.0))

    def outcome():
        try:
            return pbl.blend(*PATHS[:2], output="blend.csv", force=True).output.sha256
        except FindingsError as error:
            return error.report.errors()

    small = outcome()
    large()
    little_memory(monkeypatch)
    assert outcome() == small


def test_rows_in_another_order_are_told_of_whichever_road_they_take(large, monkeypatch):
    names = ids(ROWS)
    for place, order in enumerate((names, names, [*names[1:], names[0]])):
        write(PATHS[place], predictions(order, place))

    def told():
        plan = plan_blend(select_pillars(PATHS[:3]))
        provenance = Provenance(now=datetime.now(UTC), version="0")
        made = blend(plan, output=Path("blend.csv"), provenance=provenance, spill=Path(), force=True)
        return [(f.code, f.pillar) for f in made.report.findings]

    assert told() == [("PBL604", "mvp")]
    large()
    assert told() == [("PBL604", "mvp")]
    little_memory(monkeypatch)
    assert told() == [("PBL604", "mvp")]


@pytest.mark.parametrize("clip", [(None, None), (0.0, None), (-1.0, 2.0), (5.0, 5.0)])
@pytest.mark.parametrize("targets", [1, 3])
def test_rows_are_summed_up_alike_by_the_database_and_beside_it(clip, targets):
    chance = Random(f"{clip}{targets}")  # noqa: S311 - to be made again, not to be secret
    some = [0.0, -0.0, 1.0, -3.0, 7.5, 1e308, -1e308, 1.7e308, 5e-324]
    with duck.open_duck({}, limits.Limits(), size=0, spill=Path()) as database:
        for _ in range(30):
            pillars, rows = chance.randint(1, 3), chance.randint(1, 9)
            made = formula.Formula(
                factors=[chance.choice([0.5, 1.0, 2.0]) for _ in range(pillars)],
                names=tuple(f"t{n}" for n in range(targets)),
                clip=formula.Clip(low=clip[0], high=clip[1]),
            )
            names = [f"n{pillar}_{target}" for pillar in range(pillars) for target in range(targets)]
            few = chance.sample(some, chance.randint(1, len(some)))
            numbers = pl.DataFrame({name: [chance.choice(few) for _ in range(rows)] for name in names})
            with database.batch(numbers.with_row_index("place")):
                told = made.summarize(database, Sql("batch"))
            with database.batch(numbers.with_row_index("place")):
                columns = join([Sql(f"b{target}") for target in range(targets)])
                parts = {"columns": columns, "marks": made.marks(), "blend": made.blend(Sql("batch"))}
                beside = made.summarize_rows(database.frame("blend/blend_rows", made.values(), **parts))
            if told.broken:
                assert beside.broken == told.broken
                continue
            assert beside == dataclasses.replace(told, mean=pytest.approx(told.mean, rel=1e-13))
            assert [math.copysign(1, bound) for bound in (beside.lowest, beside.highest)] == [
                math.copysign(1, bound) for bound in (told.lowest, told.highest)
            ]


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_the_number_of_threads_changes_no_byte(threads, large, monkeypatch):
    four(Path("p"), ROWS, template=True)
    pbl.blend("p", output="small.csv", threads=threads)
    large()
    pbl.blend("p", output="large.csv", threads=threads)
    little_memory(monkeypatch)
    pbl.blend("p", output="parts.csv", threads=threads)
    assert read("small.csv") == read("large.csv") == read("parts.csv")


def test_a_block_that_begins_with_a_mark_keeps_it(large):
    names = [f"\ufeff{key}" for key in ids(ROWS)]
    same(names)
    large()
    pbl.blend(*PATHS, output="blend.csv")
    assert [row[0] for row in read("blend.csv")[1]] == names
    assert not pbl.validate("blend.csv").errors()
