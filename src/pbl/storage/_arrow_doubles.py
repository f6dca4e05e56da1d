"""The bytes of a column of doubles, by the Arrow C stream interface: without a copy, and without another library.

`content` hashes them; polars gives other libraries access to its memory only in this form.
"""

from __future__ import annotations

import ctypes
import sys
from array import array
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl

_DOUBLE = 8
_VALUES = 1
"""The place of the values among an array's buffers; the first says which are null."""


class _Array(ctypes.Structure):
    """ArrowArray, as the Arrow C data interface has it."""


_Array._fields_ = [
    ("length", ctypes.c_int64),
    ("null_count", ctypes.c_int64),
    ("offset", ctypes.c_int64),
    ("n_buffers", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("buffers", ctypes.POINTER(ctypes.c_void_p)),
    ("children", ctypes.c_void_p),
    ("dictionary", ctypes.c_void_p),
    ("release", ctypes.CFUNCTYPE(None, ctypes.POINTER(_Array))),
    ("private_data", ctypes.c_void_p),
]


class _Stream(ctypes.Structure):
    """ArrowArrayStream, as the Arrow C stream interface has it."""

    _fields_: ClassVar = [
        ("get_schema", ctypes.c_void_p),
        ("get_next", ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(_Array))),
        ("get_last_error", ctypes.c_void_p),
        ("release", ctypes.c_void_p),
        ("private_data", ctypes.c_void_p),
    ]


_pointer = ctypes.pythonapi.PyCapsule_GetPointer
_pointer.restype, _pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]


def read_doubles(column: pl.Series) -> Iterator[bytes | memoryview]:
    """Yield the little-endian bytes of a float64 column without nulls; each piece is valid until the next one.

    Raises ValueError if a value is null.
    """
    if column.null_count():
        raise ValueError("a number is null")
    if sys.byteorder == "big":
        doubles = array("d", column.to_list())
        doubles.byteswap()
        yield doubles.tobytes()
        return
    capsule = column.__arrow_c_stream__(None)  # it owns the stream
    at = _pointer(capsule, b"arrow_array_stream")
    stream = _Stream.from_address(at)
    while True:
        piece = _Array()
        if stream.get_next(at, ctypes.byref(piece)):
            raise MemoryError("a column of numbers can't be shown")
        if not piece.release:
            return
        try:
            start = piece.buffers[_VALUES] + piece.offset * _DOUBLE if piece.length else 0
            if start:
                yield memoryview((ctypes.c_char * (piece.length * _DOUBLE)).from_address(start))
        finally:
            piece.release(ctypes.byref(piece))
