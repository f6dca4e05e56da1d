"""Make the submission of a recipe again, byte for byte.

The function behind `pbl blend --recipe`: it makes a plan of the recipe and writes it as `blend` does.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pbl.blending._same_numbers import same_numbers
from pbl.blending._submission import make_submission
from pbl.blending.blend import make_outcome, write_submission
from pbl.blending.formula import Clip
from pbl.blending.plan import Plan
from pbl.domain.endings import is_parquet
from pbl.domain.errors import ChangedError, OutputError
from pbl.domain.limits import Limits
from pbl.domain.method import method_of_recipe
from pbl.domain.pillars import Member, Pillar, Selection
from pbl.domain.progress import Progress
from pbl.domain.recipe import recipe_path
from pbl.domain.settings import Settings
from pbl.domain.warned import Warned
from pbl.domain.weights import Source, Weighing
from pbl.domain.wording import file_name
from pbl.project.outputs import refuse_input
from pbl.project.recipe_files import find_inputs, fits, load_recipe, same_bytes
from pbl.storage.commit import Drafts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pbl.blending._submission import Submission
    from pbl.blending.blend import Blended
    from pbl.domain.provenance import Provenance
    from pbl.domain.recipe import Ingredient, Recipe
    from pbl.storage.commit import Draft


def replay(
    path: Path,
    *,
    provenance: Provenance,
    spill: Path,
    output: Path | None = None,
    inputs: Path | None = None,
    force: bool = False,
    dry_run: bool = False,
    limits: Limits = Limits(),
    progress: Progress = Progress(),
) -> Blended:
    """Make the submission of a recipe again, byte for byte, beside the recipe unless `output` is given.

    Inputs are looked for at the recipe's paths, relative to the recipe, and, given the folder `inputs`, in it by hash.
    Raises ChangedError if one is missing or changed, or if the new bytes are not those of the recipe; for Parquet the
    rows are compared. The logarithms of geometric and logit may differ between machines: other bytes give a warning if
    the numbers are the same to 1e-12.
    """
    recipe = load_recipe(path)
    plan = _plan(recipe, path.parent, inputs)

    def verify(made: Submission, draft: Draft) -> tuple[Warned, ...]:
        if made.written.content is not None and made.written.content == recipe.output.content_sha256:
            return ()  # the bytes depend on the version of what writes Parquet
        if made.written.sha256 != recipe.output.sha256:
            recorded = path.parent / (recipe.output.path or "submission.csv")
            if not plan.method.same_everywhere and same_numbers(made, draft, recipe, recorded):
                return (_warn_of_digits(plan),)
            raise ChangedError(
                f"the recipe's submission has the hash {recipe.output.sha256}, and what these inputs and this pbl "
                f"({provenance.version}) make has {made.written.sha256}; nothing was written"
            )
        return ()

    target = output or path.parent / file_name(Path(recipe.output.path or "submission.csv").name)
    if is_parquet(target.name) != (recipe.output.content_sha256 is not None):
        kind = "CSV" if is_parquet(target.name) else "Parquet"
        raise OutputError(f"{target}: the recipe's submission is {kind}, so the name must say the same")
    kept = recipe_path(target)
    refuse_input(target, plan.selection)
    if target.exists() and target.samefile(path):
        raise OutputError(f"{target}: is the recipe itself; name another --output")
    if not (same_bytes(target, recipe.output.sha256) and kept.exists() and fits(target, kept)):
        return write_submission(
            plan,
            target,
            provenance=provenance,
            spill=spill,
            force=force,
            dry_run=dry_run,
            limits=limits,
            progress=progress,
            verify=verify,
        )
    with Drafts() as drafts:
        draft = drafts.new(target)
        made = make_submission(plan, draft, provenance=provenance, spill=spill, limits=limits, progress=progress)
        more = verify(made, draft)
    again = made.recipe(target.parent, called=target.name)
    there = replace(again.output, sha256=recipe.output.sha256, bytes=recipe.output.bytes)  # Parquet of another version
    again = replace(again, output=there)
    return replace(make_outcome(made, again, more), output=target, recipe_path=kept, already=True, dry_run=dry_run)


def _warn_of_digits(plan: Plan) -> Warned:
    return Warned(
        code="last-digits",
        message=f"{plan.method} takes logarithms, whose last digit differs between machines: the bytes are not the "
        "recipe's, the numbers are, to 1e-12",
    )


def _pillar(recorded: Ingredient, files: Sequence[Path]) -> Pillar:
    members = tuple(Member(path=path, share=m.share) for path, m in zip(files, recorded.members, strict=False))
    return Pillar(name=recorded.name, path=files[0], members=members)


def _plan(recipe: Recipe, folder: Path, inputs: Path | None) -> Plan:
    found = find_inputs(recipe, folder, inputs)
    pillars = tuple(_pillar(each, [found[name] for name in each.files]) for each in recipe.inputs)
    settings = Settings(contract=recipe.contract, constraints=recipe.constraints)
    if recipe.id_separator is not None:
        settings = replace(settings, id_separator=recipe.id_separator)
    selection = Selection(pillars=pillars, settings=settings, template=found.get(None))
    weights = tuple(each.weight for each in recipe.inputs)
    return Plan(
        selection=selection,
        weighing=Weighing(weights=weights, source=Source.GIVEN),
        raw_weights=recipe.raw_weights,
        clip=Clip(low=recipe.clip_min, high=recipe.clip_max),
        method=method_of_recipe(recipe.method),
        reconcile=bool(recipe.constraints),
        per_target={name: tuple(own[each.name] for each in recipe.inputs) for name, own in recipe.per_target.items()},
    )
