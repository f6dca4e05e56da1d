"""A value set in a TOML text changes that value and not one other byte."""

import re
import tomllib
from copy import deepcopy

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from support.making import tree

from pbl.domain.errors import OutputError, UsageError
from pbl.domain.settings import Settings
from pbl.project.edit_toml import list_unjudged, set_values, write_weights
from pbl.project.pbl_toml import read_settings
from pbl.project.toml_text import toml_key, toml_string

NAMES = st.text(st.sampled_from("ab-_1.\"'#=[]{}\\ é"), min_size=1, max_size=5)
NUMBERS = st.floats(-1, 1, allow_nan=False).map(lambda x: x + 0.0)
NOISE = st.sampled_from(["", "  ", "\t"])
COMMENTS = st.sampled_from(["", " # weight = 1", "# [pillars.a]", ' # "', " # '''"])
OTHER = st.sampled_from(
    [
        '"x"', "'C:\\'", '"""a\n[pillars.a]\nweight = 1\n"""', "'''\n# no\n'''", "[1, # one\n 2,\n]", "true",
        "1979-05-27 07:32:00", '{ a = "}", b = [ { c = 1 } ] }', '"a \\" # b"', '""""quoted""""',
    ]
)  # fmt: skip


@st.composite
def documents(draw):
    """Make a text with pillars in every spelling, with comments and other keys between, and the pillars' names."""
    names = draw(st.lists(NAMES, min_size=1, max_size=4, unique=True))
    end = draw(st.sampled_from(["\n", "\r\n"]))
    lines = [draw(COMMENTS), f"title ={draw(NOISE)}{draw(OTHER)}"]
    style = draw(st.sampled_from(["headers", "dotted", "inline", "top", "one inline"]))
    cells = {}
    for name in names:
        pairs = [("file", draw(OTHER)), *([("weight", repr(draw(NUMBERS)))] if draw(st.booleans()) else [])]
        pairs = draw(st.permutations(pairs))
        cells[name] = [
            (key, value) for key, value in pairs if not (style in {"inline", "one inline"} and "\n" in value)
        ]
    if style == "one inline":
        inner = ", ".join(f"{toml_key(n)} = {{ {', '.join(f'{k} = {v}' for k, v in c)} }}" for n, c in cells.items())
        lines.append(f"pillars = {{ {inner} }}{draw(COMMENTS)}")
    elif style == "top":
        lines += [f"pillars.{toml_key(n)}.{k} = {v}{draw(COMMENTS)}" for n, c in cells.items() for k, v in c]
    elif style in {"dotted", "inline"}:
        lines.append("[pillars]")
        for name, pairs in cells.items():
            if style == "inline":
                lines.append(f"{draw(NOISE)}{toml_key(name)} = {{{', '.join(f'{k} = {v}' for k, v in pairs)}}}")
            else:
                lines += [f"{toml_key(name)} . {k}={v}{draw(COMMENTS)}" for k, v in pairs]
    else:
        for name, pairs in cells.items():
            lines.append(f"{draw(NOISE)}[ pillars . {toml_key(name)} ]{draw(COMMENTS)}")
            lines += [f"{draw(NOISE)}{k} = {v}{draw(COMMENTS)}" for k, v in pairs]
            lines.append("")
    if draw(st.booleans()):
        lines += ["[blend]", *(["method = 'mean' # today"] if draw(st.booleans()) else [])]
    return end.join(line.replace("\n", end) for line in lines) + draw(st.sampled_from(["", end])), names


@settings(max_examples=100)
@given(documents(), st.data())
def test_only_the_values_change_and_every_other_byte_stays(document, data):
    text, names = document
    try:
        before = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        assume(False)
    assume(all(name in before.get("pillars", {}) for name in names))
    values = {("pillars", name, "weight"): data.draw(NUMBERS) for name in names}
    if data.draw(st.booleans()):
        values["blend", "method"] = "rank"
    expected = deepcopy(before)
    for (*parents, key), value in values.items():
        table = expected
        for parent in parents:
            table = table.setdefault(parent, {})
        table[key] = value
    edited = set_values(text, values)
    assert tomllib.loads(edited) == expected
    assert set_values(edited, values) == edited
    old = re.sub(r"(weight *= *)[-+0-9.e]+", r"\1", text)
    if ("blend", "method") in values:
        old = old.replace("method = 'mean'", "method = ")
    left = iter(edited)
    assert all(character in left for character in old), "some byte that is no value has gone"


TOML = """\
# mine
[contract]
targets = ["target"]   # one

[pillars.siglip]
file = "a.csv"
weight = 0.6      # was 0.5

[pillars."b c"]
file = "b.csv"

[blend]   # below
clip_min = 0.0
"""


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_weights_are_written_where_they_stand_or_below_the_last_key(tmp_path, end):
    path = tmp_path / "pbl.toml"
    path.write_bytes(TOML.replace("\n", end).encode())
    write_weights(read_settings(path), {"siglip": 0.25, "b c": 1e-07}, "mean")
    wanted = TOML.replace("0.6 ", "0.25 ").replace('"b.csv"\n', '"b.csv"\nweight = 1e-07\n')
    assert path.read_bytes() == wanted.replace("\n", end).encode()


def test_a_method_and_weights_below_0_are_written_with_leave_for_them(tmp_path):
    path = tmp_path / "pbl.toml"
    path.write_text(TOML, encoding="utf-8")
    write_weights(read_settings(path), {"siglip": 1.5, "b c": -0.5}, "rank")
    found = read_settings(path)
    assert [entry.weight for entry in found.pillars] == [1.5, -0.5]
    assert (found.method, found.negative, found.clip_min) == ("rank", True, 0.0)
    assert path.read_text(encoding="utf-8").endswith('clip_min = 0.0\nmethod = "rank"\nnegative = true\n')


def test_without_a_pbl_toml_that_names_the_pillars_nothing_is_written(tmp_path):
    with pytest.raises(UsageError, match="pbl init"):
        write_weights(Settings(), {"a": 1.0}, "mean")
    path = tmp_path / "pbl.toml"
    path.write_text(TOML, encoding="utf-8")
    before = tree(tmp_path)
    with pytest.raises(UsageError, match=r"no \[pillars.NAME\] for dino; pbl init"):
        write_weights(read_settings(path), {"dino": 1.0, "siglip": 0.0}, "mean")
    assert tree(tmp_path) == before


def test_a_text_that_cannot_be_edited_safely_is_refused_and_stays(tmp_path, monkeypatch):
    path = tmp_path / "pbl.toml"
    path.write_text(TOML, encoding="utf-8")
    found = read_settings(path)
    monkeypatch.setattr("pbl.project.edit_toml._edit", lambda text, _path, _value: text)
    before = tree(tmp_path)
    with pytest.raises(OutputError, match="by hand"):
        write_weights(found, {"siglip": 0.25, "b c": 0.75}, "mean")
    assert tree(tmp_path) == before


def test_a_name_of_any_letters_is_a_key(tmp_path):
    path = tmp_path / "pbl.toml"
    name = 'a"]\\ [x'
    path.write_text(f"[pillars.{toml_string(name)}]\nfile = 'a.csv'\n", encoding="utf-8")
    write_weights(read_settings(path), {name: 1.0}, "mean")
    assert read_settings(path).pillars[0].weight == 1.0


def test_a_pillar_that_was_not_judged_has_no_share_and_its_line_stays_where_it_is_zero(tmp_path):
    path = tmp_path / "pbl.toml"
    path.write_text(
        TOML + "[pillars.none]\nfile = 'n.csv'\n[pillars.off]\nfile = 'o.csv'\nweight = 0  # off\n", "utf-8"
    )
    settings = read_settings(path)
    assert list_unjudged(settings, ["siglip"]) == {"b c": None, "none": None}
    write_weights(settings, {"siglip": 0.6, "b c": 0.4}, "mean")
    assert {each.name: each.weight for each in read_settings(path).pillars} == {
        "siglip": 0.6, "b c": 0.4, "none": 0.0, "off": 0.0,
    }  # fmt: skip
    assert path.read_text("utf-8").endswith("weight = 0  # off\n")


def test_a_target_names_own_table_is_set_and_the_shared_weights_stay(tmp_path):
    path = tmp_path / "pbl.toml"
    path.write_text(TOML + "[per_target]\n'a.b' = { siglip = 1, old = 2 }\n", "utf-8")
    write_weights(read_settings(path), {}, "mean", {"a.b": {"siglip": 0.5, "b c": 0.5}, 'q"': {"siglip": 1.0}})
    wanted = """[per_target]\n'a.b' = { siglip = 0.5, old = 0.0, "b c" = 0.5 }\n\n[per_target."q\\""]\nsiglip = 1.0\n"""
    assert path.read_text("utf-8") == TOML + wanted


def test_an_inline_table_takes_a_new_target_name_where_it_stands(tmp_path):
    path = tmp_path / "pbl.toml"
    path.write_text("per_target = { b = { siglip = 1 } }  # own\n" + TOML, "utf-8")
    own = {"siglip": 0.5, "b c": 0.5}
    write_weights(read_settings(path), {}, "mean", {"b": {"siglip": 0.75}, "a": own})
    assert read_settings(path).per_target == {"b": {"siglip": 0.75}, "a": own}
    wanted = 'per_target = { b = { siglip = 0.75 }, a.siglip = 0.5, a."b c" = 0.5 }  # own\n'
    assert path.read_text("utf-8") == wanted + TOML
