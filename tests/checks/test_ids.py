"""Ids are text: whatever stands in them comes out of a blend byte for byte, and never means anything to anyone."""

import random
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import generator
from support.making import process

import pbl
from pbl.domain.rules import Severity

CHANCE = random.Random("ids")  # noqa: S311 - the same each time
LETTERS = (
    "abcXYZ0123456789 _-.:;|/\\'\"`,#$%&()*+<=>?@[]^{}~!"
    "äöüßéñçøåæœłžğıİ\u0301\u0327\u200b\u200d\u2060\ufeff\u202e\u2066\n\r\t\v\f\x01\x1b\x7f"
    "абвЖ日本語한국어עבריתمرحبا🙂👩‍🔬\U0010fffd\ue000\ufffd"
)


def random_id():
    return "".join(CHANCE.choice(LETTERS) for _ in range(CHANCE.randrange(1, 12))).strip(generator.BLANKS) or "z"


def naughty():
    """Give 500 different ids or more."""
    known = [*generator.NAUGHTY, *generator.QUOTABLE]
    return list(dict.fromkeys([*known, *(random_id() for _ in range(450))]))


def table(rows, *, quoted=""):
    """Write rows; cells are quoted where they must be, and where a character of `quoted` is in them."""

    def cell(value):
        text = str(value)
        doubled = text.replace('"', '""')
        return f'"{doubled}"' if set(text) & set(',"\r\n' + quoted) else text

    lines = [",".join(map(cell, row)) + "\n" for row in [("sample_id", "target"), *rows]]
    return "".join(lines).encode()


def cells(data):
    """Take a submission apart without any library: quotes are doubled, lines end with LF."""
    rows, row, cell, quoted = [], [], "", False
    text = data.decode()
    at = 0
    while at < len(text):
        c = text[at]
        if quoted and c == '"' and text[at + 1 : at + 2] == '"':
            cell, at = cell + c, at + 1
        elif c == '"':
            quoted = not quoted
        elif c in ",\n" and not quoted:
            row, cell = [*row, cell], ""
            if c == "\n":
                rows, row = [*rows, row], []
        else:
            cell += c
        at += 1
    assert (row, cell, quoted) == ([], "", False)
    return rows


def test_500_naughty_ids_go_through_a_blend_unchanged(tmp_path):
    ids = naughty()
    assert len(ids) >= 500
    values = {text: n * 0.125 for n, text in enumerate(ids)}
    for pillar in ("a", "b", "c"):
        rows = [(text, values[text]) for text in CHANCE.sample(ids, len(ids))]
        (tmp_path / f"{pillar}.csv").write_bytes(table(rows, quoted="abcde0123456789" if pillar == "b" else ""))
    order = CHANCE.sample(ids, len(ids))
    (tmp_path / "sample_submission.csv").write_bytes(table([(text, 0) for text in order]))
    done = process("blend", tmp_path, "--output", "-", "--weights", "2", "1", "1")
    assert done.code == 0, done.talk
    header, *rows = cells(done.data)
    assert header == ["sample_id", "target"]
    assert [row[0] for row in rows] == order
    assert [float(row[1]) for row in rows] == [values[text] for text in order]


def test_a_report_about_naughty_ids_can_do_nothing_to_a_terminal_and_its_json_holds_them(tmp_path):
    ids = naughty()
    (tmp_path / "a.csv").write_bytes(table([(text, "x") for text in ids]))
    report = pbl.validate(tmp_path / "a.csv", max_examples=None)
    (found,) = [f for f in report.findings if f.code == "PBL502"]
    assert [e.id for e in found.examples] == ids
    for style in ("table", "github", "junit"):
        done = process("validate", tmp_path / "a.csv", "--format", style, "--max-examples", "1000")
        assert done.code == 1
        assert not [c for c in done.out if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"} and c != "\n"], (
            style
        )


@settings(max_examples=30)
@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=6),
        min_size=1,
        max_size=8,
        unique=True,
    )
)
def test_any_text_is_an_id_unless_white_space_is_around_it(tmp_path_factory, ids):
    folder = tmp_path_factory.mktemp("ids")
    (folder / "a.csv").write_bytes(table([(text, n) for n, text in enumerate(ids)]))
    edged = [text for text in ids if text != text.strip(generator.BLANKS)]
    report = pbl.validate(folder / "a.csv")
    assert {f.code for f in report.errors()} <= {"PBL401", "PBL404"}
    assert report.ok == (not edged)
    if report.ok:
        pbl.blend(folder / "a.csv", output=folder / "out.csv")
        assert [row[0] for row in cells((folder / "out.csv").read_bytes())[1:]] == ids


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("A", "a"),
        ("é", "e\u0301"),
        ("ﬁ", "fi"),
        ("\u212b", "Å"),
        ("ß", "SS"),
        ("Ⅷ", "viii"),
        ("\uff11", "1"),
        ("ID_x", "id_X"),
    ],
)
def test_ids_that_collide_after_normalisation_or_case_folding_are_a_warning(one, other, tmp_path):
    (tmp_path / "a.csv").write_bytes(table([("x", 1), (one, 2), (other, 3)]))
    (found,) = pbl.validate(tmp_path / "a.csv").findings
    assert (found.code, found.severity, found.count) == ("PBL605", Severity.WARNING, 2)
    assert [(e.row, e.id, e.value) for e in found.examples] == [(3, one, one), (4, other, other)]
    assert repr(one) in found.message
    assert repr(other) in found.message
    pbl.blend(tmp_path / "a.csv", output=tmp_path / "out.csv")
    assert [row[0] for row in cells((tmp_path / "out.csv").read_bytes())[1:]] == ["x", one, other]
