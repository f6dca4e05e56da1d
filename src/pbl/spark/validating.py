"""`pbl.spark.validate`: a report on pillars where they lie.

It asks the questions of `_check`, as `blending` does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pbl.spark._arguments import as_most, as_selection, template_of
from pbl.spark._check import check
from pbl.spark._probe import probe
from pbl.spark._session import drop_cause, engine_errors, strict_settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pbl.api.arguments import AnyPath
    from pbl.domain.contract import Contract
    from pbl.domain.report import Report


@drop_cause
def validate(
    spark: Any,
    pillars: Mapping[str, Any],
    *,
    template: Any = None,
    contract: Contract | None = None,
    toml: AnyPath | None = None,
    max_examples: int = 5,
) -> Report:
    """Check pillars inside a Spark job, and return the report; bad data is in it, not an exception.

    Pillars, by name, and the template are paths of Parquet or DataFrames (`spark.table(...)`). The contract is given,
    or pbl.toml's. Rows have no number. Raises PblError where the check can't be made: what isn't there, CSV, an engine
    that doesn't compute as Spark does.
    """
    selection = as_selection(pillars, contract, toml)
    most = as_most(max_examples)
    probe(spark)
    with engine_errors(), strict_settings(spark):
        return check(
            spark, pillars, template_of(template, selection.settings), selection.contract, max_examples=most
        ).report
