"""The facts of run logs, and what of them could not be read.

`_log_files` makes them, `history` makes runs of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

    from pbl.domain.run_row import RunRow


class Trouble(NamedTuple):
    """What could not be read of a log: RUN201 file, RUN202 columns, RUN203 rows, RUN204 cells, RUN205 tail."""

    code: str
    message: str
    label: str
    """The label in the log's name."""


class Fact(NamedTuple):
    """One row of a log: its place and its values."""

    file: Path
    number: int
    """The row's number, the header being 1."""
    row: RunRow
    """As in the log, except `run_id` and `label`, which older logs have in the file's name or not at all."""
    when: str
    """An ISO moment in UTC; for an old log the date in its name; empty if there is neither."""
    call: str
    """The key that the rows of one call share; in an old log all rows share it."""
