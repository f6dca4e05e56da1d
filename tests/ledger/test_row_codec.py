import sys
from datetime import UTC, datetime

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandera.errors import SchemaErrors
from pbl_schemas.run_log import run_log_schema

from pbl.domain.run_row import COLUMNS, SCORES, SEED, RunRow, SpelledNumber
from pbl.ledger.row_codec import decode_text, encode_row, encode_value, row_decoder

texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8)
hostile = st.text(alphabet="'=+-@\t\rab0 ", max_size=6)
free = texts | hostile
numbers = st.none() | st.floats(allow_nan=False, allow_infinity=False)
counts = st.none() | st.integers(0, 10**18 - 1)
flags = st.none() | st.booleans()
names = st.text(st.characters(exclude_categories=["Cs"]), max_size=4)
moments = st.none() | st.datetimes(datetime(1000, 1, 1), datetime(9000, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the strategy adds it
hashes = st.just("") | st.text("0123456789abcdef", min_size=64, max_size=64)
rows = st.builds(
    RunRow,
    pillar=free,
    model=free,
    metric=free,
    method=free,
    submission=free,
    kaggle_ref=free,
    kaggle_run_type=free,
    notes=free,
    **dict.fromkeys([*SCORES, "clip_min", "clip_max"], numbers),
    rows=counts,
    clipped=counts,
    git_dirty=flags,
    kaggle_rerun=flags,
    logged_at=moments,
    weights=st.none() | st.dictionaries(names, st.floats(allow_nan=False, allow_infinity=False)),
    inputs=st.none() | st.dictionaries(names, texts),
    run_id=st.from_regex(r"[0-9]{8}-[0-9a-z]{8}", fullmatch=True),
    label=st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", fullmatch=True),
    submission_sha256=hashes,
    git_commit=st.just("") | st.text("0123456789abcdef", min_size=40, max_size=40),
    pbl_version=st.sampled_from(["", "0.1.0"]),
)


def decode(cells, columns=COLUMNS):
    odd = []
    return row_decoder(columns)(cells, odd), odd


def refused(lines):
    """Return which of some rows, given as cells, the schema doesn't take for those of a log."""
    frame = pl.DataFrame(lines, schema=dict.fromkeys(COLUMNS, pl.String), orient="row")
    try:
        run_log_schema().validate(frame, lazy=True)
    except SchemaErrors as errors:
        return set(errors.failure_cases["index"])
    return set()


@given(rows)
def test_a_row_is_read_back_as_it_was_written(row):
    cells = encode_row(row)
    assert decode(cells) == (row, [])
    assert encode_row(decode(cells)[0]) == cells


@settings(max_examples=20)
@given(st.lists(rows, min_size=1, max_size=20))
def test_what_is_written_is_what_the_schema_says_a_log_is(some):
    assert refused([encode_row(row) for row in some]) == set()


GOOD = encode_row(
    RunRow(
        pillar="blend",
        model="a=0.5 b=0.5",
        processed_cv=0.5,
        run_id="20260105-aaaaaaaa",
        logged_at=datetime(2026, 1, 5, tzinfo=UTC),
        label="base",
        weights={"a": 0.5, "b": 0.5},
        rows=2,
        git_dirty=False,
        inputs={"a": "f" * 64},
    )
)
ODD = [
    *[
        ("processed_cv", cell)
        for cell in ("nan", "inf", "1_000", "0x10", "1,5", "1e400", " 1", "1 ", "\u0661", "--1", "n/a")
    ],
    *[("clip_max", cell) for cell in ("NaN", "1e", "+")],
    *[("rows", cell) for cell in ("-1", "1.0", "1e3", "\u0663", "1 000", "9" * 19)],
    *[("git_dirty", cell) for cell in ("True", "1", "no")],
    *[
        ("weights", cell)
        for cell in ("[]", "1", "{", '{"a": "b"}', '{"a": NaN}', '{"a": true}', '{"a": 1e999}', '{"a": null}')
    ],
    ("weights", '{"a": 1' + "0" * 400 + "}"),
    *[("inputs", cell) for cell in ('{"a": 1}', "null", "[1]", "x")],
    *[
        ("logged_at", cell)
        for cell in ("yesterday", "22/11/2026 09:00", "2026-02-30T00:00:00Z", "2026-13-01T00:00:00Z")
    ],
]


def with_cell(column, cell):
    cells = list(GOOD)
    cells[COLUMNS.index(column)] = cell
    return cells


def test_codec_and_schema_refuse_the_same_cells():
    for column, cell in ODD:
        row, odd = decode(with_cell(column, cell))
        assert [(each.column, each.cell) for each in odd] == [(column, cell)]
        assert getattr(row, column) is None
    assert refused([GOOD, *(with_cell(*each) for each in ODD), GOOD]) == set(range(1, len(ODD) + 1))


@settings(max_examples=30)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([*SCORES, "rows", "git_dirty", "weights", "inputs"]),
            st.text(alphabet='0123456789.+-eE{}[]":, truefalsnNI\t\u0661', max_size=9),
        ),
        min_size=1,
        max_size=40,
    )
)
def test_codec_and_schema_agree_about_any_cell(cells):
    lines = [with_cell(*each) for each in cells]
    assert refused(lines) == {n for n, line in enumerate(lines) if decode(line)[1]}


def test_the_schema_refuses_what_pbl_never_writes():
    never = [
        *[("notes", "=1+1"), ("model", "@x"), ("pillar", "\tx"), ("label", "../x"), ("label", ""), ("run_id", "")],
        *[("submission_sha256", "abc"), ("git_commit", "HEAD"), ("logged_at", "2026-01-05")],
    ]
    assert refused([with_cell(*each) for each in never]) == set(range(len(never)))


def test_the_schema_wants_all_columns_in_their_order():
    frame = pl.DataFrame([GOOD], schema=dict.fromkeys(COLUMNS, pl.String), orient="row")
    for wrong in (frame.drop("notes"), frame.select(*reversed(COLUMNS)), frame.with_columns(extra=pl.lit(""))):
        with pytest.raises(SchemaErrors):
            run_log_schema().validate(wrong, lazy=True)


@given(st.sampled_from(COLUMNS), hostile)
def test_a_text_is_written_so_that_it_is_no_formula(column, text):
    cell = encode_value(column, text)
    assert decode_text(column, cell) == text
    if column in {"notes", "pillar", "model", "submission"}:
        assert not cell.startswith(("=", "@", "\t", "\r"))


def test_a_copied_number_keeps_its_spelling_and_is_that_number():
    for text in (".5", "5e-1", "+0.50", "0.5"):
        number = SpelledNumber(text)
        assert number == 0.5
        assert encode_value("processed_cv", number) == text


def test_the_first_columns_are_those_of_older_logs():
    assert COLUMNS[:3] == SEED == ("pillar", "model", "processed_cv")
    assert decode(["p", "m", "0.5"], SEED)[0] == RunRow(pillar="p", model="m", processed_cv=0.5)


def test_columns_that_are_not_known_are_passed_over():
    assert decode(["p", "x", "m"], ["pillar", "", "model"])[0] == RunRow(pillar="p", model="m")
    assert sys.float_info.max == decode([repr(sys.float_info.max)], ["full_cv"])[0].full_cv
