"""The outcome of `pack`: what it wrote, as a value.

`pack` returns it, and the command prints it.
"""

from __future__ import annotations

from dataclasses import dataclass
from shlex import quote
from typing import TYPE_CHECKING, Any

from pbl.kaggle.names import make_title

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pbl.kaggle.names import Label


@dataclass(frozen=True, kw_only=True)
class PackedFile:
    """A file of the pack: its size in bytes and its hash."""

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Warned:
    """A warning before the upload; `code` is public, a finding's or its own, or None."""

    code: str | None
    message: str


@dataclass(frozen=True, kw_only=True)
class Packed:
    """A pack that was written; `rows` is the number that each pillar has."""

    label: Label
    path: Path
    dataset: tuple[PackedFile, ...]
    notebook: tuple[PackedFile, ...]
    pillars: Mapping[str, float]
    rows: int
    placeholder: bool
    flags: tuple[str, ...]
    """The flags of the notebook's `pbl blend`."""
    warnings: tuple[Warned, ...]

    @property
    def next(self) -> tuple[str, ...]:
        """Return the commands to type next: for a first upload, for a later one, and for the notebook."""
        dataset, kernel = quote(str(self.path / "dataset")), quote(str(self.path / "notebook"))
        notes = quote(", ".join(f"{name} {weight:.6g}" for name, weight in self.pillars.items()))
        return (
            f"kaggle datasets create -p {dataset}",
            f"kaggle datasets version -p {dataset} -m {notes}",
            f"kaggle kernels push -p {kernel}",
        )

    @property
    def wait_until_ready(self) -> str:
        """Return the command that must say `ready` before the push: Kaggle mounts the version that it has then."""
        return f"kaggle datasets status {self.label.dataset}"

    def to_json(self) -> dict[str, Any]:
        """Return the outcome in the public form."""
        label = self.label
        parts = {
            "dataset": (str(label.dataset), label.title, self.dataset),
            "notebook": (str(label.kernel), make_title(label.kernel.slug), self.notebook),
        }
        return {
            part: {
                "id": known,
                "title": title,
                "path": str(self.path / part),
                "files": [{"name": f.name, "bytes": f.bytes, "sha256": f.sha256} for f in files],
            }
            for part, (known, title, files) in parts.items()
        } | {
            "pillars": dict(self.pillars),
            "rows": self.rows,
            "placeholder": self.placeholder,
            "flags": list(self.flags),
            "warnings": [{"code": w.code, "message": w.message} for w in self.warnings],
            "next": list(self.next),
            "wait_until_ready": self.wait_until_ready,
        }
