"""Weights of the pillars, and their shares of the blend."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from pbl.domain.errors import UsageError
from pbl.domain.pillars import TABLE, Pillar, Selection
from pbl.domain.values import number

if TYPE_CHECKING:
    from collections.abc import Sequence


def weigh(selection: Selection, texts: Sequence[str] = ()) -> Selection:
    """Give each pillar its weight: from `texts`, else `pbl.toml`, else the table, else equal.

    `texts` are numbers in pillar order or `name=number`; each may be a comma list. Names leave the pillars they
    don't name aside. Weights are finite, not negative, and their sum is above 0; else UsageError.
    """
    words = [word.strip() for text in texts for word in text.split(",")]
    if not words:
        weighed = _default_weights(selection)
    elif any("=" in word for word in words):
        weighed = _named_weights(selection, words)
    else:
        weighed = _bare_weights(selection, words)
    if not any(p.weight for p in weighed):
        raise UsageError(f"the weights are all zero; their sum must be above 0. {_shown(selection)}")
    return replace(selection, pillars=tuple(weighed))


def shares(weights: Sequence[float]) -> tuple[float, ...]:
    """Return each weight divided by the sum of all, in double precision.

    The weights are first scaled by a power of two, which changes no digit and keeps the sum finite.
    """
    scale = -math.frexp(max(weights))[1]
    scaled = [math.ldexp(w, scale) for w in weights]
    total = sum(scaled[1:], start=scaled[0])
    return tuple(w / total for w in scaled)


def _default_weights(selection: Selection) -> list[Pillar]:
    pillars = selection.pillars
    missing = [p.name for p in pillars if p.weight is None]
    if len(missing) < len(pillars):
        if missing:
            raise UsageError(
                f"{selection.settings.path}: no weight for {', '.join(missing)}, and others have one; "
                f"give every pillar one, or all with --weights. {_shown(selection)}"
            )
        return list(pillars)
    if set(selection.names) == set(TABLE):
        return [_with(p, TABLE[p.name].weight) for p in pillars]
    return [_with(p, 1.0) for p in pillars]


def _named_weights(selection: Selection, words: Sequence[str]) -> list[Pillar]:
    given: dict[str, float] = {}
    for word in words:
        name, equals, text = word.rpartition("=")
        if not equals:
            raise UsageError(
                f"--weights: {word!r} has no name and others do; write name=number for each. {_shown(selection)}"
            )
        if name not in selection.names:
            raise UsageError(f"--weights: there is no pillar {name!r}. {_shown(selection)}")
        if name in given:
            raise UsageError(f"--weights: {name!r} is given twice. {_shown(selection)}")
        given[name] = _weight(selection, text)
    return [_with(p, given[p.name]) for p in selection.pillars if p.name in given]


def _bare_weights(selection: Selection, words: Sequence[str]) -> list[Pillar]:
    given = [_weight(selection, word) for word in words]
    if len(given) != len(selection.pillars):
        raise UsageError(f"--weights: {len(given)} given for {len(selection.pillars)} pillars. {_shown(selection)}")
    return [_with(p, w) for p, w in zip(selection.pillars, given, strict=True)]


def _weight(selection: Selection, text: str) -> float:
    try:
        value = number(text, "--weights")
    except UsageError as error:
        raise UsageError(f"{error}. {_shown(selection)}") from None
    if value < 0:
        raise UsageError(f"--weights: {text} is negative. {_shown(selection)}")
    return value + 0.0


def _with(pillar: Pillar, weight: float) -> Pillar:
    return replace(pillar, weight=weight)


def _shown(selection: Selection) -> str:
    return f"Pillars found, in order: {', '.join(selection.names)}"
