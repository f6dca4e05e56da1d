import os
from pathlib import Path

import pytest
from support.making import FOUR
from support.selecting import NUMBERED, found, refusal, touch

from pbl.domain.errors import ContractError, InputError, PblError, UsageError
from pbl.domain.pillars import TABLE
from pbl.project.file_names import name_pillar
from pbl.project.pillar_files import select_pillars

pytestmark = pytest.mark.usefixtures("here")


def test_the_table_is_the_one_that_long_stands():
    assert {name: (known.weight, *known.files) for name, known in TABLE.items()} == {
        "siglip": (0.6, "submission_siglip.csv", "submission1.csv"),
        "dino": (0.2, "submission_dino.csv", "submission3.csv"),
        "mvp": (0.1, "submission_mvp.csv", "submission2.csv"),
        "dinov2": (0.1, "submission_dinov2.csv", "submission4.csv"),
    }
    assert tuple(TABLE) == FOUR


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("submission1.csv", "siglip"),
        ("submission2.csv", "mvp"),
        ("submission3.csv", "dino"),
        ("submission4.csv", "dinov2"),
        ("submission_dino.csv", "dino"),
        ("submission_convnext.csv", "convnext"),
        ("submission5.csv", "submission5"),
        ("model.v2.csv", "model.v2"),
        ("MODEL.CSV", "MODEL"),
        ("predictions", "predictions"),
        ("submission_.csv", "submission_"),
    ],
)
def test_a_plain_file_goes_by_the_table_s_name_or_its_stem(file, name):
    assert name_pillar(Path("some") / file) == name


def test_a_folder_s_files_are_the_pillars_in_the_table_s_order_and_then_by_name(here):
    touch(
        here,
        "zebra.csv",
        "submission_dinov2.csv",
        "Alpha.csv",
        "submission2.csv",
        "submission3.csv",
        "submission_siglip.csv",
    )
    assert select_pillars([here]).names == ("siglip", "dino", "mvp", "dinov2", "Alpha", "zebra")


def test_files_that_are_no_pillar_s_are_set_aside_and_the_template_is_none_of_them(here):
    aside = (
        "submission.csv",
        "oof_siglip.csv",
        "scores_x.csv",
        "train.csv",
        "test.csv",
        "truth.csv",
        "folds.csv",
        ".hidden.csv",
    )
    touch(here, "a.csv", "sample_submission.csv", *aside)
    touch(here / "deeper", "b.csv")
    (here / "notes.txt").write_text("x")
    selection = select_pillars([here])
    assert found(selection) == {"a": "a.csv"}
    assert selection.template == here / "sample_submission.csv"
    assert selection.set_aside == tuple(sorted(aside))


@pytest.mark.parametrize("name", TABLE)
def test_two_files_for_one_pillar_in_a_folder_are_refused_and_both_named(here, name):
    touch(here, f"submission_{name}.csv", NUMBERED[name])
    message = refusal(UsageError, lambda: select_pillars([here]))
    assert f"submission_{name}.csv" in message
    assert NUMBERED[name] in message
    assert repr(name) in message


def test_one_name_for_two_files_is_refused_however_it_came_about(here):
    touch(here, "a.csv", "submission_a.csv")
    for arguments in (
        ["a.csv", "submission_a.csv"],
        ["x=a.csv", "x=submission_a.csv"],
        ["submission_a.csv", "a=a.csv"],
    ):
        message = refusal(UsageError, lambda arguments=arguments: select_pillars(arguments))
        assert "a.csv" in message
        assert "submission_a.csv" in message


def test_files_keep_the_order_of_the_command_line(here):
    touch(here, *NUMBERED.values(), "other.csv")
    order = ("submission4.csv", "other.csv", "submission1.csv")
    assert select_pillars(order).names == ("dinov2", "other", "siglip")


def test_a_name_can_be_given_to_a_file_and_a_file_may_have_an_equals_sign_in_its_name(here):
    touch(here, "a.csv", "x=b.csv")
    touch(here / "deep=er", "c.csv")
    selection = select_pillars(["best=a.csv", "x=b.csv", "deep=er/c.csv"])
    assert found(selection) == {"best": "a.csv", "x=b": "x=b.csv", "c": "c.csv"}


def test_a_name_that_could_mean_two_files_is_refused_with_the_two_ways_to_say_it(here):
    touch(here, "a=b.csv", "b.csv")
    message = refusal(UsageError, lambda: select_pillars(["a=b.csv"]))
    assert "./a=b.csv" in message
    assert "a=./b.csv" in message
    assert found(select_pillars(["./a=b.csv"])) == {"a=b": "a=b.csv"}
    assert found(select_pillars(["a=./b.csv"])) == {"a": "b.csv"}


@pytest.mark.parametrize(
    ("argument", "hint"),
    [
        ("missing.csv", "missing.csv: no such file"),
        ("x=missing.csv", "missing.csv: no such file"),
        ("0.6", "to give weights, write --weights="),
        ("40%", "to give weights, write --weights="),
        ("https://x.org/a.csv", "download it first"),
        ("s3://bucket/a.csv", "download it first"),
        ("*.csv", "no such file"),
        ("[ab].csv", "no such file"),
    ],
)
def test_what_is_not_there_is_said_with_what_may_have_been_meant(here, argument, hint):
    touch(here, "a.csv")
    assert hint in refusal(InputError, lambda: select_pillars([argument]))


def test_a_name_without_a_file_is_refused():
    assert "write x=FILE" in refusal(UsageError, lambda: select_pillars(["x="]))


def test_an_empty_folder_is_refused_and_what_was_set_aside_is_said(here):
    touch(here / "empty")
    assert "no prediction file found in empty" in refusal(UsageError, lambda: select_pillars(["empty"]))
    touch(here / "other", "train.csv")
    assert "set aside: train.csv" in refusal(UsageError, lambda: select_pillars(["other"]))


def test_no_argument_and_no_pbl_toml_is_nothing_to_do():
    assert "nothing to do" in refusal(UsageError, select_pillars)


class TestPblToml:
    TEXT = "[pillars.b]\nfile = 'two.csv'\n[pillars.siglip]\nfile = 'one.csv'\n[contract]\nid = 'image'\n"

    def test_its_pillars_are_meant_where_no_path_is_given(self, here):
        touch(here, "one.csv", "two.csv", "three.csv").joinpath("pbl.toml").write_text(self.TEXT)
        selection = select_pillars()
        assert found(selection) == {"siglip": "one.csv", "b": "two.csv"}
        assert selection.names == ("siglip", "b")
        assert selection.contract.id == "image"
        assert all(p.promised for p in selection.pillars)

    def test_its_pillars_are_meant_where_its_folder_is_given(self, here):
        touch(here / "p", "one.csv", "two.csv", "three.csv").joinpath("pbl.toml").write_text(self.TEXT)
        assert found(select_pillars(["p"])) == {"siglip": "one.csv", "b": "two.csv"}

    def test_its_contract_holds_for_other_folders_and_files_and_its_pillars_do_not(self, here):
        touch(here, "one.csv").joinpath("pbl.toml").write_text(self.TEXT)
        touch(here / "p", "x.csv")
        for path in ("p", "p/x.csv"):
            selection = select_pillars([path])
            assert found(selection) == {"x": "x.csv"}
            assert selection.contract.id == "image"
            assert not any(p.promised for p in selection.pillars)

    def test_the_folder_s_own_wins_over_the_working_folder_s(self, here):
        touch(here / "p", "x.csv").joinpath("pbl.toml").write_text("[contract]\nid = 'inner'")
        (here / "pbl.toml").write_text("[contract]\nid = 'outer'")
        assert select_pillars(["p"]).contract.id == "inner"
        assert select_pillars(["p/x.csv"]).contract.id == "outer"

    def test_without_pillars_the_folder_is_scanned(self, here):
        touch(here, "x.csv", "y.csv").joinpath("pbl.toml").write_text("[contract]\nid = 'image'")
        assert select_pillars().names == ("x", "y")
        assert select_pillars([here]).names == ("x", "y")

    def test_it_is_looked_for_up_to_the_repository_s_root_and_no_further(self, here, monkeypatch):
        (here / "pbl.toml").write_text("[contract]\nid = 'image'")
        inner = touch(here / "repo" / "inner", "x.csv")
        monkeypatch.chdir(inner)
        assert select_pillars(["x.csv"]).contract.id == "sample_id"
        (here / "repo" / ".git").mkdir()
        assert select_pillars(["x.csv"]).contract.id == "sample_id"
        (here / ".git").mkdir()
        (here / "repo" / ".git").rmdir()
        assert select_pillars(["x.csv"]).contract.id == "image"
        (here / "repo" / "pbl.toml").write_text("[contract]\nid = 'nearer'")
        assert select_pillars(["x.csv"]).contract.id == "nearer"

    def test_a_broken_one_is_never_passed_over(self, here):
        touch(here, "x.csv").joinpath("pbl.toml").write_text("[contract")
        assert "pbl.toml" in refusal(ContractError, lambda: select_pillars(["x.csv"]))

    def test_the_template_is_the_flag_s_else_its_own_else_the_folder_s(self, here):
        touch(here, "x.csv", "flag.csv", "toml.csv", "sample_submission.csv")
        assert select_pillars([here]).template == here / "sample_submission.csv"
        (here / "pbl.toml").write_text("[contract]\ntemplate = 'toml.csv'")
        assert select_pillars([here]).template == here / "toml.csv"
        by_flag = select_pillars([here], template="flag.csv")
        assert by_flag.template == Path("flag.csv")
        assert by_flag.names == ("toml", "x")
        assert by_flag.set_aside == ("sample_submission.csv",)

    def test_plain_files_have_no_template_unless_it_is_named(self, here):
        touch(here, "x.csv", "sample_submission.csv")
        assert select_pillars(["x.csv"]).template is None
        assert select_pillars(["x.csv"], template="sample_submission.csv").template == Path("sample_submission.csv")


def test_a_template_that_is_not_there_is_said(here):
    touch(here, "x.csv")
    assert "t.csv: no such file" in refusal(InputError, lambda: select_pillars(["x.csv"], template="t.csv"))


def test_an_address_is_never_taken_for_a_file_wherever_it_stands(here):
    touch(here, "x.csv")
    for call in (
        lambda: select_pillars(["x.csv"], template="https://x.org/t.csv"),
        lambda: select_pillars(["x=https://x.org/a.csv"]),
        lambda: select_pillars([Path("https://x.org/a.csv")]),
        lambda: select_pillars(named=[("siglip", "hf://x/a.csv")]),
    ):
        assert "download it first" in refusal(InputError, call)


def test_two_folders_with_a_template_each_need_one_to_be_named(here):
    for folder in ("p", "q"):
        touch(here / folder, f"{folder}.csv", "sample_submission.csv")
    assert "both templates" in refusal(UsageError, lambda: select_pillars(["p", "q"]))
    assert select_pillars(["p", "q"], template="p/sample_submission.csv").names == ("p", "q")


def test_the_nearer_folder_s_files_win_by_pillar(here):
    touch(here / "p", "submission1.csv", "x.csv")
    touch(here / "near", "submission_siglip.csv", "submission_other.csv")
    selection = select_pillars(["p"], pillars_dir="near")
    assert [p.path for p in selection.pillars] == [Path("near/submission_siglip.csv"), Path("p/x.csv")]
    assert "no such folder" in refusal(InputError, lambda: select_pillars(["p"], pillars_dir="nowhere"))


def test_a_name_with_a_separator_is_a_file_never_a_pillar(here):
    touch(here / "a=b", "c.csv")
    assert found(select_pillars([f"a=b{os.sep}c.csv"])) == {"c": "c.csv"}


def test_all_trouble_with_arguments_is_the_user_s_to_fix():
    assert issubclass(UsageError, PblError)
    assert UsageError.exit_code == InputError.exit_code == ContractError.exit_code == 2
