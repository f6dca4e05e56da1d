import json
import math
from dataclasses import FrozenInstanceError
from datetime import datetime
from pathlib import Path

import pytest
from pandera.config import get_config_global, set_config
from support.making import agree, command, four, ids, predictions, read, tree, write

import pbl
from pbl.domain.errors import FindingsError, InputError, PblError, UsageError
from pbl.domain.recipe import parse_recipe

pytestmark = pytest.mark.usefixtures("here")

NAN, INFINITE = math.nan, math.inf


@pytest.fixture
def two(here):
    write(here / "a.csv", {"x": 1.0, "y": 2.0})
    write(here / "b.csv", {"y": 4.0, "x": 3.0})
    return ("a.csv", "b.csv")


def test_what_is_offered_is_there_and_nothing_else_is():
    assert set(pbl.__all__) >= {"blend", "validate", "log_run", "PblError", "FindingsError", "__version__"}
    assert all(getattr(pbl, name) is not None for name in pbl.__all__)
    assert dir(pbl) == sorted(pbl.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        pbl.nonsense  # noqa: B018 - asking is the test


def test_paths_may_be_given_one_by_one_or_in_a_list(two):
    assert pbl.validate(list(two)).to_json() == pbl.validate(*two).to_json() == pbl.validate(two).to_json()
    assert pbl.blend(list(two), dry_run=True).inputs == pbl.blend(*two, dry_run=True).inputs


def test_an_exception_for_findings_tells_the_first_of_them(two):
    write("b.csv", [("x", "nan"), ("y", "1,5")])
    with pytest.raises(FindingsError) as caught:
        pbl.blend(*two)
    verdict, *lines = str(caught.value).splitlines()
    assert verdict == caught.value.report.verdict()
    assert lines
    assert lines[0].startswith("b (b.csv), row 3: PBL302 too-many-fields: ")


def test_validate_does_what_the_command_does(here):
    made = four(here / "p", 20)
    write(made.paths["mvp"], [(k, "abc") for k in ids(20)])
    done = command("validate", "p", "--format", "json")
    assert pbl.validate("p").to_json() == json.loads(done.out)
    assert pbl.validate(Path("p"), max_examples=2).findings != pbl.validate("p").findings
    by_name = pbl.validate(pillars={"mine": made.paths["dino"]}, template=made.template)
    assert [f.pillar for f in by_name.files] == ["mine"]
    assert by_name.ok


def test_blend_does_what_the_command_does_and_returns_the_recipe(here):
    made = four(here / "p", 20)
    recipe = pbl.blend("p", clip_min=40, output="mine.csv")
    command("blend", "p", "--clip-min", "40", "-o", "its.csv")
    assert (here / "mine.csv").read_bytes() == (here / "its.csv").read_bytes()
    assert agree(read("mine.csv")[1], made.expected(low=40))
    assert parse_recipe((here / "mine.recipe.json").read_bytes(), here) == recipe
    assert recipe.to_json()["weights"] == {"siglip": 0.6, "dino": 0.2, "mvp": 0.1, "dinov2": 0.1}


@pytest.mark.parametrize("weights", [[1, 3], (1.0, 3.0), {"b": 3, "a": 1}, "1,3", "b=3,a=1"])
def test_weights_may_be_given_in_every_way_that_python_has(two, weights):
    assert [i.weight for i in pbl.blend(*two, weights=weights).inputs] == [1.0, 3.0]
    assert dict(read("submission.csv")[1]) == {"x": 2.5, "y": 3.5}


def test_a_mapping_of_weights_sets_the_others_aside(two):
    assert [i.name for i in pbl.blend(*two, weights={"b": 2}).inputs] == ["b"]


def test_the_output_is_submission_csv_unless_pbl_toml_or_the_caller_says_otherwise(here, two):
    pbl.blend(*two)
    assert (here / "submission.csv").exists()
    (here / "pbl.toml").write_text("[blend]\noutput = 'toml.csv'\nclip_min = 2.5")
    assert pbl.blend(*two).clip_min == 2.5
    assert (here / "toml.csv").exists()
    assert pbl.blend(*two, output=here / "said.csv", clip_min=-1).clip_min == -1.0
    assert (here / "said.recipe.json").exists()


def test_a_recipe_is_replayed_and_takes_nothing_that_would_change_it(here, two):
    first = pbl.blend(*two, weights=[1, 3])
    data = (here / "submission.csv").read_bytes()
    (here / "submission.csv").unlink()
    again = pbl.blend(recipe="submission.recipe.json")
    assert (again.output, again.inputs) == (first.output, first.inputs)
    assert (here / "submission.csv").read_bytes() == data
    for more in ({"weights": [1, 1]}, {"weights": []}, {"clip_min": 0}, {"clip_max": 0}, {"raw_weights": True}):
        with pytest.raises(UsageError):
            pbl.blend(recipe="submission.recipe.json", **more)
    with pytest.raises(UsageError):
        pbl.blend(*two, recipe="submission.recipe.json")


def test_nothing_is_printed(two, capfd):
    pbl.blend(*two, clip_min=2.0)
    pbl.validate(*two)
    write("b.csv", [("x", "nan")])
    with pytest.raises(FindingsError):
        pbl.blend(*two, force=True)
    assert capfd.readouterr() == ("", "")


def test_bad_data_is_a_report_and_no_exception(two):
    write("b.csv", [("x", "nan"), ("y", "1")])
    report = pbl.validate(*two)
    assert not report.ok
    assert [f.code for f in report.errors()] == ["PBL503"]
    with pytest.raises(pbl.FindingsError) as caught:
        pbl.blend(*two)
    assert [f.code for f in caught.value.report.errors()] == ["PBL503"]
    assert isinstance(caught.value, pbl.PblError)


@pytest.mark.parametrize(
    "how",
    [
        {"clip_min": NAN},
        {"clip_max": NAN},
        {"clip_min": -INFINITE},
        {"clip_max": INFINITE},
        {"clip_min": "low"},
        {"clip_min": 2, "clip_max": 1},
        {"weights": [1, NAN]},
        {"weights": [1, INFINITE]},
        {"weights": [1, -1]},
        {"weights": [0, 0]},
        {"weights": [1]},
        {"weights": [1, 2, 3]},
        {"weights": []},
        {"weights": {}},
        {"weights": ["1", None]},
        {"weights": "1 3"},
        {"weights": {"c": 1}},
        {"weights": {"a": None}},
        {"threads": 0},
        {"threads": -1},
        {"threads": 1.5},
        {"memory_limit": "much"},
        {"temp_dir": "nowhere"},
        {"template": "nowhere.csv"},
        {"template": ""},
        {"output": "no/such/folder.csv"},
        {"output": "a.csv"},
        {"inputs": "."},
        {"recipe": "nowhere.json"},
        {"pillars": {"": "a.csv"}},
        {"pillars": {"c\nd": "a.csv"}},
        {"pillars": {"c": "nowhere.csv"}},
        {"pillars": {"c": ""}},
        {"pillars": {"a": "b.csv"}},
        {"pillars": {"c": None}},
        {"template": 3},
        {"fail_on": "info"},
    ],
)
def test_what_a_caller_can_get_wrong_is_a_pbl_error_and_writes_nothing(here, two, how):
    before = tree(here)
    with pytest.raises(PblError):
        pbl.blend(*two, **how)
    assert tree(here) == before


@pytest.mark.usefixtures("two")
def test_an_empty_path_is_never_the_working_folder():
    for call in (pbl.validate, pbl.blend):
        with pytest.raises(UsageError, match="empty"):
            call("")
        with pytest.raises(InputError):
            call("a.csv", "nowhere.csv")
        with pytest.raises(UsageError, match="empty"):
            call(["a.csv", ""])
        with pytest.raises(UsageError, match="int"):
            call(["a.csv", 3])
        with pytest.raises(UsageError):
            call(pillars={})


def test_results_are_frozen(two):
    for result, name in ((pbl.validate(*two), "findings"), (pbl.blend(*two), "inputs")):
        with pytest.raises(FrozenInstanceError):
            setattr(result, name, ())


def test_json_of_results_is_json(here):
    write(here / "a.csv", predictions(ids(5), 1))
    for result in (pbl.validate("a.csv"), pbl.blend("a.csv")):
        assert json.loads(json.dumps(result.to_json(), allow_nan=False)) == result.to_json()


def test_a_moment_without_a_time_zone_is_refused(two):
    pbl.blend(*two, output="out.csv")
    with pytest.raises(UsageError, match="no time zone"):
        pbl.log_run("out.csv", label="x", cv=1.0, now=datetime(2026, 1, 1))  # noqa: DTZ001 - as a user may
    assert not Path("run_logs").exists()


@pytest.mark.filterwarnings("ignore:Re-registered pandera backends")
def test_panderas_backend_is_the_users_again_after_a_check(two):
    write("b.csv", {"x": 1.0, "y": "abc"})
    expected = pbl.validate(*two).to_json()
    set_config(use_narwhals_backend=True)
    try:
        assert pbl.validate(*two).to_json() == expected
        assert get_config_global().use_narwhals_backend is True
    finally:
        set_config(use_narwhals_backend=False)
