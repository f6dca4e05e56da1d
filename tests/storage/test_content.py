"""The hash of what rows hold doesn't depend on how they are cut, and any other rows have another."""

import hashlib
import struct

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbl.storage._arrow_doubles import read_doubles
from pbl.storage.content import Content

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
