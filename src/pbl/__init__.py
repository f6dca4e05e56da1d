"""Validate the prediction files of several models, blend them into one submission, and keep the record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pbl.api import blend, validate
    from pbl.errors import FindingsError, PblError

__version__ = "0.1.0"
__all__ = ["FindingsError", "PblError", "__version__", "blend", "validate"]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever was asked for
    """Load what is asked for when it is asked for."""
    if name not in __all__:
        raise AttributeError(f"module 'pbl' has no attribute {name!r}")
    from pbl import api, errors

    # All at once: the modules of the same names became attributes of the package when they were loaded.
    offered = {each: getattr(errors if each.endswith("Error") else api, each) for each in __all__ if each[0] != "_"}
    globals().update(offered)
    return offered[name]
