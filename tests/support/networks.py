"""Tiny random networks in Hugging Face folders, and pictures to embed, made anew each time."""

import json
from pathlib import Path

import numpy as np
import torch
import transformers as hub
from PIL import Image
from transformers.utils import logging

_VISION = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "image_size": 32,
    "patch_size": 8,
}
_TEXT = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 1,
    "num_attention_heads": 4,
    "vocab_size": 100,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "pad_token_id": 0,
}
_SQUARE = {
    "do_resize": True,
    "size": {"height": 32, "width": 32},
    "resample": 3,
    "do_rescale": True,
    "rescale_factor": 1 / 255,
    "do_normalize": True,
    "image_mean": [0.5, 0.5, 0.5],
    "image_std": [0.5, 0.5, 0.5],
}
_SHORTEST = _SQUARE | {
    "size": {"shortest_edge": 40},
    "do_center_crop": True,
    "crop_size": {"height": 32, "width": 32},
    "image_mean": [0.485, 0.456, 0.406],
    "image_std": [0.229, 0.224, 0.225],
}
PROCESSORS = {
    "siglip": _SQUARE | {"image_processor_type": "SiglipImageProcessor"},
    "clip": _SHORTEST | {"image_processor_type": "CLIPImageProcessor"},
    "dinov2": _SHORTEST | {"image_processor_type": "BitImageProcessor"},
    "vit": _SQUARE | {"image_processor_type": "ViTImageProcessor", "resample": 2},
}
KINDS = tuple(PROCESSORS)


def make_network(folder, kind="siglip", seed=0):
    """Save a network with random weights, and return its folder."""
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    torch.manual_seed(seed)
    match kind:
        case "siglip":
            model = hub.SiglipModel(hub.SiglipConfig(vision_config=_VISION, text_config=_TEXT))
        case "clip":
            model = hub.CLIPModel(hub.CLIPConfig(vision_config=_VISION, text_config=_TEXT, projection_dim=24))
        case "dinov2":
            few = {key: _VISION[key] for key in ("hidden_size", "num_hidden_layers", "num_attention_heads")}
            model = hub.Dinov2Model(hub.Dinov2Config(**few, image_size=32, patch_size=8))
        case "vit":
            model = hub.ViTModel(hub.ViTConfig(**_VISION))
    model.eval().save_pretrained(folder)
    (Path(folder) / "preprocessor_config.json").write_text(json.dumps(PROCESSORS[kind]))
    return Path(folder)


def pictures(folder, count=6, seed=0, start=0):
    """Write pictures of several sizes and kinds, some in a folder below, and return their samples."""
    chance = np.random.default_rng(seed)
    (Path(folder) / "below").mkdir(parents=True, exist_ok=True)
    names = []
    for n in range(start, start + count):
        height, width = chance.integers(40, 160, 2)
        coarse = chance.integers(0, 256, (height // 8 + 1, width // 8 + 1, 3))
        values = np.kron(coarse, np.ones((8, 8, 1)))[:height, :width].astype(np.uint8)
        ending = (".png", ".JPG", ".webp")[n % 3]
        Image.fromarray(values).save(Path(folder) / ("below" if n % 2 else "") / f"ID{n}{ending}")
        names.append(f"ID{n}")
    return names
