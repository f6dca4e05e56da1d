"""The table of pillars with their weights, and where the weights came from.

`blend` and `pack` say it before they begin.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pbl.cli.show import stderr
from pbl.cli.show.columns import align
from pbl.domain.wording import safe

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pbl.domain.pillars import Selection
    from pbl.domain.recipe import Recipe
    from pbl.domain.weights import Weighing


def tell_weights(selection: Selection, weighing: Weighing, *, raw: bool = False, width: int = 9) -> None:
    """Say which pillar has which weight and share, or, `raw`, by which factor it is taken.

    What follows has its labels in a column of `width`.
    """
    factors = weighing.weights if raw else weighing.shares
    named = zip(selection.pillars, weighing.weights, factors, strict=True)
    _tell(
        [(p.name, weight, factor, str(p.path)) for p, weight, factor in named],
        str(weighing.source),
        raw=raw,
        width=width,
    )


def tell_recipe_weights(recipe: Recipe) -> None:
    """Say the same of a recipe."""
    _tell(
        [(i.name, i.weight, i.share, i.path or "in memory") for i in recipe.inputs],
        "recipe",
        raw=recipe.raw_weights,
        width=9,
    )


def tell_target_weights(weights: Mapping[str, Mapping[str, float]]) -> None:
    """Say the weights of target names that have their own."""
    for target, own in weights.items():
        stderr.write(f"{safe(target)}: {', '.join(f'{safe(name)} {weight:.6g}' for name, weight in own.items())}")


def _tell(pillars: Sequence[tuple[str, float, float, str]], source: str, *, raw: bool, width: int) -> None:
    rows = [("pillar", "weight", "factor" if raw else "share", "file")]
    rows += [(safe(name), f"{weight:.6g}", _digits(factor), safe(file)) for name, weight, factor, file in pillars]
    stderr.write("\n".join(align(rows)))
    stderr.write(f"{'weights':<{width}}{source}")


def _digits(factor: float) -> str:
    """Return a share in four digits, and what would look like nothing or fill the line in its own."""
    small, large = 0.0001, 1000.0
    return f"{factor:.4f}" if factor == 0 or small <= abs(factor) < large else f"{factor:.3g}"
