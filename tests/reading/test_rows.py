"""The strict reader alone: how a file is taken apart, in bounded time and memory."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from support.reading import HEADER, codes, put, rows, surveyed

import pbl
from pbl.domain.errors import FindingsError
from pbl.reading import _records as records
from pbl.reading import _scan as screen
from pbl.reading import rows as tokens
from pbl.reading._scan import RECORD_LIMIT


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
    assert seconds < 20, "what grows with the square of the input takes minutes"


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
