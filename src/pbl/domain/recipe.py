"""The recipe of a blend: what went in and what came out, frozen, and the same after writing and reading it as JSON.

`blending` makes recipes, `project.recipe_files` reads them, `ledger` logs what they say.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pbl.domain.base_recipe import RECIPE_VERSION, BaseRecipe
from pbl.domain.card import make_card
from pbl.domain.constraints import Constraint, sort_constraints
from pbl.domain.contract import Contract
from pbl.domain.errors import InputError
from pbl.domain.method import method_of_recipe
from pbl.domain.weights import divide
from pbl.domain.wording import plural

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class FileFacts:
    """The facts that identify a file: sha256 in hex, size in bytes, data rows."""

    path: str | None
    """Relative to the recipe's folder; None for a frame, whose hash is that of its rows as CSV."""
    sha256: str
    bytes: int
    rows: int
    parts: tuple[FileFacts, ...] = ()
    """The Parquet files of a folder, with their names as `path`; the folder's hash is that of the list of hashes."""

    def to_json(self) -> dict[str, Any]:
        """Return the facts as they are written."""
        facts = {"path": self.path, "sha256": self.sha256, "bytes": self.bytes, "rows": self.rows}
        return facts | ({"parts": [part.to_json() for part in self.parts]} if self.parts else {})


@dataclass(frozen=True, kw_only=True)
class MemberFacts(FileFacts):
    """One of several files of a pillar, with its share of the pillar."""

    share: float

    def to_json(self) -> dict[str, Any]:
        """Return the facts as they are written."""
        return super().to_json() | {"share": self.share}


@dataclass(frozen=True, kw_only=True)
class Ingredient(FileFacts):
    """One pillar's file, with its weight as given and its share of the blend."""

    name: str
    weight: float
    share: float
    members: tuple[MemberFacts, ...] = ()
    """The files of a pillar that has several; then there is no path, and the hash is that of the list of hashes."""

    @property
    def files(self) -> dict[str, FileFacts]:
        """Return the pillar's files by name: the pillar's, with a number where there are several."""
        return {f"{self.name}/{n}": each for n, each in enumerate(self.members, 1)} or {self.name: self}

    def to_json(self) -> dict[str, Any]:
        """Return the facts as they are written."""
        members = {"members": [each.to_json() for each in self.members]} if self.members else {}
        return {"name": self.name} | super().to_json() | members


@dataclass(frozen=True, kw_only=True)
class Output(FileFacts):
    """The submission: `clipped` counts rows that a clip changed; the statistics are over all cells."""

    clipped: int
    min: float
    mean: float
    max: float
    content_sha256: str | None = None
    """The hash of the ids and numbers, in order, for Parquet, whose bytes depend on the version of its writer."""

    def to_json(self) -> dict[str, Any]:
        """Return the facts as they are written."""
        content = {} if self.content_sha256 is None else {"content_sha256": self.content_sha256}
        summary = {"clipped": self.clipped, "min": self.min, "mean": self.mean, "max": self.max}
        return super().to_json() | content | summary


@dataclass(frozen=True, kw_only=True)
class Recipe(BaseRecipe):
    """All that is needed to make the same submission again, and to identify it."""

    inputs: tuple[Ingredient, ...]
    template: FileFacts | None
    output: Output
    per_target: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """The weights by pillar of target names that were blended with their own."""
    constraints: tuple[Constraint, ...] = ()
    """The sums to which each sample was held, if it was."""
    id_separator: str | None = None
    """What parts a sample from the target's name in an id; None where the blend doesn't depend on it."""

    def _only_if_used(self) -> dict[str, Any]:
        """Return the keys that a recipe has only if the blend uses them."""
        found: dict[str, Any] = {}
        if self.per_target:
            found["per_target"] = {name: dict(weights) for name, weights in self.per_target.items()}
        if self.constraints:
            found["reconcile"] = [each.to_json() for each in self.constraints]
        if self.id_separator is not None:
            found["id_separator"] = self.id_separator
        return found

    def _repr_html_(self) -> str:
        """Return a card for a notebook: what was blended, and the result."""
        out = self.output
        numbers: list[tuple[str, str | float | None]] = [(f"share of {each.name}", each.share) for each in self.inputs]
        ends: list[tuple[str, str | float | None]] = [("least", out.min), ("mean", out.mean), ("largest", out.max)]
        said = f"{out.path}: {plural(out.rows, 'row')}, {out.clipped:,} clipped, by {self.method}"
        return make_card("Blend", said, [*ends, ("sha256", out.sha256), *numbers])


def recipe_path(output: Path) -> Path:
    """Return the path of a submission's recipe: `x.csv` and `x` -> `x.recipe.json`, `x.p` -> `x.p.recipe.json`."""
    stem = output.name.removesuffix(".csv")
    return output.with_name(f"{stem}.recipe.json")


def parse_recipe(data: bytes, where: Path) -> Recipe:
    """Read a recipe; raise InputError that says which part of it is not as pbl writes it."""
    try:
        table = json.loads(data, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where}: not a recipe: {error}") from error
    version = table.get("schema_version") if isinstance(table, dict) else None
    if version != RECIPE_VERSION or isinstance(version, bool):
        raise InputError(
            f"{where}: not a recipe that this pbl reads: schema_version is {version!r}, expected {RECIPE_VERSION}"
        )
    try:
        return _require_consistent(_recipe(table))
    except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"{where}: not a recipe as pbl writes it: {type(error).__name__}: {error}") from error


def _require_consistent(recipe: Recipe) -> Recipe:
    """Return the recipe; raise ValueError if pbl blends with no such weights, or the shares aren't what they make."""
    names = [each.name for each in recipe.inputs]
    if not names or len(set(names)) < len(names):
        raise ValueError("no inputs, or two of one name")
    weights = [each.weight for each in recipe.inputs]
    if [each.share for each in recipe.inputs] != list(weights if recipe.raw_weights else divide(weights)):
        raise ValueError("the shares are not the weights divided by their sum")
    if not any(weights):
        raise ValueError("the weights are all zero")
    for target, own in recipe.per_target.items():
        if set(own) != set(names):
            raise ValueError(f"the weights of {target!r} are of other pillars")
        if not recipe.raw_weights:
            divide(list(own.values()))
    return recipe


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not a number")


def _recipe(table: Mapping[str, Any]) -> Recipe:
    contract = table["contract"]
    return Recipe(
        pbl_version=_text(table["pbl_version"]),
        created_at=_text(table["created_at"]),
        command=tuple(_text(x) for x in table["command"]),
        method=method_of_recipe(_text(table["method"])).written,
        contract=Contract(
            id=_text(contract["id"]),
            targets=tuple(_text(x) for x in contract["targets"]),
            id_pattern=None if contract["id_pattern"] is None else _text(contract["id_pattern"]),
            min=_optional_number(contract["min"]),
            max=_optional_number(contract["max"]),
        ),
        raw_weights=_flag(table["raw_weights"]),
        clip_min=_optional_number(table["clip_min"]),
        clip_max=_optional_number(table["clip_max"]),
        inputs=tuple(
            Ingredient(
                **_facts(entry, in_memory=True),
                name=_text(entry["name"]),
                weight=_number(table["weights"][entry["name"]]),
                share=_number(table["shares"][entry["name"]]),
                members=tuple(
                    MemberFacts(**_facts(each), share=_number(each["share"])) for each in entry.get("members", [])
                ),
            )
            for entry in table["inputs"]
        ),
        template=None if table["template"] is None else FileFacts(**_facts(table["template"])),
        output=Output(
            **_facts(table["output"]),
            clipped=_whole(table["output"]["clipped"]),
            min=_number(table["output"]["min"]),
            mean=_number(table["output"]["mean"]),
            max=_number(table["output"]["max"]),
            content_sha256=None
            if table["output"].get("content_sha256") is None
            else _text(table["output"]["content_sha256"]),
        ),
        per_target={
            _text(name): {_text(pillar): _number(weight) for pillar, weight in weights.items()}
            for name, weights in table.get("per_target", {}).items()
        },
        constraints=sort_constraints([_constraint(each) for each in table.get("reconcile", [])]),
        id_separator=None if table.get("id_separator") is None else _text(table["id_separator"]),
    )


def _constraint(entry: Mapping[str, Any]) -> Constraint:
    return Constraint(
        total=_text(entry["total"]),
        parts=tuple(_text(part) for part in entry["parts"]),
        tolerance=_number(entry["tolerance"]),
    )


def _facts(entry: Mapping[str, Any], *, in_memory: bool = False) -> dict[str, Any]:
    return {
        "path": None if in_memory and entry["path"] is None else _text(entry["path"]),
        "sha256": _text(entry["sha256"]),
        "bytes": _whole(entry["bytes"]),
        "rows": _whole(entry["rows"]),
        "parts": tuple(FileFacts(**_facts(part)) for part in entry.get("parts", [])),
    }


def _text(value: object) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise TypeError(f"expected text, got {value!r}")
    return value


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise TypeError(f"expected a count, got {value!r}")
    return value


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"expected true or false, got {value!r}")
    return value


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise TypeError(f"expected a finite number, got {value!r}")
    return float(value)


def _optional_number(value: object) -> float | None:
    return None if value is None else _number(value)
