"""Every trap of the engines' own CSV readers, at the first, a middle and the last row, however the file is written.

Each ends in one finding with the right row. In 300,000 rows a few are tried at one place, with
`PBL_THOROUGH=1` all of them, and with `PBL_TRAPS=all` all of them at all three places.
"""

import os

import pytest
from support.effort import THOROUGH

import pbl
from pbl.domain.errors import FindingsError
from pbl.domain.rules import Severity

STYLES = {
    "plain": lambda lines: b"".join(line + b"\n" for line in lines),
    "with a byte-order mark": lambda lines: b"\xef\xbb\xbf" + b"".join(line + b"\n" for line in lines),
    "with CRLF": lambda lines: b"".join(line + b"\r\n" for line in lines),
    "quoted": lambda lines: b"".join(line + b"\n" for line in lines),
}
TRAPS = {
    b",1.5": "PBL401",
    b'"",1.5': "PBL401",
    b" ,1.5": "PBL401",
    b'"\xc2\xa0",1.5': "PBL401",
    b" x,1.5": "PBL404",
    b"x ,1.5": "PBL404",
    b'"x\n",1.5': "PBL404",
    b"\xe3\x80\x80x,1.5": "PBL404",
    b"x,": "PBL501",
    b'x,""': "PBL501",
    b"x, ": "PBL501",
    b"x,NULL": "PBL502",
    b"x,NA": "PBL502",
    b"x,abc": "PBL502",
    b"x,0x10": "PBL502",
    b"x,1_000": "PBL502",
    b'x,"1,5"': "PBL502",
    b"x, 0.5": "PBL502",
    b"x,0.5 ": "PBL502",
    b'x,"0.5\n"': "PBL502",
    b"x,\xef\xbc\x91": "PBL502",
    b"x,true": "PBL502",
    b"x,nan": "PBL503",
    b"x,-NaN": "PBL503",
    b"x,inf": "PBL504",
    b"x,-Infinity": "PBL504",
    b"x,1e400": "PBL504",
    b"x,-1e309": "PBL504",
    b'"x,1.5': "PBL105",
    b'x"y,1.5': "PBL105",
    b'"x"y,1.5': "PBL105",
    rb'"x\"y",1.5': "PBL105",
    b'x, "1.5"': "PBL105",
    b'"x" ,1.5': "PBL105",
    b"x": "PBL301",
    b"x,1.5,2": "PBL302",
    b"x,1.5,": "PBL302",
    b"x,1,5": "PBL302",
    b"": "PBL303",
    b"  ": "PBL303",
    b"x\0,1.5": "PBL106",
    b"x,1.5\0": "PBL106",
    b"x\xff,1.5": "PBL103",
    b"x,1.5\xff": "PBL103",
    b"\xed\xa0\x80,1.5": "PBL103",
    b"x\xc3,1.5": "PBL103",
    b"x\ry,1.5": "PBL108",
    b"x,1.5\r": "PBL108",
    b"x" * 2_000_000 + b",1.5": "PBL109",
}
LARGE = [trap for trap in TRAPS if TRAPS[trap] != "PBL109"]
SMALL_SAMPLE = [
    b",1.5",
    b"x,",
    b"x,nan",
    b"x,0x10",
    b'"x,1.5',
    b'x"y,1.5',
    b"x",
    b"x,1.5,2",
    b"",
    b"x\0,1.5",
    b"x\xff,1.5",
]
EVERYWHERE = os.environ.get("PBL_TRAPS") == "all"


def file(rows, at, trap, style):
    """Write a file whose row `at` (0-based) is a trap."""
    lines = [b"id%d,%d.5" % (n, n) for n in range(rows)]
    if style == "quoted":
        lines = [b'"id%d","%d.5"' % (n, n) for n in range(rows)]
    lines[at] = trap
    return STYLES[style]([b"sample_id,target", *lines])


def errors(report, path):
    return [f for f in report.findings if f.file == str(path) and f.severity is Severity.ERROR and f.code < "PBL6"]


def name(trap):
    return trap[:20].decode("latin1").encode("unicode_escape").decode()


@pytest.mark.parametrize("trap", TRAPS, ids=name)
def test_a_trap_gives_its_finding_wherever_it_stands_and_however_the_file_is_written(trap, tmp_path):
    code = TRAPS[trap]
    expected = {}
    for style in STYLES:
        for at in (0, 1, 2):
            path = tmp_path / f"{style}{at}.csv"
            path.write_bytes(file(3, at, trap, style))
            expected[path] = at + 2
    report = pbl.validate(*expected)
    for path, row in expected.items():
        found = errors(report, path)
        if b"\r" in trap and "CRLF" in path.name and trap.endswith(b"\r"):
            assert {f.code for f in found} == {"PBL108"}, path.name
            continue
        assert [(f.code, f.count) for f in found] == [(code, 1)], (path.name, found)
        rows = [example.row for example in found[0].examples]
        assert rows == ([] if code == "PBL109" and "quoted" in path.name else [row]), (path.name, found)


@pytest.mark.parametrize("trap", LARGE if EVERYWHERE or THOROUGH else SMALL_SAMPLE, ids=name)
def test_a_trap_is_found_in_300_000_rows(trap, tmp_path):
    places = {"first": 0, "middle": 171_717, "last": 299_999}
    if not EVERYWHERE:
        kept = list(places)[sum(trap) % 3]
        places = {kept: places[kept]}
    for where, at in places.items():
        path = tmp_path / f"{where}.csv"
        path.write_bytes(file(300_000, at, trap, "plain"))
        found = errors(pbl.validate(path), path)
        assert [(f.code, f.count, [e.row for e in f.examples]) for f in found] == [(TRAPS[trap], 1, [at + 2])], where


@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_duplicated_id_names_every_row_it_stands_in(at, tmp_path):
    for style in STYLES:
        path = tmp_path / f"{style}.csv"
        path.write_bytes(file(3, at, b"id%d,9" % ((at + 1) % 3), style))
        (found,) = errors(pbl.validate(path), path)
        assert (found.code, found.count) == ("PBL402", 2)
        assert [e.row for e in found.examples] == sorted([at + 2, (at + 1) % 3 + 2])


@pytest.mark.parametrize("at", [0, 1, 2])
@pytest.mark.parametrize("most", [b"\n", b"\r\n"])
def test_a_line_that_ends_otherwise_than_the_rest_is_named(at, most, tmp_path):
    other = b"\n" if most == b"\r\n" else b"\r\n"
    path = tmp_path / "x.csv"
    rows = [b"id%d,%d" % (n, n) + (other if n == at else most) for n in range(3)]
    path.write_bytes(b"sample_id,target" + most + b"".join(rows))
    (found,) = errors(pbl.validate(path), path)
    assert (found.code, [e.row for e in found.examples]) == ("PBL108", [at + 2])


def blended(data, tmp_path):
    """Blend one file and give back what was written."""
    (tmp_path / "in.csv").write_bytes(data)
    pbl.blend(tmp_path / "in.csv", output=tmp_path / "out.csv", force=True)
    return (tmp_path / "out.csv").read_bytes()


LOOKALIKES = (
    "001",
    "1",
    "01",
    "1.0",
    "1e0",
    "1e5",
    "100000",
    "true",
    "TRUE",
    "2024-1-2",
    "2024-01-02",
    "NULL",
    "NA",
    "nan",
)


@pytest.mark.parametrize("rows", [0, 30_000])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_ids_that_an_engine_would_merge_or_respell_stay_apart_and_as_they_are(rows, end, tmp_path):
    lines = [b"%d,%d" % (n + 200_000, n) for n in range(rows)]
    lines += [f"{text},{n}.25".encode() for n, text in enumerate(LOOKALIKES)]
    written = blended(end.join([b"sample_id,target", *lines, b""]), tmp_path)
    got = [line.split(b",") for line in written.splitlines()[1:]]
    assert [cell for cell, _ in got] == [line.split(b",")[0] for line in lines]
    assert [float(value) for _, value in got] == [float(line.split(b",")[1]) for line in lines]


def test_whole_numbers_at_first_do_not_round_the_halves_that_come_late(tmp_path):
    lines = [b"a%d,%d" % (n, n % 2) for n in range(30_000)] + [b"z,0.5"]
    assert blended(b"\n".join([b"sample_id,target", *lines, b""]), tmp_path).endswith(b"\nz,0.5\n")


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (b'"x\n",1.5', "PBL404"),
        (b'"\rx",1.5', "PBL404"),
        (b'"\n",1.5', "PBL401"),
        (b'x,"1.5\n"', "PBL502"),
        (b'x,"\r1.5"', "PBL502"),
        (b"x,+-5", "PBL502"),
        (b"x,1_0", "PBL502"),
        (b"x,nan", "PBL503"),
        (b"x,1e309", "PBL504"),
        (b"x,", "PBL501"),
        (b",1", "PBL401"),
    ],
)
@pytest.mark.parametrize("others", [b"", b"y,2\n", b'"y y",2\n'])
def test_what_the_engine_would_take_for_a_number_or_an_id_is_not_blended(row, code, others, tmp_path):
    path = tmp_path / "in.csv"
    path.write_bytes(b"sample_id,target\n" + others + row + b"\n")
    with pytest.raises(FindingsError) as caught:
        pbl.blend(path, output=tmp_path / "out.csv")
    assert {f.code for f in caught.value.report.errors()} == {code}
    assert [p.name for p in tmp_path.iterdir()] == ["in.csv"]


@pytest.mark.parametrize("rows", [[b"a,1", b"b,2", b"a,3"], [b'"a",1', b"b,2", b"a,1"], [b"a,1"] * 2 + [b"b,2"]])
def test_a_file_with_an_id_that_stands_twice_is_not_blended(rows, tmp_path):
    path = tmp_path / "in.csv"
    path.write_bytes(b"\n".join([b"sample_id,target", *rows, b""]))
    with pytest.raises(FindingsError) as caught:
        pbl.blend(path, output=tmp_path / "out.csv")
    assert {f.code for f in caught.value.report.errors()} == {"PBL402"}
