"""From a picture to a network's input, by Pillow and numpy: as `preprocessor_config.json` says.

Not by the installed image processor: the pixels would depend on transformers' version, and on torchvision being there.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from pbl.domain.errors import InputError
from pbl.storage.files import read_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray
    from PIL.Image import Image

    Floats = NDArray[np.float32]

CONFIG = "preprocessor_config.json"
_CHANNELS = 3
_SAMPLINGS = 6
_KNOWN = {
    *("do_resize", "size", "resample", "do_center_crop", "crop_size"),
    *("do_rescale", "rescale_factor", "do_normalize", "image_mean", "image_std"),
}
_HARMLESS = {
    *("image_processor_type", "feature_extractor_type", "processor_class", "_processor_class", "auto_map"),
    *("do_convert_rgb", "default_to_square", "num_channels", "image_seq_length"),
    *("data_format", "input_data_format", "return_tensors", "device", "disable_grouping"),
    *("_name_or_path", "transformers_version"),
}
"""Keys that change no pixel here: a picture is RGB already, and its channels come first."""
_SQUARE = ("ViT", "DeiT", "Siglip", "DINOv3")
_SHORTEST = ("CLIP", "Bit", "ChineseCLIP")


@dataclass(frozen=True, kw_only=True)
class Size:
    """What a picture is resized to: height and width, or its shortest edge."""

    height: int | None = None
    width: int | None = None
    shortest_edge: int | None = None


@dataclass(frozen=True, kw_only=True)
class Pixels:
    """How a picture becomes an array of channels x height x width; None leaves a step out."""

    size: Size | None
    resample: int
    crop: tuple[int, int] | None
    """Height and width of what is kept of the middle."""
    factor: float | None
    mean: tuple[float, ...] | None
    std: tuple[float, ...] | None

    def apply(self, picture: Image) -> Floats:
        """Return channels x height x width of a picture in RGB."""
        if self.size is not None:
            picture = picture.resize(_target(self.size, picture.size), resample=self.resample)
        values = np.asarray(picture)
        if self.crop is not None:
            values = _crop(values, *self.crop)
        pixels: Floats = np.asarray(values, np.float32)
        if self.factor is not None:
            pixels = (values * np.float64(self.factor)).astype(np.float32)
        if self.mean is not None and self.std is not None:
            pixels = np.asarray((pixels - np.array(self.mean, np.float32)) / np.array(self.std, np.float32), np.float32)
        return np.ascontiguousarray(pixels.transpose(2, 0, 1))


def read_pixels(folder: Path) -> Pixels:
    """Read a model folder's preprocessing; raise InputError for keys that aren't known and could change pixels."""
    path = folder / CONFIG
    try:
        table = json.loads(read_bytes(path))
    except ValueError as error:
        raise InputError(f"{path}: not JSON: {error}") from error
    if not isinstance(table, dict):
        raise InputError(f"{path}: not a JSON object")
    unknown = [key for key, value in table.items() if key not in _KNOWN | _HARMLESS and value not in (None, False)]
    if unknown:
        raise InputError(f"{path}: pbl doesn't know {', '.join(unknown)}, which may change the pixels")
    try:
        return _pixels(table)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path}: can't be followed: {error}") from error


def _pixels(table: Mapping[str, Any]) -> Pixels:
    kind = str(table.get("image_processor_type") or table.get("feature_extractor_type") or "")
    resizes = _flag(table, "do_resize", default=True)
    crops = _flag(table, "do_center_crop", default=table.get("crop_size") is not None)
    normalizes = _flag(table, "do_normalize", default=True)
    if not resizes and not crops:
        raise ValueError("without do_resize and do_center_crop, pictures keep their sizes, which no batch can have")
    resample = table.get("resample", 0 if not resizes else None)
    if isinstance(resample, bool) or not isinstance(resample, int) or not 0 <= resample < _SAMPLINGS:
        raise ValueError(f"resample must be a number from 0 to {_SAMPLINGS - 1}, not {resample!r}")
    crop = _size(table["crop_size"], square=True) if crops else None
    if crop and (crop.height is None or crop.width is None):
        raise ValueError("crop_size must have height and width")
    size = _size(table["size"], square=_is_square(table, kind)) if resizes else None
    if size and size.shortest_edge and not crop:
        raise ValueError(
            "a shortest edge without do_center_crop leaves pictures of other sizes, which no batch can have"
        )
    factor = table.get("rescale_factor")
    return Pixels(
        size=size,
        resample=resample,
        crop=(crop.height, crop.width) if crop and crop.height and crop.width else None,
        factor=(1 / 255 if factor is None else _number(factor)) if _flag(table, "do_rescale", default=True) else None,
        mean=_channels(table, "image_mean") if normalizes else None,
        std=_channels(table, "image_std") if normalizes else None,
    )


def _is_square(table: Mapping[str, Any], kind: str) -> bool | None:
    """Say whether a size of one number is both edges, or the shortest one; None if nobody says."""
    if isinstance(table.get("default_to_square"), bool):
        return bool(table["default_to_square"])
    if kind.startswith(_SHORTEST):
        return False
    return True if kind.startswith(_SQUARE) else None


def _size(value: object, *, square: bool | None) -> Size:
    if isinstance(value, int) and not isinstance(value, bool):
        if square is None:
            raise ValueError(f"size {value} may be both edges or the shortest one; write height and width")
        value = {"height": value, "width": value} if square else {"shortest_edge": value}
    if not isinstance(value, dict):
        raise TypeError(f"a size must be a number or a table, not {value!r}")
    found = {key: edge for key, edge in value.items() if edge is not None}
    if found.keys() not in ({"height", "width"}, {"shortest_edge"}):
        raise ValueError(f"a size must have height and width, or a shortest edge, not {', '.join(found) or 'nothing'}")
    if not all(isinstance(edge, int) and not isinstance(edge, bool) and edge > 0 for edge in found.values()):
        raise ValueError(f"a size must be of whole numbers above 0, not {value!r}")
    return Size(**found)


def _flag(table: Mapping[str, Any], key: str, *, default: bool) -> bool:
    value = table.get(key)
    if value is not None and not isinstance(value, bool):
        raise TypeError(f"{key} must be true or false, not {value!r}")
    return default if value is None else value


def _channels(table: Mapping[str, Any], key: str) -> tuple[float, ...]:
    values = table[key]
    if not isinstance(values, list) or len(values) != _CHANNELS:
        raise TypeError(f"{key} must be a list of three numbers, not {values!r}")
    found = tuple(_number(value) for value in values)
    if key == "image_std" and not all(value > 0 for value in found):
        raise ValueError(f"{key} must be above 0, not {values!r}")
    return found


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise TypeError(f"expected a finite number, got {value!r}")
    return float(value)


def _target(size: Size, of: tuple[int, int]) -> tuple[int, int]:
    """Return the width and height that a picture of such a width and height is resized to."""
    if size.shortest_edge is None:
        return size.width or 1, size.height or 1
    width, height = of
    edge, shorter, longer = size.shortest_edge, min(of), max(of)
    long = int(edge * longer / shorter)
    return (edge, long) if width <= height else (long, edge)


def _crop(values: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    """Return the middle of a picture (height x width x channels); what lies outside of it is black."""
    tall, wide = max(height, values.shape[0]), max(width, values.shape[1])
    if (tall, wide) != values.shape[:2]:
        whole = np.zeros((tall, wide, values.shape[2]), values.dtype)
        top, left = -((values.shape[0] - tall) // 2), -((values.shape[1] - wide) // 2)
        whole[top : top + values.shape[0], left : left + values.shape[1]] = values
        values = whole
    top, left = (tall - height) // 2, (wide - width) // 2
    return values[top : top + height, left : left + width]
