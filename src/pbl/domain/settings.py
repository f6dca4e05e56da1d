"""What `pbl.toml` says, as values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pbl.domain.contract import Contract

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A pillar as `pbl.toml` names it."""

    name: str
    file: Path
    weight: float | None = None
    oof: Path | None = None


@dataclass(frozen=True, kw_only=True)
class MetricSettings:
    """The project's metric; `greater_is_better` is None where its name tells."""

    name: str | None = None
    greater_is_better: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All that `pbl.toml` says; `path` is None where there is none. Paths are already joined to its folder."""

    path: Path | None = None
    contract: Contract = field(default_factory=Contract)
    template: Path | None = None
    pillars: tuple[Entry, ...] = ()
    clip_min: float | None = None
    clip_max: float | None = None
    output: Path | None = None
    metric: MetricSettings = MetricSettings()
