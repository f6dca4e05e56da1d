"""Embed images: each picture's vector, once for all runs, and the features file that `fit` and `predict` read.

The function behind `pbl embed`, and the first step of `pbl predict` on images.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np

from pbl.domain.endings import PARQUET
from pbl.domain.progress import Progress
from pbl.project.outputs import refuse_ending
from pbl.storage.atomic_write import write_whole
from pbl.training._table import data_error, make_finding
from pbl.training.embedding.averaging import average
from pbl.training.embedding.images import ImageError, list_images, read_image, read_images
from pbl.training.embedding.model_folder import read_model_folder
from pbl.training.embedding.network import Network, choose_device
from pbl.training.embedding.store import SCHEMA_VERSION, Store, encode
from pbl.training.embedding.views import Settings, draw_probe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from PIL.Image import Image

    from pbl.training.embedding.images import ImageFile
    from pbl.training.embedding.model_folder import ModelFolder
    from pbl.training.embedding.network import Device, Dtype
    from pbl.training.embedding.views import Flips

    Floats = NDArray[np.float32]

BATCH = 16
_KEEP_EVERY_S = 3.0


@dataclass(frozen=True, kw_only=True)
class How:
    """How images are embedded; `batch` and `device` change no number beyond rounding."""

    tile: int | None = None
    overlap: int = 0
    flips: Flips = "none"
    dtype: Dtype = "float32"
    batch: int = BATCH
    device: Device = "auto"

    def settings(self, model: ModelFolder) -> Settings:
        """Return the settings with a model."""
        return Settings(
            model_sha256=model.sha256, tile=self.tile, overlap=self.overlap, flips=self.flips, dtype=self.dtype
        )


@dataclass(frozen=True, kw_only=True)
class Embedded:
    """What was embedded: `reused` images had their vectors already."""

    images: int
    embedded: int
    reused: int
    width: int
    device: str
    path: Path
    size: int
    sha256: str

    def to_json(self) -> dict[str, Any]:
        """Return the public form."""
        return {
            "images": self.images,
            "embedded": self.embedded,
            "reused": self.reused,
            "width": self.width,
            "device": self.device,
            "output": {"path": str(self.path), "bytes": self.size, "sha256": self.sha256},
        }


@dataclass(frozen=True, kw_only=True)
class Vectors:
    """The vectors of a folder's images, in the order of their samples, and what `embed` notes of them."""

    samples: tuple[str, ...]
    hashes: tuple[str, ...]
    by_hash: Mapping[str, Floats]
    note: Mapping[str, Any]
    embedded: int
    device: str

    @property
    def values(self) -> Floats:
        """Return samples x width."""
        return np.stack([self.by_hash[digest] for digest in self.hashes])


def embed(
    folder: Path,
    model: Path,
    output: Path,
    how: How,
    *,
    progress: Progress = Progress(),
    clock: Callable[[], float] = time.monotonic,
) -> Embedded:
    """Embed every image below a folder into a features file.

    Vectors of an earlier run are taken where image, model and settings are the same. Raises FindingsError for images
    that can't be taken, InputError for a model that can't, and OutputError where something else is at `output`, or its
    name says another form than Parquet.
    """
    refuse_ending(output, (PARQUET,), "features are written as Parquet")
    read = read_model_folder(model)
    store = Store(output, how.settings(read).to_json())
    found = embed_images(folder, read, how, known=store.load(output), keep=store.keep, progress=progress, clock=clock)
    data = encode(found.samples, found.hashes, found.by_hash, found.note)
    write_whole(output, data)
    store.forget()
    return Embedded(
        images=len(found.samples),
        embedded=found.embedded,
        reused=len(found.samples) - found.embedded,
        width=found.values.shape[1],
        device=found.device,
        path=output,
        size=len(data),
        sha256=sha256(data).hexdigest(),
    )


def embed_images(
    folder: Path,
    model: ModelFolder,
    how: How,
    *,
    known: Mapping[str, Floats] | None = None,
    keep: Callable[[Mapping[str, Floats]], None] = lambda _: None,
    check: Callable[[Mapping[str, Any]], None] = lambda _: None,
    progress: Progress = Progress(),
    clock: Callable[[], float] = time.monotonic,
) -> Vectors:
    """Return the vectors of every image below a folder; those in `known`, by their images' hashes, are taken.

    New ones are handed to `keep` every few seconds. `check` sees the note, with the probe, before an image is embedded.
    """
    settings, images = how.settings(model), list_images(folder)
    vectors = dict(known or {})
    progress.stage(f"looking at {len(images):,} images", lambda: 0.0)
    hashes = read_images(images, frozenset(vectors))
    device = choose_device(how.device)
    network = Network(model, device=device, dtype=how.dtype, batch=how.batch)
    note = _note(network, model, settings)
    check(note)
    new = list({hashes[image.sample]: image for image in images if hashes[image.sample] not in vectors}.values())
    done = 0
    progress.stage(f"embedding {len(new):,} images", lambda: done / max(len(new), 1))
    fresh: dict[str, Floats] = {}
    kept_at = clock()
    for digest, vector in average(_pictures(new, hashes), network, model, settings):
        fresh[digest] = vector
        done += 1
        if clock() - kept_at >= _KEEP_EVERY_S:
            keep(fresh)
            vectors |= fresh
            fresh, kept_at = {}, clock()
    vectors |= fresh
    return Vectors(
        samples=tuple(image.sample for image in images),
        hashes=tuple(hashes[image.sample] for image in images),
        by_hash=vectors,
        note=note,
        embedded=sum(1 for image in images if hashes[image.sample] not in (known or {})),
        device=device,
    )


def relative_distance(one: Sequence[float], other: Sequence[float]) -> float:
    """Return how far apart two vectors are, as a part of the first one's length."""
    a, b = np.asarray(one, np.float64), np.asarray(other, np.float64)
    if a.shape != b.shape:
        return float("inf")
    length = float(np.linalg.norm(a))
    return float(np.linalg.norm(a - b)) / length if length else float("inf")


def _note(network: Network, model: ModelFolder, settings: Settings) -> dict[str, Any]:
    [(_, probe)] = average([("probe", draw_probe())], network, model, settings)
    return {
        "schema_version": SCHEMA_VERSION,
        "kind": "features",
        "settings": dict(settings.to_json()),
        "probe": [float(number) for number in probe],
        "model_type": model.model_type,
    }


def _pictures(images: Sequence[ImageFile], hashes: Mapping[str, str]) -> Iterator[tuple[str, Image]]:
    """Yield each image's hash and picture, opened as it is asked for."""
    for image in images:
        try:
            yield hashes[image.sample], read_image(image, hashes[image.sample])
        except ImageError as error:
            raise data_error([image.path], [make_finding(image.path, "PBL811", str(error))]) from error
