"""Parquet files to test with: what CSV files hold, in one file or in parts, sound or odd."""

import io
from itertools import pairwise
from pathlib import Path

import polars as pl


def frame(rows, columns=("sample_id", "target")):
    """Make a frame of pairs, or of a mapping id -> number(s)."""
    table = [(k, *(v if isinstance(v, tuple) else (v,))) for k, v in rows.items()] if isinstance(rows, dict) else rows
    kinds = {name: pl.Float64 if place else pl.String for place, name in enumerate(columns)}
    return pl.DataFrame(table, schema=kinds, orient="row")


def put(path, rows, **how):
    """Write a Parquet file of a frame, or of rows as `frame` takes them."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    (rows if isinstance(rows, pl.DataFrame) else frame(rows)).write_parquet(path, **how)
    return path


def put_parts(folder, rows, *cuts, **how):
    """Write rows as part-0.parquet, part-1.parquet, ... cut before these rows."""
    whole = rows if isinstance(rows, pl.DataFrame) else frame(rows)
    at = [0, *cuts, len(whole)]
    for n, (first, last) in enumerate(pairwise(at)):
        put(Path(folder) / f"part-{n}.parquet", whole[first:last], **how)
    return Path(folder)


def from_csv(path, folder=None, **how):
    """Write what a CSV file holds as Parquet, beside it or into another folder: the same ids, the same doubles."""
    path = Path(path)
    cells = pl.read_csv(path, infer_schema=False)
    numbers = [pl.Series(name, [float(cell) for cell in cells[name]]) for name in cells.columns[1:]]
    to = (path.parent if folder is None else Path(folder)) / f"{path.stem}.parquet"
    return put(to, cells.with_columns(numbers), **how)


def note_reads(monkeypatch, module):
    """Note from now on whether a module reads a file with its ids, or its numbers alone."""
    done = []
    real = module.read_rows

    def note(file, *args, **kwargs):
        done.append((file.path.stem, "numbers" if kwargs.get("numbers_only") else "ids"))
        return real(file, *args, **kwargs)

    monkeypatch.setattr(module, "read_rows", note)
    return done


def to_bytes(rows, **how):
    """Return the bytes of such a file."""
    data = io.BytesIO()
    (rows if isinstance(rows, pl.DataFrame) else frame(rows)).write_parquet(data, **how)
    return data.getvalue()
