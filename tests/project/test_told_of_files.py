"""Files that could be a model's and are not read, folds and versions of one model: each is told."""

import json

import pytest
from support.guessing import models, refused
from support.making import command, four

import pbl
from pbl.project.file_names import group_folds, group_versions
from pbl.project.init import init
from pbl.project.pbl_toml import read_settings
from pbl.project.pillar_files import select_pillars

pytestmark = pytest.mark.usefixtures("here")


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


class TestInit:
    def test_of_a_file_names_the_folder(self, here):
        models(here / "p", "a.csv")
        assert "pbl init p" in command("init", "p/a.csv").talk

    def test_leaves_a_saved_index_out_of_the_contract(self, here):
        (here / "a.csv").write_text(",id,churn\n0,x,1.5\n1,y,2.5\n")
        init(here)
        assert read_settings(here / "pbl.toml").contract.columns == ("id", "churn")
        assert [f.code for f in pbl.validate(here).findings] == ["PBL205"]
