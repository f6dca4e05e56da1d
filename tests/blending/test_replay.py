"""A recipe says all that went into a blend, and makes the same bytes again."""

import json
import math
import re
import shutil

import pytest
from support.blends import sha256, values
from support.making import (
    FOUR,
    command,
    four,
    ids,
    predictions,
    reorder,
    shuffled,
    tree,
    write,
)

import pbl
from pbl.domain.errors import ChangedError
from pbl.domain.weights import divide

pytestmark = pytest.mark.usefixtures("here")

FLAGS = [word for name in FOUR for word in (f"--{name}", f"p/submission_{name}.csv")]


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
        made = four(here / "place" / "p", 20)
        assert command("blend", "place/p", "-o", "place/s.csv", *words).code == 0
        self.bytes = (here / "place" / "s.csv").read_bytes()
        return made

    @pytest.mark.usefixtures("made")
    def test_makes_the_same_bytes_again(self, here):
        (here / "place" / "s.csv").unlink()
        done = command("blend", "--recipe", "place/s.recipe.json")
        assert done.code == 0
        assert (here / "place" / "s.csv").read_bytes() == self.bytes
        assert "written" in done.talk

    @pytest.mark.usefixtures("simple")
    def test_says_so_if_the_same_bytes_are_there_already(self, here):
        before = tree(here)
        done = command("blend", "--recipe", "place/s.recipe.json")
        assert done.code == 0
        assert "already" in done.talk
        again = command("blend", "--recipe", "place/s.recipe.json", "--format", "json")
        assert json.loads(again.out)["already"] is True
        assert tree(here) == before

    @pytest.mark.usefixtures("simple")
    def test_of_a_moved_folder_finds_all_beside_it(self, here, monkeypatch):
        shutil.move(here / "place", here / "moved")
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
            done = command("blend", "--recipe", "place/s.recipe.json", *extra)
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
            pbl.blend(recipe="place/s.recipe.json")
        assert "submission_mvp.csv has changed" in str(caught.value)
        assert "submission_dinov2.csv is missing" in str(caught.value)

    def test_does_not_miss_a_pillar_that_was_set_aside(self, here, simple):
        simple.paths["siglip"].unlink()
        (here / "place" / "s.csv").unlink()
        assert command("blend", "--recipe", "place/s.recipe.json").code == 0

    def test_finds_inputs_by_hash_in_another_folder_whatever_they_are_called(self, here, simple):
        (here / "attic" / "deep").mkdir(parents=True)
        for n, path in enumerate([*simple.paths.values(), simple.template]):
            shutil.move(path, here / "attic" / ("deep" if n % 2 else "") / f"{n}.bin")
        write(simple.paths["mvp"], predictions(ids(20), 77))
        (here / "place" / "s.csv").unlink()
        assert command("blend", "--recipe", "place/s.recipe.json").code == 2
        done = command("blend", "--recipe", "place/s.recipe.json", "--inputs", "attic")
        assert done.code == 0, done.talk
        assert (here / "place" / "s.csv").read_bytes() == self.bytes

    @pytest.mark.usefixtures("made")
    def test_to_another_output_leaves_a_recipe_there_that_replays_too(self, here):
        (here / "else").mkdir()
        assert command("blend", "--recipe", "place/s.recipe.json", "-o", "else/t.csv").code == 0
        assert (here / "else" / "t.csv").read_bytes() == self.bytes
        table = json.loads((here / "else" / "t.recipe.json").read_bytes())
        assert all(i["path"].startswith("../place/p/") for i in table["inputs"])
        assert table["output"]["path"] == "t.csv"
        (here / "else" / "t.csv").unlink()
        assert command("blend", "--recipe", "else/t.recipe.json").code == 0
        assert (here / "else" / "t.csv").read_bytes() == self.bytes

    @pytest.mark.usefixtures("simple")
    def test_replaces_an_edited_submission_by_force_only(self, here):
        (here / "place" / "s.csv").write_text("edited")
        assert command("blend", "--recipe", "place/s.recipe.json").code == 2
        assert (here / "place" / "s.csv").read_text() == "edited"
        assert command("blend", "--recipe", "place/s.recipe.json", "--force").code == 0
        assert (here / "place" / "s.csv").read_bytes() == self.bytes

    @pytest.mark.usefixtures("simple")
    @pytest.mark.parametrize(
        ("output", "said"), [("p/submission_mvp.csv", "is an input"), ("s.recipe.json", "is the recipe itself")]
    )
    def test_never_overwrites_what_it_reads(self, here, output, said):
        before = tree(here)
        done = command("blend", "--recipe", "place/s.recipe.json", "-o", f"place/{output}", "--force")
        assert (done.code, said in done.talk) == (2, True)
        assert tree(here) == before

    @pytest.mark.usefixtures("simple")
    def test_asks_the_recipe_and_not_pbl_toml(self, here):
        (here / "place" / "s.csv").unlink()
        (here / "pbl.toml").write_text("[contract]\nid = 'image'\nmax = 1\n[blend]\nclip_max = 2")
        (here / "place" / "pbl.toml").write_text("[contract")
        assert command("blend", "--recipe", "place/s.recipe.json").code == 0
        assert (here / "place" / "s.csv").read_bytes() == self.bytes

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
        path = here / "place" / "s.recipe.json"
        recipe = json.loads(path.read_text())
        recipe["weights"]["mvp"] = 0.4
        recipe["shares"] = dict(zip(recipe["weights"], divide(list(recipe["weights"].values())), strict=True))
        path.write_text(json.dumps(recipe))
        (here / "place" / "s.csv").unlink()
        before = tree(here)
        done = command("blend", "--recipe", path)
        assert done.code == 2
        assert "nothing was written" in done.talk
        assert tree(here) == before

    @pytest.mark.parametrize(
        "words",
        [
            ["place/p"],
            ["-w", "1"],
            ["--clip-min", "0"],
            ["--template", "place/p/sample_submission.csv"],
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
        done = command("blend", "--recipe", "place/s.recipe.json", *words)
        assert (done.code, done.out) == (2, "")
        assert "--recipe" in done.talk
        assert tree(here) == before
