"""The plan of a blend: its pillars, weights, method, bounds and constraints.

Made once, before `blend`, by the same function for Python and for the terminal.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pbl.blending.formula import Clip, Formula
from pbl.domain.constraints import names_of
from pbl.domain.errors import ContractError, UsageError
from pbl.domain.method import Method, parse_method
from pbl.domain.weights import divide, weigh

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pbl.domain.constraints import Constraint
    from pbl.domain.pillars import Selection
    from pbl.domain.settings import Settings
    from pbl.domain.weights import Weighing


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The pillars of a blend, and how they are blended."""

    selection: Selection
    """The pillars that are blended, and no others."""
    weighing: Weighing
    raw_weights: bool = False
    """Whether the weights themselves stand in place of the shares."""
    clip: Clip
    method: Method = Method.MEAN
    reconcile: bool = False
    """Whether each sample is held to the constraints."""
    per_target: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    """The weights, in pillar order, of target names that have their own."""

    @property
    def factors(self) -> tuple[float, ...]:
        """Return the factor of each pillar."""
        return self.weighing.weights if self.raw_weights else self.weighing.shares

    @property
    def weights_by_target(self) -> dict[str, dict[str, float]]:
        """Return the weights, by pillar, of target names that have their own."""
        names = self.selection.names
        return {target: dict(zip(names, own, strict=True)) for target, own in self.per_target.items()}

    @property
    def constraints(self) -> tuple[Constraint, ...]:
        """Return the sums that should hold."""
        return self.selection.settings.constraints

    @property
    def separator(self) -> str:
        """Return the text between the sample and the target name in an id."""
        return self.selection.settings.id_separator

    @property
    def needs_whole(self) -> bool:
        """Say whether a row's number depends on other rows, or on the target name in its id."""
        return bool(self.needs_names or self.constraints or self.method is Method.RANK)

    @property
    def needs_names(self) -> bool:
        """Say whether the blend depends on the target names and samples in ids."""
        by_row = len(self.selection.contract.targets) == 1
        return by_row and bool(self.method is Method.RANK or self.per_target or self.reconcile)

    @property
    def formula(self) -> Formula:
        """Return the formula of the blend."""
        targets = self.selection.contract.targets
        own = {n: w if self.raw_weights else divide(w) for n, w in self.per_target.items()}
        return Formula(
            factors=self.factors,
            names=targets,
            clip=self.clip,
            method=self.method,
            own=own,
            by_row=len(targets) == 1,
            constraints=self.constraints if self.reconcile else (),
        )


def plan_blend(
    selection: Selection,
    *,
    weights: Sequence[float] | Mapping[str, float] | None = None,
    raw_weights: bool = False,
    negative: bool = False,
    method: str | None = None,
    reconcile: bool = False,
    per_target: bool = False,
    clip_min: float | None = None,
    clip_max: float | None = None,
) -> Plan:
    """Make the plan: what isn't given is taken from `pbl.toml`, else from the defaults.

    `weights` are in pillar order, or by name: then only those pillars are blended. Raises UsageError for weights,
    bounds or a method that are not valid, and ContractError for target names that aren't there.
    """
    settings = selection.settings
    chosen, weighing = weigh(selection, weights, negative=negative)
    found = parse_method(method) if method is not None else settings.method or Method.MEAN
    clip = Clip(
        low=settings.clip_min if clip_min is None else clip_min,
        high=settings.clip_max if clip_max is None else clip_max,
    )
    if raw_weights and found is not Method.MEAN:
        raise UsageError(f"--raw-weights goes with --method mean only, not {found}: the other methods take shares")
    own = _own_weights(chosen, asked=per_target)
    if found is not Method.MEAN and (
        negative or min((*weighing.weights, *(w for each in own.values() for w in each))) < 0
    ):
        raise UsageError(f"weights below 0 go with --method mean only, not {found}")
    if reconcile and not settings.constraints:
        raise UsageError("--reconcile: pbl.toml has no [[constraints]] to hold the blend to")
    _require_names(settings, (*names_of(settings.constraints), *own))
    return Plan(
        selection=chosen,
        weighing=weighing,
        raw_weights=raw_weights,
        clip=clip,
        method=found,
        reconcile=reconcile,
        per_target=own,
    )


def default_output(selection: Selection) -> Path:
    """Return the path of a submission for which no file is named."""
    return selection.settings.output or Path("submission.csv")


def _own_weights(chosen: Selection, *, asked: bool) -> dict[str, tuple[float, ...]]:
    """Return the weights of [per_target.T] in pillar order, 0 for a pillar that isn't named there."""
    if not asked:
        return {}
    settings = chosen.settings
    if not settings.per_target:
        raise UsageError("--per-target: pbl.toml has no [per_target.T] with the weights of a target name")
    for target, weights in settings.per_target.items():
        unknown = next((name for name in weights if name not in chosen.names), None)
        if unknown is not None:
            raise ContractError(
                f"{settings.path}: per_target.{target}.{unknown} is for no pillar that is blended; "
                f"pillars, in order: {', '.join(chosen.names)}"
            )
        if not math.fsum(weights.values()) > 0:
            raise ContractError(f"{settings.path}: per_target.{target} must have weights whose sum is above 0")
    return {
        target: tuple(weights.get(name, 0.0) for name in chosen.names)
        for target, weights in settings.per_target.items()
    }


def _require_names(settings: Settings, names: Sequence[str]) -> None:
    """Raise ContractError for a target name that is no column, where columns are the target names."""
    targets = settings.contract.targets
    unknown = next((name for name in names if name not in targets), None)
    if len(targets) > 1 and unknown is not None:
        raise ContractError(
            f"{settings.path}: {unknown!r}, in [[constraints]] or [per_target], is no target; "
            f"targets: {', '.join(targets)}"
        )
