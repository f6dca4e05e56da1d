"""Weights that are either shared by all targets, by pillar, or each target name's own, by target name and pillar.

Made by `tune`, read by the terminal and by the writer of `pbl.toml`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Weights = Mapping[str, float] | Mapping[str, Mapping[str, float]]


def by_pillar(weights: Weights | None) -> dict[str, float]:
    """Return the weights that all targets share; an empty mapping if each has its own."""
    return {name: own for name, own in (weights or {}).items() if not isinstance(own, Mapping)}


def by_target(weights: Weights | None) -> dict[str, Mapping[str, float]]:
    """Return each target name's own weights; an empty mapping if all share them."""
    return {name: own for name, own in (weights or {}).items() if isinstance(own, Mapping)}


def weights_json(weights: Weights) -> dict[str, Any]:
    """Return the public form, nested in the same way."""
    return {name: dict(own) if isinstance(own, Mapping) else own for name, own in weights.items()}
