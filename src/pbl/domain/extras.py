"""Refuse an optional part of pbl whose libraries aren't installed, with the command that installs them.

Every command and function that needs an extra calls it, before anything is read.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from pbl.domain.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

DISTRIBUTION = "pillar-blend"
_SCIKIT_LEARN = {"scikit-learn": ("sklearn", "scipy", "numpy", "threadpoolctl")}
_EMBED = {"torch": ("torch",), "transformers": ("transformers",), "pillow": ("PIL",), "numpy": ("numpy",)}
EXTRAS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "report": {"altair": ("altair", "jinja2"), "vl-convert-python": ("vl_convert",)},
    "embed": _EMBED,
    "train": _SCIKIT_LEARN,
    "tune": _SCIKIT_LEARN,
}
"""The libraries of each extra, with the modules to look for."""


def require_extra(extra: str, what: str) -> None:
    """Raise UsageError if a library of the extra is not there; `what` needs it."""
    for library, modules in EXTRAS[extra].items():
        if not all(map(_is_there, modules)):
            raise UsageError(f"{what} needs {library}: pip install '{DISTRIBUTION}[{extra}]'")


def require_numpy(what: str) -> None:
    """Raise UsageError if numpy is not there, which the extra `train` brings among others."""
    if not _is_there("numpy"):
        raise UsageError(f"{what} needs numpy: pip install '{DISTRIBUTION}[train]'")


def require_pandas(what: str) -> None:
    """Raise UsageError if pandas is not there, which no extra brings; `what` needs it."""
    if not _is_there("pandas"):
        raise UsageError(f"{what} needs pandas: pip install pandas")


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False
