"""The notebook, run for real in a room like Kaggle's: every known mount, every way to fail, training on and off."""

import ast
import hashlib
import json
import shutil
from pathlib import Path

import pytest
from support.kaggle_room import Room, closed, code
from typer.testing import CliRunner

from pbl.cli import app
from pbl.kaggle.names import Ref
from pbl.kaggle.notebook import notebook, unedited

WEIGHTS = {"siglip": 0.6, "dino": 0.2, "mvp": 0.1, "dinov2": 0.1}
IDS = [
    f"ID{n}__{target}" for n in range(12) for target in ("Dry_Clover_g", "Dry_Dead_g", "Dry_Green_g", "GDM_g", "Total")
]
DATASET, COMPETITION = "ann/my-pillars", "csiro-biomass"

needs_a_room = pytest.mark.skipif(bool(closed()), reason=f"no room like Kaggle's: {closed()}")


def pbl(*arguments, status=0):
    done = CliRunner().invoke(app, [str(each) for each in arguments])
    assert done.exit_code == status, done.output
    return done


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
    (pillars / "sample_submission.csv").write_text("sample_id,target\n" + "".join(f"{i},0\n" for i in IDS))
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


def mount(room, packed, dataset="my-pillars", competition=COMPETITION, ids=IDS):
    shutil.copytree(packed / "pack" / "dataset", room.input / dataset, ignore=shutil.ignore_patterns("*-metadata.json"))
    (room.input / competition / "train").mkdir(parents=True)
    template = "sample_id,target\n" + "".join(f"{i},0\n" for i in ids)
    (room.input / competition / "sample_submission.csv").write_text(template)
    return room.input / dataset


def the_notebook(packed):
    [path] = (packed / "pack" / "notebook").glob("*.ipynb")
    return path


def summed(dataset):
    """Make SHA256SUMS fit what is there now."""
    names = sorted(p.name for p in dataset.iterdir() if p.name != "SHA256SUMS")
    lines = [f"{hashlib.sha256((dataset / name).read_bytes()).hexdigest()}  {name}\n" for name in names]
    (dataset / "SHA256SUMS").write_text("".join(lines))


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


@needs_a_room
@pytest.mark.parametrize(
    ("dataset", "competition", "training"),
    [
        ("my-pillars", "csiro-biomass", None),
        ("datasets/ann/my-pillars", "competitions/csiro-biomass", False),
        ("ann/my-pillars", "csiro-biomass", True),
        ("d/ann/my-pillars", "competitions/csiro-biomass", None),
    ],
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


@needs_a_room
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


@needs_a_room
def test_where_pip_refuses_the_wheels_are_used_as_they_are(furnished, packed):
    for each in (furnished.folder / "venv" / "lib").glob("python*/site-packages/pip*"):
        each.unlink()

    ran = furnished.run(the_notebook(packed))

    assert ran.error is None
    assert "used as they are" in ran.cells["install"]
    assert furnished.submission.read_bytes() == (packed / "submission.csv").read_bytes()


@needs_a_room
def test_an_unknown_mount_stops_the_run(room, packed):
    mount(room, packed, dataset="uploads/deeper/my-pillars")
    room.submission.write_text("left from before\n")
    forms = [
        f"/kaggle/input/{form}"
        for form in ("my-pillars", "datasets/ann/my-pillars", "ann/my-pillars", "d/ann/my-pillars")
    ]
    stops(room, packed, "ann/my-pillars is not there", *forms, "/kaggle/input/uploads/deeper")


@needs_a_room
def test_two_mounts_stop_the_run(furnished, packed):
    shutil.copytree(furnished.input / "my-pillars", furnished.input / "datasets" / "ann" / "my-pillars")
    stops(furnished, packed, "more than once", "/kaggle/input/my-pillars\n", "/kaggle/input/datasets/ann/my-pillars\n")


@needs_a_room
def test_two_competitions_stop_the_run(furnished, packed):
    shutil.copytree(furnished.input / COMPETITION, furnished.input / "competitions" / COMPETITION)
    stops(furnished, packed, "The competition csiro-biomass is there more than once")


@needs_a_room
def test_a_competition_without_a_template_stops_the_run(furnished, packed):
    (furnished.input / COMPETITION / "sample_submission.csv").unlink()
    stops(furnished, packed, "sample_submission.csv is not there", "has: train")


@needs_a_room
def test_a_pillar_that_is_not_there_stops_the_run(furnished, packed):
    (furnished.input / "my-pillars" / "submission_dino.csv").unlink()
    stops(furnished, packed, "lacks submission_dino.csv")


@needs_a_room
def test_a_pillar_that_was_changed_after_packing_stops_the_run(furnished, packed):
    (furnished.input / "my-pillars" / "submission_dino.csv").write_text(rows_of(IDS, 7))
    stops(furnished, packed, "not the bytes that SHA256SUMS lists: submission_dino.csv")


@needs_a_room
def test_a_pillar_with_findings_stops_the_run(furnished, packed):
    pillar = furnished.input / "my-pillars" / "submission_mvp.csv"
    pillar.write_text(pillar.read_text().replace(pillar.read_text().split(",")[2].split("\n")[0], "nan", 1))
    summed(pillar.parent)
    stops(furnished, packed, "PBL503", "mvp")


@needs_a_room
def test_a_template_with_other_ids_stops_the_run(room, packed):
    mount(room, packed, ids=["X" + i for i in IDS[:30]] + IDS[30:])
    stops(room, packed, "PBL601", "PBL602")


@needs_a_room
def test_a_placeholder_stops_the_run_and_both_ways_out_are_told(room, packed):
    mount(room, packed, ids=IDS + [f"ID{n}__GDM_g" for n in range(1000, 2000)])
    stops(room, packed, "PBL603", "Predict inside the run", "Enter a competition whose test set is visible")


@needs_a_room
def test_a_log_that_can_t_be_written_leaves_no_submission(furnished, packed):
    stops(furnished, packed, "pbl log-run failed", LABEL="no such/label")


@needs_a_room
def test_without_wheels_and_without_pbl_the_run_stops(furnished, packed):
    for wheel in (furnished.input / "my-pillars").glob("*.whl"):
        wheel.unlink()
    summed(furnished.input / "my-pillars")
    stops(furnished, packed, "pbl can't be run here", "without --no-wheels")


def cells(of=DATASET):
    owner, _, slug = of.partition("/")
    return json.loads(notebook(Ref(owner=owner, slug=slug), COMPETITION))["cells"]


def test_the_first_code_cell_holds_the_parameters():
    first = next(cell for cell in cells() if cell["cell_type"] == "code")
    values = {}
    exec("".join(first["source"]), values)  # noqa: S102 - our own text
    del values["__builtins__"]
    assert first["metadata"]["tags"] == ["parameters"]
    assert values == {
        "RUN_TRAINING": False,
        "DATASET": DATASET,
        "COMPETITION": COMPETITION,
        "PILLARS_DIR": "/kaggle/working",
        "LABEL": "inference",
    }


def test_one_cell_is_for_training_and_all_of_it_is_behind_the_flag():
    [train] = [cell for cell in cells() if "train" in cell["metadata"].get("tags", [])]
    [statement] = ast.parse("".join(train["source"])).body
    assert isinstance(statement, ast.If)
    assert ast.unparse(statement.test) == "RUN_TRAINING"


def test_the_notebook_is_valid_and_has_no_outputs():
    nbformat = pytest.importorskip("nbformat")
    data = notebook(Ref(owner="ann", slug="my-pillars"), COMPETITION)
    table = nbformat.reads(data.decode(), as_version=4)
    nbformat.validate(table)
    assert len({cell["id"] for cell in cells()}) == len(cells())
    assert not any(cell.get("outputs") for cell in cells())
    assert nbformat.writes(table) + "\n" == data.decode()


def test_pbl_notebook_writes_the_notebook_of_pack(packed, tmp_path):
    path = tmp_path / "inference.ipynb"
    line = ("notebook", "-o", path, "--dataset", DATASET, "--competition", COMPETITION)
    pbl(*line)
    pbl(*line)
    assert path.read_bytes() == the_notebook(packed).read_bytes()


def test_an_edited_notebook_is_replaced_by_force_only(tmp_path):
    path = tmp_path / "inference.ipynb"
    line = ("notebook", "-o", path, "--dataset", DATASET, "--competition", COMPETITION)
    pbl(*line)
    table = json.loads(path.read_bytes())
    table["cells"][1]["source"].append("MINE = 1")
    edited = json.dumps(table).encode()
    path.write_bytes(edited)

    done = pbl(*line, status=2)

    assert "--force" in done.output
    assert path.read_bytes() == edited
    pbl(*line, "--force")
    assert unedited(path.read_bytes())


def test_a_notebook_that_was_only_run_counts_as_unedited():
    table = json.loads(notebook(Ref(owner="ann", slug="my-pillars"), COMPETITION))
    table["cells"][2]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "ran"}]
    assert unedited(json.dumps(table).encode())
    assert not unedited(b"{}")
    assert not unedited(b"no JSON")


def test_the_json_of_pbl_notebook_names_the_file(tmp_path):
    path = tmp_path / "inference.ipynb"
    done = pbl("notebook", "-o", path, "--dataset", DATASET, "--competition", COMPETITION, "--format", "json")
    told = json.loads(done.stdout)
    assert (told["schema_version"], told["command"], told["ok"]) == (1, "notebook", True)
    assert told["notebook"]["path"] == str(path)
    assert told["notebook"]["sha256"] == hashlib.sha256(Path(path).read_bytes()).hexdigest()
