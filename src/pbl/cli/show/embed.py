"""Print what was embedded.

Called by `commands.embed`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pbl.cli.show import stderr, stdout
from pbl.domain.report import SCHEMA_VERSION
from pbl.domain.wording import plural, safe

if TYPE_CHECKING:
    from pbl.training.embedding.embed import Embedded


def print_embedding(found: Embedded, *, as_json: bool) -> None:
    """Print the outcome: to stdout as JSON, else to stderr."""
    if as_json:
        stdout.write_json({"schema_version": SCHEMA_VERSION, "command": "embed", "ok": True, **found.to_json()})
        return
    stderr.write(
        f"images   {plural(found.images, 'image')}: {found.embedded:,} embedded on {found.device}, "
        f"{found.reused:,} there already"
    )
    stderr.write(f"written  {safe(str(found.path))}: {found.width:,} numbers a sample, {found.size:,} bytes")
    stderr.write(f"next     pbl fit {safe(str(found.path))} --truth TRUTH.csv")
