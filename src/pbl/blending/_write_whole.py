"""Write a blend that needs all rows at once: for the sums of samples, or for ranks within a target name.

`_submission` loads it for such plans only. `whole_columns` completes the rows; `_write` and `_write_parquet` write
them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pbl.blending._align import Table, load_table, read_batches
from pbl.blending._write import Done, write_batches, write_table
from pbl.blending._write_parquet import write_parquet_batches
from pbl.blending.residuals import find_residuals
from pbl.blending.whole_columns import complete
from pbl.domain.endings import is_parquet

if TYPE_CHECKING:
    from pbl.blending._align import Batches
    from pbl.blending.plan import Plan
    from pbl.domain.limits import Limits
    from pbl.domain.progress import Progress
    from pbl.engine.duck import Duck
    from pbl.storage.commit import Draft


def write_whole(
    duck: Duck, aligned: Table | Batches, plan: Plan, draft: Draft, *, limits: Limits, progress: Progress
) -> Done:
    """Write a blend that needs all rows at once."""
    contract, formula = plan.selection.contract, plan.formula
    table = load_table(duck, aligned)
    progress.stage("gathering the samples", duck.part)
    whole = complete(duck, table.name, formula, separator=plan.separator, constraints=plan.constraints)
    if whole.lacking.count:
        formula = replace(formula, constraints=())  # they can't be held, and nothing is kept if they were to be
    completed = replace(table, name=whole.table)
    if is_parquet(draft.target.name):
        batches = read_batches(duck, completed, formula.columns, limits)
        written = write_parquet_batches(batches.rows, formula, contract, draft, limits=limits)
    elif isinstance(aligned, Table) and not aligned.large:
        progress.stage("writing the submission", duck.part)
        written = write_table(duck, formula, contract, draft, progress, table=whole.table)
    else:
        rows = read_batches(duck, completed, formula.columns, limits).rows
        written = write_batches(duck, rows, formula, contract, draft, limits=limits)
    residuals = find_residuals(duck, whole.table, formula, plan.constraints, plan.selection.names)
    return Done(written=written, files=table.files, whole=whole, residuals=residuals)
