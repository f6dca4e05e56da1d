"""A log takes whole rows of its own shape, keeps its form, and loses no byte."""

from __future__ import annotations

import fcntl
import os
import tempfile
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.publishing import (
    HEAD,
    HEADER,
    append,
    content,
    put,
    records,
    renew,
)

from pbl.domain.errors import LogError
from pbl.storage.append_log import Appended, append_rows

ROWS = b'siglip,a,\ndino,"b ""x"", y","two\nlines"\nmvp,c,end\n'


def test_a_new_log_has_its_header_once_and_then_rows(tmp_path):
    path = tmp_path / "run_logs" / "log.csv"
    first = append_rows(path, header=HEADER, rows=[("a", "b", "c"), ("d", "e", "f")])
    assert first == Appended(path=path, created=True, rows=2, set_aside=None, completed=False)
    second = append_rows(path, header=HEADER, rows=[("ü", 'q"', "two\r\nlines,")])
    assert second == Appended(path=path, created=False, rows=1, set_aside=None, completed=False)
    assert path.read_bytes() == HEAD + b'a,b,c\nd,e,f\n\xc3\xbc,"q""","two\r\nlines,"\n'
    with pytest.raises(LogError, match="the folder isn't there"):
        append_rows(tmp_path / "no" / "run_logs" / "log.csv", header=HEADER, rows=[])


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_a_log_keeps_its_line_ends_and_its_mark(tmp_path, mark, end):
    put(tmp_path, {"log.csv": mark + HEAD.strip() + end})
    assert not append(tmp_path, ("a", "b", "x\ny"), ("c", "d", "e")).created
    assert content(tmp_path) == {"log.csv": mark + HEAD.strip() + end + b'a,b,"x\ny"' + end + b"c,d,e" + end}


def test_a_mark_alone_is_an_empty_log(tmp_path):
    put(tmp_path, {"log.csv": b"\xef\xbb\xbf"})
    assert append(tmp_path).created
    assert content(tmp_path) == {"log.csv": b"\xef\xbb\xbf" + HEAD + b"p,m,n\n"}


@pytest.mark.parametrize(
    "found",
    [
        b"pillar,model,processed_cv\nSigLIP,cat,0.78\n",
        b"Pillar,model,notes\n",
        b"pillar,model,notes,more\n",
        b"pillar,model\n",
        b"\npillar,model,notes\n",
        b"pillar;model;notes\n",
        b"\xff\xfep\0i\0",
        b"hello",
        b"pillar,model,nots",
        b'"pillar,model,notes\n',
        b"\0\0\0",
    ],
)
def test_a_log_of_another_shape_is_left_alone_and_another_label_is_named(tmp_path, found):
    put(tmp_path, {"log.csv": found})
    with pytest.raises(LogError, match=r"log\.csv: not logged: its columns are .* use another --label"):
        append(tmp_path)
    assert content(tmp_path) == {"log.csv": found}


@pytest.mark.parametrize(
    ("torn", "expected", "aside"),
    [
        (b"d,e,f", b"d,e,f\n", None),
        (b"d,e,", b"d,e,\n", None),
        (b'd,e,"f\ng"', b'd,e,"f\ng"\n', None),
        (b"d,e,f\r", b"d,e,f\r\n", None),
        (b"d,e", b"", b"d,e"),
        (b"d", b"", b"d"),
        (b'd,e,"f', b"", b'd,e,"f'),
        (b'd,e,"f\n', b"", b'd,e,"f\n'),
        (b'd,"e,f', b"", b'd,"e,f'),
        (b"d,e,f,g", b"", b"d,e,f,g"),
        (b"d,e,\xc3", b"", b"d,e,\xc3"),
        (b"d,e,\0\0", b"", b"d,e,\0\0"),
        (b"\0" * 5000, b"", b"\0" * 5000),
    ],
)
def test_a_torn_tail_is_completed_if_it_is_whole_and_else_set_aside(tmp_path, torn, expected, aside):
    put(tmp_path, {"log.csv": HEAD + b"a,b,c\n" + torn, "log.csv.torn-1": b"earlier"})
    result = append(tmp_path)
    assert result.completed == (aside is None)
    assert result.set_aside == (None if aside is None else tmp_path / "log.csv.torn-2")
    found = content(tmp_path)
    assert found.pop("log.csv") == HEAD + b"a,b,c\n" + expected + b"p,m,n\n"
    assert found == {"log.csv.torn-1": b"earlier", **({"log.csv.torn-2": aside} if aside is not None else {})}


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_cut_anywhere_a_log_takes_the_next_row_and_loses_no_byte(tmp_path, end):
    whole = HEAD.replace(b"\n", end) + ROWS.replace(b"\n", end)
    for cut in range(len(whole) + 1):
        folder = renew(tmp_path / "f", {"log.csv": whole[:cut]})
        result = append(folder)
        found = content(folder)
        log = found["log.csv"]
        rows = records(log)
        assert rows[0] == list(HEADER)
        assert rows[-1] == ["p", "m", "n"]
        assert {len(row) for row in rows} == {3}
        aside = b"".join(data for name, data in found.items() if name != "log.csv")
        kept = whole[: cut - len(aside)]
        assert whole[:cut] == kept + aside
        assert log.startswith(kept)
        assert result.completed == (len(log) > len(kept) and not aside and not kept.endswith(end) and bool(kept))


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), min_size=3, max_size=3),
        max_size=4,
    )
)
def test_every_cell_reads_back_as_it_was(rows):
    with tempfile.TemporaryDirectory() as name:
        append(Path(name), *map(tuple, rows), ("p", "m", "n"))
        append(Path(name))
        assert records((Path(name) / "log.csv").read_bytes()) == [list(HEADER), *rows, ["p", "m", "n"], ["p", "m", "n"]]


@pytest.mark.parametrize("cell", ["a\rb", "a\nb", "\r", "", '"', ",", "\ufeff", " a ", "ü\u2028"])
def test_an_odd_cell_reads_back_as_it_was(tmp_path, cell):
    append(tmp_path, (cell, "m", cell))
    append(tmp_path)
    assert records(content(tmp_path)["log.csv"])[1:] == [[cell, "m", cell], ["p", "m", "n"]]


def test_a_nul_is_refused_and_bytes_of_no_text_are_spelt_out(tmp_path):
    with pytest.raises(LogError, match="NUL"):
        append(tmp_path, ("a", "b\0", "c"))
    assert content(tmp_path) == {}
    append(tmp_path, ("a", os.fsdecode(b"\xff.csv"), "c"))
    assert content(tmp_path) == {"log.csv": HEAD + b"a,\\udcff.csv,c\n"}


def test_an_interrupted_append_leaves_the_log_as_it_was(tmp_path, monkeypatch):
    def interrupted(_: int) -> None:
        raise KeyboardInterrupt

    put(tmp_path, {"log.csv": HEAD})
    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        append(tmp_path)
    assert content(tmp_path) == {"log.csv": HEAD}


def test_a_log_that_its_failed_maker_removed_is_made_anew(tmp_path):
    path = tmp_path / "log.csv"
    maker = os.open(path, os.O_RDWR | os.O_CREAT)
    fcntl.flock(maker, fcntl.LOCK_EX)
    waiting = threading.Thread(target=append, args=(tmp_path,))
    waiting.start()
    time.sleep(0.1)
    path.unlink()
    os.close(maker)
    waiting.join(10)
    assert content(tmp_path) == {"log.csv": HEAD + b"p,m,n\n"}
