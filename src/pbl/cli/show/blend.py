"""The outcome of a blend: the last step of `pbl blend`.

Called by `commands.blend`, for recipes that are replayed too.
"""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

from pbl.cli.show import stderr, stdout
from pbl.cli.show.report import tell_warnings
from pbl.domain.report import SCHEMA_VERSION
from pbl.domain.wording import safe

if TYPE_CHECKING:
    from pbl.blending.blend import Blended


def tell_blend(made: Blended) -> None:
    """Print the outcome of a blend, and what to type next."""
    tell_warnings(made.report)
    for warning in made.warnings:
        stderr.write(f"warning {warning.code}: {safe(warning.message)}")
    out, recipe = made.recipe.output, made.recipe
    negative = [f"{safe(i.name)} {i.weight:g}" for i in recipe.inputs if i.weight < 0]
    if recipe.method != "weighted-mean" or recipe.constraints:
        stderr.write(f"method   {recipe.method}{', reconciled' if recipe.constraints else ''}")
    if negative:
        stderr.write(f"below 0  {', '.join(negative)}")
    below = ", ".join(f"{safe(name)} in {n:,}" for name, n in made.below.items() if n)
    bound = f" (itself below {recipe.clip_min:g}: {below})" if below else ""
    stderr.write(f"rows     {out.rows:,}, clipped {out.clipped:,}{bound}")
    stderr.write(f"values   min {out.min:.6g}, mean {out.mean:.6g}, max {out.max:.6g}")
    stderr.write(f"sha256   {out.sha256}")
    for path in made.left:
        stderr.write(f"kept     {safe(str(path))}, left by a run that was killed while it wrote")
    _tell_files(made)


def write_blend(made: Blended, *, source: str) -> None:
    """Write the same as JSON; `source` says where the weights came from."""
    stdout.write_json(
        {
            "schema_version": SCHEMA_VERSION,
            "command": "blend",
            "ok": True,
            "output": None if made.output is None else str(made.output),
            "recipe_path": None if made.recipe_path is None else str(made.recipe_path),
            "already": made.already,
            "dry_run": made.dry_run,
            "below": dict(made.below),
            "weights_source": source,
            "recipe": made.recipe.to_json(),
            "findings": [f.to_json() for f in made.report.findings],
            "warnings": [warning.to_json() for warning in made.warnings],
            **({"constraints": [each.to_json() for each in made.residuals]} if made.residuals else {}),
        }
    )


def _tell_files(made: Blended) -> None:
    files = f"{safe(str(made.output))}, {safe(str(made.recipe_path))}"
    if made.dry_run:
        stderr.write("dry run  nothing was written" + (f"; without it: {files}" if made.output else ""))
    elif made.output is not None:
        stderr.write(f"{'already' if made.already else 'written'}  {files}")
        stderr.write(f"next     pbl log-run {safe(quote(str(made.output)))} --label LABEL --cv CV")
