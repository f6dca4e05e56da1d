"""`pbl.spark.blend`: clean pillars become one folder of Parquet with its recipe.

Probe, open, check, findings, guarded write, list again, read back, recipe: in this order, and none is left out.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING, Any

from pbl_sql import Sql, ask, join

from pbl.api.arguments import as_weights, provenance, real
from pbl.blending.plan import plan_blend
from pbl.domain.errors import ChangedError, FindingsError, OutputError, UsageError
from pbl.domain.method import Method
from pbl.domain.values import stamp
from pbl.spark._arguments import as_most, as_selection, template_of
from pbl.spark._check import check
from pbl.spark._folder import put_recipe, remove_output
from pbl.spark._open import is_there, list_again, require_path
from pbl.spark._probe import probe
from pbl.spark._rows import digest
from pbl.spark._session import (
    SparkError,
    drop_cause,
    engine_errors,
    frame_of,
    rows_of,
    spark_errors,
    strict_settings,
    without_secrets,
)
from pbl.spark.recipe import SparkFacts, SparkIngredient, SparkOutput, SparkRecipe

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pbl.api.arguments import AnyPath
    from pbl.blending.plan import Plan
    from pbl.domain.contract import Contract
    from pbl.spark._check import Checked
    from pbl.spark._facts import BlendFacts, Facts
    from pbl.spark._rows import Rows

_CHANGED = "pbl: an input changed after it was checked"


@drop_cause
def blend(
    spark: Any,
    pillars: Mapping[str, Any],
    *,
    output: str,
    weights: Sequence[float] | Mapping[str, float] | None = None,
    clip_min: float | None = None,
    clip_max: float | None = None,
    raw_weights: bool = False,
    template: Any = None,
    contract: Contract | None = None,
    toml: AnyPath | None = None,
    max_examples: int = 5,
) -> SparkRecipe:
    """Blend pillars inside a Spark job: Parquet in a new folder, its recipe beside it, which is returned.

    Pillars, by name, and the template are paths of Parquet or DataFrames (`spark.table(...)`); weights, clips and
    contract are those of `pbl blend`, and so is each id's number, bit for bit. Raises FindingsError, which has the
    report, if a check finds an error, OutputError for a folder that is there, ChangedError for input that changes
    meanwhile, and PblError where the blend can't be made; none of them leaves a part.
    """
    selection = as_selection(pillars, contract, toml)
    plan = plan_blend(
        selection,
        weights=as_weights(weights, selection),
        raw_weights=raw_weights,
        clip_min=None if clip_min is None else real(clip_min, "clip_min"),
        clip_max=None if clip_max is None else real(clip_max, "clip_max"),
    )
    if plan.method is not Method.MEAN:
        raise UsageError(f"{selection.settings.path}: blend.method is {plan.method}; inside Spark there is only mean")
    sources = {name: pillars[name] for name in plan.selection.names}
    guide = template_of(template, selection.settings)
    to = _as_output(output, [*sources.values(), guide])
    most = as_most(max_examples)
    version = probe(spark)
    with engine_errors(), strict_settings(spark):
        if is_there(spark, to):
            raise OutputError(f"{without_secrets(to)}: is there already; name a folder that isn't")
        checked = check(spark, sources, guide, plan.selection.contract, formula=plan.formula, max_examples=most)
        facts = checked.facts
        if not checked.report.ok or facts is None or facts.blend is None:
            raise FindingsError(checked.report)
        if broken := facts.blend.broken:
            raise UsageError(f"the blend is not finite in {broken} rows: a prediction or weight is too large")
        return _write(spark, checked, to, _recipe(plan, checked.rows, facts, facts.blend, path=to, version=version))


def _as_output(output: object, sources: Sequence[Any]) -> str:
    """Return the folder to write; raise UsageError for none, OutputError for one in an input."""
    if not isinstance(output, str | os.PathLike):
        raise UsageError(f"output is {type(output).__name__}, not a path")
    to = str(os.fspath(output))
    require_path(to, "output")
    for source in sources:
        given = os.fspath(source) if isinstance(source, str | os.PathLike) else ""
        if given and f"{to.rstrip('/')}/".startswith(f"{given.rstrip('/')}/"):
            raise OutputError(f"{without_secrets(to)}: is an input, or in one")
    return to


def _write(spark: Any, checked: Checked, output: str, recipe: SparkRecipe) -> SparkRecipe:
    """Write the blend, guarded, compare what is read back with what was checked, and put its recipe beside it."""
    rows, called, done = checked.rows, without_secrets(output), False
    result = frame_of(spark, _guard(rows), {**rows.values, "changed": _CHANGED}, rows.frames)
    named = result.toDF(*rows.contract.columns)
    ours = True
    try:
        with spark_errors():
            named.write.mode("error").parquet(output)
        if any(list_again(spark, each) != each.parts for each in rows.sources):
            raise ChangedError("an input has other parts than when it was checked; nothing was written")
        back, parts = _read_back(spark, output, named.schema, rows)
        if back != {"rows": recipe.output.rows, "digest": recipe.output.digest}:
            raise ChangedError(
                f"{called}: what was written is not what was checked: an input changed meanwhile, or gives other rows "
                "each time it is asked; nothing was kept"
            )
        whole = replace(recipe, output=replace(recipe.output, parts=parts))
        put_recipe(spark, output, whole.to_bytes(), spill=Path(gettempdir()))
        done = True
    except SparkError as error:
        ours = error.condition != "PATH_ALREADY_EXISTS"
        if not ours:
            told: Exception = OutputError(f"{called}: is there already; name a folder that isn't")
        elif _CHANGED in error.text or error.condition.startswith(("FAILED_READ_FILE", "PATH_NOT_FOUND")):
            told = ChangedError("an input changed after it was checked; nothing was written")
        else:
            raise
    else:
        return whole
    finally:
        if not done and ours and is_there(spark, output):
            remove_output(spark, output, named)
    raise told


def _guard(rows: Rows) -> Sql:
    good = Sql(f"{rows.sound_condition()} AND {rows.finite_condition()}")
    cells = [ask("spark/guarded_cell", good=good, number=f"b{t}") for t in rows.targets]
    columns = [Sql(f"{cell} AS b{t}") for t, cell in enumerate(cells)]
    return ask("spark/guarded", columns=join(columns), blend=rows.blend())


def _read_back(spark: Any, output: str, schema: Any, rows: Rows) -> tuple[dict[str, Any], int]:
    """Return the number of rows in the folder, their digest, and the number of parts."""
    with spark_errors():
        frame = spark.read.schema(schema).parquet(output).toDF("id", *(f"b{t}" for t in rows.targets))
        parts = len(frame.inputFiles())
    facts = Sql(f"count(*) AS rows, {digest(['id', *(f'b{t}' for t in rows.targets)])} AS digest")
    (back,) = rows_of(spark, ask("spark/facts", facts=facts, rows=Sql("{p0}")), frames={"p0": frame})
    return back, parts


def _recipe(plan: Plan, rows: Rows, facts: Facts, blend: BlendFacts, *, path: str, version: str) -> SparkRecipe:
    made = provenance()
    identified: list[dict[str, Any]] = [
        {"path": each.path, "parts": len(each.parts), "rows": known.rows, "digest": known.digest}
        for each, known in zip(rows.sources, facts.sources, strict=True)
    ]
    weights = zip(rows.pillars, plan.weighing.weights, plan.factors, strict=True)
    return SparkRecipe(
        pbl_version=made.version,
        spark_version=version,
        created_at=stamp(made.now),
        command=made.command,
        method=plan.method.written,
        contract=plan.selection.contract,
        raw_weights=plan.raw_weights,
        clip_min=plan.clip.low,
        clip_max=plan.clip.high,
        inputs=tuple(
            SparkIngredient(**identified[n], name=str(rows.sources[n].name), weight=weight, share=share)
            for n, weight, share in weights
        ),
        template=SparkFacts(**identified[-1]) if rows.sources[rows.reference].name is None else None,
        output=SparkOutput(
            path=without_secrets(path),
            parts=0,
            rows=facts.sound,
            digest=blend.digest,
            clipped=blend.clipped,
            min=blend.low,
            mean=blend.mean,
            max=blend.high,
        ),
    )
