"""No file of a folder becomes a pillar by accident, and none that could be a model's is passed over in silence."""

import json

import pytest
from support.making import FOUR, USUAL, command, four, ids, predictions, tree, write

import pbl
from pbl.domain.errors import InputError, UsageError
from pbl.project.file_names import group_folds, group_versions, is_output, is_template, original
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


def models(folder, *names, seed=0):
    for name in names:
        write(folder / name, predictions(ids(10), f"{name}{seed}"))
    return folder


def refused(call, kind=UsageError):
    with pytest.raises(kind) as caught:
        call()
    return str(caught.value)


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


class TestPlainFiles:
    def test_with_a_template_s_name_are_refused_with_the_line_to_type_and_it_works(self, here):
        models(here, "a.csv", "b.csv", "sampleSubmission.csv")
        files = ["a.csv", "b.csv", "sampleSubmission.csv"]
        assert "--template sampleSubmission.csv" in refused(lambda: select_pillars(files))
        selection = select_pillars(files, template="sampleSubmission.csv")
        assert (selection.names, selection.template.name) == (("a", "b"), "sampleSubmission.csv")

    def test_are_taken_at_their_word_where_they_are_named(self, here):
        models(here, "a.csv", "gender_submission.csv", "blend.csv")
        assert select_pillars(["a.csv", "g=gender_submission.csv", "x=blend.csv"]).names == ("a", "g", "x")
        assert select_pillars(named=[("g", "gender_submission.csv"), ("a", "a.csv")]).names == ("g", "a")

    def test_are_held_to_the_pbl_toml_beside_them_unless_the_working_folder_has_one_and_that_is_said(self, here):
        models(here / "p", "a.csv", "t.csv").joinpath("pbl.toml").write_text(
            "[contract]\nid='image'\ntemplate='t.csv'\n[blend]\noutput='x.csv'\n"
        )
        selection = select_pillars(["p/a.csv"])
        assert (selection.contract.id, selection.template.name) == ("image", "t.csv")
        assert selection.settings.output is None
        assert "p/pbl.toml" in command("validate", "p/a.csv").talk
        (here / "pbl.toml").write_text("[contract]\nid='outer'")
        assert (select_pillars(["p/a.csv"]).contract.id, select_pillars(["p/a.csv"]).notes) == ("outer", ())

    def test_beside_two_of_them_are_refused(self, here):
        for folder in ("p", "q"):
            models(here / folder, f"{folder}.csv").joinpath("pbl.toml").touch()
        assert "which one holds" in refused(lambda: select_pillars(["p/p.csv", "q/q.csv"]))


def test_what_could_be_a_model_s_and_is_not_read_is_named(here):
    folder = models(here / "p", "m1.csv", "fold1/m.csv", "empty/run_logs/scores_x.csv", ".hidden/m.csv")
    for name in ("m3.csv.gz", "m4.orc", "m6.tsv", "pbl.md", "requirements.txt", "x.recipe.json", ".m.tsv"):
        (folder / name).touch()
    assert select_pillars(["p"]).not_read == ("fold1/", "m3.csv.gz", "m4.orc", "m6.tsv")
    assert "not read: fold1/, m3.csv.gz, m4.orc, m6.tsv\n" in command("validate", "p").out
    assert json.loads(command("validate", "p", "--format", "json").out)["not_read"] == [
        "fold1/",
        "m3.csv.gz",
        "m4.orc",
        "m6.tsv",
    ]
    (folder / "m1.csv").unlink()
    assert "not read: fold1/" in refused(lambda: select_pillars(["p"]))


class TestFolds:
    @pytest.mark.parametrize(
        ("names", "group"),
        [
            (["m_fold0", "m_fold1", "m_fold2", "dino"], ("m_fold0", "m_fold1", "m_fold2")),
            (["lgb_seed42", "lgb_seed7", "a"], ("lgb_seed42", "lgb_seed7")),
            (["fold0-lgb", "fold1-lgb"], ("fold0-lgb", "fold1-lgb")),
            (["x_f0", "x_f1"], ("x_f0", "x_f1")),
            (["f0_lgb", "f1_lgb", "xgb"], ("f0_lgb", "f1_lgb")),
        ],
    )
    def test_are_warned_of_once_naming_all(self, here, names, group):
        assert group_folds(names) == (group,)
        models(here / "p", *(f"submission_{name}.csv" for name in names))
        (found,) = [f for f in pbl.validate("p").findings if f.code == "PBL609"]
        assert all(name in found.message for name in group)
        assert "files = [...]" in found.hint

    def test_are_not_seen_in_other_numbers_nor_where_the_user_gave_the_names(self, here):
        assert group_folds(["m1", "m2", "unfold1", "unfold2", "vit_b16", "vit_b32", "x_fold1", "s1", "s2"]) == ()
        models(here, "a.csv", "b.csv")
        assert select_pillars(["m_fold0=a.csv", "m_fold1=b.csv"]).folds == ()


def test_a_folder_below_counts_what_may_be_a_model_s_however_it_is_called_and_blend_names_it(here):
    models(here / "p", "m1.csv", "m2.csv", "lgb/submission.csv", "runs/7/out/x.csv", "a/b/c/d/deeper.csv")
    models(here / "p", "pack/dataset/submission_m1.csv", "data/train.csv", "data/sample_submission.csv")
    (here / "p" / "pack" / "dataset" / "SHA256SUMS").touch()
    four(here / "p" / "done", 5)
    assert command("blend", "p/done", "-o", "p/done/submission.csv").code == 0
    for path in (here / "p" / "done").glob("*_*.csv"):
        path.unlink()
    assert select_pillars(["p"]).not_read == ("lgb/", "runs/")
    (here / "p" / "submission.csv").write_text("x")
    for words in (["blend", "p", "-o", "out.csv"], ["compare", "p"], ["blend", "p", "--dry-run", "--format", "json"]):
        talk = command(*words).talk
        assert "not read: lgb/, runs/" in talk
        assert "set aside: submission.csv" in talk
    assert "set aside submission.csv" in command("init", "p").talk


def test_what_a_pbl_toml_does_not_name_beside_its_pillars_is_told(here):
    models(here / "p", "a.csv", "b.csv", "sample_submission.csv")
    assert command("init", "p").code == 0
    models(here / "p", "new.csv", "oof_a.csv", "train.csv", "blend.csv")
    assert select_pillars(["p"]).not_read == ("blend.csv", "new.csv")
    assert "not read: blend.csv, new.csv" in command("validate", "p").out
    assert "not read: blend.csv, new.csv" in command("blend", "p", "-o", "out.csv").talk
    with (here / "p" / "pbl.toml").open("a") as file:
        file.write('[metric]\ntruth = "new.csv"\n')
    assert select_pillars(["p"], template="p/blend.csv").not_read == ()
    (here / "pbl.toml").write_text("[pillars.a]\nfile = 'p/a.csv'\n")
    models(here, "own.csv")
    assert select_pillars([here]).not_read == ()


@pytest.mark.parametrize("name", ["oof.csv", "lgb_oof.csv", "oof_lgb.csv"])
def test_out_of_fold_files_are_set_aside(here, name):
    assert select_pillars([models(here / "p", "lgb.csv", name)]).set_aside == (name,)


class TestVersions:
    @pytest.mark.parametrize(
        ("names", "group"),
        [
            (["lgb", "lgb_v2", "cat"], ("lgb", "lgb_v2")),
            (["lgb_v1", "lgb-V2.1"], ("lgb-V2.1", "lgb_v1")),
            (["lgb", "lgb_old"], ("lgb", "lgb_old")),
        ],
    )
    def test_of_one_model_are_warned_of_once_and_blended(self, here, names, group):
        models(here / "p", *(f"{name}.csv" for name in names))
        (found,) = pbl.validate("p").findings
        assert (found.code, f"{', '.join(group)} differ in a version only" in found.message) == ("PBL612", True)
        assert "PBL612" in command("blend", "p", "-o", "out.csv").talk

    def test_are_not_seen_in_other_names_nor_where_the_user_gave_them(self, here):
        assert group_versions(["dino", "dinov2", "m1", "m2", "lgb_new_data"]) == ()
        models(here, "a.csv", "b.csv")
        assert select_pillars(["m=a.csv", "m_v2=b.csv"]).versions == ()


def test_a_template_that_pbl_toml_names_and_is_not_there_is_said_to_be_so(here):
    models(here, "a.csv").joinpath("pbl.toml").write_text("[contract]\ntemplate = 't.csv'")
    message = refused(lambda: select_pillars(["a.csv"]), InputError)
    assert "pbl.toml: contract.template names" in message
    assert "t.csv: no such file" in message


class TestInit:
    def test_of_a_file_names_the_folder(self, here):
        models(here / "p", "a.csv")
        assert "pbl init p" in command("init", "p/a.csv").talk

    def test_leaves_a_saved_index_out_of_the_contract(self, here):
        (here / "a.csv").write_text(",id,churn\n0,x,1.5\n1,y,2.5\n")
        init(here)
        assert read_settings(here / "pbl.toml").contract.columns == ("id", "churn")
        assert [f.code for f in pbl.validate(here).findings] == ["PBL205"]
