"""Turn a row of a table into a part and a row of the file that it came from.

Used when findings are made. Tables count rows as a CSV does, where the header is row 1; findings name the part of a
Parquet folder, and count the rows in that part.
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
    """Return the places with the rows of the file, or of its parts, in place of the table's rows."""
    if not isinstance(each.file, PartsFile):
        return tuple(places)
    at = [(place, *each.file.locate(place.row)) for place in places]
    return tuple(replace(place, part=part, row=row) for place, part, row in at)
