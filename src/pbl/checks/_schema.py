"""Have the Pandera schema decide about files; nothing in the environment weakens its verdict."""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import TYPE_CHECKING

from pbl_sql import listed, name

from pbl.domain.errors import ContractError, EngineError, Malformed
from pbl.domain.findings import Example, Offences
from pbl.domain.progress import Progress
from pbl.domain.values import NUMBER
from pbl.domain.wording import plural
from pbl.reading.blocks import LARGE, Seen, blocks
from pbl.reading.prefetch import ahead, threads

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import polars as pl

    from pbl.checks._checked import Checked
    from pbl.domain.contract import Contract
    from pbl.engine.duck import Duck

_TIMES = 4
"""Blocks to show at once: Pandera takes its time for each frame, however small."""
_SAID = {
    "PBL401": ("{n} without an id", "row"),
    "PBL402": ("{n} with an id that stands elsewhere too", "row"),
    "PBL403": ("{n} not of the form {pattern!r}", "id"),
    "PBL404": ("{n} with white space around it", "id"),
    "PBL501": ("{n} empty", "cell"),
    "PBL502": ("{n} not a decimal number", "cell"),
    "PBL503": ("{n} NaN", "cell"),
    "PBL504": ("{n} infinite, or too large for a double", "cell"),
    "PBL505": ("{n} below {min!r}", "cell"),
    "PBL506": ("{n} above {max!r}", "cell"),
}


def passed(file: Checked, contract: Contract, progress: Progress = Progress()) -> Seen | None:
    """Show a plain file to the schema, some rows at a time; return what is known of them if nothing at all is wrong.

    Else, and of files that can't be read so, return None: `decide` will say why. The file may be known by a guess only.
    """
    import polars as pl

    source = file.source
    if not source.plain or not source.ascii:
        return None
    columns = source.columns if file.pillar else source.columns[:1]
    names = ["id", *(f"t{n}" for n in range(len(columns) - 1))]
    seen = Seen()
    progress.stage(f"checking {source.path.name}", lambda: seen.rows / source.rows)
    try:
        with ExitStack() as stack:
            frames = seen.looking(blocks(source, columns, numbers=False, times=_TIMES), ids_only=True)
            if (source.size or 0) >= LARGE:
                frames = ahead(frames, stack.enter_context(threads(1)))
            _loaded()  # while the first rows are read
            for frame in frames:
                if _failures(frame, contract, names, explained=False, whole=False, seen=seen.note) is not None:
                    return None
    except (Malformed, pl.exceptions.PolarsError):
        return None
    return seen if seen.distinct() else None


def decide(duck: Duck, file: Checked, contract: Contract, targets: Sequence[str], limit: int | None) -> bool:
    """Show the file to the schema, note what it finds, and say whether it found anything."""
    import polars as pl

    columns = ["id", *(f"t{n}" for n in range(len(targets)))]
    frame = duck.frame("files/cells", table=file.table, columns=listed([name(c) for c in columns]))
    if _failures(frame, contract, columns, explained=False) is None:
        return False
    cases = _failures(frame, contract, columns)
    if cases is None:
        raise EngineError(f"{file.path}: two forms of the schema disagree about this file; please report it")
    named = dict(zip(columns, (contract.id, *targets), strict=True))
    for (check, column), group in cases.group_by(["code", "column"], maintain_order=True):
        code, at = str(check), group["place"].sort()
        places = at if limit is None else at.head(limit)
        rows = frame[places.cast(pl.Int64).to_list()]
        found = Offences(limit=limit, count=len(group))
        found.examples = [
            Example(row=place + 2, id=cells[0] or None, value=cells[columns.index(str(column))])
            for place, cells in zip(places, rows.iter_rows(), strict=True)
        ]
        text, noun = _SAID[code]
        message = text.format(
            n=plural(len(group), noun), pattern=contract.id_pattern, min=contract.min, max=contract.max
        )
        file.note(code, message, found, column=named[str(column)])
    return True


def _failures(
    frame: pl.DataFrame,
    contract: Contract,
    columns: Sequence[str],
    *,
    explained: bool = True,
    whole: bool = True,
    seen: Callable[[str, float, float, float], None] | None = None,
) -> pl.DataFrame | None:
    """Return the schema's failure cases, None if there are none."""
    import polars as pl

    _loaded()
    from pandera.config import ValidationDepth, config_context, set_config
    from pandera.errors import SchemaErrors
    from pbl_schemas.prediction import prediction_schema

    schema = prediction_schema(
        id=columns[0],
        targets=columns[1:],
        number=NUMBER,
        id_pattern=contract.id_pattern,
        minimum=contract.min,
        maximum=contract.max,
        explained=explained,
        whole=whole,
        seen=seen,
    )
    set_config(use_narwhals_backend=False)
    try:
        with config_context(validation_enabled=True, validation_depth=ValidationDepth.SCHEMA_AND_DATA):
            schema.validate(frame, lazy=True)
    except SchemaErrors as errors:
        if not explained:
            return errors.failure_cases  # type: ignore[no-any-return] # its own type says nothing
        cases: pl.DataFrame = errors.failure_cases.filter(pl.col("check").is_in(list(_SAID)))
        if cases["index"].has_nulls():  # a check that could not be made
            raise unread(contract, cases["failure_case"][0]) from errors
        return cases.select(code="check", column="column", place="index")
    except pl.exceptions.ComputeError as error:
        raise unread(contract, error) from error
    return None


def _loaded() -> None:
    """Load Pandera while the environment tells it nothing: it stops at a strange value."""
    environment = os.environ  # noqa: TID251 - hidden, not asked
    hidden = {name: environment.pop(name) for name in list(environment) if name.startswith("PANDERA_")}
    try:
        import pbl_schemas.prediction  # noqa: F401 - loads all of it
    finally:
        environment.update(hidden)


def unread(contract: Contract, error: object) -> ContractError:
    """Return the error of a pattern that an engine can't read."""
    return ContractError(f"contract.id_pattern cannot be read: {str(error).strip()}: {contract.id_pattern!r}")
