"""A Hugging Face folder: its configuration, and the hash that identifies it.

`network` loads it; nothing in it is run, and nothing is fetched.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pbl.domain.errors import InputError
from pbl.storage.files import hash_file, read_bytes
from pbl.training.embedding.pixels import CONFIG as PREPROCESSOR
from pbl.training.embedding.pixels import read_pixels

if TYPE_CHECKING:
    from pathlib import Path

    from pbl.training.embedding.pixels import Pixels

CONFIG = "config.json"
_WEIGHTS = "*.safetensors"
_VARYING = frozenset({"siglip2", "siglip2_vision_model", "qwen2_vl", "pixtral"})
"""Models whose patches vary in shape with the picture."""


@dataclass(frozen=True, kw_only=True)
class ModelFolder:
    """A model by its folder; `sha256` is of its configuration, preprocessing and weights."""

    path: Path
    model_type: str
    pixels: Pixels
    sha256: str


def read_model_folder(folder: Path) -> ModelFolder:
    """Read what a folder says of its model; raise InputError where it is none that pbl can take."""
    if not folder.is_dir():
        raise InputError(
            f"{folder}: no such folder; --model takes a folder that holds a model, and nothing is downloaded"
        )
    kind = _model_type(folder / CONFIG)
    if kind in _VARYING:
        raise InputError(f"{folder}: a {kind} takes patches of varying shape; pbl embeds with fixed ones only")
    pixels = read_pixels(folder)
    weights = sorted(folder.glob(_WEIGHTS))
    if not weights:
        raise InputError(f"{folder}: has no weights that pbl loads, {_WEIGHTS}; save the model with save_pretrained")
    lines = [f"{path.name} {hash_file(path)}\n" for path in (folder / CONFIG, folder / PREPROCESSOR, *weights)]
    digest = hashlib.sha256("".join(lines).encode()).hexdigest()
    return ModelFolder(path=folder, model_type=kind, pixels=pixels, sha256=digest)


def _model_type(path: Path) -> str:
    try:
        kind = json.loads(read_bytes(path))["model_type"]
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: is no model's configuration: it has no model_type") from error
    if not isinstance(kind, str):
        raise InputError(f"{path}: is no model's configuration: model_type is {kind!r}")
    return kind
