"""The strict reader alone: one file as its bytes say, whatever kind of thing it is, in bounded time and memory."""

import bz2
import gzip
import hashlib
import io
import lzma
import os
import resource
import socket
import subprocess
import sys
import tempfile
import time
import zipfile
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pbl_sql import Sql, listed, literal
from support.making import command, process

import pbl
from pbl.domain.contract import Contract
from pbl.domain.errors import ChangedError, EngineError, FindingsError, InputError, OutputError
from pbl.domain.limits import Limits
from pbl.engine.duck import open_duck
from pbl.reading import _records as records
from pbl.reading import _scan as screen
from pbl.reading import rows as tokens
from pbl.reading import survey as reading
from pbl.reading._scan import RECORD_LIMIT
from pbl.reading.rows import explain_offences, tokenize
from pbl.reading.survey import open_file, open_survey, survey

HEADER = b"sample_id,target\n"
GOOD = HEADER + b"a,1.5\nb,2.5\n"


def put(folder, data, name="x.csv"):
    path = Path(folder) / name
    path.write_bytes(data)
    return path


def surveyed(path, contract=Contract(), **how):  # noqa: B008 - frozen
    """Survey a file and close it."""
    with closing(open_file(path, None)) as file:
        return survey(file, contract, **how)


def rows(path, contract=Contract()):  # noqa: B008 - frozen
    """Take a file apart and give its rows and the codes of what is broken."""
    with open_survey(path, contract) as source:
        batches, offences = tokenize(source, 3)
        found = [row for batch in batches for row in zip(*batch, strict=True)]
        return found, {f.code for f in explain_offences(source, offences)}


def codes(path):
    return {f.code for f in pbl.validate(path).findings}


# What a file is


def test_a_survey_knows_the_size_the_hash_and_the_rows(tmp_path):
    source = surveyed(put(tmp_path, GOOD))
    scan, header = source.scan, source.header
    assert (scan.size, scan.sha256, scan.rows) == (len(GOOD), hashlib.sha256(GOOD).hexdigest(), 2)
    assert (header.names, header.columns, source.plain, source.findings) == (("sample_id", "target"), (0, 1), True, ())


@pytest.mark.parametrize("chunk", [2, 3, 5, 7, 64, 1 << 20])
def test_what_lies_across_the_border_of_two_chunks_is_seen(chunk, tmp_path):
    crlf = GOOD.replace(b"\n", b"\r\n")
    for data, plain in (
        (GOOD, True),
        (crlf, True),
        (b"\xef\xbb\xbf" + GOOD, True),
        (HEADER + "é日🙂,1\n".encode(), True),
        (HEADER + b"a,1\n\nb,2\n", False),
        (crlf.replace(b"a", b"\r\na"), False),
        (HEADER + b"a,1\r\nb,2\n", False),
        (HEADER + b"a,1\rb,2\n", False),
        (crlf + b"\r", False),
        (HEADER + b"a\0,1\n", False),
        (HEADER + b'"a",1\n', False),
        (HEADER + b"a,1,\n", False),
        (HEADER + b"a\nb,1\n", False),
        (HEADER + "é".encode()[:1] + b",1\n", False),
        (HEADER + b"a,1\n" + "🙂".encode()[:3], False),
    ):
        for shift in range(8):
            moved = data.replace(b"target", b"target", 1) if not shift else data.replace(b"a", b"a" * (shift + 1), 1)
            path = put(tmp_path, moved)
            assert surveyed(path, Contract(id="s" + "a" * (shift + 1) + "mple_id"), chunk=chunk).plain == plain, (
                data,
                shift,
            )
            assert surveyed(path, chunk=chunk).scan.sha256 == hashlib.sha256(moved).hexdigest()


@pytest.mark.parametrize(
    ("data", "code", "said"),
    [
        (gzip.compress(GOOD), "PBL109", "gzip"),
        (bz2.compress(GOOD), "PBL109", "bzip2"),
        (lzma.compress(GOOD), "PBL109", "xz"),
        (b"PAR1" + bytes(90) + b"PAR1", "PBL109", "Parquet"),
        (b"ARROW1\0\0", "PBL109", "Arrow"),
        (b"SQLite format 3\0", "PBL109", "SQLite"),
        (b"%PDF-1.7\n", "PBL109", "PDF"),
        (b"\x93NUMPY\x01\0", "PBL109", "NumPy"),
        (b"  <html><body>403 Forbidden", "PBL109", "web page"),
        (b'<?xml version="1.0"?>', "PBL109", "XML"),
        (GOOD.decode().encode("utf-16"), "PBL103", "UTF-16"),
        (GOOD.decode().encode("utf-16-le"), "PBL103", "UTF-16 without"),
        (GOOD.decode().encode("utf-16-be"), "PBL103", "UTF-16 without"),
        (GOOD.decode().encode("utf-32"), "PBL103", "UTF-32"),
        (GOOD.decode().encode("utf-32-le"), "PBL103", "UTF-32 without"),
        (GOOD.decode().encode("utf-32-be"), "PBL103", "UTF-32 without"),
        (b"", "PBL102", "is empty"),
        (b"\n \r\n", "PBL102", "white space"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_csv_says_what_it_is(data, code, said, tmp_path):
    (found,) = pbl.validate(put(tmp_path, data)).findings
    assert (found.code, said in found.message) == (code, True), found


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("name", ["PAR1", "BZhang", "PK\x03\x04", "<html>", "%PDF-1"])
def test_a_header_that_is_the_contract_s_is_never_another_format_s_first_bytes(name, end, tmp_path):
    path = put(tmp_path, f"{name},target\n".encode().replace(b"\n", end) + b"a,1" + end)
    assert surveyed(path, Contract(id=name)).findings == ()
    assert [found.code for found in surveyed(path).findings] == ["PBL109"]


def test_a_zip_archive_says_what_it_is(tmp_path):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("x.csv", GOOD)
    (found,) = pbl.validate(put(tmp_path, data.getvalue())).findings
    assert (found.code, "zip" in found.message) == ("PBL109", True)


def test_what_is_no_regular_file_is_named_and_never_waited_for(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    os.mkfifo("fifo.csv")
    Path("loop.csv").symlink_to("loop.csv")
    Path("folder.csv").mkdir()
    with tempfile.TemporaryDirectory() as short, socket.socket(socket.AF_UNIX) as server:
        name = f"{short}/s.csv"
        server.bind(name)
        cases = {
            "fifo.csv": "FIFO",
            name: "socket",
            "loop.csv": "symbolic links",
            "/dev/zero": "device",
            "/dev/tty": "",
        }
        for path, said in cases.items():
            (found,) = pbl.validate(path).findings
            assert (found.code, said in found.message) == ("PBL101", True), path
    (found,) = pbl.validate(pillars={"x": "folder.csv"}).findings
    assert (found.code, "folder" in found.message) == ("PBL101", True)


@pytest.mark.parametrize(
    "name",
    [
        *(
            "x[1].csv",
            "x*.csv",
            "?.csv",
            "{a,b}.csv",
            "q'u\"o`te.csv",
            "semi;colon.csv",
            "100%.csv",
            "%s.csv",
            "new\nline.csv",
        ),
        *("-dash.csv", "--weights", "a=b.csv", "target=5.csv", "$HOME.csv", "~.csv", "#x.csv", "sp ace.csv", "\\x.csv"),
        *("tärget.csv", "\x1b[31m.csv", ".hidden.csv", "http:", "x.csv.gz", "'); DROP TABLE p0; --.csv", "x.parquet"),
    ],
)
def test_a_path_is_only_a_path(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    put(tmp_path, HEADER + b"decoy,9\n", "x1.csv")
    put(tmp_path, GOOD, name)
    done = command("blend", "--output", "-", "--", name)
    assert (done.code, done.data) == (0, GOOD), done.talk
    assert "\x1b" not in done.talk


def test_a_name_that_is_no_text_can_be_read_and_written(tmp_path):
    name = os.fsdecode(b"\xff\xfe.csv")
    put(tmp_path, GOOD, name)
    for words in (("validate", name), ("validate", name, "--format", "json"), ("validate", name, "--format", "junit")):
        assert process(*words, folder=tmp_path).code == 0
    done = process("blend", name, "--output", os.fsdecode(b"\xfe.csv"), folder=tmp_path)
    assert done.code == 0, done.talk
    assert (tmp_path / os.fsdecode(b"\xfe.csv")).read_bytes() == GOOD


def test_a_folder_above_the_file_means_nothing(tmp_path):
    (tmp_path / "target=5").mkdir()
    path = put(tmp_path / "target=5", GOOD)
    pbl.blend(path, output=tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_bytes() == GOOD


@pytest.mark.parametrize(
    "name", ["http://localhost:9/x.csv", "s3://bucket/x.csv", "hf://x/y.csv", "file:///etc/hosts", "-"]
)
def test_a_url_is_no_such_file(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = command("validate", "--", name)
    assert (done.code, "no such file" in done.talk) == (2, True)


def test_a_missing_file_and_a_link_to_nothing_are_no_such_file(tmp_path):
    (tmp_path / "gone.csv").symlink_to("nothing")
    for name in ("nothing.csv", "gone.csv"):
        with pytest.raises(InputError, match="no such file"):
            open_file(tmp_path / name, None)


# How a file is taken apart


def test_cells_are_what_the_dialect_says(tmp_path):
    path = put(tmp_path, HEADER + b'"a,b",1\n"say ""hi""",2\n"two\r\nlines",3\n"",4\n"x\ry",5\n\x0b,6\n')
    expected = [("a,b", "1"), ('say "hi"', "2"), ("two\r\nlines", "3"), ("", "4"), ("x\ry", "5"), ("\x0b", "6")]
    assert rows(path) == (expected, set())


def test_after_a_broken_quote_the_next_line_is_read_again(tmp_path):
    data = HEADER + b'a,1\n"b,2\nc,3\n"d"x,4\ne,5\n'
    found, broken = rows(put(tmp_path, data))
    assert broken == {"PBL105"}
    assert found == [("a", "1"), ("c", "3"), ("e", "5")]


def test_a_line_may_have_a_mebibyte_and_no_byte_more(tmp_path):
    row = b"x" * (RECORD_LIMIT - 3) + b",1\n"
    assert codes(put(tmp_path, HEADER + row + b"b,2\n")) == set()
    for quote in (b"", b'"q",1\n'):
        for letter in (b"x", "é".encode()):
            longer = letter * (RECORD_LIMIT // len(letter)) + b",1\n"
            assert codes(put(tmp_path, HEADER + quote + longer + b"b,2\n")) == {"PBL109"}
    assert codes(put(tmp_path, HEADER + b'"' + b"x\n" * (RECORD_LIMIT // 2) + b'",1\n')) == {"PBL105"}


def test_a_line_too_long_is_found_across_chunks(tmp_path, monkeypatch):
    for module in (records, screen):
        monkeypatch.setattr(module, "RECORD_LIMIT", 100)
    for chunk in (2, 3, 7, 99):
        short = put(tmp_path, HEADER + b"x" * 97 + b",1\nb,2\n")
        assert {f.code for f in surveyed(short, chunk=chunk).findings} == set()
        (found,) = surveyed(put(tmp_path, HEADER + b"a,1\n" + b"x" * 98 + b",1\nb,2\n"), chunk=chunk).findings
        assert (found.code, found.examples[0].row) == ("PBL109", 3)


def test_rows_that_are_no_text_are_found_and_never_handed_on(tmp_path):
    found, broken = rows(put(tmp_path, HEADER + b"a\xff,1\nb,2\nc,\xed\xa0\x80\n"))
    assert (found, broken) == ([("b", "2")], {"PBL103"})


# Bounded time and memory


LIMITED = """
import resource, sys, time
resource.setrlimit(resource.RLIMIT_AS, (1_500_000_000, 1_500_000_000))
from pathlib import Path
from pbl.domain.contract import Contract
from pbl.reading.survey import open_survey
from pbl.reading.rows import explain_offences, tokenize
began = time.process_time()
with open_survey(Path(sys.argv[1]), Contract()) as source:
    found = list(source.findings)
    if not source.header.stopped:
        batches, offences = tokenize(source, 5)
        for batch in batches: pass
        found += explain_offences(source, offences)
print(sorted({f.code for f in found}), round(time.process_time() - began, 2))
"""


def limited(path):
    """Survey and take apart in little memory; give the codes and the CPU seconds."""
    env = {"PYTHONPATH": str(Path(pbl.__file__).parents[1]), "PATH": os.environ["PATH"]}
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(path)], env=env, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr[-500:]
    found, _, seconds = done.stdout.rpartition(" ")
    return found, float(seconds)


def sparse(path, size):
    with path.open("ab") as file:
        file.truncate(size)
    return path


@pytest.mark.parametrize("start", [b"", HEADER, HEADER + b"a,1\nb,2\n"], ids=["nothing", "header", "rows"])
def test_half_a_terabyte_of_nothing_is_refused_at_once(start, tmp_path):
    path = put(tmp_path, start)
    try:
        sparse(path, 500 << 30)
    except OSError:
        sparse(path, 10 << 30)
    found, seconds = limited(path)
    assert found == "['PBL109']"
    assert seconds < 3


@pytest.mark.parametrize(
    "body",
    [
        b'"' * 3_000_000,
        b'"a\n' * 300_000,
        b'"\n' * 500_000,
        b'"' + b'""\n' * 400_000,
        (b'"' + b"x\n" * 100_000 + b'"y\n') * 5,
        (b'"a""' * 200_000 + b"\n") * 4,
        (b"," * 500_000 + b"\n") * 6,
        b"\n" * 400_000,
        b"\r" * 1_000_000,
        b"a\0\n" * 300_000,
        b"\xff\n" * 300_000,
        b"\n" * 19_000_000,
        b"a\n" * 9_000_000,
        b'"\\"x\n' * 3_900_000,
        b"a\0,1\n" * 3_000_000,
        b"a,1\na,1\r\n" * 2_000_000,
        (b'"",' * 340_000 + b"\n") * 19,
    ],
    ids=range(17),
)
def test_no_rubbish_takes_long_or_much(body, tmp_path):
    found, seconds = limited(put(tmp_path, HEADER + body))
    assert found != "[]"
    assert seconds < 5


@pytest.mark.parametrize(
    ("good", "bad", "code"),
    [("a,1\n", "\n", "PBL303"), ('"a",1\n', "a\n", "PBL301"), ("a,1\n", "a,1\r\n", "PBL108")],
)
def test_where_too_much_is_broken_the_rest_is_not_looked_at_and_that_is_said(good, bad, code, tmp_path, monkeypatch):
    monkeypatch.setattr(tokens, "BROKEN_LIMIT", 10)
    for more in range(2):
        path = put(tmp_path, HEADER + (good * 12 + bad * (10 + more)).encode())
        report = pbl.validate(path)
        (found,) = report.findings
        assert (found.code, found.count) == (code, 10)
        assert found.message.endswith("; so much is broken that the rest of the file was not looked at") == bool(more)
        (file,) = report.files
        assert (file.rows, file.not_checked) == (None, ("values", "ids"))
        with pytest.raises(FindingsError):
            pbl.blend(path, output=tmp_path / "s.csv")


def test_a_header_of_a_hundred_thousand_columns_is_no_trouble(tmp_path):
    names = ",".join(f"c{n}" for n in range(100_000))
    found, seconds = limited(put(tmp_path, f"{names}\n{'1,' * 99_999}1\n".encode()))
    assert found == "['PBL201', 'PBL202']"
    assert seconds < 10


def test_300_000_quoted_rows_are_read_in_a_few_seconds(tmp_path):
    path = put(tmp_path, HEADER + b"".join(b'"id%d","%d.5"\n' % (n, n) for n in range(300_000)))
    began = resource.getrusage(resource.RUSAGE_SELF)
    assert codes(path) == set()
    done = resource.getrusage(resource.RUSAGE_SELF)
    assert done.ru_utime - began.ru_utime < 10


# A file that changes underneath


def change(path, how):
    match how:
        case "longer":
            with path.open("ab") as file:
                file.write(b"c,3\n")
        case "shorter":
            os.truncate(path, len(GOOD) - 6)
        case "same size":
            path.write_bytes(GOOD.replace(b"1.5", b"9.5"))
        case "touched":
            os.utime(path, (1, 1))
        case "same size and time":
            about = path.stat()
            path.write_bytes(GOOD.replace(b"1.5", b"9.5"))
            os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))


@pytest.mark.parametrize("still", [False, True])
@pytest.mark.parametrize("how", ["longer", "shorter", "same size", "touched", "same size and time"])
def test_a_file_that_changes_while_it_is_read_is_an_error(how, still, tmp_path):
    path = put(tmp_path, GOOD)
    before = datetime.now(UTC) + timedelta(minutes=still)
    with open_survey(path, Contract()) as source:
        source.unchanged(before)
        time.sleep(0.02)
        change(path, how)
        with pytest.raises(ChangedError, match="changed while it was being read"):
            source.unchanged(before)


def test_a_file_that_was_written_just_before_is_looked_at_again(tmp_path):
    with open_survey(put(tmp_path, GOOD), Contract()) as source:
        other = replace(source, scan=replace(source.scan, early="of other bytes"))  # as two writes in a tick leave it
        other.unchanged(datetime.now(UTC) + timedelta(minutes=1))
        for before in (None, datetime.now(UTC)):
            with pytest.raises(ChangedError):
                other.unchanged(before)


def test_a_file_that_is_replaced_is_read_to_its_end_as_it_was(tmp_path):
    path = put(tmp_path, GOOD)
    with open_survey(path, Contract()) as source:
        put(tmp_path, HEADER + b"z,9\n", "new.csv").rename(path)
        batches, _ = tokenize(source, None)
        assert [batch[0] for batch in batches] == [["a", "b"]]


def test_two_who_read_one_file_do_not_move_each_other_on(tmp_path, monkeypatch):
    monkeypatch.setattr(records, "_BUFFER", 10)
    monkeypatch.setattr(tokens, "_BATCH_ROWS", 1)
    data = HEADER + b"".join(b"k%d,1\n" % n for n in range(9))
    with closing(open_file(put(tmp_path, data), None)) as file:
        batches, _ = tokenize(survey(file, Contract()), None)
        ids = []
        for batch in batches:
            ids += batch[0]
            again = survey(file, Contract()).scan
            assert (again.rows, again.sha256) == (9, hashlib.sha256(data).hexdigest())
        assert ids == [f"k{n}" for n in range(9)]


@pytest.mark.parametrize("size", [0, len(HEADER), len(GOOD) + 4])
def test_a_file_that_has_another_size_once_it_was_read_has_changed(tmp_path, size):
    path = put(tmp_path, GOOD)
    with closing(open_file(path, None)) as file:
        os.truncate(path, size)
        with pytest.raises(ChangedError):
            survey(file, Contract())


def test_a_submission_that_was_edited_without_changing_its_size_is_not_replaced(tmp_path):
    path, out = put(tmp_path, GOOD), tmp_path / "out.csv"
    pbl.blend(path, output=out)
    edited = out.read_bytes().replace(b"1.5", b"9.5")
    out.write_bytes(edited)
    with pytest.raises(OutputError, match="edited since"):
        pbl.blend(path, output=out)
    assert out.read_bytes() == edited


def test_a_blend_of_a_file_that_changes_under_it_is_refused_and_nothing_is_written(tmp_path, monkeypatch):
    path = put(tmp_path, GOOD)
    real = reading.Survey.unchanged

    def changing(source, before=None):
        path.write_bytes(GOOD.replace(b"1.5", b"9.5"))
        real(source, before)

    monkeypatch.setattr(reading.Survey, "unchanged", changing)
    with pytest.raises(ChangedError):
        pbl.blend(path, output=tmp_path / "out.csv")
    assert [p.name for p in tmp_path.iterdir()] == ["x.csv"]


# The engine's door


def test_the_engine_starts_no_more_threads_than_there_are_cores(tmp_path):
    with open_duck({}, Limits(threads=10**5), size=0, spill=tmp_path) as duck:
        asked = duck._connection.execute("SELECT current_setting('threads')").fetchone()  # noqa: SLF001
    assert asked == (os.cpu_count(),)


def test_the_engine_opens_the_files_it_was_handed_and_nothing_else(tmp_path):
    handed, other = put(tmp_path, GOOD), put(tmp_path, GOOD, "other.csv")
    with handed.open("rb") as file, open_duck({file.fileno(): handed}, Limits(), size=0, spill=tmp_path) as duck:
        path = literal(duck._paths[file.fileno()])  # noqa: SLF001
        assert len(duck.rows("files/cells", table=_read(path), columns=listed([Sql("*")]))) == 3
        for path in (other, Path("/etc/hosts"), Path("/proc/self/environ"), tmp_path / "*.csv"):
            with pytest.raises(EngineError, match=r"(?i)permission|disabled|access"):
                duck.rows("files/cells", table=_read(literal(str(path))), columns=listed([Sql("*")]))
        for setting in (
            "SET enable_external_access = true",
            "SET allowed_paths = ['/']",
            "INSTALL httpfs",
            "LOAD httpfs",
        ):
            with pytest.raises(Exception, match=r"(?i)lock|permission|disabled|access|not be found|allow"):
                duck._connection.execute(setting)  # noqa: SLF001


def _read(path):
    return Sql("(SELECT 1 AS row, content FROM read_text(" + path + "), range(3))")  # noqa: S608 - a quoted literal
