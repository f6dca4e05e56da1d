"""Frames become one Parquet file, and a hash of what they hold that doesn't depend on how they are cut."""

import hashlib
import io
import struct

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbl.storage._arrow_doubles import read_doubles
from pbl.storage.parquet_stream import Content, write_parquet

ROWS = st.lists(st.tuples(st.text(), st.floats(allow_nan=False)), min_size=1, max_size=20)


def frame(rows):
    return pl.DataFrame(rows, schema={"id": pl.String, "t": pl.Float64}, orient="row")


def content(*frames):
    found = Content(["id", "t"])
    for each in frames:
        found.add(each)
    return found


@given(rows=ROWS, at=st.integers(0, 20))
def test_the_hash_is_that_of_lines_and_doubles_however_rows_are_cut(rows, at):
    whole = frame(rows)
    ids = "".join(key.replace("\\", "\\\\").replace("\n", "\\n") + "\n" for key, _ in rows).encode()
    numbers = b"".join(struct.pack("<d", number) for _, number in rows)
    columns = [hashlib.sha256(each).hexdigest() for each in (ids, numbers)]
    expected = hashlib.sha256("".join(f"{line}\n" for line in ("id", "t", *columns)).encode()).hexdigest()
    one, two = content(whole), content(whole[:at], whole[at:])
    assert one.hexdigest() == two.hexdigest() == content(pl.concat([whole[:at], whole[at:]], rechunk=False)).hexdigest()
    assert one.hexdigest() == expected
    assert one.fingerprint == two.fingerprint


@given(rows=ROWS, data=st.data())
def test_another_id_number_or_order_has_another_hash_and_fingerprint(rows, data):
    place = data.draw(st.integers(0, len(rows) - 1))
    key, number = rows[place]
    other = data.draw(st.sampled_from([(key + "x", number), (key, -number), (key, number / 2 + 1)]))
    changed = [*rows[:place], other, *rows[place + 1 :]]
    for one, two in ((rows, changed), (rows, rows[::-1])):
        same = [(k, struct.pack("d", n)) for k, n in one] == [(k, struct.pack("d", n)) for k, n in two]
        assert (content(frame(one)).hexdigest() == content(frame(two)).hexdigest()) == same
        assert (content(frame(one)).fingerprint == content(frame(two)).fingerprint) == same


def test_doubles_of_slices_and_pieces_are_their_own():
    column = pl.concat([pl.Series([1.0, -0.0, 2.5]), pl.Series([3.0])], rechunk=False)
    for part in (column, column[1:], column[2:4], column[:0]):
        assert b"".join(map(bytes, read_doubles(part))) == struct.pack(f"<{len(part)}d", *part)
    with pytest.raises(ValueError, match="null"):
        list(read_doubles(pl.Series([1.0, None])))


def test_frames_are_written_in_their_order():
    frames = [frame([(f"{n}-{k}", n + k / 7) for k in range(n)]) for n in range(30)]
    data = io.BytesIO()
    write_parquet(iter(frames), ["id", "t"], data.write)
    assert pl.read_parquet(data.getvalue()).equals(pl.concat(frames))


@pytest.mark.parametrize("kind", [OSError, ValueError, RuntimeError])
def test_the_error_of_who_writes_and_of_who_gives_the_frames_comes_through(kind):
    def fail(_):
        raise kind("no")

    def failing():
        yield frame([("a", 1.0)])
        raise kind("no")

    with pytest.raises(kind, match="no"):
        write_parquet(iter([frame([("a", 1.0)])]), ["id", "t"], fail)
    with pytest.raises(kind, match="no"):
        write_parquet(failing(), ["id", "t"], io.BytesIO().write)
