"""The recipe of a blend that Spark made, inputs and result: `_pbl.recipe.json` in the folder, written last.

`blending` makes it, `_folder` writes it.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from pbl.domain.wording import restore_utf8

if TYPE_CHECKING:
    from pbl.domain.contract import Contract

NAME = "_pbl.recipe.json"
"""The recipe's name; a folder without it is not a finished blend."""
_VERSION = 1


@dataclass(frozen=True, kw_only=True)
class SparkFacts:
    """The facts that identify an input; `digest` is the sum of xxhash64(id, numbers) of all rows, in any order."""

    path: str
    """Without user, password or token; `DataFrame` for a frame."""
    parts: int
    rows: int
    digest: str


@dataclass(frozen=True, kw_only=True)
class SparkIngredient(SparkFacts):
    """One pillar, with its weight as given and its share of the blend."""

    name: str
    weight: float
    share: float


@dataclass(frozen=True, kw_only=True)
class SparkOutput(SparkFacts):
    """The blend: `clipped` counts rows that a clip changed; the statistics are over all numbers."""

    clipped: int
    min: float
    mean: float
    max: float


@dataclass(frozen=True, kw_only=True)
class SparkRecipe:
    """All facts about a blend that Spark made."""

    pbl_version: str
    spark_version: str
    created_at: str
    command: tuple[str, ...]
    method: str
    contract: Contract
    raw_weights: bool
    clip_min: float | None
    clip_max: float | None
    inputs: tuple[SparkIngredient, ...]
    template: SparkFacts | None
    output: SparkOutput

    def to_json(self) -> dict[str, Any]:
        """Return the recipe as it is written; except for the engine, its names are those of `pbl blend`."""
        table = {
            "schema_version": _VERSION,
            "engine": "spark",
            "spark_version": self.spark_version,
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
            "inputs": [
                {"name": i.name, "path": i.path, "parts": i.parts, "rows": i.rows, "digest": i.digest}
                for i in self.inputs
            ],
            "template": self.template and asdict(self.template),
            "output": asdict(self.output),
        }
        return restore_utf8(table)

    def to_bytes(self) -> bytes:
        """Return the file's bytes: indented JSON, one line end at the end."""
        return (json.dumps(self.to_json(), indent=2, allow_nan=False) + "\n").encode("ascii")
