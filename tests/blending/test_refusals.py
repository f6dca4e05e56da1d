"""What is not blended, and not written over: nothing changes, and one message says why."""

import hashlib
import json
import os
import shutil

import pytest
from support.blends import values
from support.making import (
    command,
    four,
    ids,
    tree,
    write,
)

import pbl
from pbl.domain.errors import FindingsError, InputError, OutputError

pytestmark = pytest.mark.usefixtures("here")


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

    @pytest.mark.parametrize("output", ["s.csv.gz", "s.xlsx", "s.json", "s.ZIP", "s.html", "s.tsv", "s.pq", "s.toml"])
    def test_a_name_that_says_a_form_that_pbl_does_not_write_is_refused(self, here, output):
        assert self.blend().code == 0
        before = tree(here)
        for more in ([], ["--force"], ["--dry-run"]):
            done = self.blend("-o", output, *more)
            assert done.code == 2
            assert f"{output}: not written" in done.talk
            assert "name a file that ends in .csv or .parquet" in done.talk
        done = command("blend", "--recipe", "submission.recipe.json", "-o", output)
        assert (done.code, "name a file that ends in .csv or .parquet" in done.talk) == (2, True)
        (here / "pbl.toml").write_text(f"[blend]\noutput = '{output}'\n[pillars.a]\nfile = 'a.csv'\n")
        assert command("blend").code == 2
        (here / "pbl.toml").unlink()
        with pytest.raises(OutputError, match="not written"):
            pbl.blend("a.csv", output=output)
        assert tree(here) == before

    @pytest.mark.parametrize("output", ["s", "s.txt", "sub_0.95"])
    def test_a_name_that_says_no_form_is_that_of_a_csv_file(self, here, output):
        assert self.blend("-o", output).code == 0
        assert (here / output).read_bytes().startswith(b"sample_id,")
        assert (here / f"{output}.recipe.json").exists()

    @pytest.mark.parametrize(("first", "second"), [("s.csv", "s"), ("s", "s.csv")])
    def test_a_recipe_of_another_submission_that_is_there_is_never_replaced(self, here, first, second):
        assert self.blend("-o", first).code == 0
        before = tree(here)
        for more in ([], ["--force"], ["-w", "1", "3", "--force"]):
            done = self.blend("-o", second, *more)
            assert (done.code, f"s.recipe.json: is the recipe of {first}; name another" in done.talk) == (2, True)
        assert tree(here) == before
        (here / first).unlink()
        assert self.blend("-o", second).code == 0

    def test_a_name_in_capitals_is_written(self, here):
        assert self.blend("-o", "S.CSV").code == self.blend("-o", "S.PARQUET").code == 0
        assert (here / "S.CSV").read_bytes().startswith(b"sample_id,")
        assert (here / "S.PARQUET").read_bytes().startswith(b"PAR1")

    @pytest.mark.parametrize("output", ["new/", "new.csv/", "there/"])
    def test_a_name_that_ends_in_a_slash_is_called_a_folder(self, here, output):
        (here / "there").mkdir()
        before = tree(here)
        done = self.blend("-o", output)
        assert (done.code, f"{output} is a folder; name a file in it" in done.talk) == (2, True)
        assert tree(here) == before

    @pytest.mark.parametrize("output", ["no/such/s.csv", "folder", "folder/"])
    def test_where_no_file_can_be_it_is_exit_2(self, here, output):
        (here / "folder").mkdir()
        before = tree(here)
        for force in ([], ["--force"]):
            done = self.blend("-o", output, *force)
            assert done.code == 2
            assert "Traceback" not in done.talk
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


def test_two_outputs_of_one_stem_have_a_recipe_each(here):
    write("a.csv", {"x": 1.0})
    for output, recipe in (("o.csv", "o.recipe.json"), ("o.parquet", "o.parquet.recipe.json")):
        pbl.blend("a.csv", output=output)
        assert json.loads((here / recipe).read_bytes())["output"]["path"] == output


def test_what_is_missing_is_said_before_anything_is_done(here):
    write("a.csv", {"x": 1.0})
    with pytest.raises(InputError):
        pbl.blend("a.csv", "b.csv", output="s.csv")
    with pytest.raises(OutputError):
        pbl.blend("a.csv", output="a.csv")
    assert sorted(p.name for p in here.iterdir()) == ["a.csv"]


def test_a_file_that_another_takes_the_place_of_is_not_written_either(here):
    for folder in ("p", "n"):
        write(here / folder / "submission_a.csv", {"x": 1.0, "y": 2.0})
    before = tree(here)
    done = command("blend", "p", "--pillars-dir", "n", "-o", "p/submission_a.csv", "--force")
    assert done.code == 2
    assert tree(here) == before


def test_a_folder_in_the_way_of_no_file_does_not_matter_to_stdout(here, monkeypatch):
    write(here / "a.csv", {"x": 1.0, "y": 2.0})
    (here / "t" / "submission.csv").mkdir(parents=True)
    monkeypatch.setenv("TMPDIR", str(here / "t"))
    done = command("blend", "a.csv", "-o", "-")
    assert (done.code, done.out) == (0, "sample_id,target\nx,1.0\ny,2.0\n")
