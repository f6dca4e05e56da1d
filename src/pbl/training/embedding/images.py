"""The images below a folder, found by name and opened strictly: what 8-bit pixels can't hold is refused.

`embed` and `predict` find images with it; faults of all images are reported together.
"""

from __future__ import annotations

import io
import os
import struct
import warnings
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from pbl.domain.errors import InputError
from pbl.storage.files import read_bytes
from pbl.training._table import SHOWN, data_error, make_finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from PIL.Image import Image

    from pbl.domain.findings import Finding

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"})
_WIDE = frozenset({"I", "F", "I;16", "I;16L", "I;16B", "I;16N"})
"""Pillow's modes of more than 8 bits a pixel and channel."""
_BITS_PER_SAMPLE = 258
"""The TIFF tag."""
_EIGHT = 8
_PNG_DEPTH_AT = 24
"""Where a PNG's first chunk says its bit depth; Pillow halves one of 16 without a word if it has colours."""


class ImageError(Exception):
    """The bytes are no image that can be taken as it is; the message says why."""


@dataclass(frozen=True, kw_only=True)
class ImageFile:
    """An image by its sample, its name without the suffix."""

    sample: str
    path: Path


def list_images(folder: Path) -> tuple[ImageFile, ...]:
    """Return the images below a folder, sorted by sample.

    Raises InputError where there is none, and FindingsError for two of one name (PBL812).
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder of images")
    found = sorted(_walk(folder))
    if not found:
        raise InputError(f"{folder}: holds no image; pbl reads {', '.join(sorted(SUFFIXES))}")
    by_name: dict[str, list[Path]] = {}
    for path in found:
        by_name.setdefault(path.stem, []).append(path)
    twice = [make_finding(paths[0], "PBL812", _tell_twice(name, paths)) for name, paths in by_name.items() if paths[1:]]
    if twice:
        raise data_error([paths[0] for paths in by_name.values() if paths[1:]], twice)
    return tuple(ImageFile(sample=name, path=paths[0]) for name, paths in sorted(by_name.items()))


def open_image(data: bytes) -> Image:
    """Return the picture in RGB, turned upright; raise ImageError if it can't be taken as it is."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with warnings.catch_warnings(action="ignore"), Image.open(io.BytesIO(data)) as image:
            _require_one_of_eight_bits(image, data)
            image.load()
            upright = ImageOps.exif_transpose(image)
            return upright.convert("RGB")
    except ImageError:
        raise
    except UnidentifiedImageError as error:
        raise ImageError("is no image of a kind that can be read") from error
    except Exception as error:  # whatever a decoder raises: it depends on the format, and on the damage
        raise ImageError(
            f"can't be read as an image: {(str(error) or type(error).__name__).splitlines()[0]}"
        ) from error


def read_images(images: Sequence[ImageFile], known: frozenset[str]) -> dict[str, str]:
    """Return each sample's SHA-256, having opened every image whose hash isn't `known`.

    Raises FindingsError that names all images that can't be taken (PBL811).
    """
    hashes, findings = {}, []
    for image in images:
        try:
            data = _read(image.path)
            hashes[image.sample] = digest = sha256(data).hexdigest()
            if digest not in known:
                open_image(data)
        except ImageError as error:
            findings.append(make_finding(image.path, "PBL811", str(error)))
    if findings:
        raise data_error([image.path for image in images if _among(image, findings)], findings)
    return hashes


def read_image(image: ImageFile, digest: str) -> Image:
    """Return an image that was read before; raise ImageError if its bytes are others now."""
    data = _read(image.path)
    if sha256(data).hexdigest() != digest:
        raise ImageError("changed while it was being read")
    return open_image(data)


def _among(image: ImageFile, findings: Sequence[Finding]) -> bool:
    return any(each.file == str(image.path) for each in findings)


def _walk(folder: Path) -> Iterator[Path]:
    for at, folders, names in os.walk(folder, onerror=_refuse):
        folders.sort()
        yield from (path for name in names if (path := Path(at, name)).suffix.lower() in SUFFIXES)


def _refuse(error: OSError) -> None:
    raise InputError(f"{error.filename}: cannot be listed: {error.strerror}") from error


def _read(path: Path) -> bytes:
    try:
        return read_bytes(path)
    except InputError as error:
        raise ImageError(str(getattr(error, "reason", error))) from error


def _tell_twice(name: str, paths: Sequence[Path]) -> str:
    named = ", ".join(str(path) for path in paths[:SHOWN])
    return f"{len(paths)} images go by the name {name}: {named}"


def _require_one_of_eight_bits(image: Image, data: bytes) -> None:
    if getattr(image, "n_frames", 1) > 1:
        raise ImageError(f"holds {image.n_frames} pictures, and which one is meant can't be told")
    if image.mode in _WIDE or _bits(image, data) > _EIGHT:
        raise ImageError("has more than 8 bits a pixel and channel; say how to scale them: save it in 8 bits")


def _bits(image: Image, data: bytes) -> int:
    """Return how many bits a channel of a pixel has."""
    if image.format == "PNG":
        return int(struct.unpack_from("B", data, _PNG_DEPTH_AT)[0])
    if image.format == "TIFF":
        bits = image.tag_v2.get(_BITS_PER_SAMPLE, (_EIGHT,))
        return max(bits) if isinstance(bits, tuple) else int(bits)
    return _EIGHT
