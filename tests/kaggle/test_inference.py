"""The notebook, run for real in a room like Kaggle's: every known mount, every way to fail, training on and off."""

import hashlib
import json
import shutil

import pytest
from support.effort import THOROUGH, costly
from support.kaggle_room import Room, code, find_obstacle
from support.packing import COMPETITION, DATASET, pbl, template

WEIGHTS = {"siglip": 0.6, "dino": 0.2, "mvp": 0.1, "dinov2": 0.1}
IDS = [
    f"ID{n}__{target}" for n in range(12) for target in ("Dry_Clover_g", "Dry_Dead_g", "Dry_Green_g", "GDM_g", "Total")
]
HIDDEN = [f"ID{n}__GDM_g" for n in range(1000, 2000)]

pytestmark = pytest.mark.skipif(bool(find_obstacle()), reason=f"no room like Kaggle's: {find_obstacle()}")


def rows_of(ids, seed=0):
    return "sample_id,target\n" + "".join(f"{i},{(hash_of(i, seed) % 9973) / 97!r}\n" for i in ids)


def hash_of(text, seed):
    return int.from_bytes(hashlib.sha256(f"{seed}{text}".encode()).digest()[:4], "big")


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    """Pack four pillars, and blend them outside of Kaggle: the notebook must come to the same bytes."""
    folder = tmp_path_factory.mktemp("packed")
    pillars = folder / "pillars"
    pillars.mkdir()
    for seed, name in enumerate(WEIGHTS):
        (pillars / f"submission_{name}.csv").write_text(rows_of(sorted(IDS, key=lambda i: hash_of(i, name)), seed))
    (pillars / "sample_submission.csv").write_text(template(IDS))
    pbl("pack", pillars, "--dataset", DATASET, "--competition", COMPETITION, "-o", folder / "pack")
    pbl("blend", pillars, "--output", folder / "submission.csv")
    return folder


@pytest.fixture
def room(tmp_path):
    return Room(tmp_path)


@pytest.fixture
def furnished(room, packed):
    """Give a room where everything is as it should be, and a submission is left from before."""
    mount(room, packed)
    room.submission.write_text("left from before\n")
    return room


def mount(room, packed, dataset="my-pillars", competition=COMPETITION, *, ids=IDS, called="sample_submission.csv"):
    shutil.copytree(packed / "pack" / "dataset", room.input / dataset, ignore=shutil.ignore_patterns("*-metadata.json"))
    (room.input / competition / "train").mkdir(parents=True)
    (room.input / competition / called).write_text(template(ids))
    return room.input / dataset


def the_notebook(packed):
    [path] = (packed / "pack" / "notebook").glob("*.ipynb")
    return path


def sum_again(dataset):
    """Make SHA256SUMS fit what is there now; give its own hash."""
    names = sorted(p.name for p in dataset.iterdir() if p.name != "SHA256SUMS")
    lines = [f"{hashlib.sha256((dataset / name).read_bytes()).hexdigest()}  {name}\n" for name in names]
    (dataset / "SHA256SUMS").write_text("".join(lines))
    return hash_pack(dataset)


def hash_pack(dataset):
    return hashlib.sha256((dataset / "SHA256SUMS").read_bytes()).hexdigest()


def stops(room, packed, *words, **parameters):
    """Run the notebook, which must stop with these words last in the cell's output, and leave no submission."""
    ran = room.run(the_notebook(packed), **parameters)
    assert ran.error is not None, ran.cells
    assert ran.error.startswith("Stopped: ")
    assert "Traceback" not in ran.error
    for word in words:
        assert word in ran.error
    assert not any(room.working.rglob("submission*")), sorted(room.working.rglob("*"))
    return ran


@pytest.mark.parametrize(
    ("dataset", "competition", "training"),
    [
        ("my-pillars", "csiro-biomass", None),
        ("datasets/ann/my-pillars", "competitions/csiro-biomass", False),
        ("ann/my-pillars", "csiro-biomass", True),
        ("d/ann/my-pillars", "competitions/csiro-biomass", None),
    ][: 4 if THOROUGH else 2],
)
def test_the_notebook_blends_what_pbl_blends_wherever_kaggle_mounts_it(room, packed, dataset, competition, training):
    mount(room, packed, dataset, competition)
    room.submission.write_text("left from before\n")

    ran = room.run(the_notebook(packed), **({} if training is None else {"RUN_TRAINING": training}))

    assert ran.error is None
    assert room.submission.read_bytes() == (packed / "submission.csv").read_bytes()
    recipe = json.loads((room.working / "submission.recipe.json").read_text())
    assert recipe["weights"] == WEIGHTS
    assert recipe["inputs"][0]["path"] == f"../input/{dataset}/submission_siglip.csv"
    [log] = (room.working / "run_logs").glob("scores_*_inference.csv")
    assert log.read_text().splitlines()[1].startswith("blend,")
    assert bool(ran.cells["train"]) is bool(training)
    assert "siglip" in ran.cells["recipe"]
    assert IDS[0] in ran.cells["recipe"]


BOTH = ("--per-target", "--reconcile")


@pytest.mark.parametrize("flags", [(), BOTH[:1], BOTH[1:], BOTH] if THOROUGH else [BOTH], ids=" ".join)
def test_the_notebook_blends_by_target_and_holds_sums_as_pbl_blend_does(room, packed, flags):
    project = room.folder / "project"
    shutil.copytree(packed / "pillars", project)
    lines = [f'[pillars.{name}]\nfile = "submission_{name}.csv"\nweight = {w}\n' for name, w in WEIGHTS.items()]
    lines.append('[[constraints]]\ntotal = "GDM_g"\nparts = ["Dry_Green_g", "Dry_Clover_g"]\n')
    lines.append("[per_target.Dry_Dead_g]\nmvp = 0.3\ndino = 0.1\n")
    (project / "pbl.toml").write_text("".join(lines))
    pbl("pack", project, *flags, "--dataset", DATASET, "--competition", COMPETITION, "-o", room.folder / "pack")
    expected = room.folder / "expected.csv"
    pbl("blend", project, *flags, "--template", project / "sample_submission.csv", "--output", expected)
    mount(room, room.folder)

    ran = room.run(the_notebook(room.folder))

    assert ran.error is None
    assert room.submission.read_bytes() == expected.read_bytes()
    assert (expected.read_bytes() == (packed / "submission.csv").read_bytes()) is (not flags)


def test_flags_of_a_file_that_the_sums_do_not_list_are_not_taken(furnished, packed):
    (furnished.input / "my-pillars" / "blend_flags.txt").write_text("--per-target\n")

    ran = furnished.run(the_notebook(packed))

    assert ran.error is None
    assert furnished.submission.read_bytes() == (packed / "submission.csv").read_bytes()


def test_pillars_that_predict_in_the_run_win_over_the_dataset_s(room, packed):
    hidden = [f"ID{n}__GDM_g" for n in range(1000, 1200)]
    mount(room, packed, ids=hidden)
    for seed, name in enumerate(WEIGHTS):
        (room.folder / f"submission_{name}.csv").write_text(rows_of(hidden, seed))
    files = [f"{name}={room.folder}/submission_{name}.csv" for name in WEIGHTS]
    weights = ",".join(f"{name}={weight}" for name, weight in WEIGHTS.items())
    pbl("blend", *files, "--weights", weights, "--output", room.folder / "expected.csv")
    predicting = "import shutil\nfrom pathlib import Path\n"
    predicting += f"for each in Path({str(room.folder)!r}).glob('submission_*.csv'): shutil.copy(each, PILLARS_DIR)\n"
    predicting += "pbl = dataset = template = files = run = wheels = None"
    table = json.loads(the_notebook(packed).read_bytes())
    table["cells"].insert([c["id"] for c in table["cells"]].index("validate"), code("predict", predicting))
    own = room.folder / "own.ipynb"
    own.write_text(json.dumps(table))

    ran = room.run(own)

    assert ran.error is None
    assert room.submission.read_bytes() == (room.folder / "expected.csv").read_bytes()


def test_where_pip_refuses_the_wheels_are_used_as_they_are(furnished, packed):
    for each in (furnished.folder / "venv" / "lib").glob("python*/site-packages/pip*"):
        each.unlink()

    ran = furnished.run(the_notebook(packed))

    assert ran.error is None
    assert "used as they are" in ran.cells["install"]
    assert furnished.submission.read_bytes() == (packed / "submission.csv").read_bytes()


def test_an_unknown_mount_stops_the_run(room, packed):
    mount(room, packed, dataset="uploads/deeper/my-pillars")
    room.submission.write_text("left from before\n")
    forms = [
        f"/kaggle/input/{form}"
        for form in ("my-pillars", "datasets/ann/my-pillars", "ann/my-pillars", "d/ann/my-pillars")
    ]
    astray = "where Kaggle puts none, so it is not taken:\n  /kaggle/input/uploads/deeper/my-pillars\n"
    stops(room, packed, "ann/my-pillars is not there", astray, *forms, "/kaggle/input/uploads/deeper\n")


@costly
def test_two_mounts_stop_the_run(furnished, packed):
    shutil.copytree(furnished.input / "my-pillars", furnished.input / "datasets" / "ann" / "my-pillars")
    stops(furnished, packed, "more than once", "/kaggle/input/my-pillars\n", "/kaggle/input/datasets/ann/my-pillars\n")


@costly
def test_two_competitions_stop_the_run(furnished, packed):
    shutil.copytree(furnished.input / COMPETITION, furnished.input / "competitions" / COMPETITION)
    stops(furnished, packed, "The competition csiro-biomass is there more than once")


@costly
def test_a_competition_without_a_template_stops_the_run(furnished, packed):
    (furnished.input / COMPETITION / "sample_submission.csv").unlink()
    stops(furnished, packed, "sample_submission.csv is not there", "has: train", "set TEMPLATE")


@costly
def test_a_pillar_that_is_not_there_stops_the_run(furnished, packed):
    (furnished.input / "my-pillars" / "submission_dino.csv").unlink()
    stops(furnished, packed, "lacks submission_dino.csv")


def test_a_pillar_that_was_changed_after_packing_stops_the_run(furnished, packed):
    (furnished.input / "my-pillars" / "submission_dino.csv").write_text(rows_of(IDS, 7))
    stops(furnished, packed, "not the bytes that SHA256SUMS lists: submission_dino.csv")


def test_a_pillar_with_findings_stops_the_run(furnished, packed):
    pillar = furnished.input / "my-pillars" / "submission_mvp.csv"
    pillar.write_text(pillar.read_text().replace(pillar.read_text().split(",")[2].split("\n")[0], "nan", 1))
    stops(furnished, packed, "PBL503", "mvp", PACK=sum_again(pillar.parent))


@costly
def test_a_template_with_other_ids_stops_the_run(room, packed):
    mount(room, packed, ids=["X" + i for i in IDS[:30]] + IDS[30:])
    stops(room, packed, "PBL601", "PBL602")


def test_a_placeholder_stops_the_run_and_both_ways_out_are_told(room, packed):
    mount(room, packed, ids=IDS + HIDDEN)
    stops(room, packed, "PBL603", "Predict inside the run", "Enter a competition whose test set is visible")


@costly
def test_a_log_that_can_t_be_written_leaves_no_submission(furnished, packed):
    stops(furnished, packed, "pbl log-run failed", LABEL="no such/label")


def test_without_wheels_and_without_pbl_the_run_stops(furnished, packed):
    for wheel in (furnished.input / "my-pillars").glob("*.whl"):
        wheel.unlink()
    pack = sum_again(furnished.input / "my-pillars")
    stops(furnished, packed, "pbl can't be run here", "without --no-wheels", PACK=pack)


@costly
def test_a_dataset_that_is_not_attached_stops_the_run_and_what_is_there_is_told(furnished, packed):
    (furnished.input / "my-pillars").rename(furnished.input / "other-pillars")
    ran = stops(furnished, packed, "Attach it with Add Input", "/kaggle/input has:\n", "/kaggle/input/other-pillars")
    assert "of that name" not in ran.error


@costly
def test_a_pack_that_lies_in_a_folder_of_the_dataset_stops_the_run(room, packed):
    mount(room, packed, dataset="my-pillars/dataset")
    stops(room, packed, "the pack lies too deep, in /kaggle/input/my-pillars/dataset", "has: dataset")


def test_a_dataset_that_pbl_did_not_pack_stops_the_run(furnished, packed):
    (furnished.input / "my-pillars" / "SHA256SUMS").unlink()
    stops(furnished, packed, "this is no dataset that `pbl pack` made", "has: submission_dino.csv")


def test_the_notebook_of_another_pack_stops_on_this_one_and_names_both(furnished, packed):
    line = ("--dataset", DATASET, "--competition", COMPETITION, "-o", furnished.folder / "second")
    pbl("pack", packed / "pillars", "-w", "0.4,0.3,0.2,0.1", *line)
    first, second = (hash_pack(folder / "dataset") for folder in (packed / "pack", furnished.folder / "second"))

    ran = furnished.run(furnished.folder / "second" / "notebook" / "my-pillars-inference.ipynb")

    assert ran.error is not None
    assert ran.error.startswith("Stopped: /kaggle/input/my-pillars is another pack than this notebook's")
    assert first in ran.error
    assert second in ran.error
    assert "wait until Kaggle calls the dataset ready" in ran.error
    assert not any(furnished.working.iterdir())


def test_a_notebook_of_no_pack_blends_any_and_tells_which(furnished, packed):
    alone = furnished.folder / "alone.ipynb"
    pbl("notebook", "--dataset", DATASET, "--competition", COMPETITION, "-o", alone)

    ran = furnished.run(alone)

    assert ran.error is None
    assert hash_pack(packed / "pack" / "dataset") in ran.cells["verify"]
    assert furnished.submission.read_bytes() == (packed / "submission.csv").read_bytes()


def test_the_template_is_looked_for_by_its_own_name(room, packed):
    mount(room, packed, called="SampleSubmission.csv")
    (room.folder / "SampleSubmission.csv").write_text(template(IDS))
    files = [f"{name}={packed}/pillars/submission_{name}.csv" for name in WEIGHTS]
    line = ("--dataset", DATASET, "--competition", COMPETITION, "-o", room.folder / "pack")
    pbl("pack", *files, "--template", room.folder / "SampleSubmission.csv", *line)

    ran = room.run(room.folder / "pack" / "notebook" / "my-pillars-inference.ipynb")

    assert ran.error is None
    assert room.submission.read_bytes() == (packed / "submission.csv").read_bytes()


@costly
def test_a_template_that_lies_deeper_can_be_named_by_its_path(room, packed):
    mount(room, packed, called="train/template.csv")
    assert room.run(the_notebook(packed), TEMPLATE="train/template.csv").error is None
    assert room.submission.read_bytes() == (packed / "submission.csv").read_bytes()


@costly
def test_a_test_set_that_has_none_of_the_ids_stops_the_run(room, packed):
    mount(room, packed, ids=HIDDEN)
    stops(room, packed, "pbl validate failed (exit code 1)")


@costly
def test_a_wheel_that_the_sums_do_not_list_is_not_installed(furnished, packed):
    """Pip would prefer it, by the number of its build."""
    dataset = furnished.input / "my-pillars"
    [ours] = dataset.glob("pillar_blend-*.whl")
    (dataset / ours.name.replace("-py3-", "-9-py3-")).write_bytes(b"not what was packed")

    ran = furnished.run(the_notebook(packed))

    assert ran.error is None
    assert "pip refused" not in ran.cells["install"]


@costly
def test_a_dataset_that_is_no_owner_and_slug_stops_the_run(furnished, packed):
    for dataset in ("my-pillars", "datasets/ann/my-pillars"):
        stops(furnished, packed, f"DATASET is {dataset!r}, not OWNER/SLUG", DATASET=dataset)


@costly
def test_a_folder_of_pillars_that_is_not_there_stops_the_run(furnished, packed):
    stops(furnished, packed, "no/such: no such folder", PILLARS_DIR="no/such")
