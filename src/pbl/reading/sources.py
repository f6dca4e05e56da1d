"""Open the sources of rows, a CSV file or Parquet parts, in one way.

For callers that treat both in the same way; a `match` separates them if it matters.
"""

from __future__ import annotations

from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from pbl.domain.endings import is_parquet
from pbl.domain.errors import UnreadableError
from pbl.domain.progress import Progress
from pbl.reading.survey import OpenFile, Survey, open_file, survey

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pbl.domain.contract import Contract
    from pbl.reading.parquet import PartsFile, PartsSurvey

    Source = OpenFile | PartsFile
    Surveyed = Survey | PartsSurvey

_CELL = 20
"""About how many bytes a cell takes in a CSV file."""


def open_source(path: Path, pillar: str | None) -> Source:
    """Open a file, or a folder of Parquet parts, by its name's ending; raises what `open_file` and `open_parts` do."""
    if _is_folder(path) or is_parquet(path.name):
        from pbl.reading.parquet import open_parts  # noqa: PLC0415 - it asks polars, which CSV may do without

        return open_parts(path, pillar)
    return open_file(path, pillar)


def files_of(source: Source) -> tuple[OpenFile, ...]:
    """Return the open files of a source: itself, or its parts."""
    return (source,) if isinstance(source, OpenFile) else tuple(part.file for part in source.parts)


def size_as_csv(source: Source) -> int:
    """Return the bytes of a CSV file, or about how many Parquet parts would have as CSV."""
    if isinstance(source, OpenFile):
        return source.size
    return max(source.size, sum(_CELL * part.rows * len(part.columns) for part in source.parts))


@contextmanager
def open_surveyed(path: Path, contract: Contract) -> Iterator[Surveyed]:
    """Open and survey a source, and close it at the end; raises what `open_source` and `survey_source` do."""
    file = open_source(path, None)
    with closing(file):
        yield survey_source(file, contract)


def survey_source(
    file: Source, contract: Contract, *, ids_only: bool = False, progress: Progress = Progress()
) -> Surveyed:
    """Hash every byte of an open source, and read its header or footer; raises what `survey` does."""
    if isinstance(file, OpenFile):
        return survey(file, contract, progress=progress)
    from pbl.reading.parquet import survey_parts  # noqa: PLC0415 - as above
    from pbl.reading.parquet_columns import match_columns  # noqa: PLC0415 - as above

    return survey_parts(file, match_columns(file, contract, ids_only=ids_only))


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except PermissionError as error:
        raise UnreadableError(path, f"cannot be opened: {error.strerror}") from error
