"""The pixels are those of transformers' own image processors, and what they can't be made of is refused."""

import json

import numpy as np
import pytest
from PIL import Image
from support.networks import KINDS, PROCESSORS

from pbl.domain.errors import InputError
from pbl.training.embedding.pixels import CONFIG, read_pixels


def config(folder, table):
    (folder / CONFIG).write_text(json.dumps(table))
    return folder


def picture(width, height):
    values = np.random.default_rng(width * height).integers(0, 256, (height, width, 3)).astype(np.uint8)
    return Image.fromarray(values)


@pytest.mark.parametrize("size", [(32, 32), (100, 61), (61, 100), (41, 40), (20, 90)])
@pytest.mark.parametrize("kind", KINDS)
def test_the_pixels_are_those_of_the_image_processor(kind, size, tmp_path):
    transformers = pytest.importorskip("transformers")
    name = PROCESSORS[kind]["image_processor_type"]
    slow = getattr(transformers, f"{name}Pil", None) or getattr(transformers, name)
    table = {key: value for key, value in PROCESSORS[kind].items() if key != "image_processor_type"}
    expected = slow(**table)(picture(*size), return_tensors="np")["pixel_values"][0]
    found = read_pixels(config(tmp_path, PROCESSORS[kind])).apply(picture(*size))
    assert found.dtype == np.float32
    assert np.abs(found - expected).max() < 1e-5


def test_a_crop_that_is_larger_than_the_picture_is_black_around(tmp_path):
    table = {"do_resize": False, "crop_size": 8, "do_rescale": False, "do_normalize": False}
    found = read_pixels(config(tmp_path, table)).apply(Image.new("RGB", (4, 6), (7, 8, 9)))
    assert found.shape == (3, 8, 8)
    assert [int(channel.sum()) for channel in found] == [24 * value for value in (7, 8, 9)]
    assert (found[0, 1:7, 2:6] == 7).all()


BAD = {
    "a key that changes pixels": ({"crop_pct": 0.9}, "crop_pct"),
    "padding": ({"do_pad": True}, "do_pad"),
    "varying patches": ({"max_num_patches": 256, "patch_size": 16}, "max_num_patches"),
    "a longest edge": ({"size": {"longest_edge": 64}}, "a size must have"),
    "a shortest edge alone": ({"size": {"shortest_edge": 64}}, "which no batch can have"),
    "one number": ({"size": 64, "image_processor_type": "Whatever"}, "may be both edges or the shortest"),
    "no resample": ({"resample": None}, "resample must be"),
    "a std of 0": ({"image_std": [0, 1, 1]}, "image_std must be above 0"),
    "two means": ({"image_mean": [0, 1]}, "a list of three numbers"),
    "no size": ({"do_resize": False}, "which no batch can have"),
}


@pytest.mark.parametrize("bad", BAD)
def test_what_can_t_be_followed_is_refused(bad, tmp_path):
    change, told = BAD[bad]
    with pytest.raises(InputError, match=told):
        read_pixels(config(tmp_path, PROCESSORS["siglip"] | change))


def test_keys_that_are_off_or_change_nothing_are_fine(tmp_path):
    more = {"do_pad": False, "pad_size": None, "do_convert_rgb": True, "device": None, "data_format": "channels_first"}
    assert read_pixels(config(tmp_path, PROCESSORS["vit"] | more)) == read_pixels(config(tmp_path, PROCESSORS["vit"]))


@pytest.mark.parametrize(("kind", "square"), [("ViTFeatureExtractor", True), ("CLIPFeatureExtractor", False)])
def test_a_size_of_one_number_is_what_it_is_for_its_kind(kind, square, tmp_path):
    table = PROCESSORS["siglip"] | {"size": 40, "feature_extractor_type": kind, "crop_size": 32, "do_center_crop": True}
    del table["image_processor_type"]
    size = read_pixels(config(tmp_path, table)).size
    assert (size.height, size.width, size.shortest_edge) == ((40, 40, None) if square else (None, None, 40))
