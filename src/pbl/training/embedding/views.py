"""The views of a picture whose vectors are averaged: its tiles, and each tile flipped.

The settings that change vectors are here; vectors of other settings are never used as the same.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from pbl.domain.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from PIL.Image import Image

    from pbl.training.embedding.network import Dtype

Flips = Literal["none", "h", "v", "hv"]
_PROBE = (480, 640)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a vector depends on: the model by its hash, tiles of so many pixels and how far they overlap, flips."""

    model_sha256: str
    tile: int | None = None
    overlap: int = 0
    flips: Flips = "none"
    dtype: Dtype = "float32"

    def __post_init__(self) -> None:
        """Raise UsageError for tiles of an impossible size."""
        if self.overlap and self.tile is None:
            raise UsageError("--overlap goes with --tile")
        if self.tile is not None and self.overlap >= self.tile:
            raise UsageError(f"--overlap {self.overlap} must be less than --tile {self.tile}")

    def to_json(self) -> Mapping[str, Any]:
        """Return the settings as they are written."""
        return asdict(self)


def views(picture: Image, settings: Settings) -> Iterator[Image]:
    """Yield the tiles of a picture, row by row, each as it is and flipped.

    `h` flips left and right, `v` top and bottom; `hv` gives all four: as it is, either flip, and both.
    """
    from PIL.Image import Transpose

    for tile in _tiles(picture, settings):
        yield tile
        if "h" in settings.flips:
            yield tile.transpose(Transpose.FLIP_LEFT_RIGHT)
        if "v" in settings.flips:
            yield tile.transpose(Transpose.FLIP_TOP_BOTTOM)
        if settings.flips == "hv":
            yield tile.transpose(Transpose.ROTATE_180)


def draw_probe() -> Image:
    """Draw the test image whose vector identifies a network: slopes, stripes and noise, the same everywhere."""
    from PIL import Image

    height, width = _PROBE
    y, x = np.mgrid[0:height, 0:width].astype(np.int64)
    noise = ((x * 1103515245 + y * 12345 + x * y * 2654435761) >> 7) & 31
    red, green, blue = x * 224 // width + noise, y * 224 // height + noise, ((x // 16 + y // 24) % 2) * 192 + noise
    return Image.fromarray(np.stack([red, green, blue], axis=-1).astype(np.uint8))


def _tiles(picture: Image, settings: Settings) -> Iterator[Image]:
    side, (width, height) = settings.tile, picture.size
    if side is None or (width <= side and height <= side):
        yield picture
        return
    for top in _starts(height, side, side - settings.overlap):
        for left in _starts(width, side, side - settings.overlap):
            yield picture.crop((left, top, min(left + side, width), min(top + side, height)))


def _starts(size: int, side: int, stride: int) -> list[int]:
    """Return where tiles begin along an edge; the last one is moved inward so that it ends with the picture."""
    last = max(size - side, 0)
    starts = list(range(0, last + 1, stride))
    return starts if starts[-1] == last else [*starts, last]
