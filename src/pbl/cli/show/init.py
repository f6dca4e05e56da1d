"""The outcome of `pbl init`: which file was written.

Called by `commands.init`.
"""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

from pbl.cli.show import stderr
from pbl.domain.wording import plural, safe

if TYPE_CHECKING:
    from pathlib import Path

    from pbl.domain.pillars import Selection


def tell_init(path: Path, selection: Selection) -> None:
    """Say which file was written, with notes about it, and what to type next."""
    pillars = selection.names
    for note in selection.notes:
        stderr.write(f"note     {safe(note)}")
    if selection.set_aside:
        stderr.write(f"set aside {', '.join(map(safe, selection.set_aside))}")
    if selection.not_read:
        stderr.write(f"not read {', '.join(map(safe, selection.not_read))}")
    stderr.write(f"written  {safe(str(path))}, for {plural(len(pillars), 'pillar')}: {', '.join(map(safe, pillars))}")
    stderr.write(f"next     look it through, then: pbl validate {safe(quote(str(path.parent)))}")
