"""The strict reader alone: what a file is, by its bytes and its header."""

import bz2
import gzip
import hashlib
import io
import lzma
import os
import socket
import tempfile
import zipfile
from pathlib import Path

import pytest
from support.making import command, process
from support.reading import GOOD, HEADER, put, surveyed

import pbl
from pbl.domain.contract import Contract
from pbl.domain.errors import InputError
from pbl.reading.survey import open_file


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
        *("tärget.csv", "\x1b[31m.csv", ".hidden.csv", "http:", "x.csv.gz", "'); DROP TABLE p0; --.csv", "x.pq"),
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
