"""A frozen network that turns pixels into vectors: any vision model that transformers loads from a folder.

The only door to torch and transformers. Every batch has the same shape, empty places filled up, so that a picture's
vector doesn't depend on its neighbours; by its last bits it does depend on its place, which `averaging` chooses.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from pbl.domain.errors import InputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from pbl.training.embedding.model_folder import ModelFolder

    Floats = NDArray[np.float32]

Device = Literal["auto", "cpu", "cuda", "mps"]
Dtype = Literal["float32", "float16", "bfloat16"]
_POOLER = "pooler."
_SHOWN = 3


def choose_device(wanted: Device) -> str:
    """Return the device that is meant; raise UsageError for one that isn't here."""
    import torch

    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if wanted == "auto":
        return next(name for name in ("cuda", "mps", "cpu") if there[name])
    if not there[wanted]:
        raise UsageError(f"--device {wanted}: this machine has none; it has {', '.join(n for n in there if there[n])}")
    return wanted


class Network:
    """A network on its device, which takes `batch` pictures at a time."""

    def __init__(self, folder: ModelFolder, *, device: str, dtype: Dtype, batch: int) -> None:
        """Load the network; raise InputError if its weights don't load."""
        import torch

        self.device = device
        self.batch = batch
        self._torch = torch
        self._dtype = getattr(torch, dtype)
        self._model, self._pools = _load(folder, self._dtype)
        self._model.to(device)

    def embed(self, pixels: Mapping[int, Floats]) -> Floats:
        """Return batch x width of the pixels of pictures by their places, 0 to batch - 1; an empty one means nothing.

        Raises InputError for vectors that aren't finite.
        """
        shape = next(iter(pixels.values())).shape
        block = np.zeros((self.batch, *shape), np.float32)
        for place, values in pixels.items():
            block[place] = values
        with self._torch.inference_mode():
            found = self._vectors(self._torch.from_numpy(block).to(self.device, self._dtype))
        vectors: Floats = found.float().cpu().numpy()
        if vectors.ndim != 2 or not np.isfinite(vectors[list(pixels)]).all():  # noqa: PLR2004 - pictures and width
            raise InputError("the model gives vectors that aren't finite, or none; try --dtype float32")
        return vectors

    def _vectors(self, values: Any) -> Any:  # noqa: ANN401 - torch's tensors
        """Return the picture's vector as the model has it: its image features, what it pools, or its mean state."""
        features = getattr(self._model, "get_image_features", None)
        if features is not None:
            found = features(pixel_values=values)
            return found if isinstance(found, self._torch.Tensor) else found.pooler_output
        found = self._model(pixel_values=values)
        pooled = getattr(found, "pooler_output", None)
        if self._pools and pooled is not None:
            return pooled.flatten(1)
        return found.last_hidden_state.mean(dim=1)


def _load(folder: ModelFolder, dtype: Any) -> tuple[Any, bool]:  # noqa: ANN401 - torch's types
    """Return the model, and whether its weights have all that it pools by; nothing is ever made up for a weight."""
    from transformers import AutoModel
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        with warnings.catch_warnings(action="ignore"):
            model, about = AutoModel.from_pretrained(
                str(folder.path),
                local_files_only=True,
                trust_remote_code=False,
                use_safetensors=True,
                dtype=dtype,
                output_loading_info=True,
            )
    except Exception as error:  # whatever the library raises: it depends on what is wrong with the folder
        raise InputError(f"{folder.path}: does not load: {_first_line(error)}") from error
    if not hasattr(model, "get_image_features") and getattr(model, "main_input_name", "") != "pixel_values":
        raise InputError(f"{folder.path}: a {folder.model_type} takes no pictures")
    lacking = {str(key) for key in about["missing_keys"]} | {str(key) for key in about.get("mismatched_keys", ())}
    needed = sorted(key for key in lacking if not key.startswith(_POOLER))
    if needed:
        raise InputError(
            f"{folder.path}: its weights lack {len(needed)} of the model's: {', '.join(needed[:_SHOWN])}; "
            "nothing is made up for them"
        )
    model.eval()
    return model, not lacking


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
