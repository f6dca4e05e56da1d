"""The outcome of `pbl init`: which file was written."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

from pbl.cli.show import stderr
from pbl.domain.wording import plural, safe

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def tell_init(path: Path, pillars: Sequence[str]) -> None:
    """Say which file was written, and what to type next."""
    stderr.write(f"written  {safe(str(path))}, for {plural(len(pillars), 'pillar')}: {', '.join(map(safe, pillars))}")
    stderr.write(f"next     look it through, then: pbl validate {safe(quote(str(path.parent)))}")
