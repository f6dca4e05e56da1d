import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbl.domain.constraints import Constraint
from pbl.domain.contract import Contract
from pbl.domain.errors import InputError
from pbl.domain.method import Method
from pbl.domain.recipe import FileFacts, Ingredient, Output, Recipe, parse_recipe, recipe_path
from pbl.domain.weights import divide

WHERE = Path("s.recipe.json")
number = st.floats(allow_nan=False, allow_infinity=False)
text = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
count = st.integers(0, 2**60)
facts = {"path": text, "sha256": text, "bytes": count, "rows": count}
weight = st.floats(0, 1e300)
ingredients = st.lists(
    st.builds(Ingredient, **facts, name=text, weight=weight, share=weight), unique_by=lambda i: i.name, min_size=1
)


def consistent(recipe):
    """Give the recipe with some weight above 0, and with the shares and the targets' weights that go with that."""
    first, *others = recipe.inputs
    inputs = [replace(first, weight=first.weight or 1.0), *others]
    shares = [each.weight for each in inputs]
    shares = shares if recipe.raw_weights else divide(shares)
    own = {each.name: each.weight for each in inputs}
    return replace(
        recipe,
        inputs=tuple(replace(each, share=share) for each, share in zip(inputs, shares, strict=True)),
        per_target=dict.fromkeys(recipe.per_target, own),
    )


recipes = st.builds(
    Recipe,
    pbl_version=text,
    created_at=text,
    command=st.lists(text, max_size=3).map(tuple),
    contract=st.builds(
        Contract,
        id=text,
        targets=st.lists(text, max_size=3).map(tuple),
        id_pattern=st.none() | text,
        min=st.none() | number,
        max=st.none() | number,
    ),
    raw_weights=st.booleans(),
    clip_min=st.none() | number,
    clip_max=st.none() | number,
    inputs=ingredients.map(tuple),
    template=st.none() | st.builds(FileFacts, **facts),
    output=st.builds(Output, **facts, clipped=count, min=number, mean=number, max=number),
    method=st.sampled_from([method.written for method in Method]),
    per_target=st.dictionaries(text, st.dictionaries(text, number, min_size=1, max_size=2), max_size=2),
    constraints=st.builds(
        Constraint,
        total=st.just("a"),
        parts=st.lists(text.filter(lambda t: t != "a"), min_size=1).map(tuple),
        tolerance=number,
    ).map(lambda each: (each,))
    | st.just(()),
    id_separator=st.none() | text,
).map(consistent)


def simple():
    return Recipe(
        pbl_version="1",
        created_at="2026-01-02T03:04:05Z",
        command=("pbl", "blend"),
        contract=Contract(),
        raw_weights=False,
        clip_min=0.0,
        clip_max=None,
        inputs=(Ingredient(path="a.csv", sha256="aa", bytes=9, rows=1, name="a", weight=2.0, share=1.0),),
        template=FileFacts(path="t.csv", sha256="bb", bytes=9, rows=1),
        output=Output(path="s.csv", sha256="cc", bytes=9, rows=1, clipped=0, min=1.0, mean=1.0, max=1.0),
    )


def changed(*path, to):
    table = simple().to_json()
    place = table
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = to
    return json.dumps(table).encode()


@given(recipes)
def test_a_recipe_is_the_same_after_a_trip_through_its_file(recipe):
    assert parse_recipe(recipe.to_bytes(), WHERE) == recipe


def test_the_file_is_indented_ascii_json_with_one_line_end_at_its_end():
    data = simple().to_bytes()
    assert data.startswith(b'{\n  "schema_version": 1,\n')
    assert data.endswith(b"\n}\n")
    assert data.isascii()
    assert json.loads(data)["weights"] == {"a": 2.0}
    assert json.loads(data)["shares"] == {"a": 1.0}


@pytest.mark.parametrize(
    ("output", "recipe"),
    [
        ("submission.csv", "submission.recipe.json"),
        ("out/x.csv", "out/x.recipe.json"),
        ("x", "x.recipe.json"),
        ("x.txt", "x.txt.recipe.json"),
        ("x.parquet", "x.parquet.recipe.json"),
        ("x.CSV", "x.CSV.recipe.json"),
        ("x.csv.parquet", "x.csv.parquet.recipe.json"),
        ("x.csv.csv", "x.csv.recipe.json"),
    ],
)
def test_a_recipe_lies_beside_its_submission(output, recipe):
    assert recipe_path(Path(output)) == Path(recipe)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"\xff",
        b"[]",
        b"1",
        b"null",
        b"{}",
        b'"recipe"',
        b"[" * 100_000,
        changed("schema_version", to=2),
        changed("schema_version", to=True),
        changed("schema_version", to="1"),
        changed("output", to=None),
        changed("output", "sha256", to=1),
        changed("output", "rows", to=-1),
        changed("output", "rows", to=True),
        changed("output", "min", to="1"),
        changed("output", "max", to=True),
        changed("contract", to=[]),
        changed("contract", "id", to=None),
        changed("contract", "targets", to=[1]),
        changed("raw_weights", to="false"),
        changed("clip_min", to="0"),
        changed("inputs", to=[{}]),
        changed("inputs", 0, "name", to="b"),
        changed("inputs", 0, "path", to="a\0.csv"),
        changed("inputs", to=[]),
        changed("inputs", to=simple().to_json()["inputs"] * 2),
        changed("weights", "a", to="2"),
        changed("weights", "a", to=0.0),
        changed("shares", "a", to=0.9),
        changed("per_target", to={"t": {"b": 1.0}}),
        changed("per_target", to={"t": {"a": 0.0}}),
        changed("template", to=1),
        changed("command", to=[1]),
        simple().to_bytes().replace(b"2.0", b"NaN"),
        simple().to_bytes().replace(b"2.0", b"1e999"),
        re.sub(rb'"a": [12]\.0', b'"a": 0.0', simple().to_bytes()).replace(b'weights": false', b'weights": true'),
    ],
)
def test_what_is_no_recipe_is_refused_by_its_file_s_name(data):
    with pytest.raises(InputError, match=r"^s\.recipe\.json: not a recipe"):
        parse_recipe(data, WHERE)
