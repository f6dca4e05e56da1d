"""Validate the prediction files of several models, blend them into one submission, and keep the record."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pbl.api import blend, log_run, validate
    from pbl.errors import FindingsError, PblError

__version__ = "0.1.0"
__all__ = ["FindingsError", "PblError", "__version__", "blend", "log_run", "validate"]


class _Package(ModuleType):
    """This package: `pbl.validate` is the function, also where the module of that name was loaded first."""

    def __setattr__(self, name: str, value: object) -> None:
        """Have what is offered stay: loading a module sets it as an attribute of its package."""
        if name not in __all__ or not isinstance(value, ModuleType):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever was asked for
    """Load what is asked for when it is asked for."""
    if name not in __all__:
        raise AttributeError(f"module 'pbl' has no attribute {name!r}")
    from pbl import api, errors

    return getattr(errors if name.endswith("Error") else api, name)
