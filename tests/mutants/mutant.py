"""What a defect is: a text of the code, what stands in its place, and the tests that see it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]


class Mutant(NamedTuple):
    """A defect: the text that it puts in the place of another, what goes wrong then, and the tests that see it."""

    why: str
    file: str
    old: str
    new: str
    tests: str

    def fits(self) -> bool:
        """Say whether its text stands exactly once in its file."""
        return (ROOT / self.file).read_text(encoding="utf-8").count(self.old) == 1
