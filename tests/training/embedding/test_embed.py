"""Vectors are the network's own, embedded once, kept through whatever ends a run, and predicted from alike."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import polars as pl
import pytest
import torch
import transformers
from PIL import Image
from safetensors.torch import load_file, save_file
from support.making import command, write
from support.networks import KINDS, PROCESSORS, make_network, pictures

from pbl.training.embedding import embed as deed
from pbl.training.embedding.images import list_images, open_image
from pbl.training.embedding.network import Network
from pbl.training.embedding.pixels import Pixels

pytestmark = pytest.mark.usefixtures("here")


def embed(images, network, *words, to="f.parquet"):
    done = command("embed", str(images), "--model", str(network), "-o", to, "--format", "json", *words)
    assert done.code == 0, done.talk
    return json.loads(done.out)


def vectors(path="f.parquet"):
    frame = pl.read_parquet(path)
    assert len(frame)
    return dict(zip(frame["sample"], frame["embedding"].to_numpy().astype(np.float64), strict=True))


class Died(BaseException):
    """What nobody catches."""


def own(network, kind, image):
    """Return the vector that transformers alone gives."""
    name = PROCESSORS[kind]["image_processor_type"]
    processor = getattr(transformers, f"{name}Pil", None) or getattr(transformers, name)
    table = {key: value for key, value in PROCESSORS[kind].items() if key != "image_processor_type"}
    pixels = torch.tensor(np.stack(processor(**table)(image, return_tensors="np")["pixel_values"]))
    model = transformers.AutoModel.from_pretrained(str(network)).eval()
    with torch.no_grad():
        if hasattr(model, "get_image_features"):
            found = model.get_image_features(pixel_values=pixels)
            found = found if isinstance(found, torch.Tensor) else found.pooler_output
        else:
            found = model(pixel_values=pixels).pooler_output
    return found[0].double().numpy()


@pytest.mark.parametrize("kind", KINDS)
def test_a_vector_is_the_network_s_own(kind, networks, images):
    told = embed(images, networks / kind)
    found = vectors()
    assert (told["images"], told["embedded"], told["reused"], told["device"]) == (6, 6, 0, "cpu")
    assert list(found) == sorted(found)
    for image in list_images(images):
        expected = own(networks / kind, kind, open_image(image.path.read_bytes()))
        assert np.linalg.norm(found[image.sample] - expected) <= 1e-4 * np.linalg.norm(expected)
        assert told["width"] == len(expected)


def test_a_picture_s_vector_is_the_mean_over_its_tiles_and_flips(networks, here):
    (here / "one").mkdir()
    values = np.random.default_rng(0).integers(0, 256, (50, 90, 3)).astype(np.uint8)
    picture = Image.fromarray(values)
    picture.save("one/big.png")
    embed("one", networks / "dinov2", "--tile", "40", "--overlap", "8", "--flips", "hv")
    boxes = [(x, y) for y in (0, 10) for x in (0, 32, 50)]
    tiles = [picture.crop((x, y, x + 40, y + 40)) for x, y in boxes]
    seen = [view for t in tiles for view in (t, t.transpose(0), t.transpose(1), t.transpose(3))]
    expected = np.mean([own(networks / "dinov2", "dinov2", view) for view in seen], axis=0)
    assert vectors()["big"] == pytest.approx(expected, abs=1e-5)


def test_a_picture_no_larger_than_a_tile_is_taken_whole(networks, images):
    embed(images, networks / "vit", to="whole.parquet")
    embed(images, networks / "vit", "--tile", "500", to="tiles.parquet")
    whole, tiles = vectors("whole.parquet"), vectors("tiles.parquet")
    assert all(np.array_equal(whole[name], tiles[name]) for name in whole)


def test_the_same_command_gives_the_same_bytes_and_other_batches_nearly_the_same(networks, images, here):
    embed(images, networks / "siglip", to="a.parquet")
    embed(images, networks / "siglip", to="b.parquet")
    assert (here / "a.parquet").read_bytes() == (here / "b.parquet").read_bytes()
    embed(images, networks / "siglip", "--batch", "5", to="c.parquet")
    a, c = vectors("a.parquet"), vectors("c.parquet")
    assert all(np.linalg.norm(a[n] - c[n]) <= 1e-5 * np.linalg.norm(a[n]) for n in a)


def test_only_what_is_new_or_changed_is_embedded(networks, images):
    embed(images, networks / "siglip")
    pictures(images, 2, seed=9, start=6)
    assert embed(images, networks / "siglip")["embedded"] == 2
    shutil.copy(images / "ID0.png", images / "ID6.png")  # bytes that are known, under another name
    assert embed(images, networks / "siglip")["reused"] == 8
    assert np.array_equal(vectors()["ID0"], vectors()["ID6"])
    assert embed(images, networks / "siglip", "--flips", "h")["embedded"] == 8  # other settings: all of it
    assert embed(images, networks / "dinov2")["reused"] == 0


def test_what_was_done_before_the_process_died_is_not_done_again(networks, images, here, monkeypatch):
    embed(images, networks / "siglip", "--batch", "2", to="whole.parquet")
    real = deed.average

    def dies(pictures, *args):
        for number, found in enumerate(real(pictures, *args)):
            if number == 2:
                raise Died
            yield found

    monkeypatch.setattr(deed, "_KEEP_EVERY_S", 0.0)
    monkeypatch.setattr(deed, "average", dies)
    with pytest.raises(Died):
        command("embed", str(images), "--model", str(networks / "siglip"), "-o", "f.parquet", "--batch", "2")
    assert not (here / "f.parquet").exists()
    monkeypatch.undo()
    monkeypatch.chdir(here)
    (here / "f.parquet.cache" / "000002.parquet").write_bytes(b"torn")  # half of it, by somebody else's crash
    told = embed(images, networks / "siglip", "--batch", "2")
    assert (told["embedded"], told["reused"]) == (4, 2)
    assert not (here / "f.parquet.cache").exists()
    whole, resumed = vectors("whole.parquet"), vectors()
    assert all(np.array_equal(whole[name], resumed[name]) for name in whole)


@pytest.mark.parametrize("kind", KINDS)
def test_a_vector_s_bits_depend_on_its_picture_alone(kind, networks, here):
    """The place in a batch changes a vector's last bits, where it isn't the picture that has it."""
    pictures(here / "all", 23)
    embed("all", networks / kind, "--batch", "7", "--flips", "h", to="whole.parquet")
    (here / "some").mkdir()
    for path in [each for each in sorted((here / "all").rglob("ID*")) if int(each.stem[2:]) % 3]:
        shutil.copy(path, here / "some")
    embed("some", networks / kind, "--batch", "7", "--flips", "h")
    whole, some = vectors("whole.parquet"), vectors()
    assert len(some) == 15
    assert all(np.array_equal(whole[name], some[name]) for name in some)


def test_no_more_than_a_few_batches_of_views_are_held(networks, here, monkeypatch):
    (here / "big").mkdir()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (200, 200, 3)).astype(np.uint8)).save("big/one.png")
    made, passed, most = [], [], []
    real = Pixels.apply, Network.embed

    def apply(self, picture):
        made.append(1)
        most.append(len(made) - sum(passed))
        return real[0](self, picture)

    def run(self, pixels):
        passed.append(len(pixels))
        return real[1](self, pixels)

    monkeypatch.setattr(Pixels, "apply", apply)
    monkeypatch.setattr(Network, "embed", run)
    embed("big", networks / "vit", "--batch", "2", "--tile", "10")
    assert len(made) == sum(passed) == 48 * 64 + 20 * 20  # the probe, and the picture
    assert max(most) <= 2 * 4 + 1


def test_a_killed_process_leaves_nothing_half_done_and_ctrl_c_says_so(networks, here):
    pictures(here / "many", 150)
    # Signals are watched for before any library starts a thread, as where pbl runs by itself.
    program = "from pbl import __main__ as m; m._watch(); from pbl.training.embedding import embed as e; "
    program += "e._KEEP_EVERY_S = 0.0; m.main()"
    flags = ["--model", str(networks / "siglip"), "-o", "f.parquet", "--batch", "1"]
    words = [sys.executable, "-c", program, "embed", "many", *flags]
    for number in (signal.SIGKILL, signal.SIGINT):
        process = subprocess.Popen(words, stderr=subprocess.PIPE, cwd=here)
        before = set((here / "f.parquet.cache").glob("*.parquet"))
        patience = time.monotonic() + 60
        while not set((here / "f.parquet.cache").glob("*.parquet")) - before and process.poll() is None:
            assert time.monotonic() < patience
            time.sleep(0.02)
        process.send_signal(number)
        talk = process.communicate(timeout=60)[1].decode()
        assert not (here / "f.parquet").exists()
    assert process.returncode == 130
    assert "what is done is kept in f.parquet.cache; the same command goes on from there" in talk
    told = embed("many", networks / "siglip", "--batch", "1")
    assert told["reused"] >= 2
    assert told["reused"] + told["embedded"] == 150


def test_a_foreign_file_is_not_replaced(networks, images, here):
    (here / "f.parquet").write_text("mine")
    done = command("embed", str(images), "--model", str(networks / "vit"), "-o", "f.parquet")
    assert (done.code, (here / "f.parquet").read_text()) == (2, "mine")
    assert "is no file of pbl embed" in done.talk


def test_a_name_that_says_another_form_is_refused_before_anything_is_embedded(networks, images, here):
    done = command("embed", str(images), "--model", str(networks / "vit"), "-o", "f.csv")
    assert (done.code, "features are written as Parquet" in done.talk) == (2, True)
    assert not list(here.glob("f.csv*"))


def test_bad_images_are_named_together_and_nothing_is_written(networks, images, here):
    (images / "empty.png").touch()
    (images / "text.jpg").write_text("no image")
    done = command("embed", str(images), "--model", str(networks / "vit"), "-o", "f.parquet")
    assert done.code == 1
    assert done.talk.count("PBL811") + done.out.count("PBL811") == 2
    assert sorted(each.name for each in here.iterdir()) == ["images"]


def test_weights_that_are_missing_are_never_made_up(networks, images, tmp_path):
    for name, lacking in (("no_pooler", "pooler."), ("no_layer", "encoder.layer.1.")):
        shutil.copytree(networks / "vit", tmp_path / name)
        weights = load_file(tmp_path / name / "model.safetensors")
        kept = {key: value for key, value in weights.items() if lacking.replace("encoder.", "") not in key}
        assert len(kept) < len(weights)
        save_file(kept, tmp_path / name / "model.safetensors", metadata={"format": "pt"})
    embed(images, tmp_path / "no_pooler")
    model = transformers.AutoModel.from_pretrained(str(networks / "vit")).eval()
    image = list_images(images)[0]
    processor = transformers.ViTImageProcessor(**{k: v for k, v in PROCESSORS["vit"].items() if k[:5] != "image_p"})
    pixels = torch.tensor(np.stack(processor(open_image(image.path.read_bytes()), return_tensors="np")["pixel_values"]))
    with torch.no_grad():
        expected = model(pixel_values=pixels).last_hidden_state.mean(dim=1)[0].double().numpy()
    assert np.linalg.norm(vectors()[image.sample] - expected) < 1e-4 * np.linalg.norm(expected)
    done = command("embed", str(images), "--model", str(tmp_path / "no_layer"), "-o", "g.parquet")
    assert done.code == 2
    assert "its weights lack" in done.talk


def test_a_model_that_can_t_be_is_one_line(networks, images, tmp_path):
    (tmp_path / "empty").mkdir()
    shutil.copytree(networks / "vit", tmp_path / "pickled")
    (tmp_path / "pickled/model.safetensors").rename(tmp_path / "pickled/pytorch_model.bin")
    shutil.copytree(networks / "vit", tmp_path / "torn")
    data = (networks / "vit/model.safetensors").read_bytes()
    (tmp_path / "torn/model.safetensors").write_bytes(data[: len(data) // 2])
    shutil.copytree(networks / "siglip", tmp_path / "naflex")
    config = json.loads((tmp_path / "naflex/config.json").read_text()) | {"model_type": "siglip2"}
    (tmp_path / "naflex/config.json").write_text(json.dumps(config))
    cases = {"google/vit": "no such folder", "empty": "config.json", "pickled": "no weights that pbl loads",
             "torn": "does not load", "naflex": "patches of varying shape"}  # fmt: skip
    for name, told in cases.items():
        done = command("embed", str(images), "--model", name, "-o", "f.parquet")
        assert (done.code, len(done.talk.strip().splitlines())) == (2, 1), done.talk
        assert told in done.talk


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--overlap", "8"), "--overlap goes with --tile"),
        (("--tile", "8", "--overlap", "8"), "must be less than --tile"),
        (("--tile", "0"), "--tile: '0' is not a whole number of 1 or more"),
        (("--flips", "x"), "--flips: 'x' is not one of"),
        (("--device", "cuda"), "--device cuda: this machine has none"),
    ],
)
def test_flags_that_can_t_be_are_refused(words, told, networks, images):
    done = command("embed", str(images), "--model", str(networks / "vit"), "-o", "f.parquet", *words)
    assert done.code == 2
    assert told in done.talk


@pytest.fixture
def fitted(networks, images):
    """Fit a pillar on embedded pictures, and predict some of them; return the folder of the network."""
    pictures(images, 14, seed=3, start=6)
    chance = np.random.default_rng(1)
    write("train.csv", {f"ID{n}__{t}": float(chance.normal()) for n in range(20) for t in "ab"})
    write("sample.csv", {f"ID{n}__{t}": 0.0 for n in (7, 3, 12) for t in "ba"})
    embed(images, networks / "siglip", "--flips", "h", to="train.parquet")
    done = command("fit", "train.parquet", "--truth", "train.csv", "--pillar", "p", "--learners", "ridge",
                   "--test", "train.parquet", "--template", "sample.csv")  # fmt: skip
    assert done.code == 0, done.talk
    return networks / "siglip"


def predict(images, network, *words):
    return command("predict", "pillars/p.npz", str(images), "--model", str(network), "-o", "out.csv", *words)


def test_predicting_from_images_gives_the_bytes_of_fit(fitted, images, here):
    assert predict(images, fitted, "--template", "sample.csv").code == 0
    assert (here / "out.csv").read_bytes() == (here / "pillars/submission_p.csv").read_bytes()


def test_predict_refuses_another_network_another_preprocessing_and_a_missing_image(fitted, images, here):
    make_network(here / "other", "siglip", seed=1)
    shutil.copytree(fitted, here / "resized")
    config = PROCESSORS["siglip"] | {"resample": 2}
    (here / "resized/preprocessor_config.json").write_text(json.dumps(config))
    for network in ("other", "resized"):
        done = predict(images, here / network, "--template", "sample.csv")
        assert done.code == 1
        assert "PBL806" in done.talk + done.out
    (images / "ID12.png").unlink()
    done = predict(images, fitted, "--template", "sample.csv")
    assert done.code == 1
    assert "PBL805" in done.talk + done.out
    assert "lacks 1 of 3 samples" in done.talk + done.out
    assert not (here / "out.csv").exists()


def test_predict_refuses_a_network_that_gives_other_vectors_here(fitted, images, here, monkeypatch):
    monkeypatch.setattr(deed, "draw_probe", lambda: Image.new("RGB", (64, 64)))
    done = predict(images, fitted, "--template", "sample.csv")
    assert done.code == 1
    assert "PBL813" in done.talk + done.out
    assert not (here / "out.csv").exists()


def test_predict_on_images_names_what_it_lacks(fitted, images):
    done = command("predict", "pillars/p.npz", str(images), "-o", "out.csv")
    assert (done.code, "--model" in done.talk) == (2, True)
    pl.read_parquet("train.parquet").write_parquet("plain.parquet")
    command("fit", "plain.parquet", "--truth", "train.csv", "--pillar", "q", "--learners", "ridge")
    done = command("predict", "pillars/q.npz", str(images), "--model", str(fitted), "-o", "out.csv")
    assert done.code == 2
    assert "was not fitted on one file of pbl embed alone" in done.talk


def test_nothing_in_the_folder_is_run(networks, images, here):
    shutil.copytree(networks / "vit", here / "hostile")
    config = json.loads((here / "hostile/config.json").read_text())
    config |= {"auto_map": {"AutoModel": "evil.Model", "AutoConfig": "evil.Config"}}
    (here / "hostile/config.json").write_text(json.dumps(config))
    (here / "hostile/evil.py").write_text(
        f"open({os.fspath(here / 'ran')!r}, 'w')\nclass Model: pass\nclass Config: pass\n"
    )
    command("embed", str(images), "--model", "hostile", "-o", "f.parquet")
    assert not (here / "ran").exists()
