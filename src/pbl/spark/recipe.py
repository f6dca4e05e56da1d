"""The recipe of a blend that Spark made, inputs and result: `_pbl.recipe.json` in the folder, written last.

`blending` makes it, `_folder` writes it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from pbl.domain.base_recipe import BaseRecipe

NAME = "_pbl.recipe.json"
"""The recipe's name; a folder without it is not a finished blend."""


@dataclass(frozen=True, kw_only=True)
class SparkFacts:
    """The facts that identify an input; `digest` is the sum of xxhash64(id, numbers) of all rows, in any order."""

    path: str
    """Without user, password or token; `DataFrame` for a frame."""
    parts: int
    rows: int
    digest: str

    def to_json(self) -> dict[str, Any]:
        """Return the facts as they are written."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class SparkIngredient(SparkFacts):
    """One pillar, with its weight as given and its share of the blend."""

    name: str
    weight: float
    share: float

    def to_json(self) -> dict[str, Any]:
        """Return the facts as they are written; the recipe has weights and shares of its own."""
        return {"name": self.name, "path": self.path, "parts": self.parts, "rows": self.rows, "digest": self.digest}


@dataclass(frozen=True, kw_only=True)
class SparkOutput(SparkFacts):
    """The blend: `clipped` counts rows that a clip changed; the statistics are over all numbers."""

    clipped: int
    min: float
    mean: float
    max: float


@dataclass(frozen=True, kw_only=True)
class SparkRecipe(BaseRecipe):
    """All facts about a blend that Spark made; except for the engine, its names are those of `pbl blend`."""

    spark_version: str
    inputs: tuple[SparkIngredient, ...]
    template: SparkFacts | None
    output: SparkOutput

    def _engine(self) -> dict[str, Any]:
        return {"engine": "spark", "spark_version": self.spark_version}
