"""Hold one file of features as a table: names, numbers, and their faults.

Made by `_csv_table` and `_parquet_table` for `features_files`, which says which column names the samples.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pbl.domain.errors import FindingsError
from pbl.domain.findings import finding
from pbl.domain.report import FileReport, Report

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from pbl.domain.findings import Finding

    Floats = NDArray[np.float64]

SHOWN = 5
"""Places that a finding shows."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """One file of features."""

    path: Path
    first_row: int
    """What a finding calls the first row: 2 below a header."""
    names: Mapping[str, Sequence[str | None]]
    """The columns that may name samples, as text: `texts`, and those of whole numbers."""
    texts: tuple[str, ...]
    numbers: Mapping[str, Floats]
    """Of each column rows x width."""
    faults: Mapping[str, tuple[Finding, ...]] = field(default_factory=dict)
    """What is wrong with a column, unless it names the samples."""
    embedded: Mapping[str, Any] | None = None
    """What `embed` noted in the file."""


def data_error(paths: Sequence[Path], findings: Sequence[Finding]) -> FindingsError:
    """Return the error that the data isn't fine."""
    files = tuple(FileReport(pillar=path.stem, path=str(path), sha256=None, bytes=None, rows=None) for path in paths)
    return FindingsError(Report(files=files, template=None, set_aside=(), findings=tuple(findings)))


def make_finding(path: Path, code: str, message: str, **rest: Any) -> Finding:  # noqa: ANN401 - handed on
    """Return a finding of a file, which goes by its stem; without a name it would be told as the template."""
    return finding(code, file=str(path), pillar=path.stem, message=message, **rest)
