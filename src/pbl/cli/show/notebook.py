"""The outcome of `pbl notebook`: which file was written.

Called by `commands.notebook`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pbl.cli.show import stderr, stdout
from pbl.domain.report import SCHEMA_VERSION
from pbl.domain.wording import safe

if TYPE_CHECKING:
    from pbl.kaggle.notebook import Written


def tell_notebook(made: Written) -> None:
    """Say where the notebook is."""
    stderr.write(f"{'already' if made.already else 'written'}  {safe(str(made.path))}")


def write_notebook(made: Written) -> None:
    """Write where the notebook is as JSON."""
    about = {"path": str(made.path), "bytes": made.bytes, "sha256": made.sha256, "already": made.already}
    stdout.write_json({"schema_version": SCHEMA_VERSION, "command": "notebook", "ok": True, "notebook": about})
