import csv
import hashlib
import json
import math
import os
import re
import shutil

import pytest
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
from pbl.domain.errors import ChangedError, FindingsError, InputError, OutputError, UsageError

pytestmark = pytest.mark.usefixtures("here")

FLAGS = [word for name in FOUR for word in (f"--{name}", f"p/submission_{name}.csv")]
LARGEST = 1.7976931348623157e308


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def rows_of(path="submission.csv"):
    return read(path)[1]


def values(path="submission.csv"):
    return [row[1] for row in rows_of(path)]


def blended(*models, **how):
    """Blend models given as mappings, and return the submission's rows."""
    names = [f"m{n}.csv" for n in range(len(models))]
    for name, model in zip(names, models, strict=True):
        write(name, model)
    pbl.blend(*names, output="submission.csv", force=True, **how)
    return dict(rows_of())


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


class TestRefusals:
    def test_an_id_that_stands_for_another_is_missing_and_unknown_though_the_numbers_of_rows_are_equal(self, here):
        for name, keys in (("a", "abc"), ("b", "abx"), ("t", "abc")):
            write(f"{name}.csv", dict.fromkeys(keys, 1.5))
        for how in ({}, {"template": "t.csv"}):
            with pytest.raises(FindingsError) as error:
                pbl.blend("a.csv", "b.csv", output="s.csv", **how)
            assert [f.code for f in error.value.report.errors()] == ["PBL601", "PBL602"]
        assert not (here / "s.csv").exists()

    @pytest.mark.parametrize("template", [True, False])
    @pytest.mark.parametrize("change", ["missing", "unknown", "swapped", "twice"])
    def test_a_pillar_whose_ids_differ_by_one_is_refused_by_that_id(self, here, template, change):
        made = four(here / "p", 50, template=template)
        rows = dict(made.models["mvp"])
        key = ids(50)[20]
        if change in {"missing", "swapped"}:
            del rows[key]
        if change in {"unknown", "swapped"}:
            rows["stranger"] = 1.5
        table = [*rows.items()] + ([(key, 2.5)] if change == "twice" else [])
        write(made.paths["mvp"], table)
        before = tree(here)
        done = command("blend", "p")
        assert done.code == 1
        for named in {"missing": [key], "unknown": ["stranger"], "swapped": [key, "stranger"], "twice": [key]}[change]:
            assert named in done.talk
        assert "mvp" in done.talk
        assert "nothing was written" in done.talk
        assert tree(here) == before

    @pytest.mark.parametrize("cell", ["", "nan", "NaN", "inf", "-inf", "1e400", "abc", "1,5", "0x10", " 1.5", "NULL"])
    def test_no_cell_that_is_no_number_ever_becomes_one(self, here, cell):
        write("a.csv", {"x": 1.0, "y": 2.0})
        write("b.csv", [("x", "1.5"), ("y", cell)])
        for weights in ((1, 1), (1, 0)):
            with pytest.raises(FindingsError):
                pbl.blend("a.csv", "b.csv", clip_min=0, weights=weights, output="s.csv")
        assert not (here / "s.csv").exists()

    @pytest.mark.parametrize("quote", ["", '"'])
    @pytest.mark.parametrize(
        ("rows", "code"),
        [
            ([("x", "1"), ("x", "2")], "PBL402"),
            ([("x", "1"), ("y", "nan")], "PBL503"),
            ([("x", "1")], "PBL601"),
            ([("x", "1"), ("y", "1"), ("z", "1")], "PBL602"),
            ([("x", "1"), ("y", "2", "3")], "PBL302"),
        ],
    )
    def test_a_file_is_refused_alike_whether_its_cells_are_quoted_or_not(self, here, quote, rows, code):
        write("a.csv", {"x": 1.0, "y": 2.0})
        write("b.csv", [[f"{quote}{cell}{quote}" for cell in row] for row in rows])
        with pytest.raises(FindingsError) as caught:
            pbl.blend("a.csv", "b.csv", output="s.csv")
        assert code in {f.code for f in caught.value.report.errors()}
        assert not (here / "s.csv").exists()

    def test_the_report_is_in_the_exception_and_warnings_refuse_nothing(self):
        write("a.csv", {"x": 1.0, "y": 2.0})
        write("b.csv", [("x", "1.5"), ("y", "nan")])
        with pytest.raises(FindingsError) as caught:
            pbl.blend("a.csv", "b.csv", output="s.csv")
        assert [f.code for f in caught.value.report.errors()] == ["PBL503"]
        write("b.csv", {"x": 9.0, "y": 9.0})
        assert pbl.blend("a.csv", "b.csv", output="s.csv").output.rows == 2

    def test_a_template_that_is_not_sound_is_refused(self, here):
        made = four(here / "p", 10)
        write(made.template, [(k, "0") for k in (*ids(10), ids(10)[0])])
        with pytest.raises(FindingsError):
            pbl.blend("p", output="s.csv")

    @pytest.mark.parametrize(
        "words",
        [
            ["--clip-min", "nan"],
            ["--clip-max", "inf"],
            ["--clip-min", "low"],
            ["--clip-min", "2", "--clip-max", "1"],
            ["--threads", "0"],
            ["--memory-limit", "1"],
            ["--format", "table"],
            ["--output", ""],
            ["--inputs", "."],
            ["--recipe", "none.recipe.json"],
            ["--recipe", "p/submission_siglip.csv"],
        ],
    )
    def test_a_flag_that_means_nothing_is_exit_2_and_nothing_is_written(self, here, words):
        four(here / "p", 10)
        before = tree(here)
        done = command("blend", *([] if "--recipe" in words else ["p"]), *words)
        assert (done.code, done.out) == (2, "")
        assert done.talk
        assert tree(here) == before


class TestOverwriting:
    @pytest.fixture(autouse=True)
    def _pillars(self, here):
        write(here / "a.csv", {"x": 1.0, "y": 2.0})
        write(here / "b.csv", {"x": 3.0, "y": 4.0})

    def blend(self, *words):
        return command("blend", "a.csv", "b.csv", *words)

    def test_a_blend_leaves_the_submission_and_its_recipe_and_nothing_else(self, here):
        assert self.blend().code == 0
        assert sorted(p.name for p in here.iterdir()) == ["a.csv", "b.csv", "submission.csv", "submission.recipe.json"]

    def test_what_pbl_wrote_is_replaced(self, here):
        assert self.blend().code == 0
        assert self.blend("-w", "1", "3").code == 0
        assert values() == [2.5, 3.5]
        assert json.loads((here / "submission.recipe.json").read_bytes())["weights"] == {"a": 1.0, "b": 3.0}

    @pytest.mark.parametrize("there", ["edited", "foreign", "recipe gone", "recipe of another"])
    def test_what_pbl_did_not_write_is_replaced_by_force_only(self, here, there):
        submission, recipe = here / "submission.csv", here / "submission.recipe.json"
        if there != "foreign":
            self.blend()
        if there in {"edited", "foreign"}:
            submission.write_text("sample_id,target\nx,1\ny,7\n")
        if there == "recipe gone":
            recipe.unlink()
        if there == "recipe of another":
            self.blend("-o", "other.csv", "-w", "1", "9")
            shutil.copy(here / "other.recipe.json", recipe)
        before = tree(here)
        done = self.blend()
        assert done.code == 2
        assert "submission.csv" in done.talk
        assert "--force" in done.talk
        assert tree(here) == before
        assert self.blend("--force").code == 0
        assert values() == [2.0, 3.0]
        assert self.blend().code == 0

    def test_a_file_in_the_recipe_s_place_that_is_none_is_kept(self, here):
        (here / "submission.recipe.json").write_text("my notes")
        before = tree(here)
        assert self.blend().code == 2
        assert tree(here) == before
        assert self.blend("--force").code == 0

    @pytest.mark.parametrize(
        "target", ["a.csv", "./a.csv", "t.csv", "link.csv", "hard.csv", "pbl.toml", "a.recipe.json"]
    )
    def test_an_input_is_never_overwritten_not_even_by_force(self, here, target):
        write("t.csv", {"x": 0, "y": 0})
        (here / "link.csv").symlink_to("a.csv")
        os.link("a.csv", "hard.csv")
        (here / "pbl.toml").write_text("[contract]\nmin = 0\n")
        write("a.recipe.json", {"x": 5.0, "y": 6.0})
        before = tree(here)
        for force in ([], ["--force"]):
            output = "a.csv" if target == "a.recipe.json" else target
            files = ["b.csv", "c=a.recipe.json"] if target == "a.recipe.json" else ["a.csv", "b.csv"]
            done = command("blend", *files, "--template", "t.csv", "-o", output, *force)
            assert done.code == 2
            assert tree(here) == before

    def test_a_refused_blend_leaves_the_old_submission(self, here):
        self.blend()
        before = tree(here)
        write("b.csv", [("x", "nan"), ("y", "1")])
        assert self.blend("--force").code == 1
        assert {k: v for k, v in tree(here).items() if k != "b.csv"} == {
            k: v for k, v in before.items() if k != "b.csv"
        }

    @pytest.mark.parametrize("output", ["no/such/s.csv", "folder", "folder/"])
    def test_where_no_file_can_be_it_is_exit_2(self, here, output):
        (here / "folder").mkdir()
        before = tree(here)
        for force in ([], ["--force"]):
            done = self.blend("-o", output, *force)
            assert done.code == 2
            assert "Traceback" not in done.talk
        assert tree(here) == before


class TestRecipe:
    @pytest.fixture(autouse=True)
    def made(self, here):
        made = four(here / "data" / "p", 30)
        (here / "out").mkdir()
        words = ["data/p", "-w", "3", "2", "0", "1", "--clip-min", "20", "--clip-max", "70", "-o", "out/s.csv"]
        self.asked = command("blend", *words)
        assert self.asked.code == 0
        return made

    def table(self, path="out/s.recipe.json"):
        with open(path, encoding="utf-8") as file:  # noqa: PTH123 - a path as it was typed
            return json.load(file)

    def test_says_what_went_in_and_what_came_out(self, here, made):
        table = self.table()
        output = here / "out" / "s.csv"
        files = [("inputs", name, path) for name, path in made.paths.items()]
        for entry, (_, name, path) in zip(table["inputs"], files, strict=True):
            assert entry == {
                "name": name,
                "path": f"../data/p/submission_{name}.csv",
                "sha256": sha256(path),
                "bytes": path.stat().st_size,
                "rows": 30,
            }
        assert table["template"] == {
            "path": "../data/p/sample_submission.csv",
            "sha256": sha256(made.template),
            "bytes": made.template.stat().st_size,
            "rows": 30,
        }
        assert table["weights"] == {"siglip": 3.0, "dino": 2.0, "mvp": 0.0, "dinov2": 1.0}
        assert table["shares"] == {"siglip": 3 / 6, "dino": 2 / 6, "mvp": 0.0, "dinov2": 1 / 6}
        assert (table["clip_min"], table["clip_max"], table["raw_weights"]) == (20.0, 70.0, False)
        assert table["pbl_version"] == pbl.__version__
        assert table["schema_version"] == 1
        assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", table["created_at"])
        numbers = values(output)
        assert table["output"] == {
            "path": "s.csv",
            "sha256": sha256(output),
            "bytes": output.stat().st_size,
            "rows": 30,
            "clipped": sum(v in {20.0, 70.0} for v in numbers),
            "min": min(numbers),
            "mean": pytest.approx(math.fsum(numbers) / 30, rel=1e-11),
            "max": max(numbers),
        }

    def test_and_the_summary_agree(self):
        out = self.table()["output"]
        assert f"rows     30, clipped {out['clipped']}" in self.asked.talk
        assert out["sha256"] in self.asked.talk
        assert f"min {out['min']:.6g}, mean {out['mean']:.6g}, max {out['max']:.6g}" in self.asked.talk
        assert "pbl log-run out/s.csv" in self.asked.talk
        assert self.asked.out == ""

    def test_as_json_is_the_one_that_is_written(self):
        done = command("blend", "data/p", "-o", "out/s.csv", "--format", "json")
        table = json.loads(done.out)
        assert (table["schema_version"], table["command"], table["ok"]) == (1, "blend", True)
        assert table["recipe"] == self.table()
        assert (table["output"], table["recipe_path"]) == ("out/s.csv", "out/s.recipe.json")
        assert {f["code"] for f in table["findings"]} == {"PBL604"}

    def test_tells_which_pillar_is_negative_where_the_blend_was_clipped(self):
        write("a.csv", {"x": -9.0, "y": -9.0, "z": 9.0})
        write("b.csv", {"x": -1.0, "y": 1.0, "z": -8.0})
        done = command("blend", "a.csv", "b.csv", "--clip-min", "0")
        assert "clipped 2 (itself below 0: a in 2, b in 1)" in done.talk
        done = command("blend", "a.csv", "b.csv", "--clip-min", "0", "--format", "json")
        assert json.loads(done.out)["below"] == {"a": 2, "b": 1}


class TestReplay:
    @pytest.fixture(
        params=[
            [],
            ["--clip-min", "30", "--clip-max", "60"],
            ["-w", "dinov2=3,mvp=0.3"],
            ["--raw-weights", "-w", "1,2,3,4"],
        ]
    )
    def made(self, here, request):
        return self.make(here, *request.param)

    @pytest.fixture
    def simple(self, here):
        return self.make(here, "-w", "dinov2=3,mvp=0.3")

    def make(self, here, *words):
        made = four(here / "work" / "p", 20)
        assert command("blend", "work/p", "-o", "work/s.csv", *words).code == 0
        self.bytes = (here / "work" / "s.csv").read_bytes()
        return made

    @pytest.mark.usefixtures("made")
    def test_makes_the_same_bytes_again(self, here):
        (here / "work" / "s.csv").unlink()
        done = command("blend", "--recipe", "work/s.recipe.json")
        assert done.code == 0
        assert (here / "work" / "s.csv").read_bytes() == self.bytes
        assert "written" in done.talk

    @pytest.mark.usefixtures("simple")
    def test_says_so_if_the_same_bytes_are_there_already(self, here):
        before = tree(here)
        done = command("blend", "--recipe", "work/s.recipe.json")
        assert done.code == 0
        assert "already" in done.talk
        assert json.loads(command("blend", "--recipe", "work/s.recipe.json", "--format", "json").out)["already"] is True
        assert tree(here) == before

    @pytest.mark.usefixtures("simple")
    def test_of_a_moved_folder_finds_all_beside_it(self, here, monkeypatch):
        shutil.move(here / "work", here / "moved")
        (here / "moved" / "s.csv").unlink()
        monkeypatch.chdir(here / "moved" / "p")
        assert command("blend", "--recipe", "../s.recipe.json").code == 0
        assert (here / "moved" / "s.csv").read_bytes() == self.bytes

    @pytest.mark.parametrize("what", ["mvp", "dinov2", "template"])
    @pytest.mark.parametrize("how", ["changed", "missing"])
    def test_of_a_changed_or_missing_input_names_it_and_writes_nothing(self, here, simple, what, how):
        path = simple.template if what == "template" else simple.paths[what]
        old = sha256(path)
        if how == "changed":
            reorder(path, 5)
        else:
            path.unlink()
        before = tree(here)
        for extra in ([], ["--force"], ["-o", "other.csv"], ["--inputs", "work"]):
            done = command("blend", "--recipe", "work/s.recipe.json", *extra)
            assert done.code == 2
            assert path.name in done.talk
            assert how in done.talk
            assert old in done.talk
            assert how == "missing" or sha256(path) in done.talk
        assert tree(here) == before

    def test_names_all_inputs_that_are_not_as_they_were(self, simple):
        reorder(simple.paths["mvp"], 5)
        simple.paths["dinov2"].unlink()
        with pytest.raises(ChangedError) as caught:
            pbl.blend(recipe="work/s.recipe.json")
        assert "submission_mvp.csv has changed" in str(caught.value)
        assert "submission_dinov2.csv is missing" in str(caught.value)

    def test_does_not_miss_a_pillar_that_was_set_aside(self, here, simple):
        simple.paths["siglip"].unlink()
        (here / "work" / "s.csv").unlink()
        assert command("blend", "--recipe", "work/s.recipe.json").code == 0

    def test_finds_inputs_by_hash_in_another_folder_whatever_they_are_called(self, here, simple):
        (here / "attic" / "deep").mkdir(parents=True)
        for n, path in enumerate([*simple.paths.values(), simple.template]):
            shutil.move(path, here / "attic" / ("deep" if n % 2 else "") / f"{n}.bin")
        write(simple.paths["mvp"], predictions(ids(20), 77))
        (here / "work" / "s.csv").unlink()
        assert command("blend", "--recipe", "work/s.recipe.json").code == 2
        done = command("blend", "--recipe", "work/s.recipe.json", "--inputs", "attic")
        assert done.code == 0, done.talk
        assert (here / "work" / "s.csv").read_bytes() == self.bytes

    @pytest.mark.usefixtures("made")
    def test_to_another_output_leaves_a_recipe_there_that_replays_too(self, here):
        (here / "else").mkdir()
        assert command("blend", "--recipe", "work/s.recipe.json", "-o", "else/t.csv").code == 0
        assert (here / "else" / "t.csv").read_bytes() == self.bytes
        table = json.loads((here / "else" / "t.recipe.json").read_bytes())
        assert all(i["path"].startswith("../work/p/") for i in table["inputs"])
        assert table["output"]["path"] == "t.csv"
        (here / "else" / "t.csv").unlink()
        assert command("blend", "--recipe", "else/t.recipe.json").code == 0
        assert (here / "else" / "t.csv").read_bytes() == self.bytes

    @pytest.mark.usefixtures("simple")
    def test_replaces_an_edited_submission_by_force_only(self, here):
        (here / "work" / "s.csv").write_text("edited")
        assert command("blend", "--recipe", "work/s.recipe.json").code == 2
        assert (here / "work" / "s.csv").read_text() == "edited"
        assert command("blend", "--recipe", "work/s.recipe.json", "--force").code == 0
        assert (here / "work" / "s.csv").read_bytes() == self.bytes

    @pytest.mark.usefixtures("simple")
    def test_never_overwrites_an_input(self, here):
        before = tree(here)
        done = command("blend", "--recipe", "work/s.recipe.json", "-o", "work/p/submission_mvp.csv", "--force")
        assert done.code == 2
        assert tree(here) == before

    @pytest.mark.usefixtures("simple")
    def test_never_overwrites_the_recipe_it_reads(self, here):
        before = tree(here)
        done = command("blend", "--recipe", "work/s.recipe.json", "-o", "work/s.recipe.json", "--force")
        assert done.code == 2
        assert tree(here) == before

    @pytest.mark.usefixtures("simple")
    def test_asks_the_recipe_and_not_pbl_toml(self, here):
        (here / "work" / "s.csv").unlink()
        (here / "pbl.toml").write_text("[contract]\nid = 'image'\nmax = 1\n[blend]\nclip_max = 2")
        (here / "work" / "pbl.toml").write_text("[contract")
        assert command("blend", "--recipe", "work/s.recipe.json").code == 0
        assert (here / "work" / "s.csv").read_bytes() == self.bytes

    def test_of_several_columns_makes_the_same_bytes(self, here):
        (here / "pbl.toml").write_text("[contract]\ntargets = ['a', 'b']")
        for n in range(2):
            write(f"m{n}.csv", {k: (n + 0.1, len(k) / 3) for k in shuffled(ids(9), n)}, ("sample_id", "a", "b"))
        assert command("blend", "m0.csv", "m1.csv").code == 0
        data = (here / "submission.csv").read_bytes()
        (here / "submission.csv").unlink()
        (here / "pbl.toml").unlink()
        assert command("blend", "--recipe", "submission.recipe.json").code == 0
        assert (here / "submission.csv").read_bytes() == data

    @pytest.mark.usefixtures("simple")
    def test_of_a_recipe_whose_weights_were_edited_is_refused(self, here):
        path = here / "work" / "s.recipe.json"
        path.write_text(path.read_text().replace('"mvp": 0.3', '"mvp": 0.4'))
        (here / "work" / "s.csv").unlink()
        before = tree(here)
        done = command("blend", "--recipe", path)
        assert done.code == 2
        assert "nothing was written" in done.talk
        assert tree(here) == before

    @pytest.mark.parametrize(
        "words",
        [
            ["work/p"],
            ["-w", "1"],
            ["--clip-min", "0"],
            ["--template", "work/p/sample_submission.csv"],
            ["--raw-weights"],
            FLAGS,
            ["--pillars-dir", "work"],
            ["-o", "-"],
        ],
    )
    @pytest.mark.usefixtures("simple")
    def test_takes_no_weights_clips_or_pillars_of_its_own(self, here, words):
        if words == FLAGS:
            four(here / "p", 5)
        before = tree(here)
        done = command("blend", "--recipe", "work/s.recipe.json", *words)
        assert (done.code, done.out) == (2, "")
        assert "--recipe" in done.talk
        assert tree(here) == before


class TestStdout:
    def test_gets_the_bytes_of_the_file_and_nothing_is_left(self, here):
        four(here / "p", 30)
        command("blend", "p", "--clip-min", "30", "-o", "s.csv")
        data = (here / "s.csv").read_bytes()
        before = tree(here)
        done = command("blend", "p", "--clip-min", "30", "-o", "-")
        assert (done.code, done.data) == (0, data)
        assert hashlib.sha256(data).hexdigest() in done.talk
        assert tree(here) == before

    def test_gets_nothing_where_a_check_fails(self):
        write("a.csv", [("x", "nan")])
        done = command("blend", "a.csv", "-o", "-")
        assert (done.code, done.out) == (1, "")

    def test_is_not_shared_with_json(self):
        write("a.csv", {"x": 1.0})
        done = command("blend", "a.csv", "-o", "-", "--format", "json")
        assert done.code == 2
        assert json.loads(done.out)["ok"] is False


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


def test_an_output_beside_a_recipe_of_its_name_only(here):
    write("a.csv", {"x": 1.0})
    for output, recipe in (("out", "out.recipe.json"), ("o.txt", "o.txt.recipe.json")):
        pbl.blend("a.csv", output=output)
        assert (here / recipe).exists()


def test_what_is_missing_is_said_before_anything_is_done(here):
    write("a.csv", {"x": 1.0})
    with pytest.raises(InputError):
        pbl.blend("a.csv", "b.csv", output="s.csv")
    with pytest.raises(OutputError):
        pbl.blend("a.csv", output="a.csv")
    assert sorted(p.name for p in here.iterdir()) == ["a.csv"]
