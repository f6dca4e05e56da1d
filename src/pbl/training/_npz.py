"""Read and write one form of `.npz`: a stored zip of plain numeric arrays, whose bytes follow from the arrays alone.

Below the fitted pillar. numpy reads these files too, but pbl doesn't let it: whatever is not, byte for byte, what
would be written is refused. Nothing in a file is run or unpacked, and no array is larger than its part of the file.
"""

from __future__ import annotations

import math
import re
import struct
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

from pbl.training.errors import FittedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    Array = NDArray[np.generic]

MOST_MEMBERS = 64
DTYPES = ("<f8", "<i4", "|u1")

_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_MEMBER, _ENTRY, _LAST = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
_VERSION, _FLAGS, _STORED, _TIME, _DATE = 20, 0, 0, 0, 0x21  # the first of January 1980, the zip format's own zero
_NPY = b"\x93NUMPY\x01\x00"
_ALIGNED = 64
_NAME = re.compile(rb"[a-z][a-z0-9_]{0,63}\.npy")
_HEADER = re.compile(
    rb"\{'descr': '(<f8|<i4|\|u1)', 'fortran_order': False, 'shape': \((\d{1,10}(?:,|(?:, \d{1,10})+))\), \} *\n"
)
_LARGEST = 0xFFFF_FFFF


def pack(arrays: Mapping[str, Array]) -> bytes:
    """Return the file's bytes; raise ValueError for more than the zip format holds, 4 GiB."""
    return b"".join(_chunks(arrays))


def unpack(data: bytes) -> dict[str, Array]:
    """Return the arrays as read-only views of the file's bytes; raise FittedError for any other bytes."""
    arrays: dict[str, Array] = {}
    at = 0
    while data[at : at + len(_MEMBER)] == _MEMBER:
        name, start, end = _member(data, at)
        if name in arrays or len(arrays) == MOST_MEMBERS:
            raise FittedError(f"has the member {name!r} twice, or more than {MOST_MEMBERS} members")
        arrays[name] = _parse(data, start, end, name)
        at = end
    if not arrays:
        raise FittedError("is not a fitted pillar: it does not begin as one")
    at = 0
    for chunk in _chunks(arrays):
        if data[at : at + len(chunk)] != chunk:
            raise FittedError(f"is damaged, or not written by pbl: it differs at about byte {at:,}")
        at += len(chunk)
    if at != len(data):
        raise FittedError(f"is damaged, or not written by pbl: {len(data) - at:,} bytes follow its end")
    return arrays


def _chunks(arrays: Mapping[str, Array]) -> Iterator[bytes]:
    """Yield the file piece by piece, members sorted by name."""
    entries, offset = [], 0
    for name in sorted(arrays):
        array = arrays[name]
        member, header, body = f"{name}.npy".encode(), _header(array), np.ascontiguousarray(array).tobytes()
        size, check = len(header) + len(body), crc32(body, crc32(header))
        common = (_VERSION, _FLAGS, _STORED, _TIME, _DATE, check, size, size, len(member), 0)
        if offset + size > _LARGEST:
            raise ValueError("arrays of 4 GiB or more")
        yield _LOCAL.pack(_MEMBER, *common) + member
        yield header
        yield body
        entries.append(_CENTRAL.pack(_ENTRY, _VERSION, *common, 0, 0, 0, 0, offset) + member)
        offset += _LOCAL.size + len(member) + size
    directory = b"".join(entries)
    yield directory
    yield _END.pack(_LAST, 0, 0, len(entries), len(entries), len(directory), offset, 0)


def _header(array: Array) -> bytes:
    """Return what stands before an array's bytes; source: version 1.0 of the `.npy` format."""
    if array.dtype.str not in DTYPES:
        raise ValueError(f"an array of {array.dtype}")
    text = f"{{'descr': '{array.dtype.str}', 'fortran_order': False, 'shape': {array.shape!r}, }}".encode()
    length = len(_NPY) + 2 + len(text) + 1
    text += b" " * (-length % _ALIGNED) + b"\n"
    return _NPY + struct.pack("<H", len(text)) + text


def _member(data: bytes, at: int) -> tuple[str, int, int]:
    """Return the name of the member at a place, and where its content begins and ends."""
    if at + _LOCAL.size > len(data):
        raise FittedError("is cut short")
    *_, size, _, length, _ = _LOCAL.unpack_from(data, at)
    start = at + _LOCAL.size + length
    name = data[at + _LOCAL.size : start]
    if not _NAME.fullmatch(name):
        raise FittedError("has a member that no fitted pillar has")
    if start + size > len(data):
        raise FittedError("is cut short")
    return name.decode().removesuffix(".npy"), start, start + size


def _parse(data: bytes, start: int, end: int, name: str) -> Array:
    """Return the array of a member, once its shape is seen to be that of its bytes."""
    body = start + len(_NPY) + 2
    if data[start : body - 2] != _NPY or body > end:
        raise FittedError(f"has a member {name!r} that is no plain array")
    body += int.from_bytes(data[body - 2 : body], "little")
    found = _HEADER.fullmatch(data, start + len(_NPY) + 2, min(body, end))
    if not found:
        raise FittedError(f"has a member {name!r} that is no plain array")
    dtype = np.dtype(found[1].decode())
    shape = tuple(int(n) for n in found[2].decode().replace(" ", "").split(",") if n)
    count = math.prod(shape)
    if count * dtype.itemsize != end - body:
        raise FittedError(f"declares {name!r} as {' x '.join(map(str, shape))}, and holds {end - body:,} bytes of it")
    return np.frombuffer(data, dtype=dtype, count=count, offset=body).reshape(shape)
