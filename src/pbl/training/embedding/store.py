"""Vectors on the disk: the features file, and the folder beside it that outlives a run that is cut short.

A vector is identified by its image's bytes and the settings; vectors of other settings are not used.
"""

from __future__ import annotations

import io
import json
import os
import shutil
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np

from pbl.domain.errors import InputError, OutputError
from pbl.storage import temporary
from pbl.storage.atomic_write import write_whole
from pbl.storage.files import read_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Vectors = Mapping[str, Floats]

SCHEMA_VERSION = 1
_NOTE = "pbl"
_SUFFIX = ".cache"
_NAME = "{:06}.parquet"


class Store:
    """The vectors of earlier runs for one features file and these settings, and where further ones are kept."""

    def __init__(self, target: Path, settings: Mapping[str, Any]) -> None:
        self.folder = target.with_name(target.name + _SUFFIX)
        self._settings = settings
        self._next = 0

    def load(self, target: Path) -> dict[str, Floats]:
        """Return the vectors that are there by their images' hashes: of `target`, and of a run that was cut short.

        Raises OutputError if something else is at `target`.
        """
        found: dict[str, Floats] = {}
        if os.path.lexists(target):
            table = _read(target)
            if table is None:
                raise OutputError(f"{target}: is there already and is no file of pbl embed; name another one with -o")
            found |= self._fitting(table)
        for path in sorted(self.folder.glob("*.parquet")) if self.folder.is_dir() else []:
            self._next = max(self._next, _number(path) + 1)
            found |= self._fitting(_read(path))
        return found

    def keep(self, vectors: Vectors) -> None:
        """Keep vectors for a later run, whole or not at all."""
        if vectors:
            try:
                self.folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise OutputError(f"{self.folder}: cannot be made: {error.strerror}") from error
            note = {"schema_version": SCHEMA_VERSION, "kind": "cache", "settings": dict(self._settings)}
            write_whole(self.folder / _NAME.format(self._next), encode(list(vectors), list(vectors), vectors, note))
            self._next += 1
            temporary.resumable.append(self.folder)

    def forget(self) -> None:
        """Remove the folder: the features file has it all."""
        temporary.resumable.clear()
        with suppress(OSError):
            shutil.rmtree(self.folder)

    def _fitting(self, table: tuple[Mapping[str, Any], Vectors] | None) -> Vectors:
        return table[1] if table and table[0].get("settings") == dict(self._settings) else {}


def encode(samples: Iterable[str], hashes: Iterable[str], vectors: Vectors, note: Mapping[str, Any]) -> bytes:
    """Return a features file's bytes: a row a sample, the vectors by their images' hashes."""
    import polars as pl

    hashes = list(hashes)
    values = np.stack([vectors[digest] for digest in hashes])
    frame = pl.DataFrame(
        {"sample": list(samples), "image_sha256": hashes, "embedding": values},
        schema={"sample": pl.String, "image_sha256": pl.String, "embedding": pl.Array(pl.Float32, values.shape[1])},
    )
    data = io.BytesIO()
    frame.write_parquet(data, metadata={_NOTE: json.dumps(note, sort_keys=True)})
    return data.getvalue()


def _read(path: Path) -> tuple[Mapping[str, Any], Vectors] | None:
    """Return the note and the vectors of a file that `encode` made; None for any other, or a damaged one."""
    import polars as pl

    try:
        data = read_bytes(path)
        note = json.loads(pl.read_parquet_metadata(data)[_NOTE])
        frame = pl.read_parquet(data)
        values = frame["embedding"].to_numpy()
        hashes = frame["image_sha256"].to_list()
    except (
        InputError,
        OSError,
        ValueError,
        KeyError,
        TypeError,
        pl.exceptions.PolarsError,
        pl.exceptions.PanicException,
    ):
        return None
    if values.dtype != np.float32 or values.ndim != 2 or not np.isfinite(values).all() or None in hashes:  # noqa: PLR2004 - rows and width
        return None
    return note, dict(zip(hashes, values, strict=True))


def _number(path: Path) -> int:
    return int(path.stem) if path.stem.isdecimal() else 0
