"""The `pbl.toml` of a pack: the project's own contract and blend, with the file names of the pack.

`pack` writes it into the dataset and reads it back.
"""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

from pbl.domain.errors import ContractError, InputError
from pbl.domain.pillars import as_members
from pbl.project.pbl_toml import read_settings
from pbl.project.toml_text import toml_text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from pathlib import Path

    from pbl.domain.pillars import Pillar, Selection
    from pbl.domain.settings import Entry, Settings
    from pbl.domain.weights import Weighing


BLEND_FLAGS = "blend_flags.txt"
"""The file of a pack that has the flags of the notebook's `pbl blend`, a line each; it is there if there are any."""
_CARRIED = ("contract", "blend", "constraints", "per_target")


def fitted_names(pillars: Iterable[str]) -> dict[str, str]:
    """Return the names of fitted pillars' files in a pack, by pillar."""
    return {name: f"fitted_{name}.npz" for name in pillars}


def dump_settings(
    selection: Selection, weighing: Weighing, names: Sequence[str], fitted: Mapping[str, Path], packed: Collection[str]
) -> str:
    """Write the packed pbl.toml: what the project's says of a blend, without the template, and the pillars."""
    project = selection.settings.path
    try:
        table = tomllib.loads(project.read_bytes().decode()) if project else {}
    except (OSError, ValueError) as error:
        raise InputError(f"{project}: cannot be read: {error}") from error
    carried = {part: table[part] for part in _CARRIED if table.get(part)}
    carried.get("contract", {}).pop("template", None)
    files, entries = iter(names), {entry.name: entry for entry in selection.settings.pillars}
    carried_fitted = fitted_names(fitted)
    pillars = {}
    for pillar, weight in zip(selection.pillars, weighing.weights, strict=True):
        entry, found = entries.get(pillar.name), {}
        if pillar.name in packed:
            found = _dump_files(pillar, [next(files) for _ in pillar.files], entry)
        if entry and pillar.name in fitted:
            found |= {"fitted": carried_fitted[pillar.name], "images": entry.images}
        pillars[pillar.name] = found | {"weight": weight}
    return toml_text({part: inner for part, inner in carried.items() if inner} | {"pillars": pillars})


def _dump_files(pillar: Pillar, files: Sequence[str], entry: Entry | None) -> dict[str, object]:
    if not pillar.members:
        return {"file": files[0]}
    shares = entry.shares if entry else pillar.shares
    return {"files": list(files)} | ({"shares": list(shares)} if shares else {})


def verify_settings(
    path: Path, selection: Selection, weighing: Weighing, packed: Collection[str], output: Path
) -> None:
    """Raise ContractError if the packed pbl.toml doesn't read back as the same settings."""
    read = read_settings(path)
    meant = selection.settings
    weights = {entry.name: entry.weight for entry in read.pillars}
    several = {p.name: p.shares for p in selection.pillars if p.members and p.name in packed}
    same = _settings_to_keep(read) == _settings_to_keep(meant) and _member_shares(read.pillars) == several
    if not same or weights != dict(zip(selection.names, weighing.weights, strict=True)):
        raise ContractError(f"{output}: not written: pbl.toml changed meanwhile, or can't be carried over; try again")


def _member_shares(entries: Sequence[Entry]) -> dict[str, tuple[float, ...]]:
    return {e.name: tuple(m.share for m in as_members(e.files, e.shares)) for e in entries if e.several}


def _settings_to_keep(settings: Settings) -> tuple[object, ...]:
    """Return those of a project's settings that a blend of the pack must keep."""
    said = settings
    bounds, sums = (said.clip_min, said.clip_max), (said.constraints, said.per_target)
    return said.contract, said.id_separator, bounds, said.method, said.negative, sums
