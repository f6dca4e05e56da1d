"""What the recipes of all engines say: who made the blend, by which method, weights and bounds, of which inputs.

`recipe` adds the facts of files, `pbl.spark.recipe` those of Spark's parts.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from pbl.domain.wording import restore_utf8

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pbl.domain.contract import Contract

RECIPE_VERSION = 1


@dataclass(frozen=True, kw_only=True)
class BaseRecipe:
    """The part of a recipe that every engine writes alike; each engine has its own facts of inputs and output."""

    pbl_version: str
    created_at: str
    command: tuple[str, ...]
    method: str = "weighted-mean"
    contract: Contract
    raw_weights: bool
    clip_min: float | None
    clip_max: float | None
    inputs: tuple[Any, ...]
    template: Any
    output: Any

    def to_json(self) -> dict[str, Any]:
        """Return the recipe as it is written."""
        table = {
            "schema_version": RECIPE_VERSION,
            **self._engine(),
            "pbl_version": self.pbl_version,
            "created_at": self.created_at,
            "command": list(self.command),
            "method": self.method,
            "contract": asdict(self.contract) | {"targets": list(self.contract.targets)},
            "weights": {i.name: i.weight for i in self.inputs},
            "shares": {i.name: i.share for i in self.inputs},
            "raw_weights": self.raw_weights,
            "clip_min": self.clip_min,
            "clip_max": self.clip_max,
            "inputs": [i.to_json() for i in self.inputs],
            "template": self.template and self.template.to_json(),
            "output": self.output.to_json(),
            **self._only_if_used(),
        }
        return restore_utf8(table)

    def to_bytes(self) -> bytes:
        """Return the file's bytes: indented JSON, one line end at the end."""
        return (json.dumps(self.to_json(), indent=2, allow_nan=False) + "\n").encode("ascii")

    def _engine(self) -> Mapping[str, Any]:
        """Return the keys that name the engine; none for pbl's own."""
        return {}

    def _only_if_used(self) -> Mapping[str, Any]:
        """Return the keys that a recipe has only if the blend uses them."""
        return {}
