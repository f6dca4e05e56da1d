"""`pbl blend`: one submission of checked files, with its recipe.

`blending.blend` and `blending.replay` do the work; `show.blend` prints the outcome.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pbl.cli import options
from pbl.cli.formats import FailOn, OutcomeFormat
from pbl.domain.errors import UsageError

if TYPE_CHECKING:
    from pbl.blending.blend import Blended
    from pbl.domain.limits import Limits
    from pbl.domain.provenance import Provenance


def blend(
    ctx: typer.Context,
    paths: options.Paths = None,
    siglip: options.Siglip = None,
    dino: options.Dino = None,
    mvp: options.Mvp = None,
    dinov2: options.Dinov2 = None,
    weights: Annotated[
        list[str] | None,
        typer.Option("--weights", "-w", metavar="W...", help="0.6 0.2 0.1 0.1, or siglip=0.6,dino=0.4 for those only."),
    ] = None,
    raw_weights: Annotated[bool, typer.Option("--raw-weights", help="Don't divide the weights by their sum.")] = False,
    method: Annotated[
        str | None,
        typer.Option("--method", metavar="METHOD", help="mean (the default), rank, geometric, logit or median."),
    ] = None,
    negative: Annotated[bool, typer.Option("--negative", help="Take weights below 0; mean only.")] = False,
    per_target: options.PerTarget = False,
    reconcile: options.Reconcile = False,
    clip_min: Annotated[str | None, typer.Option("--clip-min", metavar="X", help="Raise lower values to X.")] = None,
    clip_max: Annotated[str | None, typer.Option("--clip-max", metavar="X", help="Lower higher values to X.")] = None,
    template: options.Template = None,
    pillars_dir: options.PillarsDir = None,
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", metavar="FILE", help=".csv or .parquet; default: submission.csv, - is stdout."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that pbl didn't write.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Do everything but write, refusals included.")] = False,
    fail_on: Annotated[
        str, typer.Option("--fail-on", metavar="error|warning", help="What stops the blend (exit code 1).")
    ] = "error",
    recipe: Annotated[
        str | None, typer.Option("--recipe", metavar="FILE", help="Make this recipe's submission again, byte for byte.")
    ] = None,
    inputs: Annotated[
        str | None, typer.Option("--inputs", metavar="DIR", help="With --recipe: find its inputs in here, by hash.")
    ] = None,
    format: Annotated[  # noqa: A002 - the flag's name
        str, typer.Option("--format", metavar="text|json", help="Text, or one JSON object.")
    ] = "text",
    threads: options.Threads = None,
    memory_limit: options.Memory = None,
    temp_dir: options.TempDir = None,
) -> None:
    """Blend checked files into one submission.

    Rows are matched by id, and each value is the weighted mean of the models' values, or what --method makes of them.
    The recipe is written beside it. If a check fails (exit code 1) or the blend can't be made (2), nothing is written.

    Examples:
        pbl blend pillars/ --clip-min 0
        pbl blend siglip=a.csv dino=b.csv --weights 0.7 0.3 --output blend.csv
        pbl blend --siglip a.csv --dino b.csv --weights 0.6 0.4
        pbl blend pillars/ --method rank
        pbl blend pillars/ --dry-run --fail-on warning
        pbl blend --recipe submission.recipe.json
    """
    from pbl.cli.show.weights import tell_recipe_weights, tell_target_weights, tell_weights
    from pbl.domain.rules import Severity

    as_json = options.choice(OutcomeFormat, format, "--format") is OutcomeFormat.JSON
    severity = Severity(options.choice(FailOn, fail_on, "--fail-on"))
    to, given = options.file(output, "--output"), weights or []
    if as_json and output == "-":
        raise UsageError("--output - and --format json both want stdout; choose one")
    limits = options.limits(threads, memory_limit, temp_dir)
    files = {"siglip": siglip, "dino": dino, "mvp": mvp, "dinov2": dinov2}

    from pbl.blending.blend import blend as carry_out
    from pbl.blending.plan import default_output, plan_blend
    from pbl.cli.progress import for_stderr
    from pbl.domain.weights import parse_weights

    if recipe is not None:
        flags = (raw_weights, negative, per_target, reconcile, severity is not Severity.ERROR)
        _refuse_beside_recipe(
            paths, *files.values(), *given, clip_min, clip_max, template, pillars_dir, method, any(flags) or None
        )
        if output == "-":
            raise UsageError("--recipe writes a file; name one with --output, or leave it out")
        found = options.path(inputs, "--inputs")
        made = _replay(Path(recipe), output=to, inputs=found, force=force, dry_run=dry_run, limits=limits)
        if not as_json:
            tell_recipe_weights(made.recipe)
            tell_target_weights(made.recipe.per_target)
        _tell(made, source="recipe", as_json=as_json)
        return
    if inputs is not None:
        raise UsageError("--inputs goes with --recipe")
    options.bare_weights_fit(files, ctx.meta["pbl.flags"], given)
    selection = options.selection(ctx, paths, template=template, pillars_dir=pillars_dir, weights=given, **files)
    options.tell_left(selection)
    plan = plan_blend(
        selection,
        weights=parse_weights(given, selection),
        raw_weights=raw_weights,
        negative=negative,
        method=method,
        reconcile=reconcile,
        per_target=per_target,
        clip_min=options.real(clip_min, "--clip-min"),
        clip_max=options.real(clip_max, "--clip-max"),
    )
    target = to or default_output(selection)
    stdout = output == "-"
    if not as_json:
        tell_weights(plan.selection, plan.weighing, raw=raw_weights)
        tell_target_weights(plan.weights_by_target)
    with for_stderr() as progress, options.cores(limits.threads):
        made = carry_out(
            plan,
            output=sys.stdout.buffer if stdout else target,
            provenance=_provenance(),
            spill=options.temporary_folder() if stdout else target.parent,
            force=force,
            fail_on=severity,
            dry_run=dry_run,
            limits=limits,
            progress=progress,
        )
    _tell(made, source=str(plan.weighing.source), as_json=as_json)


def _replay(
    recipe: Path, *, output: Path | None, inputs: Path | None, force: bool, dry_run: bool, limits: "Limits"
) -> "Blended":
    from pbl.blending.replay import replay
    from pbl.cli.progress import for_stderr

    with for_stderr() as progress, options.cores(limits.threads):
        return replay(
            recipe,
            provenance=_provenance(),
            spill=recipe.parent,
            output=output,
            inputs=inputs,
            force=force,
            dry_run=dry_run,
            limits=limits,
            progress=progress,
        )


def _tell(made: "Blended", *, source: str, as_json: bool) -> None:
    from pbl.cli.show.blend import tell_blend, write_blend

    if as_json:
        write_blend(made, source=source)
    else:
        tell_blend(made)


def _provenance() -> "Provenance":
    from datetime import UTC, datetime

    from pbl._version import __version__
    from pbl.domain.provenance import Provenance

    return Provenance(now=datetime.now(UTC), version=__version__, command=("pbl", *sys.argv[1:]))


def _refuse_beside_recipe(*others: object) -> None:
    if any(other not in (None, []) for other in others):
        raise UsageError(
            "--recipe has its own pillars, weights, method, clips and template; only --output, --inputs, --force and "
            "--dry-run go with it"
        )
