"""Frames become one Parquet file."""

import io

import polars as pl
import pytest

from pbl.storage.parquet_stream import write_parquet


def frame(rows):
    return pl.DataFrame(rows, schema={"id": pl.String, "t": pl.Float64}, orient="row")


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
