"""The packed notebook predicts images that nobody saw before, in a room like Kaggle's, and blends them."""

import json
import shutil

import numpy as np
import pytest
from support.kaggle_room import Room, find_obstacle
from support.making import command, write
from support.networks import make_network, pictures
from support.packing import COMPETITION, DATASET

pytestmark = pytest.mark.skipif(bool(find_obstacle()), reason=f"no room like Kaggle's: {find_obstacle()}")
MODEL = "ann/siglip/transformers/tiny/1"
SHOWN = [f"ID{n}__{t}" for n in range(3) for t in "ab"]
HIDDEN = [f"ID{n}__{t}" for n in range(50, 56) for t in "ba"]


def run(*words):
    done = command(*map(str, words))
    assert done.code == 0, done.talk + done.out
    return done


@pytest.fixture(scope="module")
def packed(networks, tmp_path_factory):
    """Pack a pillar that was fitted on pictures, for hidden ones."""
    folder = tmp_path_factory.mktemp("packed")
    chance = np.random.default_rng(1)
    pictures(folder / "train", 20)
    write(folder / "train.csv", {f"ID{n}__{t}": float(chance.normal()) for n in range(20) for t in "ab"})
    run("embed", folder / "train", "--model", networks / "siglip", "-o", folder / "f.parquet")
    run("fit", folder / "f.parquet", "--truth", folder / "train.csv", "--pillar", "tiny", "--learners", "ridge",
        "-o", folder / "pillars")  # fmt: skip
    (folder / "pillars/pbl.toml").write_text('[pillars.tiny]\nfitted = "tiny.npz"\nimages = "test"\nweight = 1.0\n')
    write(folder / "pillars/sample_submission.csv", dict.fromkeys(SHOWN, 0.0))
    run("pack", folder / "pillars", "--dataset", DATASET, "--competition", COMPETITION, "-o", folder / "pack",
        "--model-source", f"https://www.kaggle.com/models/{MODEL}", "--gpu")  # fmt: skip
    return folder


@pytest.fixture
def room(tmp_path, packed, networks):
    """Give a room with the dataset, the model, and a hidden test set."""
    room = Room(tmp_path)
    shutil.copytree(
        packed / "pack/dataset", room.input / "my-pillars", ignore=shutil.ignore_patterns("*-metadata.json")
    )
    pictures(room.input / COMPETITION / "test", 6, seed=7, start=50)
    write(room.input / COMPETITION / "sample_submission.csv", dict.fromkeys(HIDDEN, 0.0))
    shutil.copytree(networks / "siglip", room.input / "siglip/transformers/tiny/1")
    make_network(room.input / "another", "siglip", seed=5)
    return room


def notebook(packed):
    [path] = (packed / "pack/notebook").glob("*.ipynb")
    return path


def test_the_model_and_the_gpu_are_asked_for(packed):
    table = json.loads((packed / "pack/notebook/kernel-metadata.json").read_text())
    assert (table["model_sources"], table["enable_gpu"]) == ([MODEL], "true")
    assert "fitted_tiny.npz" in (packed / "pack/dataset/SHA256SUMS").read_text()


def test_the_hidden_test_is_predicted_and_blended(room, packed, networks, here):
    shutil.copytree(networks / "siglip", room.input / "twice")
    ran = room.run(notebook(packed))
    assert ran.error is None, ran.error
    hidden = room.input / COMPETITION
    run("predict", packed / "pillars/tiny.npz", hidden / "test", "--model", networks / "siglip",
        "--template", hidden / "sample_submission.csv", "-o", here / "tiny.csv")  # fmt: skip
    run("blend", f"tiny={here / 'tiny.csv'}", "--template", hidden / "sample_submission.csv", "-o", here / "out.csv")
    assert room.submission.read_bytes() == (here / "out.csv").read_bytes()


def test_without_the_model_the_run_stops_and_lists_what_is_there(room, packed):
    shutil.rmtree(room.input / "siglip")
    ran = room.run(notebook(packed))
    assert "holds the model that tiny was fitted with" in ran.error
    assert str(room.input / "another").removeprefix(str(room.folder)) in ran.error
    assert not room.submission.exists()


def test_one_image_that_can_t_be_read_stops_the_run(room, packed):
    (room.input / COMPETITION / "test/torn.png").write_bytes(b"\x89PNG")
    ran = room.run(notebook(packed))
    assert "PBL811" in ran.error
    assert "torn.png" in ran.error
    assert not room.submission.exists()
