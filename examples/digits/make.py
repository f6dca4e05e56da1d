"""Make a small data set of pictures, and a tiny network to embed them: scikit-learn's digits, and random weights.

python examples/digits/make.py FOLDER    needs pillar-blend[embed,train]
"""

import csv
import json
import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from sklearn.datasets import load_digits
from transformers import ViTConfig, ViTModel

TRAIN, TEST, SIDE = 400, 100, 32
PREPROCESSOR = {
    "image_processor_type": "ViTImageProcessor",
    "do_resize": True,
    "size": {"height": SIDE, "width": SIDE},
    "resample": 2,
    "do_rescale": True,
    "rescale_factor": 1 / 255,
    "do_normalize": True,
    "image_mean": [0.5] * 3,
    "image_std": [0.5] * 3,
}


def main(folder):
    digits = load_digits()
    chosen = np.random.default_rng(0).permutation(len(digits.images))[: TRAIN + TEST]
    columns = ["sample_id", *(f"digit_{n}" for n in range(10))]
    for name, places in (("train", chosen[:TRAIN]), ("test", chosen[TRAIN:])):
        (folder / name).mkdir(parents=True)
        for place in places:
            picture = Image.fromarray((digits.images[place] * 15.9).astype(np.uint8))
            picture.resize((64, 64), resample=Image.Resampling.BICUBIC).save(folder / name / f"d{place:04}.png")
    truth = [[f"d{p:04}", *(int(digits.target[p] == n) for n in range(10))] for p in sorted(chosen[:TRAIN])]
    template = [[f"d{p:04}", *[0.1] * 10] for p in sorted(chosen[TRAIN:])]
    for name, rows in (("train.csv", truth), ("sample_submission.csv", template)):
        with (folder / name).open("w", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([columns, *rows])
    targets = ", ".join(f'"{name}"' for name in columns[1:])
    (folder / "pbl.toml").write_text(f'[contract]\ntargets = [{targets}]\n\n[metric]\nname = "logloss"\n')
    torch.manual_seed(0)
    network = ViTModel(
        ViTConfig(
            hidden_size=96,
            intermediate_size=192,
            num_hidden_layers=2,
            num_attention_heads=4,
            image_size=SIDE,
            patch_size=8,
        )
    )
    network.eval().save_pretrained(folder / "network")
    (folder / "network/preprocessor_config.json").write_text(json.dumps(PREPROCESSOR, indent=2) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
