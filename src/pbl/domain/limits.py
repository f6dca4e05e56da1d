"""How much of the machine a command may use.

`--threads`, `--memory-limit` and `--temp-dir` set it; `engine` and `reading` keep to it.
"""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pbl.domain.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

_UNITS = {"KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30, "TIB": 2**40}


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """How much is read or compared at a time."""

    large: int = 32 << 20
    """Files of so many bytes or more are aligned in batches, for which polars is loaded."""
    block: int = 4 << 20
    """Bytes of a file to read at a time: more than any record may have."""
    preview: int = 1 << 20
    """Bytes of a file that show whether it begins as plain text."""
    ids: int = 16_000_000
    """Ids whose hashes are compared at a time."""
    rows: int = 50_000
    """The least number of rows of a batch."""
    cells: int = 2_000_000
    """Cells of a batch of rows that had to be matched."""
    parquet_rows: int = 262_144
    """Rows of a Parquet file to read at a time: a row group, as polars writes them."""
    table_rows: int = 245_760
    """Rows of a batch taken from a table: twice what DuckDB keeps together."""


SIZES = Sizes()
"""The default sizes."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How much of the machine to use: threads, bytes of memory, the folder to spill into, and how much at a time."""

    threads: int | None = None
    memory: int | None = None
    temp_dir: Path | None = None
    sizes: Sizes = field(default_factory=lambda: SIZES)

    def most(self) -> int:
        """Return the most bytes of memory to use: by default, half of what the machine has."""
        return self.memory or os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2


def parse_memory(text: str) -> int:
    """Return the bytes that `1GB` or `512MiB` means; raise UsageError for anything else."""
    digits = text.strip().rstrip("BKMGTibkmgt").strip()
    unit = text.strip()[len(digits) :].strip().upper()
    if not digits.replace(".", "", 1).isdigit() or not digits.isascii() or unit not in _UNITS:
        raise UsageError(f"--memory-limit: {text!r} is not a size; write 1GB, 512MB or 2GiB")
    exact = float(digits) * _UNITS[unit]
    if not math.isfinite(exact):
        raise UsageError(f"--memory-limit: {text[:20]!r}... is more than any machine has")
    size = int(exact)
    if size < _UNITS["MB"]:
        raise UsageError(f"--memory-limit: {text} is too little to work in; give 100MB or more")
    return size
