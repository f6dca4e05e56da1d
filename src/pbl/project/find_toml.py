"""Find the `pbl.toml` of a working folder, and read it.

Commands that need only its settings start here; `pillar_files` finds the pillars.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pbl.domain.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

TOML = "pbl.toml"


def find_settings(folder: Path) -> Settings:
    """Read the `pbl.toml` of a working folder, else of a parent up to the repository's root; else the defaults."""
    for place in list_parents(folder):
        if os.path.lexists(place / TOML):
            return read_toml(place / TOML)
    return Settings()


def read_toml(path: Path) -> Settings:
    """Read a `pbl.toml`; raise ContractError that names the key at fault."""
    from pbl.project.pbl_toml import read_settings  # noqa: PLC0415 - where there is none, nothing is loaded

    return read_settings(path)


def list_parents(folder: Path) -> Iterable[Path]:
    """Return a folder and its parents up to the root of the repository; outside a repository the folder alone."""
    above = [folder]
    absolute = folder.absolute()
    for place in (absolute, *absolute.parents):
        if place != absolute:
            above.append(place)
        if (place / ".git").exists():
            return above
    return [folder]
