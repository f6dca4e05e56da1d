import re

import pytest
from support.making import command, four, write

pytestmark = pytest.mark.usefixtures("here")


@pytest.mark.parametrize("names", [("a", "b"), ("lgbm", "xgb"), ("a_rather_long_name", "b"), ("日本", "b")])
def test_the_columns_are_aligned_however_long_the_names_are(names):
    for n, name in enumerate(names):
        write(f"{name}.csv", {"x": float(n)})
    header, *rows = command("blend", *(f"{name}.csv" for name in names)).talk.splitlines()[: 1 + len(names)]
    wide = [len(line) + sum(c in "日本" for c in line[: line.index(".csv") - 4]) for line in rows]
    assert wide
    at = header.index("file")
    for row, name in zip(rows, names, strict=True):
        assert row[at - sum(c in "日本" for c in name) :] == f"{name}.csv"


def test_where_the_weights_came_from_is_said(here):
    four(here / "p", 10)
    write("a.csv", {"x": 1.0})
    said = [
        command("blend", *words, "--force").talk
        for words in (["p"], ["p", "-w", "1", "1", "1", "1"], ["a.csv"], ["--recipe", "submission.recipe.json"])
    ]
    (here / "p" / "pbl.toml").write_text("[pillars.dino]\nfile = 'submission_dino.csv'\nweight = 2.0\n")
    said.append(command("blend", "p", "--force").talk)
    found = [re.search(r"^weights  (.*)$", talk, re.MULTILINE)[1] for talk in said]
    assert found == ["default table", "given", "equal", "recipe", "pbl.toml"]


def test_json_says_it_too(here):
    four(here / "p", 10)
    assert '"weights_source": "default table"' in command("blend", "p", "--format", "json").out
