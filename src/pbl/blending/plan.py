"""The plan of a blend: which pillars, with which weights, held to which bounds.

It is made once, by the same function for Python and for the terminal.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pbl.blending.formula import Clip, Formula
from pbl.domain.weights import weigh

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pbl.domain.pillars import Selection
    from pbl.domain.weights import Weighing


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is blended, and how."""

    selection: Selection
    """The pillars that are blended, and no others."""
    weighing: Weighing
    raw_weights: bool = False
    """Whether the weights themselves stand in place of the shares."""
    clip: Clip

    @property
    def factors(self) -> tuple[float, ...]:
        """Return what each pillar is multiplied by."""
        return self.weighing.weights if self.raw_weights else self.weighing.shares

    @property
    def formula(self) -> Formula:
        """Return the formula of the blend."""
        return Formula(factors=self.factors, targets=len(self.selection.contract.targets), clip=self.clip)


def plan_blend(
    selection: Selection,
    *,
    weights: Sequence[float] | Mapping[str, float] | None = None,
    raw_weights: bool = False,
    clip_min: float | None = None,
    clip_max: float | None = None,
) -> Plan:
    """Settle what was left open: what isn't given is taken from `pbl.toml`, else it is the default.

    `weights` are in pillar order, or by name: then only those pillars are blended. Raises UsageError for weights or
    bounds that can't be.
    """
    settings = selection.settings
    chosen, weighing = weigh(selection, weights)
    clip = Clip(
        low=settings.clip_min if clip_min is None else clip_min,
        high=settings.clip_max if clip_max is None else clip_max,
    )
    return Plan(selection=chosen, weighing=weighing, raw_weights=raw_weights, clip=clip)


def default_output(selection: Selection) -> Path:
    """Return where a submission goes unless a file is named."""
    return selection.settings.output or Path("submission.csv")
