"""The notebook's file: its parameters, its cells, the same bytes each time; only pbl's own is replaced."""

import ast
import hashlib
import json
from pathlib import Path

import pytest
from support.packing import COMPETITION, DATASET, NAMES, files_of, pack, parameters_of, pbl

from pbl.kaggle.names import Ref
from pbl.kaggle.notebook import Purpose, is_unedited, make_notebook

PURPOSE = Purpose(
    dataset=Ref(owner="ann", slug="my-pillars"), competition=COMPETITION, template="SampleSubmission.csv", pack="0" * 64
)


def cells():
    return json.loads(make_notebook(PURPOSE))["cells"]


def test_the_first_code_cell_holds_the_parameters():
    first = next(cell for cell in cells() if cell["cell_type"] == "code")
    assert first["metadata"]["tags"] == ["parameters"]
    assert parameters_of(make_notebook(PURPOSE)) == {
        "RUN_TRAINING": False,
        "DATASET": DATASET,
        "COMPETITION": COMPETITION,
        "TEMPLATE": "SampleSubmission.csv",
        "PACK": "0" * 64,
        "PILLARS_DIR": "/kaggle/working",
        "IMAGES": "",
        "LABEL": "inference",
    }


def test_one_cell_is_for_training_and_all_of_it_is_behind_the_flag():
    [train] = [cell for cell in cells() if "train" in cell["metadata"].get("tags", [])]
    [statement] = ast.parse("".join(train["source"])).body
    assert isinstance(statement, ast.If)
    assert ast.unparse(statement.test) == "RUN_TRAINING"


def test_no_cell_is_longer_than_a_page_and_no_line_wider():
    """The notebook is read by people before they trust it."""
    for cell in cells():
        assert len(cell["source"]) <= 60, cell["id"]
        assert max(len(line.rstrip("\n")) for line in cell["source"]) <= 120, cell["id"]


def test_the_notebook_is_valid_and_has_no_outputs():
    nbformat = pytest.importorskip("nbformat")
    data = make_notebook(PURPOSE)
    table = nbformat.reads(data.decode(), as_version=4)
    nbformat.validate(table)
    assert len({cell["id"] for cell in cells()}) == len(cells())
    assert not any(cell.get("outputs") for cell in cells())
    assert nbformat.writes(table) + "\n" == data.decode()


@pytest.mark.usefixtures("here")
def test_pbl_notebook_writes_the_notebook_of_pack():
    pack("pillars")
    line = ("notebook", *NAMES, "--pack", "pack")
    pbl(*line)
    pbl(*line)
    assert Path("inference.ipynb").read_bytes() == files_of("pack/notebook")["my-pillars-inference.ipynb"]


@pytest.mark.usefixtures("here")
def test_without_a_pack_the_notebook_is_for_any():
    pbl("notebook", *NAMES, "--template", "SampleSubmission.csv")
    told = parameters_of(Path("inference.ipynb").read_bytes())
    assert (told["PACK"], told["TEMPLATE"]) == ("", "SampleSubmission.csv")


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    "line", [("--pack", "pillars"), ("--pack", "nowhere"), ("--template", "data/x.csv"), ("--template", "")]
)
def test_what_the_notebook_can_t_be_made_of_is_refused(line):
    assert line[0] in pbl("notebook", *NAMES, *line, status=2).stderr
    assert not Path("inference.ipynb").exists()


def test_an_edited_notebook_is_replaced_by_force_only(tmp_path):
    path = tmp_path / "inference.ipynb"
    line = ("notebook", "-o", path, *NAMES)
    pbl(*line)
    table = json.loads(path.read_bytes())
    table["cells"][1]["source"].append("MINE = 1")
    edited = json.dumps(table).encode()
    path.write_bytes(edited)

    done = pbl(*line, status=2)

    assert "--force" in done.output
    assert path.read_bytes() == edited
    pbl(*line, "--force")
    assert is_unedited(path.read_bytes())


def test_a_notebook_that_was_only_run_counts_as_unedited():
    table = json.loads(make_notebook(PURPOSE))
    table["cells"][2]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "ran"}]
    assert is_unedited(json.dumps(table).encode())
    assert not is_unedited(b"{}")
    assert not is_unedited(b"no JSON")


def test_the_json_of_pbl_notebook_names_the_file(tmp_path):
    path = tmp_path / "inference.ipynb"
    done = pbl("notebook", "-o", path, *NAMES, "--format", "json")
    told = json.loads(done.stdout)
    assert (told["schema_version"], told["command"], told["ok"]) == (1, "notebook", True)
    assert told["notebook"]["path"] == str(path)
    assert told["notebook"]["sha256"] == hashlib.sha256(Path(path).read_bytes()).hexdigest()
