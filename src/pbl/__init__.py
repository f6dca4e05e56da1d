"""Validate the prediction files of several models, blend them into one submission, and keep the record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pbl._version import __version__

if TYPE_CHECKING:
    from pbl.api import best_run, blend, compare, log_run, report, runs, score, tune, validate
    from pbl.domain.contract import Contract
    from pbl.domain.errors import FindingsError, PblError

__all__ = [
    "Contract",
    "FindingsError",
    "PblError",
    "__version__",
    "best_run",
    "blend",
    "compare",
    "log_run",
    "report",
    "runs",
    "score",
    "tune",
    "validate",
]


def __dir__() -> list[str]:
    """List what is offered, for `dir` and for completion."""
    return sorted(__all__)


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever was asked for
    """Load what is asked for when it is asked for."""
    if name not in __all__:
        raise AttributeError(f"module 'pbl' has no attribute {name!r}")
    if name == "Contract":
        from pbl.domain import contract

        return contract.Contract
    from pbl import api
    from pbl.domain import errors

    return getattr(errors if name.endswith("Error") else api, name)
