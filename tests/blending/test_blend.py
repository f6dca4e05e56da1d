"""The blend itself: its numbers, however the pillars are named and weighed."""

import csv
import json
import math
import shutil

import pytest
from support.blends import blended, rows_of, values
from support.making import (
    FOUR,
    USUAL,
    agree,
    command,
    expected,
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
from pbl.domain.errors import UsageError

pytestmark = pytest.mark.usefixtures("here")

FLAGS = [word for name in FOUR for word in (f"--{name}", f"p/submission_{name}.csv")]
LARGEST = 1.7976931348623157e308


class TestValues:
    @pytest.mark.parametrize("template", [True, False])
    @pytest.mark.parametrize(
        ("weights", "low"),
        [
            (None, None),
            ((0.6, 0.2, 0.1, 0.1), 0),
            ((3, 0, 1, 0.5), 40.0),
            ((1e-9, 1, 1e9, 3), None),
            ((1, 1, 1, 1), 50.5),
        ],
    )
    def test_are_the_weighted_mean_of_files_in_four_row_orders(self, here, template, weights, low):
        made = four(here / "p", 60, template=template)
        recipe = pbl.blend("p", weights=weights, clip_min=low, output="submission.csv")
        header, rows = read("submission.csv")
        assert header == ("sample_id", "target")
        assert agree(rows, made.expected(weights or tuple(USUAL.values()), low=low))
        assert [row[0] for row in rows] == (made.order if template else [r[0] for r in rows_of(made.paths["siglip"])])
        assert recipe.output.rows == 60

    def test_are_held_to_both_bounds_and_the_clipped_rows_counted(self, here):
        made = four(here / "p", 60)
        recipe = pbl.blend("p", clip_min=30.0, clip_max=50, output="submission.csv")
        blend = made.expected(low=30.0, high=50.0)
        assert agree(rows_of(), blend)
        free = made.expected()
        assert recipe.output.clipped == sum(not 30 <= v <= 50 for v in free.values()) > 0
        assert (recipe.output.min, recipe.output.max) == (30.0, 50.0)
        assert math.isclose(recipe.output.mean, math.fsum(blend.values()) / 60, rel_tol=1e-11)

    def test_are_not_clipped_unless_asked(self):
        rows = blended({"x": -5.0, "y": 7.0}, {"x": -7.0, "y": 9.0})
        assert rows == {"x": -6.0, "y": 8.0}

    def test_at_a_bound_are_not_counted_as_clipped(self):
        write("a.csv", {"x": -1.0, "y": 0.0, "z": 3.0})
        recipe = pbl.blend("a.csv", clip_min=0, clip_max=3, output="submission.csv")
        assert recipe.output.clipped == 1
        assert values() == [0.0, 0.0, 3.0]

    def test_of_raw_weights_are_the_weighted_sum(self, here):
        made = four(here / "p", 30)
        recipe = pbl.blend("p", weights=(2, 0.5, 0, 3), raw_weights=True, output="submission.csv")
        assert agree(rows_of(), made.expected((2, 0.5, 0, 3), raw=True))
        assert [i.share for i in recipe.inputs] == [2.0, 0.5, 0.0, 3.0]
        assert recipe.raw_weights

    def test_of_one_pillar_are_its_own(self):
        hard = [
            0.1,
            5e-324,
            -0.0,
            1e22,
            1e-7,
            123456789.12345678,
            2.2250738585072014e-308,
            0.30000000000000004,
            LARGEST,
        ]
        rows = blended({f"x{n}": v for n, v in enumerate(hard)})
        assert [v.hex() for v in rows.values()] == [v.hex() for v in hard]

    @pytest.mark.parametrize("scale", [1e-300, 1e-5, 3.0, 1e300, LARGEST])
    def test_do_not_change_when_all_weights_are_scaled(self, here, scale):
        made = four(here / "p", 20)
        pbl.blend("p", weights=[scale * w for w in (1, 0.6, 0, 0.1)], output="submission.csv")
        assert agree(rows_of(), made.expected((1, 0.6, 0, 0.1)))

    def test_of_the_smallest_weights_there_are_are_right_too(self, here):
        made = four(here / "p", 20)
        pbl.blend("p", weights=(5e-324, 1e-323, 0, 1.5e-323), output="submission.csv")
        assert agree(rows_of(), made.expected((1, 2, 0, 3)))

    def test_of_huge_predictions_do_not_overflow_while_the_mean_is_a_double(self):
        rows = blended({"x": LARGEST, "y": 1.0}, {"x": LARGEST, "y": 3.0}, weights=(1, 1))
        assert rows["x"] == pytest.approx(LARGEST, rel=1e-15)

    def test_whose_sum_is_no_double_have_a_mean(self):
        for many in ({"x": LARGEST, "y": LARGEST}, {"x": -LARGEST, "y": -LARGEST, "z": -LARGEST}):
            write("a.csv", many)
            recipe = pbl.blend("a.csv", output="s.csv", force=True)
            assert recipe.output.mean == pytest.approx(many["x"], rel=1e-11)

    @pytest.mark.parametrize("sign", [1, -1])
    def test_that_overflow_are_refused_and_nothing_is_written(self, here, sign):
        for name in ("a.csv", "b.csv"):
            write(name, {"x": sign * LARGEST, "y": 2.0})
        before = tree(here)
        with pytest.raises(UsageError, match="not finite in 1 row"):
            pbl.blend("a.csv", "b.csv", weights=(2, 2), raw_weights=True, output="s.csv")
        assert tree(here) == before

    def test_that_overflow_are_never_hidden_by_a_clip(self, here):
        for name, part in (("a", 0.6), ("b", -0.6), ("c", -0.6)):
            write(f"{name}.csv", {"x": part * LARGEST, "y": 2.0})
        with pytest.raises(UsageError, match="not finite in 1 row"):
            pbl.blend("a.csv", "b.csv", "c.csv", weights=(2, 1, 1), raw_weights=True, clip_max=10, output="s.csv")
        assert not (here / "s.csv").exists()

    def test_of_a_pillar_with_no_weight_do_not_count(self):
        with_it = blended({"x": 1.5, "y": 2.5}, {"x": 1e308, "y": -1e308}, {"x": 3.5, "y": 0.1}, weights=(1, 0, 3))
        assert with_it == blended({"x": 1.5, "y": 2.5}, {"x": 3.5, "y": 0.1}, weights=(1, 3))

    def test_of_several_columns_are_blended_alike(self, here):
        (here / "pbl.toml").write_text("[contract]\nid = 'image'\ntargets = ['green', 'dead, or dry', 'GDM']")
        header = ("image", "green", '"dead, or dry"', "GDM")
        models = []
        for n in range(3):
            columns = [predictions(ids(25), f"{n}{c}", low=-20) for c in range(3)]
            models.append(columns)
            write(f"m{n}.csv", {k: tuple(c[k] for c in columns) for k in shuffled(ids(25), n)}, header)
        write("t.csv", [(k, "0", "0", "0") for k in ids(25)], header)
        files = [f"m{n}.csv" for n in range(3)]
        recipe = pbl.blend(*files, weights=(5, 3, 2), clip_min=0, template="t.csv", output="submission.csv")
        lines = (here / "submission.csv").read_text().splitlines()
        assert lines[0] == 'image,green,"dead, or dry",GDM'
        rows = [line.split(",") for line in lines[1:]]
        assert [row[0] for row in rows] == ids(25)
        for column in range(3):
            blend = expected([m[column] for m in models], (5, 3, 2), low=0)
            assert agree([(row[0], float(row[column + 1])) for row in rows], blend)
        everything = [float(v) for row in rows for v in row[1:]]
        assert (recipe.output.min, recipe.output.max) == (min(everything), max(everything))
        assert math.isclose(recipe.output.mean, math.fsum(everything) / 75, rel_tol=1e-11)

    def test_of_columns_in_another_order_go_by_name(self, here):
        (here / "pbl.toml").write_text("[contract]\ntargets = ['a', 'b']")
        (here / "m.csv").write_text("b,sample_id,a\n1.5,x,2.5\n")
        pbl.blend("m.csv", output="submission.csv")
        assert (here / "submission.csv").read_text() == "sample_id,a,b\nx,2.5,1.5\n"

    def test_of_ids_that_csv_must_quote_go_by_the_id_and_are_quoted_again(self, here):
        strange = ["a,b", 'say "x"', "two\nlines", "=1+1", "Ünïcode \U0001f33f", "'", "NULL", "nan", "1e5", "001"]
        models = [{key: n + part for n, key in enumerate(strange)} for part in (0.5, 0.25)]
        for seed, model in enumerate(models):
            cells = [('"' + key.replace('"', '""') + '"', value) for key, value in model.items()]
            write(f"m{seed}.csv", shuffled(cells, seed) if seed else cells)
        pbl.blend("m0.csv", "m1.csv", output="submission.csv")
        with (here / "submission.csv").open(newline="", encoding="utf-8") as file:
            _, *rows = csv.reader(file)
        assert [row[0] for row in rows] == strange
        assert agree([(row[0], float(row[1])) for row in rows], expected(models, (1, 1)))
        assert pbl.validate("submission.csv").findings == ()


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
