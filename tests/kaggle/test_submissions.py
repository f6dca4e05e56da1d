import json

import pytest

from pbl.domain.errors import InputError
from pbl.kaggle.submissions import read_listing


def test_an_empty_listing_is_fine():
    for nothing in (b"", b"\n", b"[]", b"No submissions found\n", b'{"submissions": []}'):
        assert read_listing(nothing, "x").rows == ()


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"\xff\xfe\x00", "UTF-16 text, as PowerShell"),
        (b"caf\xe9", "UTF-8"),
        (b"once upon a time", "no list of submissions: it begins with 'once upon"),
        (b"fileName  date  description\ns.csv  2026  x\n", "it is the table for people"),
        (b"ref;date;description;publicScore\n1;2026-01-01;x;0.5\n", "separated by ';', not by a comma"),
        (b"ref\tdate\tdescription\n", "separated by tabs"),
        (b'[{"name": "x"}]', "no list of submissions"),
        (
            b"<!DOCTYPE html>\n<script>" + b"x" * 200_000 + b"</script>\n",
            "no list of submissions: it begins with '<!DOC",
        ),
    ],
)
def test_what_is_no_listing_is_refused_and_called_what_it_is(data, told):
    with pytest.raises(InputError, match=told):
        read_listing(data, "x")


def test_a_listing_is_found_below_a_line_of_any_length():
    [row] = read_listing(b"x" * 200_000 + b"\nref,description,publicScore\n7,pbl:a-b,0.5\n", "x").rows
    assert (row.ref, row.public) == ("7", 0.5)


ROW = {
    "ref": 1,
    "fileName": "s.csv",
    "date": "2026-01-06",
    "description": "pbl:a-b",
    "publicScore": "0.5",
    "privateScore": "",
}


def as_csv(row):
    return f"{','.join(row)}\n{','.join(map(str, row.values()))}\n".encode()


def as_json(row):
    return json.dumps([row]).encode()


@pytest.mark.parametrize("form", [as_csv, as_json])
@pytest.mark.parametrize(
    ("columns", "missing"),
    [
        ("ref description publicScore", None),
        ("date description publicScore", None),
        ("ref date description publicScore privateScore", None),
        ("ref date publicScore", "the column description"),
        ("ref date description", "the column publicScore"),
        ("ref date fileName", "the columns description and publicScore"),
        ("description publicScore", "the column ref or date"),
        ("ref date description privateScore", "the column publicScore"),
    ],
)
def test_csv_and_json_with_the_same_columns_are_taken_or_refused_alike(form, columns, missing):
    data = form({column: ROW[column] for column in columns.split()})
    if missing is None:
        (row,) = read_listing(data, "x").rows
        assert (row.description, row.public, row.ref) == ("pbl:a-b", 0.5, "1" if "ref" in columns else "")
    else:
        with pytest.raises(InputError, match=f"lacks {missing};"):
            read_listing(data, "x")


@pytest.mark.parametrize(
    ("cell", "ref"),
    [
        ("40000003", "40000003"),
        (40000003, "40000003"),
        ("40000003.0", "40000003"),
        (" 007 ", "7"),
        ("0", "0"),
        (None, ""),
    ],
)
def test_a_ref_is_a_whole_number_however_it_is_written(cell, ref):
    listing = read_listing(as_json(ROW | {"ref": cell}), "x")
    assert ([row.ref for row in listing.rows], listing.unread) == ([ref], ())


@pytest.mark.parametrize("cell", ["4E+07", "4.0000003E7", "40,000,003", "abc", "-1", "1.5"])
def test_a_ref_that_lost_digits_is_none_and_said(cell):
    listing = read_listing(as_json(ROW | {"ref": cell}), "x")
    assert [row.ref for row in listing.rows] == [""]
    assert "no" in listing.unread[0]
    assert cell in listing.unread[0]


@pytest.mark.parametrize(
    "cell",
    [
        "22/11/2026 09:00",
        "11/22/2026 9:00",
        "01/02/2026",
        "22.11.2026 09:00",
        "2026/11/22",
        "20261122",
        "2026-W47-7",
        "46348.375",
    ],
)
def test_a_date_that_is_not_kaggle_s_is_no_other_moment_and_said_once(cell):
    header = "ref,date,description,publicScore"
    text = "\n".join([header, *(f"{n},{cell},pbl:a-b,0.5" for n in range(3)), ""])
    listing = read_listing(text.encode(), "x")
    assert [row.at for row in listing.rows] == [None] * 3
    (told,) = listing.unread
    assert told.startswith(f"x: line 2: date is {cell!r}, no moment as Kaggle writes it")
    assert told.endswith("so are 2 more")


def test_kaggle_s_own_dates_are_moments():
    for cell in ("2026-11-22 09:00:00", "2026-11-22T09:00:00Z", "2026-11-22 09:00:00.250000", "2026-11-22"):
        (row,) = read_listing(as_json(ROW | {"date": cell}), "x").rows
        assert f"{row.at:%Y-%m-%d}" == "2026-11-22"


def test_an_empty_json_list_in_a_description_hides_no_row():
    text = 'ref,description,publicScore\n1,"pbl:a-b\n[]\n",0.5\n'
    assert len(read_listing(text.encode(), "x").rows) == 1


def test_oddities_of_listings_are_read_or_named():
    text = (
        "ref,date,description,status,publicScore,privateScore,extra\r\n"
        '1,2026-01-06T08:00:00.1234567Z,"two\r\nlines, pbl:a-b",SubmissionStatus.COMPLETE,0.5,None,\r\n'
        "2,yesterday,x,SubmissionStatus.COMPLETE,1_0,,\r\n"
        "3,short\r\n"
        "4,2026-01-06 08:00:00,y,SubmissionStatus.ERROR,0.9,0.9,\r\n"
        "\r\nNext Page Token = abc\r\n"
    )
    listing = read_listing(text.encode(), "x")
    assert [(r.ref, r.description, r.public, r.private) for r in listing.rows] == [
        ("1", "two\r\nlines, pbl:a-b", 0.5, None), ("2", "x", None, None), ("4", "y", None, None)
    ]  # fmt: skip
    assert [line.partition(": ")[2] for line in listing.unread] == [
        "line 5 has 2 cells, expected 7",
        "line 4: date is 'yesterday', no moment as Kaggle writes it (2026-11-22 09:00:00), and is passed over",
        "line 4: publicScore is '1_0', not a finite decimal number",
    ]
