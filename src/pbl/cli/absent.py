"""Hide libraries as if they weren't installed: most commands don't need them, and Pandera loads them if it can.

`__main__` hides them before a command runs; a command that needs one shows it again.
"""

from __future__ import annotations

import sys

_hidden: set[str] = set()


def hide(*names: str) -> None:
    """Hide libraries as if they weren't installed."""
    _hidden.update(names)
    if not any(isinstance(finder, _Absent) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Absent())


def show(*names: str) -> None:
    """Let libraries be found again."""
    _hidden.difference_update(names)


class _Absent:
    """A finder that refuses hidden libraries, and leaves the rest to others."""

    def find_spec(self, name: str, *_: object) -> None:
        """Raise ModuleNotFoundError for a hidden library."""
        if name in _hidden:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
