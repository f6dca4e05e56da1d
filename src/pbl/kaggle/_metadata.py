"""Know a pack: what it is called, its metadata files, and whether one that is there stands as pbl wrote it."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from shlex import quote
from typing import TYPE_CHECKING, Any

from pbl.domain.errors import OutputError
from pbl.kaggle.names import Ref, title_of
from pbl.kaggle.notebook import unedited
from pbl.storage.files import hash_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

SUMS, DATASET_META, NOTEBOOK_META = "SHA256SUMS", "dataset-metadata.json", "kernel-metadata.json"
_OFF = {"is_private": "true", "enable_gpu": "false", "enable_tpu": "false", "enable_internet": "false"}


@dataclass(frozen=True, kw_only=True)
class Label:
    """What Kaggle is to call things; each is already as Kaggle wants it (see `kaggle_rules`)."""

    dataset: Ref
    title: str
    subtitle: str | None
    licence: str
    kernel: Ref
    competition: str


@dataclass(frozen=True, kw_only=True)
class PackedFile:
    """A file that was packed: its size in bytes and its hash."""

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Warned:
    """Something to know before the upload; `code` is a finding's, or None."""

    code: str | None
    message: str


@dataclass(frozen=True, kw_only=True)
class Packed:
    """A pack that was written; `rows` is what each pillar has."""

    label: Label
    path: Path
    dataset: tuple[PackedFile, ...]
    notebook: tuple[PackedFile, ...]
    pillars: Mapping[str, float]
    rows: int
    placeholder: bool
    warnings: tuple[Warned, ...]

    @property
    def next(self) -> tuple[str, ...]:
        """Return the commands to type next, for a first upload, for a later one, and for the notebook."""
        dataset, kernel = quote(str(self.path / "dataset")), quote(str(self.path / "notebook"))
        notes = quote(", ".join(f"{name} {weight:.6g}" for name, weight in self.pillars.items()))
        return (
            f"kaggle datasets create -p {dataset}",
            f"kaggle datasets version -p {dataset} -m {notes}",
            f"kaggle kernels push -p {kernel}",
        )

    def to_json(self) -> dict[str, Any]:
        """Return the outcome in the public form."""
        label = self.label
        parts = {
            "dataset": (str(label.dataset), label.title, self.dataset),
            "notebook": (str(label.kernel), title_of(label.kernel.slug), self.notebook),
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
            "warnings": [{"code": w.code, "message": w.message} for w in self.warnings],
            "next": list(self.next),
        }


def dataset_metadata(label: Label) -> bytes:
    """Return the bytes of dataset-metadata.json."""
    told = {"title": label.title, "id": str(label.dataset), "licenses": [{"name": label.licence}]}
    return _json(told if label.subtitle is None else told | {"subtitle": label.subtitle})


def notebook_metadata(label: Label) -> bytes:
    """Return the bytes of kernel-metadata.json: flags are text, as Kaggle's client has them."""
    return _json(
        {
            "id": str(label.kernel),
            "title": title_of(label.kernel.slug),
            "code_file": f"{label.kernel.slug}.ipynb",
            "language": "python",
            "kernel_type": "notebook",
            **_OFF,
            "dataset_sources": [str(label.dataset)],
            "competition_sources": [label.competition],
            "kernel_sources": [],
            "model_sources": [],
        }
    )


def spare(output: Path, read: Iterable[Path], here: Path) -> None:
    """Raise OutputError if replacing the folder would take away what is read, or where the user works."""
    place = output.resolve()
    for path in read:
        if place in path.resolve().parents:
            raise OutputError(f"{output}: an input lies in it ({path}); name another folder with -o")
    if place in (here.resolve(), *here.resolve().parents):
        raise OutputError(f"{output}: is the working folder or one above it; name another folder with -o")


def allow_replacing(output: Path) -> None:
    """Raise OutputError if something is there that `pack` didn't write, or that was changed since."""
    if not os.path.lexists(output):
        return
    if not output.is_dir():
        raise OutputError(f"{output}: is there already and is no folder; name another with -o")
    strange = sorted(_strange(output))
    if strange:
        shown = ", ".join(strange[:3]) + (", ..." if strange[3:] else "")
        raise OutputError(
            f"{output}: is there already, and pbl pack did not write it so (not its own, or edited since: {shown}); "
            "use --force to replace it, or name another folder with -o"
        )


def _strange(output: Path) -> Iterator[str]:
    """Name what in a folder is not as `pack` wrote it."""
    sums = output / "dataset" / SUMS
    try:
        lines = sums.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        lines = []
        if any(output.iterdir()):
            yield f"dataset/{SUMS}"
    hashes = {line.partition("  ")[2]: line.partition("  ")[0] for line in lines}
    yield from (f"dataset/{each}" for each in hashes if not (output / "dataset" / each).is_file())
    for path in sorted(output.rglob("*")):
        inner = path.relative_to(output).as_posix()
        part, _, file = inner.partition("/")
        if path.is_dir() and not path.is_symlink():
            ours = inner in {"dataset", "notebook"}
        elif not path.is_file() or path.is_symlink():
            ours = False
        elif part == "dataset":
            ours = inner == f"dataset/{SUMS}" or hashes.get(file) == hash_file(path) or _is_ours(path)
        else:
            ours = part == "notebook" and _is_ours(path)
        if not ours:
            yield inner


def _is_ours(path: Path) -> bool:
    """Say whether metadata or a notebook stands as `pack` writes it."""
    data = path.read_bytes()
    if path.suffix == ".ipynb":
        return unedited(data)
    try:
        table = json.loads(data)
        if path.name == NOTEBOOK_META:
            (source,), (competition,) = table["dataset_sources"], table["competition_sources"]
            dataset, kernel = (Ref(owner=o, slug=s) for o, _, s in (t.partition("/") for t in (source, table["id"])))
            label = Label(dataset=dataset, title="", subtitle=None, licence="", kernel=kernel, competition=competition)
            return data == notebook_metadata(label)
        return path.name == DATASET_META and data == _json({k: table[k] for k in ("title", "id", "licenses")} | table)
    except (ValueError, KeyError, TypeError, AttributeError):
        return False


def _json(table: Mapping[str, Any]) -> bytes:
    return (json.dumps(table, indent=2) + "\n").encode("ascii")
