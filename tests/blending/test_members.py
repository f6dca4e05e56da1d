"""Several files that are one pillar: their mean is the pillar, and each file is checked, hashed and needed."""

import json
import math
import re
import shutil

import polars as pl
import pytest
from support.making import command, ids, predictions, read, reorder, write

from pbl.domain import limits

pytestmark = pytest.mark.usefixtures("here")

NAMES = ids(300)
SHARES = (0.95, 0.075, 2.0)
TOML = """
[pillars.siglip]
file = "siglip.csv"
weight = 0.6
[pillars.mvp]
files = ["m1.csv", "m2.csv", "m3.csv"]
shares = [0.95, 0.075, 2.0]
weight = 0.2
"""


@pytest.fixture
def files(here):
    """Write a pillar of one file and one of three, in other orders; return their numbers."""
    made = {name: predictions(NAMES, seed) for seed, name in enumerate(("siglip", "m1", "m2", "m3"))}
    for name, rows in made.items():
        reorder(write(f"{name}.csv", rows), name)
    (here / "pbl.toml").write_text(TOML)
    return made


def means(files, shares=SHARES):
    total = math.fsum(shares)
    return {
        name: math.fsum(share / total * files[f"m{n}"][name] for n, share in enumerate(shares, 1)) for name in NAMES
    }


def blended(path="submission.csv"):
    return dict(read(path)[1])


def expected(files, shares=SHARES):
    own = means(files, shares)
    return {name: 0.75 * files["siglip"][name] + 0.25 * own[name] for name in NAMES}


def blend(*words):
    return command("blend", *words)


def test_the_mean_of_the_files_is_blended(files):
    assert blend().code == 0
    assert blended() == pytest.approx(expected(files), abs=1e-9)


def test_without_shares_all_files_count_alike(files, here):
    (here / "pbl.toml").write_text(TOML.replace("shares = [0.95, 0.075, 2.0]\n", ""))
    assert blend().code == 0
    assert blended() == pytest.approx(expected(files, (1, 1, 1)), abs=1e-9)


def test_a_list_of_one_file_is_that_file(files, here):
    (here / "pbl.toml").write_text('[pillars.mvp]\nfiles = ["m2.csv"]\nshares = [7]\n')
    assert blend().code == 0
    assert blended() == files["m2"]


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize("block", [512, 1 << 20])
@pytest.mark.parametrize("odd", ["nothing", "quotes"])
def test_large_files_give_the_same_bytes(block, odd, here, monkeypatch):
    if odd == "quotes":
        text = (here / "m2.csv").read_text()
        (here / "m2.csv").write_text(text.replace(NAMES[5], f'"{NAMES[5]}"'))
    assert blend().code == 0
    sizes = limits.Sizes(large=1, block=block, preview=block, ids=100, rows=7, cells=400, table_rows=64)
    monkeypatch.setattr(limits, "SIZES", sizes)
    assert blend("--output", "large.csv").code == 0
    assert (here / "large.csv").read_bytes() == (here / "submission.csv").read_bytes()


@pytest.mark.usefixtures("files")
def test_a_member_may_be_parquet(here):
    assert blend().code == 0
    pl.read_csv("m2.csv").write_parquet("m2.parquet")
    (here / "pbl.toml").write_text(TOML.replace("m2.csv", "m2.parquet"))
    assert blend("--output", "other.csv").code == 0
    assert (here / "other.csv").read_bytes() == (here / "submission.csv").read_bytes()


@pytest.mark.parametrize("method", ["rank", "geometric", "median"])
def test_a_method_is_about_the_pillar_not_its_files(files, method):
    assert blend("--method", method).code == 0
    write("mean.csv", means(files))
    assert command("blend", "siglip=siglip.csv", "mvp=mean.csv", "--weights", "0.75,0.25", "--method", method,
                   "--output", "by_hand.csv").code == 0  # fmt: skip
    assert blended() == pytest.approx(blended("by_hand.csv"), abs=1e-9)


def test_several_targets_each_have_their_mean(here):
    rows = {n: {name: (float(n), n * 10.0) for name in NAMES[:20]} for n in (1, 2)}
    for n, each in rows.items():
        write(f"m{n}.csv", each, ("sample_id", "a", "b"))
    toml = '[contract]\ntargets = ["a", "b"]\n[pillars.m]\nfiles = ["m1.csv", "m2.csv"]\nshares = [1, 3]\n'
    (here / "pbl.toml").write_text(toml)
    assert blend().code == 0
    assert {tuple(numbers) for _, *numbers in read("submission.csv")[1]} == {(1.75, 17.5)}


@pytest.mark.usefixtures("files")
def test_a_member_at_fault_is_named_and_nothing_is_written(here):
    text = (here / "m2.csv").read_text().splitlines(keepends=True)
    (here / "m2.csv").write_text("".join(text[:7]) + text[7].split(",")[0] + ",nan\n" + "".join(text[8:]))
    done = blend()
    assert done.code == 1
    assert "m2.csv" in done.talk
    assert "PBL503" in done.talk
    assert "m1.csv" not in done.talk.split("PBL503")[1]
    assert not (here / "submission.csv").exists()


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize("gone", ["a row", "the file"])
def test_a_member_that_lacks_something_is_a_finding(gone, here):
    if gone == "the file":
        (here / "m3.csv").unlink()
    else:
        text = (here / "m3.csv").read_text().splitlines(keepends=True)
        (here / "m3.csv").write_text("".join(text[:-1]))
    done = command("validate", "--format", "json")
    report = json.loads(done.out)
    assert done.code == 1
    assert [(f["code"], f["pillar"]) for f in report["findings"] if f["severity"] == "error"] == [
        ("PBL608" if gone == "the file" else "PBL601", "mvp")
    ]
    assert [f["file"] for f in report["findings"] if f["severity"] == "error"] == ["m3.csv"]
    assert [each["pillar"] for each in report["files"]] == ["siglip", "mvp", "mvp", "mvp"]


@pytest.mark.usefixtures("files")
def test_a_recipe_has_every_member_and_needs_them_all(here):
    assert blend().code == 0
    data = (here / "submission.csv").read_bytes()
    entry = json.loads((here / "submission.recipe.json").read_text())["inputs"][1]
    assert [each["path"] for each in entry["members"]] == ["m1.csv", "m2.csv", "m3.csv"]
    assert [each["rows"] for each in entry["members"]] == [300] * 3
    assert [each["share"] for each in entry["members"]] == [share / math.fsum(SHARES) for share in SHARES]
    (here / "submission.csv").unlink()
    assert blend("--recipe", "submission.recipe.json").code == 0
    assert (here / "submission.csv").read_bytes() == data

    (here / "moved").mkdir()
    shutil.move("m2.csv", "moved/other.csv")
    done = blend("--recipe", "submission.recipe.json", "--output", "again.csv")
    assert done.code == 2
    assert "mvp/2: m2.csv is missing" in done.talk
    assert blend("--recipe", "submission.recipe.json", "--output", "again.csv", "--inputs", "moved").code == 0
    assert (here / "again.csv").read_bytes() == data


def test_a_run_keeps_the_hash_of_every_member_and_notices_a_change(files):
    assert blend().code == 0
    assert command("log-run", "submission.csv", "--label", "x", "--cv", "0.5").code == 0
    run = json.loads(command("runs", "show", "1", "--format", "json").out)
    assert {"siglip", "mvp/1", "mvp/2", "mvp/3"} <= set(run["runs"][0]["inputs"])
    write("m2.csv", files["m1"])
    assert "m2.csv has changed: it is not the mvp/2" in command("runs").talk


@pytest.mark.usefixtures("files")
def test_a_member_is_no_place_for_the_output():
    done = blend("--output", "m2.csv", "--force")
    assert done.code == 2
    assert "m2.csv: is an input" in done.talk


@pytest.mark.usefixtures("files")
def test_a_dataset_carries_the_members_and_blends_to_the_same_bytes(here):
    assert blend().code == 0
    assert command("pack", "--dataset", "ann/my-pillars", "--competition", "c-c", "--no-wheels", "-o", "pack").code == 0
    assert (here / "pack/dataset/submission_mvp.2.csv").read_bytes() == (here / "m2.csv").read_bytes()
    assert command("blend", "pack/dataset", "--output", "packed.csv").code == 0
    assert (here / "packed.csv").read_bytes() == (here / "submission.csv").read_bytes()


def test_compare_compares_the_pillars(files):
    found = json.loads(command("compare", "--format", "json").out)
    own = means(files)
    assert [each["pillar"] for each in found["pillars"]] == ["siglip", "mvp"]
    assert found["pillars"][1]["mean"] == pytest.approx(math.fsum(own.values()) / 300, abs=1e-9)
    assert found["pillars"][1]["max"] == pytest.approx(max(own.values()), abs=1e-9)


BAD = {
    "files and file": ('file = "a.csv"\nfiles = ["m1.csv"]', "pillars.mvp has a file and files"),
    "no file in the list": ("files = []", "pillars.mvp.files must be a list of file names, not []"),
    "a number in the list": ("files = [1]", "pillars.mvp.files must be a list of file names"),
    "a file twice": ('files = ["m1.csv", "./m1.csv"]', "pillars.mvp.files names m1.csv twice"),
    "the same file by a link": ('files = ["m1.csv", "link.csv"]', "pillars.mvp.files names link.csv twice"),
    "too few shares": ('files = ["m1.csv", "m2.csv"]\nshares = [1]', "pillars.mvp.shares must be a list of 2 numbers"),
    "a share below 0": ('files = ["m1.csv", "m2.csv"]\nshares = [2, -1]', "pillars.mvp.shares must be 0 or more"),
    "shares of 0": ('files = ["m1.csv", "m2.csv"]\nshares = [0, 0.0]', "pillars.mvp.shares must be 0 or more"),
    "a share that is no number": ('files = ["m1.csv"]\nshares = ["1"]', "pillars.mvp.shares must be a finite number"),
    "an infinite share": ('files = ["m1.csv"]\nshares = [inf]', "pillars.mvp.shares must be a finite number"),
    "shares of one file": ('file = "m1.csv"\nshares = [1]', "pillars.mvp.shares goes with files"),
    "a pattern": ('files = "m*.csv"', "pillars.mvp.files must be a list of file names"),
}


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize("bad", BAD)
def test_a_list_that_can_t_be_is_refused_by_its_key(bad, here):
    (here / "link.csv").symlink_to("m1.csv")
    text, told = BAD[bad]
    (here / "pbl.toml").write_text(f"[pillars.mvp]\n{text}\n")
    done = blend()
    assert done.code == 2
    assert f"pbl.toml: {told}" in done.talk
    assert len(done.talk.splitlines()) == 1
    assert not (here / "submission.csv").exists()


@pytest.mark.parametrize("scale", [1e308, 1e-320, 5e-324])
def test_shares_of_any_size_are_divided_by_their_sum(scale, files, here):
    (here / "pbl.toml").write_text(TOML.replace("[0.95, 0.075, 2.0]", repr([scale, 0.0, scale])))
    assert blend().code == 0
    assert blended() == pytest.approx(expected(files, (1.0, 0.0, 1.0)), abs=1e-9)


def test_a_pillar_that_is_called_as_a_file_of_another_is_refused(files, here):
    (here / "pbl.toml").write_text(TOML.replace("[pillars.siglip]", '[pillars."mvp/3"]'))
    done = blend()
    assert (done.code, len(done.talk.splitlines())) == (2, 1)
    assert "the pillar 'mvp/3' is called as a file of 'mvp' in recipes; rename one" in done.talk
    assert not (here / "submission.csv").exists()
    (here / "pbl.toml").write_text(TOML.replace("[pillars.siglip]", '[pillars."mvp/4"]'))
    assert blend("--weights", "0.2", "0.6").code == 0
    recipe = json.loads((here / "submission.recipe.json").read_text())
    assert sum(len(each.get("members", [each])) for each in recipe["inputs"]) == len(files)
    assert command("blend", "--recipe", "submission.recipe.json", "-o", "again.csv").code == 0


@pytest.mark.usefixtures("files")
def test_a_warning_names_the_file_of_several_and_a_note_the_pillar_once(here):
    write("m2.csv", dict.fromkeys(reversed(NAMES), 1.5))
    told = "PBL551 constant-target in target: mvp (m2.csv): every prediction is 1.5"
    assert told in blend().talk
    assert re.search(r"PBL604 row-order-differs: (siglip, )?mvp; ", command("validate").out)
    packed = command("pack", "--dataset", "ann/pillars", "--competition", "comp", "--no-wheels", "--format", "json")
    assert "mvp (m2.csv): every prediction is 1.5" in packed.out
    (here / "pbl.toml").write_text(TOML.replace('"m1.csv", "m2.csv", "m3.csv"', '"m2.csv"').replace(", 0.075, 2.0", ""))
    assert told.replace(" (m2.csv)", "") in blend("--force").talk


@pytest.mark.usefixtures("files")
def test_a_file_without_a_share_is_not_what_a_method_can_not_take(here):
    for name in ("siglip", "m1", "m3"):
        write(f"{name}.csv", {each: n / 1000 + 0.1 for n, each in enumerate(NAMES)})
    write("m2.csv", {each: n - 3.0 for n, each in enumerate(NAMES)})
    done = blend("--method", "logit")
    assert (done.code, "m2.csv" in done.talk, "PBL507" in done.talk) == (1, True, True)
    (here / "pbl.toml").write_text(TOML.replace("0.075", "0"))
    assert blend("--method", "logit").code == 0
    assert all(0 < value < 1 for value in blended().values())


@pytest.mark.usefixtures("files")
def test_what_is_said_of_all_counts_files_where_a_pillar_has_several(here):
    for seed, name in enumerate(("siglip", "m1", "m2", "m3")):
        write(f"{name}.csv", {each: float((n + seed) % 3) for n, each in enumerate(NAMES)})
    assert "every prediction of all 4 files is a whole number" in blend().talk
    write(here / "template.csv", dict.fromkeys(NAMES[1:], 0.0))
    assert "all 4 files have the same ids: is the template" in blend("--template", "template.csv").talk
