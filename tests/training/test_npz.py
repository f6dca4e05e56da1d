from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pbl.training._npz import pack, unpack
from pbl.training.errors import FittedError

ARRAYS = {
    "meta": np.frombuffer(b'{"a":1}', dtype=np.uint8),
    "ridge_coef": np.arange(6.0).reshape(3, 2),
    "trees_left": np.array([1, -1, 0], dtype=np.int32),
    "empty": np.zeros((0, 4)),
}


def test_what_is_written_reads_back_and_numpy_reads_the_same():
    data = pack(ARRAYS)
    found, by_numpy = unpack(data), np.load(io.BytesIO(data), allow_pickle=False)
    assert set(found) == set(by_numpy.files) == set(ARRAYS)
    for name, array in ARRAYS.items():
        for other in (found[name], by_numpy[name]):
            assert other.dtype == array.dtype
            assert other.shape == array.shape
            assert other.tobytes() == array.tobytes()


def test_the_bytes_follow_from_the_arrays_alone():
    assert pack(ARRAYS) == pack(dict(reversed(ARRAYS.items())))
    transposed = {**ARRAYS, "ridge_coef": np.asfortranarray(ARRAYS["ridge_coef"])}
    assert pack(ARRAYS) == pack(transposed)


def test_no_bit_may_flip_and_no_byte_may_be_missing_or_more():
    data = pack(ARRAYS)
    for at in range(len(data)):
        for flipped in (1, 128):
            with pytest.raises(FittedError):
                unpack(data[:at] + bytes([data[at] ^ flipped]) + data[at + 1 :])
        with pytest.raises(FittedError):
            unpack(data[:at])
    for other in (data + b"\0", b"\0" + data, data + data):
        with pytest.raises(FittedError):
            unpack(other)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400), st.integers(0, 800), st.integers(0, 100))
def test_any_other_bytes_are_refused_and_nothing_else_happens(noise, at, cut):
    data = pack(ARRAYS)
    for other in (noise, data[:at] + noise + data[at + cut :]):
        if other != data:
            with pytest.raises(FittedError):
                unpack(other)


@pytest.mark.parametrize(
    "array",
    [np.array([{"a": 1}], dtype=object), np.array(["a"]), np.array([1 + 2j]), np.zeros(3, dtype=">f8"), np.array(1.0)],
)
def test_what_numpy_writes_otherwise_is_refused(array):
    file = io.BytesIO()
    np.savez(file, coef=array)
    with pytest.raises(FittedError):
        unpack(file.getvalue())


def test_what_is_compressed_is_refused_unpacked():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.npy", b"\0" * 10_000_000)
    with pytest.raises(FittedError):
        unpack(file.getvalue())


@pytest.mark.parametrize(
    "shape", ["(9999999999, 9999999999)", "(9999999999,)", "(4, 2)", "(-1, 2)", "(3, 2, 1, 1)", "()"]
)
def test_a_shape_that_is_not_the_bytes_is_refused(shape):
    data = pack({"coef": np.zeros((3, 2))})
    header = data.index(b"(3, 2), }")
    text = f"{shape}, }}".encode()
    with pytest.raises(FittedError):
        unpack(data[:header] + text + data[header + len(text) :])


def test_types_that_no_reader_takes_are_not_written():
    with pytest.raises(ValueError, match="object"):
        pack({"a": np.array([None])})
