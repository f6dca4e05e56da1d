"""Each value is the weighted mean of its pillars' numbers in double precision, clipped, written to its last digit."""

import csv
import math

import pytest
from support.blends import blended, rows_of, values
from support.making import (
    USUAL,
    agree,
    expected,
    four,
    ids,
    predictions,
    read,
    shuffled,
    tree,
    write,
)

import pbl
from pbl.domain.errors import UsageError

pytestmark = pytest.mark.usefixtures("here")


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
