"""Decide which weights to use, in one sentence: equal ones, unless a gain stands against noise and against the means.

The last step of `tune`, from resampled scores to advice.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pbl.domain.target_weights import weights_json
from pbl.weights.grouping import FEWEST_GROUPS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pbl.domain.target_weights import Weights
    from pbl.weights._methods import Method
    from pbl.weights._resample import Gain, Resamples
    from pbl.weights._suspects import Suspect

EQUAL, TUNED, SIGNED, SINGLE, PER_TARGET = "equal", "tuned", "signed", "best-single", "per-target"
_UNSEEN = "on rows the weights were not fitted on"
_LARGE = 1e12
"""An interval whose half is at least this wide is shown with an exponent."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A candidate as the advice sees it; `place` is its column in the resamples."""

    name: str
    method: Method
    weights: Weights
    place: int
    as_given: bool = False
    """Whether the weights may have been fitted on these rows, as nobody knows where they come from."""


@dataclass(frozen=True, kw_only=True)
class Advice:
    """What to use: a candidate's name, or `none` where a pillar is suspicious."""

    use: str
    method: Method | None
    weights: Weights | None
    text: str

    def to_json(self) -> dict[str, Any]:
        """Return the public form."""
        weights = None if self.weights is None else weights_json(self.weights)
        return {"use": self.use, "method": self.method, "weights": weights, "text": self.text}


def advise(
    choices: Sequence[Choice],
    drawn: Resamples,
    *,
    baseline: int | None,
    groups: int,
    suspicious: Sequence[Suspect],
) -> Advice:
    """Return the advice; `baseline` is its column in the resamples, None where the metric refuses it."""
    equal = next(each for each in choices if each.name == EQUAL)
    if suspicious:
        names = ", ".join(each.pillar for each in suspicious)
        verb = "look as if they" if len(suspicious) > 1 else "looks as if it"
        text = f"Use no weights yet: {names} {verb} had seen the truth ({suspicious[0].reason})"
        return Advice(use="none", method=None, weights=None, text=text)
    if groups < FEWEST_GROUPS:
        text = f"Keep equal weights: {groups} groups are too few to tell a gain from noise."
        return _use(equal, text)
    family = [each for each in choices if each.name not in {EQUAL, SINGLE}]
    quantile = drawn.critical_value([each.place for each in family], equal.place)
    gains = {each.name: drawn.gain(each.place, equal.place, quantile) for each in family}
    of = f" as the best of {len(family)}" if quantile > drawn.quantile else ""  # wider than the one in the table
    passed = [each for each in family if _above(gains[each.name])]
    passed = [each for each in passed if each.name != SIGNED or _beats_tuned(each, choices, drawn, quantile)]
    if not passed:
        return _use(equal, _within_noise(family, gains, of))
    shown = _beats_means(choices, drawn, baseline)
    if not shown:
        return _use(equal, "Keep equal weights: no blend is better than predicting the means, so gains mean nothing.")
    best = max(passed, key=lambda each: drawn.whole[each.place])
    gain = gains[best.name]
    where = ", if they were not fitted on these rows" if best.as_given else f" {_UNSEEN}"
    said = "" if gain is None else f"the gain of {_describe(gain, of)} over equal ones is beyond noise{where}."
    return _use(best, f"Use the {best.name} weights: {said}")


def _use(choice: Choice, text: str) -> Advice:
    return Advice(use=choice.name, method=choice.method, weights=choice.weights, text=text)


def _above(gain: Gain | None) -> bool:
    return gain is not None and gain.interval is not None and gain.interval[0] > 0


def _beats_tuned(signed: Choice, choices: Sequence[Choice], drawn: Resamples, quantile: float) -> bool:
    tuned = next(each for each in choices if each.name == TUNED)
    return _above(drawn.gain(signed.place, tuned.place, quantile))


def _beats_means(choices: Sequence[Choice], drawn: Resamples, baseline: int | None) -> bool:
    """Say whether some blend is better than the means, or the metric refuses them."""
    if baseline is None:
        return True
    family = [each.place for each in choices if each.name != SINGLE]
    quantile = drawn.critical_value(family, baseline)
    return any(_above(drawn.gain(place, baseline, quantile)) for place in family)


def _within_noise(family: Sequence[Choice], gains: Mapping[str, Gain | None], of: str) -> str:
    defined = [(gains[each.name], each.name) for each in family]
    known = [(gain, name) for gain, name in defined if gain is not None]
    if not known:
        return "Keep equal weights: the metric is not defined on these rows."
    moved = [(gain, name) for gain, name in known if gain.interval != (0.0, 0.0)] or known
    gain, name = max(moved, key=lambda each: each[0].gain)
    if gain.gain > 0:
        return f"Keep equal weights: the gain of {_describe(gain, of)} of {name} is within noise {_UNSEEN}."
    if gain.gain == 0:
        return f"Keep equal weights: the gain of {_describe(gain, of)} is none {_UNSEEN}."
    return f"Keep equal weights: no others gain {_UNSEEN}; {name} comes nearest, at {_describe(gain, of)}."


def _describe(gain: Gain, of: str) -> str:
    """Return `0.004 (-0.002 to 0.009 as the best of 3)`, with two digits of the interval's half width."""
    if gain.interval is None:
        return f"{gain.gain:.3g}"
    low, high = gain.interval
    half = (high - low) / 2
    if not half < _LARGE:
        return f"{gain.gain:.3g} ({low:.3g} to {high:.3g}{of})"
    digits = min(12, max(0, 1 - math.floor(math.log10(half)))) if half > 0 else 3
    return f"{gain.gain:.{digits}f} ({low:.{digits}f} to {high:.{digits}f}{of})"
