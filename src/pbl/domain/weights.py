"""Weights of the pillars, and their shares of the blend.

`project` finds the pillars; `blending.plan` weighs them here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import StrEnum
from shlex import quote
from typing import TYPE_CHECKING

from pbl.domain.errors import UsageError
from pbl.domain.pillars import TABLE
from pbl.domain.values import number
from pbl.domain.wording import restore_utf8

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pbl.domain.pillars import Pillar, Selection


class Source(StrEnum):
    """Where weights come from."""

    GIVEN = "given"
    TOML = "pbl.toml"
    TABLE = "default table"
    EQUAL = "equal"


@dataclass(frozen=True, kw_only=True)
class Weighing:
    """The weight of each pillar of a selection, in its order: finite, with a sum above 0; negative only if allowed."""

    weights: tuple[float, ...]
    source: Source

    @property
    def shares(self) -> tuple[float, ...]:
        """Return each weight divided by the sum of all."""
        return divide(self.weights)


def weigh(
    selection: Selection, weights: Sequence[float] | Mapping[str, float] | None = None, *, negative: bool = False
) -> tuple[Selection, Weighing]:
    """Weigh the pillars: as given, else by `pbl.toml`, else by the table if they are its four, else equally.

    Given weights are in pillar order, or by name; then the selection that is returned leaves out pillars without a
    weight. Weights below 0 are allowed by `negative` or by `pbl.toml`. Raises UsageError for weights that are not
    valid.
    """
    chosen = selection
    if weights is None:
        weighing = _default(selection)
    elif hasattr(weights, "items"):
        chosen, weighing = _by_name(selection, dict(weights.items()))
    else:
        weighing = _in_order(selection, list(weights))
    if not any(weighing.weights):
        raise UsageError(f"the weights are all zero; their sum must be above 0. {_list_pillars(selection)}")
    below = next((weight for weight in weighing.weights if weight < 0), None)
    if below is not None and not (negative or selection.settings.negative):
        raise UsageError(
            f"--weights: {below:g} is negative; held out, weights below 0 lose more often than not, so they are taken "
            f"with --negative only. {_list_pillars(selection)}"
        )
    if below is not None and not math.fsum(weighing.weights) > 0:
        raise UsageError(f"the weights' sum must be above 0. {_list_pillars(selection)}")
    return chosen, weighing


def parse_weights(texts: Sequence[str], selection: Selection) -> list[float] | dict[str, float] | None:
    """Return the weights that the user typed for the pillars of a selection; None if there are no texts.

    Texts are numbers in pillar order or `name=number`, each may be a comma list. Raises UsageError for other texts.
    """
    words = [word.strip() for text in texts for word in restore_utf8(text).split(",")]
    if not words:
        return None
    if not any("=" in word for word in words):
        return [_parse(selection, word) for word in words]
    given: dict[str, float] = {}
    for word in words:
        name, text = _halves(word, selection.names)
        if name is None:
            raise UsageError(
                f"--weights: {word!r} has no name and others do; write name=number for each. {_list_pillars(selection)}"
            )
        if name in given:
            raise UsageError(f"--weights: {name!r} is given twice. {_list_pillars(selection)}")
        given[name] = _parse(selection, text)
    return given


def names_in_weights(weights: Iterable[str] | None) -> frozenset[str] | None:
    """Return the pillars that are named in typed weights; None if none is."""
    halves = [_halves(word.strip()) for text in weights or () for word in restore_utf8(text).split(",")]
    names = [name for name, _ in halves if name is not None]
    return frozenset(names) if names else None


def divide(weights: Sequence[float]) -> tuple[float, ...]:
    """Return each weight divided by the sum of all, in double precision.

    The weights are first scaled by a power of two, which changes no digit and keeps the sum finite.
    """
    scale = -math.frexp(max(map(abs, weights)))[1]
    scaled = [math.ldexp(w, scale) for w in weights]
    total = (
        sum(scaled[1:], start=scaled[0]) if min(weights) >= 0 else math.fsum(scaled)
    )  # weights that cancel may hide the others
    return tuple(w / total for w in scaled)


def _halves(word: str, known: Sequence[str] = ()) -> tuple[str | None, str]:
    """Split `name=number` and strip blanks, unless a pillar's name has them; the name is None if there is no `=`."""
    name, equals, text = word.rpartition("=")
    return (name if name in known else name.strip()) if equals else None, text.strip()


def _parse(selection: Selection, text: str) -> float:
    try:
        return number(text, "--weights")
    except UsageError as error:
        raise UsageError(f"{error}. {_list_pillars(selection)}") from None


def _default(selection: Selection) -> Weighing:
    said = {pillar.name: pillar.weight for pillar in selection.pillars if pillar.weight is not None}
    if said:
        missing = [name for name in selection.names if name not in said]
        if missing:
            raise UsageError(
                f"{selection.settings.path}: no weight for {', '.join(missing)}, and others have one; "
                f"give every pillar one, or all with --weights. {_list_pillars(selection)}"
            )
        return Weighing(weights=tuple(said.values()), source=Source.TOML)
    others = [name for name in selection.names if name not in TABLE]
    if set(TABLE) <= set(selection.names):
        if others:
            line = ",".join(f"{name}={known.weight:g}" for name, known in TABLE.items())
            zero = "".join(f",{name}=0" for name in others)
            raise UsageError(
                f"the usual four pillars and others too ({', '.join(others)}), and no weights: write "
                f"--weights {quote(line)} for the four, or --weights {quote(line + zero)} with the others' weights"
            )
        return Weighing(weights=tuple(TABLE[name].weight for name in selection.names), source=Source.TABLE)
    return Weighing(weights=(1.0,) * len(selection.pillars), source=Source.EQUAL)


def _by_name(selection: Selection, weights: Mapping[str, float]) -> tuple[Selection, Weighing]:
    unknown = next((name for name in weights if name not in selection.names), None)
    if unknown is not None:
        raise UsageError(f"--weights: there is no pillar {unknown!r}. {_list_pillars(selection)}")
    chosen: list[Pillar] = [pillar for pillar in selection.pillars if pillar.name in weights]
    given = tuple(_weight(selection, weights[pillar.name]) for pillar in chosen)
    return replace(selection, pillars=tuple(chosen)), Weighing(weights=given, source=Source.GIVEN)


def _in_order(selection: Selection, weights: Sequence[float]) -> Weighing:
    if len(weights) != len(selection.pillars):
        told = f"{len(weights)} given for {len(selection.pillars)} pillars"
        if len(weights) == 2 * len(selection.pillars) and 0 in weights[::2]:
            told += " (a comma is between two weights: write 0.5, not 0,5)"
        raise UsageError(f"--weights: {told}. {_list_pillars(selection)}")
    return Weighing(weights=tuple(_weight(selection, weight) for weight in weights), source=Source.GIVEN)


def _weight(selection: Selection, weight: float) -> float:
    if not math.isfinite(weight):
        raise UsageError(f"--weights: {weight!r} is not a finite number. {_list_pillars(selection)}")
    return weight + 0.0


def _list_pillars(selection: Selection) -> str:
    return f"Pillars found, in order: {', '.join(selection.names)}"
