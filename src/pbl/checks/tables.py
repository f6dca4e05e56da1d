"""The database's table of a checked file, made when it is first needed.

`_across_files` and `blending` ask for it; a file that polars aligned has no table until then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pbl.domain.limits import Limits
from pbl.reading.parquet import PartsFile
from pbl.reading.parquet_columns import is_uniform
from pbl.reading.parquet_rows import read_rows
from pbl.storage.descriptors import can_open

if TYPE_CHECKING:
    from pbl.checks.open_files import CheckedFile
    from pbl.domain.contract import Contract
    from pbl.engine.duck import Duck

_LEAST_MEMORY = 256 << 20
_VIEWS = 2
"""How many views are compared at a time."""


def add_parts(duck: Duck, name: str, file: PartsFile, contract: Contract, limits: Limits, *, ids_only: bool) -> None:
    """Make clean Parquet parts a table: a view of the files, or a copy where the database might read otherwise.

    A copy can be spilled to disk, a reader's buffers can't: so little memory is a reason too. A view opens the parts
    again, as another view beside it does.
    """
    columns = (contract.id,) if ids_only else contract.columns
    fits = duck.memory >= _LEAST_MEMORY and can_open(_VIEWS * len(file.parts))
    if fits and is_uniform(file, columns):
        duck.view_parts(name, [part.file.fd for part in file.parts], columns)
    else:
        duck.add_frames(name, read_rows(file, contract, limits, ids_only=ids_only))


def table_of(duck: Duck, file: CheckedFile, contract: Contract, name: str) -> str:
    """Return the table of a clean file; a new one gets `name`, which must be unused."""
    if file.table is not None or file.survey is None:
        return file.table or name
    source = file.survey.file
    if isinstance(source, PartsFile):
        add_parts(duck, name, source, contract, Limits(), ids_only=not file.input.pillar)
    else:
        header = file.survey.header
        duck.add_plain(name, source.fd, width=len(header.names), columns=header.columns, keep=False)
    return name
