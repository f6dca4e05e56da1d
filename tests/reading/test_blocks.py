"""What a file shows only after its first bytes: the road of large files leaves it to the one that explains."""

from contextlib import closing

import pytest

from pbl.domain.contract import Contract
from pbl.domain.errors import Unclear
from pbl.reading.blocks import read_blocks
from pbl.reading.survey import open_file, preview

HEAD = b"sample_id,target\n" + b"".join(b"a%03d,0.5\n" % n for n in range(200))
LATE = {
    "other line ends": b"b1,0.5\r\nb2,0.5\r\n",
    "a carriage return in an id": b"b\r1,0.5\n",
    "a comma too many": b"b1,0.5,\n",
    "a comma too few": b"b1\n",
    "a comma too few and one too many": b"b1\nb2,0.5,\n",
    "a blank line": b"\nb1,0.5\n",
    "a quoted cell": b'"b1",0.5\n',
}


def read(path, late, size):
    path.write_bytes(HEAD + late)
    contract = Contract()
    with closing(open_file(path, "siglip")) as file:
        seen = preview(file, contract, size=512)
        assert seen is not None
        return sum(b.frame.height for b in read_blocks(file, seen, contract, ids_only=False, numbers=True, size=size))


@pytest.mark.parametrize("size", [512, 1 << 20], ids=["small blocks", "one block"])
@pytest.mark.parametrize("late", LATE)
def test_a_file_that_is_not_as_it_began_is_unclear(late, size, tmp_path):
    assert read(tmp_path / "sound.csv", b"b1,0.5\nb2,0.5", size) == 202
    with pytest.raises(Unclear):
        read(tmp_path / "a.csv", LATE[late], size)
