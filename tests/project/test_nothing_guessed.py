"""No file of a folder becomes a pillar by accident, and none that could be a model's is passed over in silence."""

import pytest
from support.guessing import models, refused
from support.making import FOUR, USUAL, command, four, ids, tree, write

import pbl
from pbl.domain.errors import InputError
from pbl.project.file_names import is_output, is_template, original
from pbl.project.init import init
from pbl.project.pbl_toml import read_settings
from pbl.project.pillar_files import select_pillars

pytestmark = pytest.mark.usefixtures("here")


TEMPLATES = [
    "sampleSubmission.csv",
    "SampleSubmission.csv",
    "sample-submission.csv",
    "sample submission.csv",
    "sample_submission (1).csv",
    "sample_submission - Copy.csv",
    "Copy of sample_submission.csv",
    "sample_submission_v2.csv",
    "stage_2_sample_submission.csv",
    "sample_submission_stage1.csv",
    "sample_submissions.CSV",
    "sample_solution.csv",
    "submission_format.csv",
    "example_submission.csv",
    "gender_submission.csv",
]


OUTPUTS = [
    "submission_blend.csv",
    "blend_submission.csv",
    "final_submission.csv",
    "ensemble.csv",
    "submission (2).csv",
    "submission - Copy.csv",
    "Submission.csv",
    "final_blend_v2.csv",
    "blend2.csv",
    "my_ensemble.csv",
    "blend-60-40.csv",
    "lgb_xgb_blend.csv",
    "submission_ensemble_of_5.csv",
    "best_submission.csv",
    "my submission (1).csv",
]


COPIES = [
    "submission_siglip (1).csv",
    "Copy of submission_siglip.csv",
    "submission_siglip - Copy.csv",
    "submission_siglip - Copy (2).csv",
    "submission_siglip copy 2.csv",
]


PILLARS = [
    "lgb.csv",
    "blender.csv",
    "best_lgb.csv",
    "submission5.csv",
    "submission_v2.csv",
    "sampler.csv",
    "finalist.csv",
    "模型.csv",
]


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_name_that_is_a_template_s_is_the_template(here, name):
    write(models(here / "p", "lgb.csv", "cat.csv") / name, dict.fromkeys(ids(10), 0.5))
    selection = select_pillars(["p"])
    assert (selection.names, selection.template) == (("cat", "lgb"), here.relative_to(here) / "p" / name)
    assert name in "".join(selection.notes)
    assert command("blend", "p", "-o", "out.csv").code == 0
    assert list(pbl.blend("p", output="two.csv").to_json()["shares"]) == ["cat", "lgb"]


@pytest.mark.parametrize("name", PILLARS)
def test_other_names_are_pillars(here, name):
    assert (is_template(name), is_output(name), original(name)) == (False, False, None)
    assert len(select_pillars([models(here / "p", name, "a.csv")]).names) == 2


def test_the_usual_name_wins_and_the_one_that_is_named_wins_over_that(here):
    models(here / "p", "lgb.csv", "sample_submission.csv", "gender_submission.csv")
    assert select_pillars(["p"]).template.name == "sample_submission.csv"
    assert select_pillars(["p"]).set_aside == ("gender_submission.csv",)
    named = select_pillars(["p"], template="p/gender_submission.csv")
    assert (named.names, named.set_aside) == (("lgb",), ("sample_submission.csv",))


def test_two_of_the_kind_are_refused_with_the_ways_out_and_they_work(here):
    models(here / "p", "lgb.csv", "sampleSubmission.csv", "gender_submission.csv")
    pack = ["pack", "p", "--dataset", "ann/my-pillars", "--competition", "csiro-biomass"]
    for words in (["validate", "p"], ["blend", "p"], ["init", "p"], pack):
        before = tree(here)
        done = command(*words)
        assert done.code == 2
        assert "--template p/gender_submission.csv" in done.talk
        assert "sampleSubmission=p/sampleSubmission.csv" in done.talk
        assert tree(here) == before
    assert select_pillars(["p"], template="p/gender_submission.csv").names == ("lgb",)
    assert command("init", "p", "--template", "p/gender_submission.csv").code == 0
    assert read_settings(here / "p" / "pbl.toml").template == here / "p" / "gender_submission.csv"
    assert command("blend", "p", "-o", "x.csv").code == 0
    (here / "p" / "pbl.toml").unlink()
    (here / "p" / "gender_submission.csv").rename(here / "g.csv")
    assert command("init", "p", "--template", "g.csv").code == 0
    assert read_settings(here / "p" / "pbl.toml").template.resolve() == (here / "g.csv").resolve()


class TestConstantTargets:
    def test_make_a_template_where_no_name_tells(self, here):
        write(models(here / "p", "lgb.csv", "cat.csv") / "zeros.csv", dict.fromkeys(ids(10), 0))
        selection = select_pillars(["p"])
        assert (selection.names, selection.template.name) == (("cat", "lgb"), "zeros.csv")
        assert "zeros.csv" in selection.notes[0]

    def test_in_each_of_several_columns_make_one_too(self, here):
        write(here / "p" / "a.csv", {"x": (0.1, 0.9), "y": (0.2, 0.8)}, ("id", "cat", "dog"))
        write(here / "p" / "b.csv", {"x": (0.5, 0.25), "y": (0.5, 0.25)}, ("id", "cat", "dog"))
        assert select_pillars(["p"]).template.name == "b.csv"

    def test_of_two_files_are_refused(self, here):
        for name in ("m.csv", "n.csv"):
            write(models(here / "p", "lgb.csv") / name, dict.fromkeys(ids(10), 0))
        message = refused(lambda: select_pillars(["p"]))
        assert "--template p/m.csv" in message
        assert "n=p/n.csv" in message

    def test_beside_a_template_are_a_pillar_s_with_a_warning(self, here):
        folder = models(here / "p", "lgb.csv", "sample_submission.csv")
        write(folder / "zeros.csv", dict.fromkeys(ids(10), 0))
        assert select_pillars(["p"]).names == ("lgb", "zeros")
        assert "PBL551" in {f.code for f in pbl.validate("p").findings}

    @pytest.mark.parametrize("rows", [{"x": 0.5}, {"x": 0.5, "y": 0.25}, {"x": "nan", "y": "nan"}])
    def test_are_not_seen_in_one_row_in_numbers_that_differ_or_in_no_numbers(self, here, rows):
        write(models(here / "p", "lgb.csv") / "m.csv", rows)
        assert select_pillars(["p"]).names == ("lgb", "m")

    def test_of_the_only_file_make_no_template(self, here):
        write(here / "p" / "m.csv", dict.fromkeys(ids(10), 0))
        assert select_pillars(["p"]).names == ("m",)


@pytest.mark.parametrize("name", [*OUTPUTS, *COPIES])
def test_outputs_and_copies_are_refused_unless_the_weights_name_others_only(here, name):
    made = four(here / "p", 10)
    models(made.folder, name)
    for words in (["validate", "p"], ["blend", "p"], ["init", "p"], ["blend", "p", "-w", "1", "1", "1", "1", "1"]):
        done = command(*words)
        assert done.code == 2
        assert name in done.talk
        assert "siglip=0.6,dino=0.2,mvp=0.1,dinov2=0.1" in done.talk
    line = ",".join(f"{pillar}={weight}" for pillar, weight in USUAL.items())
    assert command("blend", "p", "-w", line, "-o", "out.csv").code == 0
    assert tuple(pbl.blend("p", weights=USUAL, output="two.csv").to_json()["shares"]) == FOUR
    refused(lambda: pbl.blend("p", output="three.csv"))
    assert not (here / "three.csv").exists()


def test_a_copy_is_named_beside_its_original_and_of_two_copies_neither_is_taken(here):
    models(here / "p", "lgb.csv", "lgb (1).csv")
    message = refused(lambda: select_pillars(["p"]))
    assert "lgb (1).csv: is like a copy of lgb.csv" in message
    models(here / "q", "cat (1).csv", "cat (2).csv")
    assert "cat (2).csv" in refused(lambda: select_pillars(["q"]))
    assert select_pillars([models(here / "r", "cat (1).csv", "b.csv")]).names == ("b", "cat (1)")


def test_names_that_differ_in_case_and_separators_only_are_one_pillar_s(here):
    models(here / "p", "lgb_x.csv", "LGB-x .csv", "cat.csv", "m1_1.csv", "m11.csv")
    message = refused(lambda: select_pillars(["p"]))
    assert "LGB-x .csv: has the name of lgb_x.csv, but for case and separators" in message
    assert "m1" not in message.split("--weights")[0]
    assert select_pillars(["p"], wanted={"lgb_x", "cat", "m11", "m1_1"}).found


@pytest.mark.parametrize("name", ["lgb_backup.csv", "lgb.bak.csv", "lgb (backup).csv"])
def test_a_backup_is_a_copy(here, name):
    models(here / "p", "lgb.csv", name)
    assert f"{name}: is like a copy of lgb.csv" in refused(lambda: select_pillars(["p"]))


def test_a_name_with_a_template_s_in_it_is_neither_taken_for_one_nor_for_a_pillar(here):
    models(here / "p", "lgb.csv", "csiro_sample_submission.csv")
    assert "--template p/csiro_sample_submission.csv" in refused(lambda: select_pillars(["p"]))
    assert select_pillars(["p"], template="p/csiro_sample_submission.csv").names == ("lgb",)
    models(here / "p", "sample_submission.csv")
    assert select_pillars(["p"]).names == ("csiro_sample_submission", "lgb")


def test_a_spreadsheet_s_lock_is_set_aside(here):
    assert select_pillars([models(here / "p", "lgb.csv", "~$lgb.csv")]).set_aside == ("~$lgb.csv",)


def test_a_copy_of_one_of_the_four_that_is_not_there_is_refused_too(here):
    made = four(here / "p", 10)
    made.paths["siglip"].rename(made.folder / "submission_siglip (1).csv")
    assert "is like a copy of a file of siglip" in refused(lambda: select_pillars(["p"]))
    assert "siglip" in select_pillars(["p/submission_dino.csv", "siglip=p/submission_siglip (1).csv"]).names


def test_an_output_with_its_recipe_is_set_aside(here):
    four(here / "p", 10)
    assert command("blend", "p", "-o", "p/final_submission.csv").code == 0
    assert select_pillars(["p"]).set_aside == ("final_submission.csv",)


def test_init_weighs_others_beside_the_four_0_and_says_so_in_the_file(here):
    made = four(here / "p", 10)
    models(made.folder, "fifth.csv")
    assert command("blend", "p", "-o", "out.csv").code == 2
    assert len(pbl.validate("p").files) == 5
    path, _ = init(made.folder)
    weights = {entry.name: entry.weight for entry in read_settings(path).pillars}
    assert weights == {**USUAL, "fifth": 0.0}
    assert "weight = 0.0  # beside the usual four" in path.read_text()


def test_a_template_that_pbl_toml_names_and_is_not_there_is_said_to_be_so(here):
    models(here, "a.csv").joinpath("pbl.toml").write_text("[contract]\ntemplate = 't.csv'")
    message = refused(lambda: select_pillars(["a.csv"]), InputError)
    assert "pbl.toml: contract.template names" in message
    assert "t.csv: no such file" in message
