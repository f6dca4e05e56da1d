"""Warnings of a command that are no finding of one file.

`blending`, `weights` and `training` return them; `cli.show` prints them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Warned:
    """A warning; its code is public."""

    code: str
    message: str

    def to_json(self) -> dict[str, str]:
        """Return the public form."""
        return {"code": self.code, "message": self.message}
