"""The algebra of blending: what holds for every set of files."""

import itertools
import math
import re
import tempfile
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pandera.errors import SchemaErrors
from pbl_schemas.prediction import cast_tells, prediction_schema
from support.effort import THOROUGH
from support.making import agree, command, expected, read, write

import pbl
from pbl.domain.recipe import parse_recipe
from pbl.domain.values import NUMBER

few = settings(max_examples=12 if THOROUGH else 8, suppress_health_check=[HealthCheck.too_slow])
many = settings(max_examples=35 if THOROUGH else 20, suppress_health_check=[HealthCheck.too_slow])

number = st.floats(allow_nan=False, allow_infinity=False)
modest = st.floats(-1e6, 1e6)
name = st.text("abcXYZ019_.- éß", min_size=1, max_size=6).filter(lambda s: s == s.strip())
weight = st.floats(0, 1e6, allow_subnormal=False)


@contextmanager
def folder():
    """Give an empty folder; pytest's own would be one for all examples."""
    with tempfile.TemporaryDirectory() as place:
        yield Path(place)


@st.composite
def pillars(draw, values=modest, most=4):
    """Draw some pillars' predictions on the same ids."""
    keys = draw(st.lists(name, min_size=1, max_size=8, unique_by=str.casefold))
    column = st.lists(values, min_size=len(keys), max_size=len(keys))
    return [dict(zip(keys, draw(column), strict=True)) for _ in range(draw(st.integers(1, most)))]


@st.composite
def weighed(draw, values=modest):
    """Draw pillars and their weights, not all of them nought."""
    models = draw(pillars(values))
    weights = draw(st.lists(weight, min_size=len(models), max_size=len(models)).filter(any))
    return models, weights


def blend(place, models, weights=None, **how):
    """Blend in a folder of its own and return the submission's path."""
    paths = {f"m{n}": write(place / f"m{n}.csv", model) for n, model in enumerate(models)}
    pbl.blend(pillars=paths, weights=weights, output=place / "out.csv", **how)
    return place / "out.csv"


def bits(path):
    return [(row[0], row[1].hex()) for row in read(path)[1]]


@few
@given(pillars(number, most=1))
def test_one_pillar_blends_to_itself(models):
    with folder() as place:
        assert bits(blend(place, models)) == [(key, value.hex()) for key, value in models[0].items()]


@few
@given(weighed(), st.none() | modest)
def test_a_blend_is_the_clipped_weighted_mean(drawn, low):
    models, weights = drawn
    with folder() as place:
        rows = read(blend(place, models, weights, clip_min=low))[1]
    largest = max(abs(v) for m in models for v in m.values())
    assert agree(rows, expected(models, weights, low=low), absolute=1e-15 * largest)
    assert [row[0] for row in rows] == list(models[0])


@few
@given(weighed(), st.randoms(use_true_random=False))
def test_the_order_of_the_files_rows_does_not_matter(drawn, chance):
    models, weights = drawn
    with folder() as place:
        template = write(place / "t.csv", dict.fromkeys(models[0], 0))
        first = blend(place, models, weights, template=template).read_bytes()
        mixed = [dict(chance.sample(list(m.items()), len(m))) for m in models]
        assert blend(place, mixed, weights, template=template).read_bytes() == first


@few
@given(weighed(), st.floats(1e-3, 1e3))
def test_scaling_all_weights_changes_nothing(drawn, scale):
    models, weights = drawn
    with folder() as place:
        first = read(blend(place, models, weights))[1]
        rows = read(blend(place, models, [w * scale for w in weights]))[1]
    largest = max(abs(v) for m in models for v in m.values())
    assert agree(rows, dict(first), absolute=1e-14 * largest)


@few
@given(weighed())
def test_a_blend_lies_between_its_pillars(drawn):
    models, weights = drawn
    with folder() as place:
        rows = read(blend(place, models, weights))[1]
    for key, value in rows:
        given_values = [m[key] for m, w in zip(models, weights, strict=True) if w]
        room = 1e-15 * len(models) * max(map(abs, given_values))
        assert min(given_values) - room <= value <= max(given_values) + room


@few
@given(weighed(), st.data())
def test_a_pillar_of_weight_nought_changes_nothing(drawn, data):
    models, weights = drawn
    at = data.draw(st.integers(0, len(models)))
    extra = {key: data.draw(number) for key in models[0]}
    with folder() as place:
        template = write(place / "t.csv", dict.fromkeys(models[0], 0))
        first = read(blend(place, models, weights, template=template))[1]
        with_it = [*models[:at], extra, *models[at:]], [*weights[:at], 0.0, *weights[at:]]
        assert read(blend(place, *with_it, template=template))[1] == first


@few
@given(weighed(number))
def test_a_blend_validates_and_reads_back_to_the_same_doubles(drawn):
    models, weights = drawn
    with folder() as place:
        path = blend(place, models, weights)
        report = pbl.validate(path)
        assert report.ok
        assert {f.code for f in report.findings} <= {"PBL551"}
        again = bits(path)
        pbl.blend(path, output=place / "again.csv")
        assert bits(place / "again.csv") == again
        recipe = parse_recipe((place / "out.recipe.json").read_bytes(), path)
        numbers = [row[1] for row in read(path)[1]]
        assert (recipe.output.min, recipe.output.max) == (min(numbers), max(numbers))


@few
@given(weighed(), st.booleans(), st.none() | modest)
def test_a_replay_gives_the_same_bytes(drawn, raw, low):
    models, weights = drawn
    with folder() as place:
        path = blend(place, models, weights, raw_weights=raw, clip_min=low)
        data, recipe = path.read_bytes(), (place / "out.recipe.json").read_bytes()
        path.unlink()
        made = pbl.blend(recipe=place / "out.recipe.json")
        assert path.read_bytes() == data
        before = parse_recipe(recipe, path)
        assert (made.inputs, made.output, made.contract) == (before.inputs, before.output, before.contract)


@st.composite
def listed(draw):
    """Draw the ids of a file, some of them twice, and whether its cells are quoted (another reader takes those)."""
    return draw(st.lists(st.sampled_from("abc"), min_size=1, max_size=4)), draw(st.sampled_from(["", '"']))


@many
@given(st.lists(listed(), min_size=1, max_size=3), st.none() | listed())
def test_files_are_blended_only_if_each_has_the_same_ids_once(files, template):
    with folder() as place:
        for n, (keys, quote) in enumerate(files):
            write(place / f"m{n}.csv", [(f"{quote}{key}{quote}", f"{n}.5") for key in keys])
        if template:
            keys, quote = template
            write(place / "t.csv", [(f"{quote}{key}{quote}", "0") for key in keys])
        names = [keys for keys, _ in ([template] if template else []) + files]
        fine = all(len(set(keys)) == len(keys) and set(keys) == set(names[0]) for keys in names)
        paths = [place / f"m{n}.csv" for n in range(len(files))]
        words = ["--template", place / "t.csv"] if template else []
        assert command("blend", *paths, *words, "--output", place / "out.csv").code == (0 if fine else 1)
        assert (place / "out.csv").exists() is fine
        if fine:
            middle = sum(n + 0.5 for n in range(len(files))) / len(files)
            assert [row[0] for row in read(place / "out.csv")[1]] == names[0]
            assert agree(read(place / "out.csv")[1], dict.fromkeys(names[0], middle))


CELLS = [
    "1",
    "-2.5",
    "1e5",
    ".5",
    "5.",
    "+1",
    "nan",
    "NaN",
    "-inf",
    "Infinity",
    "",
    " ",
    "1e400",
    "-1e400",
    "1_0",
    "0x1",
]
CELLS += ["1,5", "abc", "null", "1e", "0", "-0", "7.25", "1e-400", "\u00a0", "1 ", "\u0661", "--1", "1e308", "True"]
CELLS += [
    "1f",
    "1d5",
    "0b1",
    "1e5.0",
    "1'0",
    "0x1p3",
    "1L",
    "1__0",
    "_1",
    "1_",
    "1e_5",
    "$1",
    "1%",
    "\uff11",
    "1\t",
    "+-1",
    "-+1",
    "++1",
    "+.5",
    "-.e1",
    "infinit",
]
IDS = ["a", "A", "b", "c1", "c2", "", " ", " a", "a ", "\u00a0x", "id-7", "é", "e\u0301", "1", "01"]


@pytest.mark.parametrize("quote", ["", '"'])
def test_a_blend_takes_the_cells_of_the_grammar_and_no_others(tmp_path, quote):
    for cell in CELLS:
        number_it_is = bool(re.fullmatch(NUMBER, cell)) and math.isfinite(float(cell))
        write(tmp_path / "a.csv", [("x", '"1,5"' if cell == "1,5" else f"{quote}{cell}{quote}")])
        try:
            pbl.blend(tmp_path / "a.csv", output=tmp_path / "out.csv")
        except pbl.FindingsError:
            assert not number_it_is, cell
        else:
            assert number_it_is, cell
            assert read(tmp_path / "out.csv")[1] == [("x", float(cell))]


@many
@given(
    st.lists(st.tuples(st.sampled_from(IDS) | name, st.sampled_from(CELLS) | number.map(repr)), min_size=1, max_size=6),
    st.sampled_from([None, r"[a-z][0-9]*", r"a|b", r".+"]),
    st.sampled_from([(None, None), (0.0, None), (None, 5.0), (-1.0, 6.0)]),
    st.booleans(),
)
def test_the_fast_screen_and_the_schema_agree_on_every_file(rows, pattern, bounds, quoted):
    """A blend trusts the screen, validate asks the schema, and here the schema is asked directly besides."""
    low, high = bounds
    keys = {"id_pattern": pattern, "min": low, "max": high}
    toml = "[contract]\n" + "".join(f"{key} = {value!r}\n" for key, value in keys.items() if value is not None)
    with folder() as place:
        write(place / "a.csv", [[f'"{cell}"' if quoted or "," in cell else cell for cell in row] for row in rows])
        (place / "pbl.toml").write_text(f"{toml}[pillars.a]\nfile = 'a.csv'\n")
        found = {(f.code, f.column, f.count) for f in pbl.validate(place).errors()}
        assert command("blend", place, "--output", place / "out.csv").code == (1 if found else 0)
        assert (place / "out.csv").exists() is (not found)
    schema = prediction_schema(
        id="sample_id", targets=["target"], number=NUMBER, id_pattern=pattern, minimum=low, maximum=high
    )
    frame = pl.DataFrame({"sample_id": [row[0] for row in rows], "target": [row[1] for row in rows]})
    assert schema_findings(schema, frame) == found


def test_polars_makes_numbers_of_just_the_texts_that_are_some():
    """The schema's short form relies on it, where `cast_tells`; here every short text of such letters is asked."""
    texts = ["".join(letters) for size in range(6) for letters in itertools.product("01.eE+-_ x", repeat=size)]
    frame = pl.DataFrame({"text": texts}).with_columns(value=pl.col("text").cast(pl.Float64, strict=False))
    form = re.compile(NUMBER)
    finite = frame["value"].is_finite().fill_null(value=False)
    for text, value, taken in zip(texts, frame["value"], finite, strict=True):
        assert taken is (form.fullmatch(text) is not None and math.isfinite(float(text))), text
        assert not taken or value == float(text)
    assert cast_tells(NUMBER)


@pytest.mark.parametrize(
    "form",
    ["[0-9]+", rf"{NUMBER}|nan", rf"{NUMBER}|1_000", rf"{NUMBER}| 1", r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?"],
)
def test_where_the_cast_takes_other_texts_than_the_schema_the_form_decides(form):
    assert not cast_tells(form)
    schema = prediction_schema(id="sample_id", targets=["target"], number="[0-9]+", explained=False)
    schema.validate(pl.DataFrame({"sample_id": ["a"], "target": ["15"]}), lazy=True)
    with pytest.raises(SchemaErrors):
        schema.validate(pl.DataFrame({"sample_id": ["a"], "target": ["1.5"]}), lazy=True)


@pytest.mark.parametrize("targets", [[], ["target"]])
@pytest.mark.parametrize("explained", [True, False])
def test_no_form_of_the_schema_takes_a_file_without_rows(targets, explained):
    schema = prediction_schema(id="sample_id", targets=targets, number=NUMBER, explained=explained)
    frame = pl.DataFrame(schema=dict.fromkeys(["sample_id", *targets], pl.String))
    with pytest.raises(SchemaErrors):
        schema.validate(frame, lazy=True)


def test_a_schema_without_ids_takes_numbers_alone_and_explains_nothing():
    schema = prediction_schema(id=None, targets=["t0"], number=NUMBER, explained=False, whole=False, numbers=True)
    schema.validate(pl.DataFrame({"t0": [0.5, -2.0]}), lazy=True)
    for frame in (
        pl.DataFrame({"t0": [0.5, None]}),
        pl.DataFrame({"t0": [float("nan")]}),
        pl.DataFrame({"t0": ["0.5"]}),
        pl.DataFrame({"id": ["a"], "t0": [0.5]}),
        pl.DataFrame({"t1": [0.5]}),
        pl.DataFrame(schema={"t0": pl.Float64}),
    ):
        with pytest.raises(SchemaErrors):
            schema.validate(frame, lazy=True)
    with pytest.raises(ValueError, match="without ids"):
        prediction_schema(id=None, targets=["t0"], number=NUMBER)


def schema_findings(schema, frame):
    """Ask a Pandera schema without pbl, and count its failure cases by code and column."""
    try:
        schema.validate(frame, lazy=True)
    except SchemaErrors as errors:
        counts = errors.failure_cases.group_by("check", "column").len()
        return set(counts.select("check", "column", "len").iter_rows())
    return set()
