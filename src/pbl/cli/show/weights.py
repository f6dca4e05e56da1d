"""The table of pillars with their weights, and where the weights came from.

`blend` and `pack` print it to stderr before they begin.
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

    _Told = tuple[str, float, float, Sequence[tuple[float, str]]]
    """A pillar's name, weight and share, and each of its files with its part of the pillar."""


def tell_weights(selection: Selection, weighing: Weighing, *, raw: bool = False, width: int = 9) -> None:
    """Print each pillar's weight and share, or, if `raw`, its factor.

    The lines that follow have their labels in a column of `width`.
    """
    factors = weighing.weights if raw else weighing.shares
    named = zip(selection.pillars, weighing.weights, factors, strict=True)
    _tell(
        [
            (p.name, weight, factor, [(share, str(path)) for share, path in zip(p.shares, p.files, strict=True)])
            for p, weight, factor in named
        ],
        str(weighing.source),
        raw=raw,
        width=width,
    )


def tell_recipe_weights(recipe: Recipe) -> None:
    """Print the weights and shares of a recipe."""
    _tell(
        [
            (i.name, i.weight, i.share, [(m.share, m.path or "") for m in i.members] or [(1, i.path or "in memory")])
            for i in recipe.inputs
        ],
        "recipe",
        raw=recipe.raw_weights,
        width=9,
    )


def tell_target_weights(weights: Mapping[str, Mapping[str, float]]) -> None:
    """Print the weights of target names that have their own."""
    for target, own in weights.items():
        stderr.write(f"{safe(target)}: {', '.join(f'{safe(name)} {weight:.6g}' for name, weight in own.items())}")


def _tell(pillars: Sequence[_Told], source: str, *, raw: bool, width: int) -> None:
    """Print a table; for a pillar of several files, each file has a row with its own share of the blend."""
    rows = [("pillar", "weight", "factor" if raw else "share", "file")]
    for name, weight, factor, files in pillars:
        head = (safe(name), f"{weight:.6g}", _digits(factor))
        if len(files) == 1:
            rows.append((*head, safe(files[0][1])))
            continue
        rows.append((*head, f"the mean of {len(files)} files:"))
        rows += [("", "", _digits(factor * share), safe(file)) for share, file in files]
    stderr.write("\n".join(align(rows)))
    stderr.write(f"{'weights':<{width}}{source}")


def _digits(factor: float) -> str:
    """Return a share with four decimals; one that is too small or too large for that in a form of its own."""
    small, large = 0.0001, 1000.0
    return f"{factor:.4f}" if factor == 0 or small <= abs(factor) < large else f"{factor:.3g}"
