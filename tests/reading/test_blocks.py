"""What a file shows only after its first bytes: the road of large files leaves it to the one that explains."""

from contextlib import closing
from random import Random

import pytest

from pbl.domain.contract import Contract
from pbl.domain.errors import Unclear
from pbl.reading.blocks import read_blocks
from pbl.reading.prefetch import Pull
from pbl.reading.survey import open_file, preview, survey

HEAD = b"sample_id,target\n" + b"".join(b"a%03d,0.5\n" % n for n in range(200))
LATE = {
    "other line ends": b"b1,0.5\r\nb2,0.5\r\n",
    "a carriage return in an id": b"b\r1,0.5\n",
    "a comma too many": b"b1,0.5,\n",
    "a comma too many at the end": b"b1,0.5,",
    "a comma too few": b"b1\n",
    "a comma too few and one too many": b"b1\nb2,0.5,\n",
    "a blank line": b"\nb1,0.5\n",
    "a quoted cell": b'"b1",0.5\n',
    "a NUL byte": b"b\x001,0.5\n",
}
USUAL = (b"a,1\n", b"id7,0.25\n")
ROWS = (b" b,2\n", b"c\t,3\n", b"\xc3\xa9,4\n", b"\x01,5\n", b"a,1,\n", b"d\n", b",\n", b"\n", b'"e",5\n', b"f,6\r\n")


def read(path, late, size):
    return read_bytes(path, HEAD + late, size)[0]


def read_bytes(path, data, size, *, ids_only=False):
    """Read a file in blocks; give its number of rows, its survey, and whether a block was said to have spaces."""
    path.write_bytes(data)
    contract = Contract()
    with closing(open_file(path, "siglip")) as file:
        seen = preview(file, contract, size=512)
        assert seen is not None
        blocks = Pull(read_blocks(file, seen, contract, ids_only=ids_only, numbers=True, size=size))
        read = [(block.frame.height, block.spaced) for block in blocks]
        return sum(rows for rows, _ in read), blocks.result, any(spaced for _, spaced in read)


@pytest.mark.parametrize("size", [512, 1 << 20], ids=["small blocks", "one block"])
@pytest.mark.parametrize("late", LATE)
def test_a_file_that_is_not_as_it_began_is_unclear(late, size, tmp_path):
    assert read(tmp_path / "sound.csv", b"b1,0.5\nb2,0.5", size) == 202
    with pytest.raises(Unclear):
        read(tmp_path / "a.csv", LATE[late], size)


@pytest.mark.parametrize("size", [64, 512, 1 << 20])
def test_what_blocks_count_is_what_a_look_at_every_byte_counts(size, tmp_path):
    chance, taken = Random(size), 0  # noqa: S311 - to be made again, not to be secret
    for _ in range(150):
        late = b"".join(chance.choice(USUAL if chance.random() < 0.9 else ROWS) for _ in range(chance.randrange(40)))
        data = HEAD + chance.choice((late, late, late[:-1]))
        try:
            rows, found, spaced = read_bytes(tmp_path / "a.csv", data, size)
        except Unclear:
            continue
        taken += 1
        with closing(open_file(tmp_path / "a.csv", "siglip")) as file:
            looked = survey(file, Contract())
        assert (found.scan, rows) == (looked.scan, looked.scan.rows), data
        assert spaced == looked.scan.spaced, data
        assert looked.plain, data
    assert taken > 30


def test_a_row_that_lacks_a_cell_is_noticed_where_only_ids_are_read(tmp_path):
    assert read_bytes(tmp_path / "a.csv", HEAD, 512, ids_only=True)[0] == 200
    with pytest.raises(Unclear):
        read_bytes(tmp_path / "a.csv", HEAD + LATE["a comma too few"], 512, ids_only=True)
