"""The Pandera schema's verdict on a file; nothing in the environment weakens it.

`_one_file` and `_parquet_file` ask for it; no other module of this room loads Pandera.
"""

from __future__ import annotations

import os
import warnings
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from pbl_sql import join, name

from pbl.checks._findings import note
from pbl.checks.profile import Order, Profile, Profiler
from pbl.checks.wording import CELLS, tell_cells
from pbl.domain.errors import ContractError, EngineError, Unclear
from pbl.domain.findings import Example, Offences
from pbl.domain.values import NUMBER
from pbl.reading.blocks import read_blocks
from pbl.reading.prefetch import Pull, ahead, threads
from pbl.reading.survey import Survey, preview

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import polars as pl

    from pbl.checks.open_files import Input
    from pbl.domain.contract import Contract
    from pbl.domain.findings import Finding
    from pbl.domain.limits import Limits
    from pbl.domain.progress import Progress
    from pbl.engine.duck import Duck
    from pbl.reading.blocks import Block
    from pbl.reading.survey import OpenFile

_Clean = tuple[Survey, Profile]
_TIMES = 4
"""Blocks to validate at a time: Pandera takes some time for each frame, however small."""


def check_blocks(
    each: Input, file: OpenFile, contract: Contract, limits: Limits, progress: Progress, *, like: Order | None = None
) -> _Clean:
    """Validate a file by the schema, block by block; return its survey and profile if nothing is wrong.

    Raises Unclear if something is wrong, or the file can't be read in blocks; then `explain` says what it is.
    """
    import polars as pl

    seen = preview(file, contract, size=limits.sizes.preview)
    if seen is None or not seen.ascii:
        raise Unclear("the file does not begin as plain text")
    columns = _names(contract if each.pillar else None)
    profiler = Profiler(limits.sizes.ids, targets=len(contract.targets), like=like)
    size = limits.sizes.block * (_TIMES if file.size > limits.sizes.block else 1)
    blocks = Pull(read_blocks(file, seen, contract, ids_only=not each.pillar, numbers=False, size=size))
    progress.stage(f"checking {each.path.name}", lambda: profiler.rows / seen.rows)
    try:
        with ExitStack() as stack:
            stack.callback(blocks.close)
            ready: Iterator[Block] = blocks
            if file.size > size:
                ready = ahead(blocks, stack.enter_context(threads(1)))
            _load()  # while the first rows are read
            for block in ready:
                profiler.add_ids(block.frame)
                note = profiler.add_numbers
                if _failures(block.frame, contract, columns, explained=False, whole=False, seen=note) is not None:
                    raise Unclear("the schema finds something")
    except pl.exceptions.PolarsError as error:
        raise Unclear(str(error)) from error
    survey, profile = blocks.result, profiler.profile()
    if not profile.distinct or not survey.scan.ascii:
        raise Unclear("ids may be alike")
    return survey, profile


def is_clean(
    frame: pl.DataFrame,
    contract: Contract,
    *,
    ids_only: bool,
    numbers_only: bool,
    seen: Callable[[pl.DataFrame], None],
) -> bool:
    """Validate rows whose targets are float64 by the schema, and say whether nothing is wrong with them."""
    columns = _names(None if ids_only else contract)[1 if numbers_only else 0 :]
    return _failures(frame, contract, columns, explained=False, whole=False, numbers=True, seen=seen) is None


def explain(duck: Duck, each: Input, table: str, contract: Contract, limit: int | None) -> list[Finding]:
    """Validate a table of a file's cells by the schema, and return the offences."""
    import polars as pl

    columns = _names(contract if each.pillar else None)
    frame = duck.frame("files/cells", table=table, columns=join([name(c) for c in columns]))
    if _failures(frame, contract, columns, explained=False) is None:
        return []
    cases = _failures(frame, contract, columns)
    if cases is None:
        raise EngineError(f"{each.path}: two forms of the schema disagree about this file; please report it")
    findings = []
    named = dict(zip(columns, contract.columns, strict=False))
    for (check, column), group in cases.group_by(["code", "column"], maintain_order=True):
        code, at = str(check), group["place"].sort()
        places = at if limit is None else at.head(limit)
        rows = frame[places.cast(pl.Int64).to_list()]
        examples = [
            Example(row=place + 2, id=cells[0] or None, value=cells[columns.index(str(column))])
            for place, cells in zip(places, rows.iter_rows(), strict=True)
        ]
        message = tell_cells(code, len(group), contract)
        found = Offences(limit=limit, count=len(group), examples=examples)
        findings += note(each, code, message, found, column=named[str(column)])
    return findings


def unreadable_pattern(contract: Contract, error: object) -> ContractError:
    """Return the error of a pattern that an engine can't read."""
    return ContractError(f"contract.id_pattern cannot be read: {str(error).strip()}: {contract.id_pattern!r}")


def _names(contract: Contract | None) -> list[str]:
    """Return the names of the columns in a frame: the id and the targets of a pillar's file, the id of a template."""
    return ["id", *(f"t{n}" for n in range(len(contract.targets) if contract else 0))]


def _failures(
    frame: pl.DataFrame,
    contract: Contract,
    columns: Sequence[str],
    *,
    explained: bool = True,
    whole: bool = True,
    numbers: bool = False,
    seen: Callable[[pl.DataFrame], None] | None = None,
) -> pl.DataFrame | None:
    """Return the schema's failure cases, None if there are none."""
    import polars as pl

    _load()
    from pandera.config import ValidationDepth, config_context
    from pandera.errors import SchemaErrors
    from pbl_schemas.prediction import prediction_schema

    schema = prediction_schema(
        id="id" if "id" in columns else None,
        targets=[each for each in columns if each != "id"],
        number=NUMBER,
        id_pattern=contract.id_pattern,
        minimum=contract.min,
        maximum=contract.max,
        explained=explained,
        whole=whole,
        numbers=numbers,
        seen=seen,
    )
    try:
        with (
            _backend_of_polars(),
            config_context(validation_enabled=True, validation_depth=ValidationDepth.SCHEMA_AND_DATA),
        ):
            schema.validate(frame, lazy=True)
    except SchemaErrors as errors:
        if not explained:
            return errors.failure_cases  # type: ignore[no-any-return] # its own type says nothing
        cases: pl.DataFrame = errors.failure_cases.filter(pl.col("check").is_in(list(CELLS)))
        if cases["index"].has_nulls():  # a check that could not be made
            raise unreadable_pattern(contract, cases["failure_case"][0]) from errors
        return cases.select(code="check", column="column", place="index")
    except pl.exceptions.ComputeError as error:
        raise unreadable_pattern(contract, error) from error
    return None


@contextmanager
def _backend_of_polars() -> Iterator[None]:
    """Have Pandera check by polars itself, and give the user's own choice back."""
    from pandera.config import get_config_global, set_config

    if not get_config_global().use_narwhals_backend:
        yield
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of each change
        set_config(use_narwhals_backend=False)
        try:
            yield
        finally:
            set_config(use_narwhals_backend=True)


def _load() -> None:
    """Load Pandera with its variables hidden from it: some of their values make it fail."""
    environment = os.environ  # noqa: TID251 - hidden, not asked
    hidden = {name: environment.pop(name) for name in list(environment) if name.startswith("PANDERA_")}
    try:
        import pbl_schemas.prediction  # noqa: F401 - loads all of it
    finally:
        environment.update(hidden)
