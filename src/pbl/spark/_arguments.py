"""Turn the arguments of `blend` and `validate` into values; pbl.toml is read as on one machine.

The first step of both.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pbl.api.arguments import as_path
from pbl.domain.contract import Contract
from pbl.domain.errors import ContractError, UsageError
from pbl.domain.pillars import Pillar, Selection
from pbl.domain.settings import Settings
from pbl.project.pbl_toml import contract_fault, read_settings

if TYPE_CHECKING:
    from pbl.api.arguments import AnyPath


def as_selection(pillars: Any, contract: Any, toml: AnyPath | None) -> Selection:
    """Return the pillars, in the order given, with the contract that is given or that `pbl.toml` has.

    Raises UsageError for names that are not valid, and ContractError for a contract that isn't.
    """
    if not hasattr(pillars, "items") or not pillars:
        raise UsageError("pillars: name one or more, {'name': path or DataFrame}")
    for name in pillars:
        if not isinstance(name, str) or not name or any(c in name for c in "\r\n\0"):
            raise UsageError(f"pillars: {name!r} is no name; a name is text without line ends")
    if contract is not None and toml is not None:
        raise UsageError("contract and toml: give one of them")
    if contract is not None and not isinstance(contract, Contract):
        raise UsageError(f"contract is {type(contract).__name__}, not a pbl.Contract")
    settings = Settings(contract=contract or Contract())
    if toml is not None:
        path = as_path(toml, "toml")
        settings = read_settings(path / "pbl.toml" if path.is_dir() else path)
    if fault := contract_fault(settings.contract):
        raise ContractError(f"contract.{fault}")
    weights = {entry.name: entry.weight for entry in settings.pillars}
    chosen = tuple(Pillar(name=name, path=Path(name), weight=weights.get(name)) for name in pillars)
    return Selection(pillars=chosen, settings=settings)


def template_of(template: Any, settings: Settings) -> Any:
    """Return the template that is given, else the one that pbl.toml names."""
    return template if template is not None or settings.template is None else settings.template


def as_most(max_examples: Any) -> int:
    """Return how many places a finding keeps; raise UsageError unless it is a whole number."""
    if isinstance(max_examples, bool) or not isinstance(max_examples, int) or max_examples < 0:
        raise UsageError(f"max_examples: {max_examples!r} is not a whole number of 0 or more")
    return max_examples
