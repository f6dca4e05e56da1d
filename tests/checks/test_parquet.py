"""Parquet files and parts are checked as CSV files are: the same codes, with the part's name and the row in it."""

import math
from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from support.making import command, write
from support.parquet import frame, put, put_parts, to_bytes

import pbl
from pbl.domain.errors import InputError

pytestmark = pytest.mark.usefixtures("here")

ROWS = {f"ID{n}": n / 7 for n in range(9)}
GOOD = frame(ROWS)
IDS, NUMBERS = GOOD["sample_id"], GOOD["target"]


def cut(column, n, value):
    """Return the rows with another value in a cell."""
    cells = GOOD[column].to_list()
    cells[n] = value
    return GOOD.with_columns(pl.Series(column, cells, dtype=GOOD.schema[column]))


def columns(**named):
    return pl.DataFrame({name: named[name] for name in named})


def parts(odd):
    """Put sound parts around an odd one, given by its rows or its bytes, and validate them beside a CSV file."""
    write("a.csv", ROWS | {"X": 0.5, "Y": 1.5})
    put("dino/part-0.parquet", {"X": 0.5})
    path = Path("dino/part-1.parquet")
    path.write_bytes(odd) if isinstance(odd, bytes) else put(path, odd)
    put("dino/part-2.parquet", {"Y": 1.5})
    return pbl.validate("a.csv", pillars={"dino": "dino"})


def found_in(report):
    return [(f.code, f.column, [(e.part, e.row, e.value) for e in f.examples]) for f in report.errors()]


ODD_CELLS = {
    "null number": (cut("target", 3, None), "PBL501", "target", ""),
    "nan": (cut("target", 3, math.nan), "PBL503", "target", "nan"),
    "infinite": (cut("target", 3, math.inf), "PBL504", "target", "inf"),
    "minus infinite": (cut("target", 3, -math.inf), "PBL504", "target", "-inf"),
    "null id": (cut("sample_id", 3, None), "PBL401", "sample_id", ""),
    "empty id": (cut("sample_id", 3, ""), "PBL401", "sample_id", ""),
    "blank id": (cut("sample_id", 3, " \t"), "PBL401", "sample_id", " \t"),
    "id in blanks": (cut("sample_id", 3, " ID3"), "PBL404", "sample_id", " ID3"),
    "id with a tail": (cut("sample_id", 3, "ID3\u00a0"), "PBL404", "sample_id", "ID3\u00a0"),
}


@pytest.mark.parametrize(("odd", "code", "column", "value"), ODD_CELLS.values(), ids=ODD_CELLS)
def test_an_odd_cell_has_its_code_its_part_and_its_row(odd, code, column, value):
    (found, *_) = [f for f in parts(odd).errors() if f.code == code]
    assert (found.pillar, found.file, found.column, found.count) == ("dino", "dino", column, 1)
    (place,) = found.examples
    assert (place.part, place.row, place.value) == ("part-1.parquet", 4, value)
    assert "dino (dino), part-1.parquet, row 4" in found.in_one_line()


@pytest.mark.parametrize(("odd", "code", "column", "value"), ODD_CELLS.values(), ids=ODD_CELLS)
def test_of_a_single_file_the_row_is_told_without_a_part(odd, code, column, value):
    put("dino.parquet", odd)
    (found, *_) = [f for f in pbl.validate("dino.parquet").errors() if f.code == code]
    assert [(e.part, e.row, e.value) for e in found.examples] == [(None, 4, value)]
    assert (found.file, found.column) == ("dino.parquet", column)


def test_bounds_and_patterns_of_the_contract_hold_for_parquet():
    Path("pbl.toml").write_text("[contract]\nid_pattern = 'ID[0-9]+'\nmin = 0.0\nmax = 1.0\n")
    put_parts("dino", cut("sample_id", 8, "id8"), 4)
    assert found_in(pbl.validate(pillars={"dino": "dino"})) == [
        ("PBL403", "sample_id", [("part-1.parquet", 5, "id8")]),
        ("PBL506", "target", [("part-1.parquet", 5, "1.1428571428571428")]),
    ]


def test_an_id_that_stands_in_two_parts_is_found_in_both():
    put("dino/a.parquet", {"A": 1.0, "B": 2.0})
    put("dino/b.parquet", {"C": 1.0, "A": 2.0})
    assert found_in(pbl.validate(pillars={"dino": "dino"})) == [
        ("PBL402", "sample_id", [("a.parquet", 1, "A"), ("b.parquet", 2, "A")])
    ]


ODD_FILES = {
    "text": (columns(sample_id=["1", "2"], target=["0.5", "1"]), "PBL208", "target"),
    "decimal": (columns(sample_id=["1"], target=[Decimal("0.5")]), "PBL208", "target"),
    "whole numbers": (columns(sample_id=["1"], target=[1]), "PBL208", "target"),
    "truths": (columns(sample_id=["1"], target=[True]), "PBL208", "target"),
    "lists": (columns(sample_id=["1"], target=[[0.5]]), "PBL208", "target"),
    "structs": (columns(sample_id=["1"], target=[{"a": 0.5}]), "PBL208", "target"),
    "all null": (columns(sample_id=["1"], target=[None]), "PBL208", "target"),
    "real ids": (columns(sample_id=[1.0], target=[0.5]), "PBL208", "sample_id"),
    "dates as ids": (columns(sample_id=[date(2026, 1, 1)], target=[0.5]), "PBL208", "sample_id"),
    "bytes as ids": (columns(sample_id=[b"1"], target=[0.5]), "PBL208", "sample_id"),
    "other ids than the first part": (columns(sample_id=[1], target=[0.5]), "PBL208", "sample_id"),
    "no number": (columns(sample_id=["1"]), "PBL201", "target"),
    "no id": (columns(target=[0.5]), "PBL201", "sample_id"),
    "one more": (columns(sample_id=["1"], target=[0.5], fold=[1]), "PBL202", "fold"),
    "respelt": (columns(sample_id=["1"], Target=[0.5]), "PBL204", "target"),
    "respelt with blanks": (columns(sample_id=["1"], **{" target": [0.5]}), "PBL204", "target"),
    "a saved index": (columns(sample_id=["1"], target=[0.5], __index_level_0__=[0]), "PBL205", "__index_level_0__"),
    "no byte": (b"", "PBL102", None),
    "torn": (to_bytes(GOOD)[:-9], "PBL110", None),
    "the end of one": (to_bytes(GOOD)[30:], "PBL110", None),
    "no footer": (to_bytes(GOOD)[:60], "PBL110", None),
    "encrypted": (b"PARE" + to_bytes(GOOD)[4:-4] + b"PARE", "PBL110", None),
    "a torn page": (bytes(b ^ 0x5A if 8 <= n < 60 else b for n, b in enumerate(to_bytes(GOOD))), "PBL110", None),
    "CSV": (b"sample_id,target\nID1,0.5\n", "PBL110", None),
}


@pytest.mark.parametrize(("odd", "code", "column"), ODD_FILES.values(), ids=ODD_FILES)
def test_an_odd_part_has_its_code_and_its_name(odd, code, column):
    found = [f for f in parts(odd).errors() if f.pillar == "dino"]
    assert [(f.code, f.column, [e.part for e in f.examples]) for f in found] == [(code, column, ["part-1.parquet"])]
    assert "part-1.parquet" in found[0].message
    before = sorted(Path().rglob("*"))
    done = command("blend", "dino=dino/", "a.csv", "--output", "s.csv")
    assert (done.code, code in done.talk, "part-1.parquet" in done.talk) == (1, True, True), done.talk
    assert sorted(Path().rglob("*")) == before


@pytest.mark.parametrize(("odd", "code", "column"), ODD_FILES.values(), ids=ODD_FILES)
def test_an_odd_file_is_refused_by_itself(odd, code, column):
    Path("x.parquet").write_bytes(odd if isinstance(odd, bytes) else to_bytes(odd))
    if (code, column) != ("PBL208", "sample_id") or odd["sample_id"].dtype != pl.Int64:  # alone it is fine
        assert [(f.code, f.column) for f in pbl.validate("x.parquet").errors()] == [(code, column)]


def test_what_all_parts_have_wrong_is_said_once():
    put_parts("dino", columns(sample_id=["1", "2", "3"], Target=[1.0, 2.0, 3.0]), 1, 2)
    (found,) = pbl.validate(pillars={"dino": "dino"}).errors()
    assert (found.code, found.count) == ("PBL204", 3)
    assert found.message.startswith("all 3 parts: ")


def test_a_part_without_rows_is_fine_among_others_and_not_alone():
    put_parts("dino", ROWS, 0, 4, 4, 9)
    report = pbl.validate(pillars={"dino": "dino"})
    assert (report.ok, report.files[0].rows, report.findings) == (True, 9, ())
    put("none.parquet", GOOD[:0])
    assert found_in(pbl.validate("none.parquet")) == [("PBL107", None, [])]


def test_columns_in_another_order_are_warned_of_as_in_csv():
    put("x.parquet", GOOD.select("target", "sample_id"))
    report = pbl.validate("x.parquet")
    assert ([f.code for f in report.findings], report.ok) == (["PBL207"], True)


def test_whole_numbers_are_ids_by_their_digits_and_compare_with_csv():
    put("dino/a.parquet", columns(sample_id=[-3, 7], target=[0.5, 0.25]))
    put("dino/b.parquet", columns(sample_id=[2**62], target=[0.125]))
    write("a.csv", {"7": 0.2, str(2**62): 0.3, "-3": 0.4})
    report = pbl.validate("a.csv", pillars={"dino": "dino"})
    assert ([f.code for f in report.findings], report.ok) == (["PBL604"], True)
    write("a.csv", {"07": 0.2, str(2**62): 0.3, "-3": 0.4})
    assert {f.code for f in pbl.validate("a.csv", pillars={"dino": "dino"}).errors()} == {"PBL605"}


def test_missing_and_unknown_ids_are_told_with_the_part():
    write("t.csv", ROWS | {"NEW": 1.0})
    put_parts("dino", ROWS | {"OLD": 1.0}, 5)
    found = {f.code: f for f in pbl.validate(pillars={"dino": "dino"}, template="t.csv").errors()}
    assert [(e.part, e.row, e.id) for e in found["PBL601"].examples] == [(None, None, "NEW")]
    assert [(e.part, e.row, e.id) for e in found["PBL602"].examples] == [("part-1.parquet", 5, "OLD")]


def test_ids_alike_but_for_case_are_warned_of():
    put("dino/a.parquet", {"A": 1.0, "B": 2.0})
    put("dino/b.parquet", {"a": 3.0})
    (found,) = pbl.validate(pillars={"dino": "dino"}).findings
    assert (found.code, [(e.part, e.row) for e in found.examples]) == ("PBL605", [("a.parquet", 1), ("b.parquet", 1)])


def test_an_id_with_a_nul_is_refused():
    put("x.parquet", cut("sample_id", 2, "I\0D"))
    assert found_in(pbl.validate("x.parquet")) == [("PBL106", None, [(None, 3, None)])]


def test_the_same_predictions_twice_are_warned_of_in_either_form():
    write("a.csv", ROWS)
    put_parts("dino", ROWS, 3)
    assert [f.code for f in pbl.validate("a.csv", pillars={"dino": "dino"}).findings] == ["PBL606"]


def test_parts_of_two_types_are_compared_by_their_own_numbers():
    """The database would cast the second part to the first one's type, and take the pillars for copies."""
    numbers = [0.0, 0.5, 0.1, 1.0]
    rows = dict(zip("abcd", numbers, strict=True))
    put("one/part-0.parquet", frame(rows)[:2].with_columns(pl.col("target").cast(pl.Float32)))
    put("one/part-1.parquet", frame(rows)[2:])
    put("two.parquet", rows | {"c": float(pl.Series([0.1], dtype=pl.Float32)[0])})
    assert pbl.validate(pillars={"two": "two.parquet", "one": "one"}).findings == ()


def lie(path, truth, told):
    """Have the footer of a file say something else than its rows."""
    data = Path(path).read_bytes()
    body, footer = (
        data[: -8 - int.from_bytes(data[-8:-4], "little")],
        data[-8 - int.from_bytes(data[-8:-4], "little") :],
    )
    assert truth in footer
    Path(path).write_bytes(body + footer.replace(truth, told))


def test_no_footer_is_believed_about_ids():
    """The database joins by a footer's least and largest id."""
    rows = {f"k{n:03}": n / 7 for n in range(300)}
    put("a.parquet", rows)
    put("b.parquet", frame(rows)[::-1])
    for end in (b"k000", b"k299"):
        lie("a.parquet", end, b"z" + end[1:])
    assert [(f.pillar, f.code) for f in pbl.validate("a.parquet", "b.parquet").findings] == [
        ("b", "PBL604"),
        ("b", "PBL606"),
    ]


def test_no_footer_is_believed_that_says_there_is_no_null():
    put("a.parquet", frame([(None if n == 5 else f"k{n:03}", n / 7) for n in range(9)]))
    lie("a.parquet", b"6\x02(\x04k008", b"6\x00(\x04k008")
    assert found_in(pbl.validate("a.parquet")) == [("PBL401", "sample_id", [(None, 6, "")])]


def test_a_folder_of_parquet_and_csv_is_no_pillar():
    put_parts("dino", ROWS, 3)
    write("dino/part-9.csv", ROWS)
    with pytest.raises(InputError, match=r"holds Parquet and CSV files \(part-9.csv\)"):
        pbl.validate(pillars={"dino": "dino"})
    assert command("blend", "dino=dino/").code == 2


def test_a_folder_without_parts_says_that_folders_in_it_are_not_entered():
    put("dino/dt=2026-01-01/part-0.parquet", ROWS)
    (found,) = pbl.validate(pillars={"dino": "dino"}).errors()
    assert found.code == "PBL101"
    assert "not entered: dt=2026-01-01/" in found.message


def test_folders_among_parts_are_not_entered_and_that_is_said():
    put_parts("dino", ROWS, 3)
    put("dino/dt=2026-01-01/part-0.parquet", {"X": 1.0})
    done = command("validate", "dino=dino/")
    assert (done.code, "folders in it are not entered: dt=2026-01-01/" in done.talk) == (0, True)


def test_other_files_among_parts_are_passed_over():
    put_parts("dino", ROWS, 3)
    for name in ("_SUCCESS", ".part-0.parquet.crc", ".x.parquet", "notes.md"):
        Path("dino", name).write_text("x")
    assert pbl.validate(pillars={"dino": "dino"}).files[0].rows == 9


def test_failures_are_written_with_the_path_of_their_part():
    put_parts("dino", cut("target", 8, None), 4)
    assert command("validate", "dino=dino/", "--failures", "bad.csv").code == 1
    assert Path("bad.csv").read_text().splitlines()[1] == "dino/part-1.parquet,5,target,PBL501,ID8,"


def test_the_report_shows_parts_in_every_form():
    put_parts("dino", cut("target", 8, None), 4)
    assert "part-1.parquet row 5  ID8" in command("validate", "dino=dino/").out
    assert "file=dino/part-1.parquet,line=5" in command("validate", "dino=dino/", "--format", "github").out
    assert '"part": "part-1.parquet"' in command("validate", "dino=dino/", "--format", "json").out
    assert "part-1.parquet row 5" in command("validate", "dino=dino/", "--format", "junit").out
