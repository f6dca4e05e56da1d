"""The settings of `pbl.toml`, as values.

`project.pbl_toml` makes them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from pbl.domain.contract import Contract

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pbl.domain.constraints import Constraint
    from pbl.domain.method import Method

SEPARATOR = "__"
"""The default separator between the sample and the target name in an id."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A pillar as `pbl.toml` names it."""

    name: str
    files: tuple[Path, ...]
    """The pillar's file, or its several files."""
    shares: tuple[float, ...] = ()
    """Each file's share; none if they are equal."""
    several: bool = False
    """Whether the files are given as a list, even of one file."""
    weight: float | None = None
    fitted: Path | None = None
    """A fitted pillar, with which a packed notebook predicts; then there may be no file yet."""
    images: str | None = None
    """The folder of images to predict, within the competition's folder."""
    oof: tuple[Path, ...] = ()
    """The out-of-fold file, or one for each file."""


@dataclass(frozen=True, kw_only=True)
class MetricSettings:
    """The project's metric; `greater_is_better` is None if its name says so."""

    name: str | None = None
    greater_is_better: bool | None = None
    weights: Mapping[str, float] | None = None
    """The weight of a row by its target name."""
    average: Literal["rows", "targets"] | None = None
    truth: Path | None = None
    groups: tuple[str, ...] = ()
    label: str | None = None
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All settings of `pbl.toml`; `path` is None if there is no file. Paths are already joined to its folder."""

    path: Path | None = None
    contract: Contract = field(default_factory=Contract)
    template: Path | None = None
    pillars: tuple[Entry, ...] = ()
    clip_min: float | None = None
    clip_max: float | None = None
    output: Path | None = None
    method: Method | None = None
    negative: bool = False
    """Whether weights below 0 are allowed."""
    id_separator: str = SEPARATOR
    metric: MetricSettings = MetricSettings()
    constraints: tuple[Constraint, ...] = ()
    """The constraints, each total before those that it is a part of."""
    per_target: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """The weights by pillar of target names that have their own."""

    @property
    def files(self) -> tuple[Path, ...]:
        """Return every file that is named."""
        own = (self.template, self.output, self.metric.truth, *(entry.fitted for entry in self.pillars))
        of_pillars = [path for entry in self.pillars for path in (*entry.files, *entry.oof)]
        return (*of_pillars, *(path for path in own if path is not None))
