"""The blend itself: its numbers, however the pillars are named and weighed."""

import json
import math
import shutil

import pytest
from support.blends import rows_of
from support.making import (
    FOUR,
    USUAL,
    agree,
    command,
    four,
    ids,
    predictions,
    read,
    reorder,
    shuffled,
    tree,
    write,
)

import pbl

pytestmark = pytest.mark.usefixtures("here")


FLAGS = [word for name in FOUR for word in (f"--{name}", f"p/submission_{name}.csv")]


class TestAllWaysOfNamingThePillars:
    """The long-standing files in a folder p, with a template; each way is to reach the bytes of the first."""

    @pytest.fixture
    def asked(self, here):
        self.made = four(here / "p", 30)
        done = command("blend", "p", "--clip-min", "20", "--output", "asked.csv")
        assert done.code == 0
        return (here / "asked.csv").read_bytes()

    def reached(self, here, *words):
        done = command("blend", *words, "--output", "out.csv")
        assert done.code == 0, done.talk
        return (here / "out.csv").read_bytes()

    def test_a_folder_is_what_the_others_are_measured_by(self, asked):
        assert agree(read(asked)[1], self.made.expected(low=20))
        assert [row[0] for row in read(asked)[1]] == self.made.order

    @pytest.mark.parametrize(
        "words",
        [
            ["p", "--weights", "0.6", "0.2", "0.1", "0.1"],
            ["p", "--weights", "0.6,0.2,0.1,0.1"],
            ["p", "--weights=0.6,0.2", "--weights=0.1,0.1"],
            ["p", "-w", "0.6", "-w", "0.2", "-w", "0.1", "-w", "0.1"],
            ["p", "-w", "dino=0.2,siglip=0.6", "-w", "dinov2=0.1", "-w", "mvp=0.1"],
            ["--weights", "6", "2", "1", "1", "p"],
            ["p/"],
            [f"p/submission_{name}.csv" for name in FOUR],
            [f"{name}=p/submission_{name}.csv" for name in FOUR],
            FLAGS,
            [*FLAGS, "--weights", "0.6", "0.2", "0.1", "0.1"],
            ["--weights", "0.6", "0.2", "0.1", "0.1", *FLAGS],
            ["p", "--threads", "1"],
            ["p", "--threads", "2"],
            ["p", "--memory-limit", "300MB", "--temp-dir", "."],
        ],
    )
    def test_arguments_reach_the_same_bytes(self, here, asked, words):
        template = [] if "p" in words or "p/" in words else ["--template", "p/sample_submission.csv"]
        assert self.reached(here, *words, *template, "--clip-min", "20") == asked

    def test_pbl_toml_reaches_the_same_bytes(self, here, asked):
        text = "[contract]\ntemplate = 'p/sample_submission.csv'\n[blend]\nclip_min = 20\noutput = 'from_toml.csv'\n"
        for name in reversed(FOUR):
            text += f"[pillars.{name}]\nfile = 'p/submission_{name}.csv'\nweight = {USUAL[name] * 5}\n"
        (here / "pbl.toml").write_text(text)
        assert self.reached(here) == asked
        assert command("blend").code == 0
        assert (here / "from_toml.csv").read_bytes() == asked
        assert self.reached(here, "--clip-min", "0") != asked

    def test_other_row_orders_reach_the_same_bytes(self, here, asked):
        for path in self.made.paths.values():
            reorder(path, 17)
        assert self.reached(here, "p", "--clip-min", "20") == asked

    def test_the_nearer_folder_reaches_the_same_bytes(self, here, asked):
        (here / "near").mkdir()
        for name in ("siglip", "mvp"):
            shutil.move(self.made.paths[name], here / "near")
            write(self.made.paths[name], predictions(ids(3), 1))
        assert self.reached(here, "p", "--clip-min", "20", "--pillars-dir", "near") == asked

    @pytest.mark.usefixtures("asked")
    def test_flags_in_another_order_reach_the_same_numbers(self, here):
        weights = ("-w", "siglip=0.6,dino=0.2,mvp=0.1,dinov2=0.1")
        data = self.reached(here, *FLAGS[4:], *FLAGS[:4], *weights, "--template", "p/sample_submission.csv")
        assert agree(read(data)[1], self.made.expected())

    def test_python_reaches_the_same_bytes(self, here, asked):
        template = self.made.template
        pbl.blend(here / "p", clip_min=20, output="out.csv")
        pbl.blend(pillars=self.made.paths, weights=USUAL, clip_min=20.0, template=str(template), output="o.csv")
        assert (here / "out.csv").read_bytes() == (here / "o.csv").read_bytes() == asked


class TestWeights:
    @pytest.mark.parametrize(
        "words",
        [
            ["0.6", "0.2", "0.1", "0.1", "0.1"],
            ["0.6", "0.2", "0.1"],
            ["nan", "0.2", "0.1", "0.1"],
            ["0.6", "inf", "0.1", "0.1"],
            ["0.6", "0.2", "0.1", "-0.1"],
            ["-0.1", "0.2", "0.1", "0.1"],
            ["0", "0", "0", "0"],
            ["siglip=0.6,dyno=0.4"],
            ["1e999", "1", "1", "1"],
            ["0.6;0.2;0.1;0.1"],
            ["abc"],
            [""],
        ],
    )
    def test_that_are_wrong_are_exit_2_with_the_pillars_found_and_nothing_written(self, here, words):
        four(here / "p", 10)
        before = tree(here)
        for arguments in (["p", "--weights", *words], [*FLAGS, "--weights", *words]):
            done = command("blend", *arguments, "--output", "s.csv")
            assert (done.code, done.out) == (2, "")
            assert "siglip, dino, mvp, dinov2" in done.talk
        assert tree(here) == before

    def test_of_flags_in_another_order_must_be_given_by_name(self, here):
        made = four(here / "p", 10)
        swapped = [*FLAGS[2:4], *FLAGS[:2], *FLAGS[4:]]
        done = command("blend", *swapped, "--weights", "0.6", "0.2", "0.1", "0.1")
        assert done.code == 2
        assert "dino=...,siglip=..." in done.talk
        assert not (here / "submission.csv").exists()
        done = command("blend", *swapped, "--weights", "dino=0.6,siglip=0.2,mvp=0.1,dinov2=0.1")
        assert done.code == 0
        assert agree(rows_of(), made.expected((0.2, 0.6, 0.1, 0.1)))

    def test_by_name_leave_the_other_pillars_unchecked_and_out_of_the_recipe(self, here):
        made = four(here / "p", 10)
        made.paths["mvp"].write_text("rubbish")
        assert command("blend", "p", "-w", "dino=3,siglip=1").code == 0
        assert agree(rows_of(), made.expected((1, 3, 0, 0)))
        recipe = json.loads((here / "submission.recipe.json").read_bytes())
        assert [i["name"] for i in recipe["inputs"]] == ["siglip", "dino"]
        assert recipe["weights"] == {"siglip": 1.0, "dino": 3.0}
        assert recipe["shares"] == {"siglip": 0.25, "dino": 0.75}

    def test_and_shares_are_always_shown(self, here):
        four(here / "p", 10)
        talk = command("blend", "p", "-w", "3", "1", "0", "0").talk.splitlines()
        shown = {line.split()[0]: line.split()[1:] for line in talk[1:5]}
        assert shown == {
            name: [weight, share, f"p/submission_{name}.csv"]
            for name, weight, share in zip(FOUR, "3100", ("0.7500", "0.2500", "0.0000", "0.0000"), strict=True)
        }


def test_many_rows_in_other_orders_threads_and_memory_are_the_same_bytes(here):
    models = [predictions((f"id{i}" for i in range(80_000)), seed) for seed in (1, 2)]
    write("t.csv", dict.fromkeys(shuffled(models[0], 3), 0))
    write("a.csv", models[0])
    write("b.csv", {k: models[1][k] for k in shuffled(models[1], 4)})
    asked = {"template": "t.csv", "weights": (0.7, 0.3), "clip_min": 5.0, "output": "s.csv"}
    pbl.blend("a.csv", "b.csv", **asked)
    data = (here / "s.csv").read_bytes()
    assert [row[0] for row in read(data)[1]] == [row[0] for row in read("t.csv")[1]]
    assert agree(read(data)[1], expected_quickly(models, (0.7, 0.3), 5.0))
    reorder(here / "a.csv", 5)
    for how in ({"threads": 1}, {"threads": 2, "memory_limit": "300MB", "temp_dir": here}):
        pbl.blend("a.csv", "b.csv", **asked, **how)
        assert (here / "s.csv").read_bytes() == data


def test_small_files_find_room_on_the_disk_where_memory_is_less(here):
    for seed, name in enumerate("ab"):
        write(f"{name}.csv", {f'"id{i:030}"': float(i) for i in shuffled(range(200_000), seed)})
    (here / "room").mkdir()
    for how in ({"temp_dir": "room"}, {}):
        pbl.blend("a.csv", "b.csv", output="s.csv", threads=1, memory_limit="55MB", **how)
    assert [row for row in read("s.csv")[1] if row[1] != float(row[0][2:])] == []
    assert not list((here / "room").iterdir())


def expected_quickly(models, weights, low):
    """Blend in double precision: for many rows, where exact fractions would take long."""
    total = math.fsum(weights)
    return {
        key: max(low, math.fsum(w / total * m[key] for w, m in zip(weights, models, strict=True))) for key in models[0]
    }
