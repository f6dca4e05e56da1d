"""Where a table's row stands in the file that it came from.

Tables count all rows of a file as a CSV does, the header being 1; findings name the part, and count its own rows.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pbl.reading.parquet import PartsFile

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pbl.checks.open_files import Input
    from pbl.domain.findings import Example


def locate(each: Input, places: Iterable[Example]) -> tuple[Example, ...]:
    """Return places whose rows are a table's with the rows of the file, or of its parts."""
    if not isinstance(each.file, PartsFile):
        return tuple(places)
    at = [(place, *each.file.locate(place.row)) for place in places]
    return tuple(replace(place, part=part, row=row) for place, part, row in at)
