"""Pictures' vectors: the mean over each picture's views. Only a few batches of views are held at a time.

The last bits of a vector depend on its place in a batch, so a view's place follows from its image: whatever else is
embedded, before or after a run was cut short, its bytes are the same.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

from pbl.domain.errors import InputError
from pbl.training.embedding.views import views

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray
    from PIL.Image import Image

    from pbl.training.embedding.model_folder import ModelFolder
    from pbl.training.embedding.network import Network
    from pbl.training.embedding.views import Settings

    Floats = NDArray[np.float32]

_DEEP = 4
"""So many batches of views wait for their places: fewer leave more places empty, more take more memory."""


@dataclass(frozen=True, kw_only=True)
class _View:
    name: str
    number: int
    pixels: Floats
    last: bool


def average(
    pictures: Iterable[tuple[str, Image]], network: Network, model: ModelFolder, settings: Settings
) -> Iterator[tuple[str, Floats]]:
    """Yield each picture's name and vector, averaged in double precision once all its views are there."""
    places: list[deque[_View]] = [deque() for _ in range(network.batch)]
    coming = _each_view(pictures, model, settings)
    parts: dict[str, dict[int, Floats]] = {}
    totals: dict[str, int] = {}
    while True:
        for view in islice(coming, _DEEP * network.batch - sum(map(len, places))):
            places[(crc32(view.name.encode()) + view.number) % network.batch].append(view)
        taken = {at: waiting.popleft() for at, waiting in enumerate(places) if waiting}
        if not taken:
            return
        vectors = network.embed({at: view.pixels for at, view in taken.items()})
        for at, view in taken.items():
            parts.setdefault(view.name, {})[view.number] = vectors[at]
            if view.last:
                totals[view.name] = view.number + 1
            if len(parts[view.name]) == totals.get(view.name):
                yield view.name, _mean(parts.pop(view.name), model)


def _mean(parts: dict[int, Floats], model: ModelFolder) -> Floats:
    mean: Floats = np.stack([parts[number] for number in sorted(parts)]).astype(np.float64).mean(axis=0)
    mean = mean.astype(np.float32)
    if not np.isfinite(mean).all():
        raise InputError(f"{model.path}: gives vectors that aren't finite")
    return mean


def _each_view(pictures: Iterable[tuple[str, Image]], model: ModelFolder, settings: Settings) -> Iterator[_View]:
    for name, picture in pictures:
        number, waiting = 0, None
        for view in views(picture, settings):
            if waiting is not None:
                yield _View(name=name, number=number, pixels=waiting, last=False)
                number += 1
            waiting = model.pixels.apply(view)
        if waiting is not None:
            yield _View(name=name, number=number, pixels=waiting, last=True)
