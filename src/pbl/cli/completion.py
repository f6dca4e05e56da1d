"""The words that a shell completes a parameter to: a choice, a method, a logged run.

`parameters` calls it, in a process that the shell starts for completion.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pbl.domain.method import Method

if TYPE_CHECKING:
    from collections.abc import Iterable

_RUN_ID = {"ID", "A", "B"}
"""Metavars of parameters that name a run."""
_METHOD = "METHOD"


@dataclass(frozen=True, kw_only=True)
class Offer:
    """One word that a shell may complete to, in the form of Click's own."""

    value: str
    type: str = "plain"
    help: str | None = None


def complete(param: Any, ctx: Any, incomplete: str) -> list[Offer]:  # noqa: ANN401 - Click's Parameter and Context
    """Return the words that fit the typed text: choices, or logged runs; the shell itself completes files."""
    metavar = str(param.metavar or "")
    if metavar == _METHOD:
        words: Iterable[str] = list(Method)
    else:
        words = metavar.split("|") if "|" in metavar else _run_ids(ctx) if metavar in _RUN_ID else ()
    return [Offer(value=word) for word in words if word.startswith(incomplete)]


def _run_ids(ctx: Any) -> Iterable[str]:  # noqa: ANN401 - as above
    """Return the ids of the logged runs, the newest first."""
    from pathlib import Path

    from pbl.cli.options import temporary_folder
    from pbl.domain.errors import PblError
    from pbl.ledger.history import read_history

    logs = ctx.params.get("logs") or (ctx.parent and ctx.parent.params.get("logs")) or "run_logs"
    try:
        history = read_history(Path(logs), spill=temporary_folder())
    except (PblError, OSError):
        return ()
    return dict.fromkeys(
        run.base.row.run_id for run in sorted(history.runs, key=lambda run: run.base.when, reverse=True)
    )
