"""One pass over the bytes, in chunks of any size, counts what a look at the whole does."""

import hashlib
from random import Random

import pytest

from pbl.reading._scan import HEAD, RECORD_LIMIT, Scanner, early_hash, scan_file

USUAL = (b"a,1\n", b"id7,0.25\n", b"b,2\r\n", b"c,3,4\n")
ROWS = (*USUAL, b",\n", b"\n", b"d\n", b'"e",5\n', b"f, 6\n", b"g,\r7\n", b"h,8\r\r\n")


def texts():
    """Yield files of which most are regular for a while."""
    chance = Random(7)  # noqa: S311 - to be made again, not to be secret
    for _ in range(200):
        usual = chance.choice(USUAL)
        rows = [usual if chance.random() < 0.9 else chance.choice(ROWS) for _ in range(chance.randrange(40))]
        head = chance.choice((b"sample_id,target\n", b"sample_id,target\r\n", b"id,a,b\n", b"id\n", b""))
        whole = head + b"".join(rows)
        yield chance.choice((whole, whole, whole[:-1]))


@pytest.mark.parametrize("chunk", [1, 2, 3, 7, 50, 1 << 20])
def test_the_counts_are_those_of_the_whole(chunk, tmp_path):
    for data in texts():
        (path := tmp_path / "f.csv").write_bytes(data)
        with path.open("rb") as file:
            seen = scan_file(file.fileno(), Scanner(data[:HEAD], hashed=True), chunk=chunk)
            assert (seen.sha256, seen.early) == (hashlib.sha256(data).hexdigest(), early_hash(file.fileno()))
        counted = (data.count(b"\n"), data.count(b"\r"), data.count(b"\r\n"), data.count(b","))
        assert (seen.lf, seen.cr, seen.crlf, seen.commas) == counted, data
        assert (seen.quote, seen.spaced) == (b'"' in data, b" " in data), data
        assert seen.blank >= (b"\n\n" in data or b"\n\r\n" in data), data
        lines = data.replace(b"\r\n", b"\n").removesuffix(b"\n").split(b"\n")
        even = data.count(b"\r\n") in {0, data.count(b"\n")}
        clean = even and not any(b'"' in line or b"\r" in line or not line for line in lines)
        assert seen.plain(2) <= (clean and data.count(b",") == len(lines)), data
        assert seen.plain(2) >= (clean and all(line.count(b",") == 1 for line in lines)), data


@pytest.mark.parametrize("size", [RECORD_LIMIT - 1, RECORD_LIMIT + 1, 3 * RECORD_LIMIT])
@pytest.mark.parametrize("before", [0, 10, RECORD_LIMIT])
def test_a_line_that_is_too_long_is_found_in_the_middle_of_what_is_taken_in_at_once(before, size):
    data = b"id,t\n" + b"a,1\n" * (before // 4) + b"x" * (size - 1) + b"\n" + b"b,2\n" * 1000
    scanner = Scanner(data[:HEAD], hashed=True)
    scanner.look(data)
    assert bool(scanner.scan().endless) == (size > RECORD_LIMIT) == scanner.odd


def test_the_hash_of_the_first_bytes_does_not_depend_on_how_they_are_taken_in(tmp_path):
    data = b"0123456,1\n" * (4 << 20)
    (path := tmp_path / "f.csv").write_bytes(data)
    with path.open("rb") as file:
        early = early_hash(file.fileno())
    for size in (1 << 20, (4 << 20) - 7, 50 << 20):
        with Scanner(data[:HEAD], hashed=True) as scanner:
            for start in range(0, len(data), size):
                scanner.look(data[start : start + size])
            assert scanner.scan().early == early


@pytest.mark.parametrize(("length", "skimmed"), [(9, True), (RECORD_LIMIT // 4, True), (RECORD_LIMIT + 1, False)])
def test_lines_that_may_be_no_rows_are_not_skimmed(length, skimmed):
    usual = b"a,1\n" * RECORD_LIMIT
    data = usual + b"x" * length + b",1\n" + usual
    with Scanner(b"sample_id,target\n", hashed=True) as scanner:
        assert scanner.skim(data, after=b"") is skimmed
        if not skimmed:
            scanner.look(data)
            assert scanner.endless is not None
