"""Arguments and folders become named out-of-fold files, in the order of the pillars."""

import pytest
from support.making import write

from pbl.domain.errors import UsageError
from pbl.project.oof_files import select_oof


def make(folder, *names):
    for name in names:
        write(folder / name, {"a": 1.0})


def names(chosen):
    return [(pillar.name, pillar.path.name) for pillar in chosen.selection.pillars]


def test_in_a_folder_the_oof_files_are_meant_in_the_usual_order(here):
    make(here, "oof_zeta.csv", "oof_dinov2.csv", "oof_alpha.csv", "oof_siglip.csv", "submission_mvp.csv", "train.csv")
    chosen = select_oof([here], truth=here / "train.csv")
    assert [name for name, _ in names(chosen)] == ["siglip", "dinov2", "alpha", "zeta"]


def test_files_go_by_their_names_without_oof_or_submission(here):
    make(here, "oof_a.csv", "submission_b.csv", "c.csv", "d.csv", "train.csv")
    words = [here / "oof_a.csv", str(here / "submission_b.csv"), here / "c.csv", f"x={here / 'd.csv'}"]
    assert [name for name, _ in names(select_oof(words, truth=here / "train.csv"))] == ["a", "b", "c", "x"]


def test_pillars_of_pbl_toml_have_their_own_files_and_without_one_are_left_out(here):
    make(here, "oof_a.csv", "deep/b.csv", "train.csv", "oof_zzz.csv")
    (here / "pbl.toml").write_text(
        "[pillars.c]\nfile = 'c.csv'\n[pillars.b]\nfile = 'b.csv'\noof = 'deep/b.csv'\n[pillars.a]\nfile = 'a.csv'\n"
        "[pillars.d]\nfile = 'd.csv'\noof = 'deep/d.csv'\n[metric]\ntruth = 'train.csv'\n"
    )
    for paths in ([], [here]):
        chosen = select_oof(paths, folder=here)
        assert names(chosen) == [("a", "oof_a.csv"), ("b", "b.csv")]
        assert chosen.truth == here / "train.csv"
        assert chosen.left_out == {"c": "no oof_c.csv", "d": "no deep/d.csv"}


@pytest.mark.parametrize(
    ("files", "words", "said"),
    [
        (["oof_a.csv"], ["."], "name it with --truth"),
        (["a.csv", "truth.csv"], [".", "truth"], "no out-of-fold file found"),
        (["oof_a.csv", "a.csv", "truth.csv"], ["oof_a.csv", "a.csv", "truth"], "two files for the pillar 'a'"),
        ([], [], "nothing to do"),
    ],
)
def test_what_is_in_doubt_is_refused(here, files, words, said):
    make(here, *files)
    truth = "truth.csv" if "truth" in words else None
    with pytest.raises(UsageError, match=said):
        select_oof([word for word in words if word != "truth"], truth=truth)
