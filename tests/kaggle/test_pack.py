"""What is packed for Kaggle: all of it or nothing, the same bytes each time, and nothing that Kaggle would refuse."""

import csv
import hashlib
import importlib.util
import io
import json
import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from base64 import urlsafe_b64encode
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pbl.cli import app
from pbl.kaggle.names import LICENCES, Ref, notebook_of, slugify, title_of
from pbl.kaggle.wheels import LIMIT, installed_wheels
from pbl.project.toml_text import toml_text
from pbl.storage import atomic_folder as folders

TARGETS = ("Dry_Clover_g", "Dry_Dead_g", "Dry_Green_g", "GDM_g", "Dry_Total_g")
IDS = [f"ID{n}__{target}" for n in range(12) for target in TARGETS]
NAMES = ("--dataset", "ann/my-pillars", "--competition", "csiro-biomass")


def pbl(*arguments, status=0):
    done = CliRunner().invoke(app, [str(each) for each in arguments])
    assert done.exit_code == status, done.output
    return done


def pack(*arguments, status=0):
    """Pack without wheels, which most tests don't need."""
    wheels = () if any(str(each).startswith("--wheels") for each in arguments) else ("--no-wheels",)
    return pbl("pack", *NAMES, *arguments, *wheels, status=status)


def as_json(done):
    return json.loads(done.stdout)


def prediction(ids, first=0.5):
    return "sample_id,target\n" + "".join(f"{i},{first + n}\n" for n, i in enumerate(ids))


def files_of(folder):
    """Give every file below a folder with its bytes."""
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in Path(folder).rglob("*") if p.is_file()}


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """Work in a folder that has two pillars in `pillars`."""
    monkeypatch.chdir(tmp_path)
    furnish(tmp_path / "pillars", IDS)
    return tmp_path


def furnish(folder, ids):
    folder.mkdir(exist_ok=True)
    (folder / "submission_siglip.csv").write_text(prediction(ids))
    (folder / "submission_dino.csv").write_text(prediction(reversed(ids), 0.25).replace("\n", "\r\n"))


def test_a_pack_is_two_flat_folders(here):
    pack("pillars")
    assert sorted(files_of("pack")) == [
        "dataset/SHA256SUMS",
        "dataset/dataset-metadata.json",
        "dataset/pbl.toml",
        "dataset/submission_dino.csv",
        "dataset/submission_siglip.csv",
        "notebook/kernel-metadata.json",
        "notebook/my-pillars-inference.ipynb",
    ]
    for name in ("submission_siglip.csv", "submission_dino.csv"):
        assert (here / "pack" / "dataset" / name).read_bytes() == (here / "pillars" / name).read_bytes()
    assert sorted(p.name for p in here.iterdir()) == ["pack", "pillars"]


def test_the_sums_are_of_all_that_kaggle_uploads_but_themselves():
    pbl("pack", "pillars", *NAMES)
    packed = files_of("pack/dataset")
    lines = packed.pop("SHA256SUMS").decode().splitlines()
    del packed["dataset-metadata.json"]
    assert lines == [f"{hashlib.sha256(packed[name]).hexdigest()}  {name}" for name in sorted(packed)]


def test_the_metadata_say_what_kaggle_asks_for():
    subtitle = "Predictions of two models, blended"
    pack(
        "pillars", "--subtitle", subtitle, "--license", "apache-2.0", "--title", "My pillars", "--kernel", "bo/blend-it"
    )
    assert json.loads(Path("pack/dataset/dataset-metadata.json").read_text()) == {
        "title": "My pillars",
        "id": "ann/my-pillars",
        "licenses": [{"name": "apache-2.0"}],
        "subtitle": subtitle,
    }
    assert json.loads(Path("pack/notebook/kernel-metadata.json").read_text()) == {
        "id": "bo/blend-it",
        "title": "Blend It",
        "code_file": "blend-it.ipynb",
        "language": "python",
        "kernel_type": "notebook",
        "is_private": "true",
        "enable_gpu": "false",
        "enable_tpu": "false",
        "enable_internet": "false",
        "dataset_sources": ["ann/my-pillars"],
        "competition_sources": ["csiro-biomass"],
        "kernel_sources": [],
        "model_sources": [],
    }


def test_packing_twice_gives_the_same_bytes(here):
    pbl("pack", "pillars", *NAMES)
    first = files_of("pack")
    os.utime("pillars/submission_dino.csv", (1, 1))
    pbl("pack", "pillars", *NAMES)
    pbl("pack", here / "pillars", *NAMES, "-o", "other")
    assert files_of("pack") == first
    assert files_of("other") == first


def test_the_json_names_all_that_was_written():
    told = as_json(pack("pillars", "-o", "my pack", "--format", "json"))
    assert list(told)[:3] == ["schema_version", "command", "ok"]
    for part, known in (("dataset", "ann/my-pillars"), ("notebook", "ann/my-pillars-inference")):
        assert told[part]["id"] == known
        assert told[part]["path"] == f"my pack/{part}"
        written = files_of(f"my pack/{part}")
        assert told[part]["files"] == [
            {"name": name, "bytes": len(written[name]), "sha256": hashlib.sha256(written[name]).hexdigest()}
            for name in sorted(written)
        ]
    assert (told["dataset"]["title"], told["notebook"]["title"]) == ("My Pillars", "My Pillars Inference")
    assert (told["pillars"], told["rows"], told["placeholder"]) == ({"siglip": 1.0, "dino": 1.0}, 60, False)
    assert told["warnings"] == []
    assert told["next"] == [
        "kaggle datasets create -p 'my pack/dataset'",
        "kaggle datasets version -p 'my pack/dataset' -m 'siglip 1, dino 1'",
        "kaggle kernels push -p 'my pack/notebook'",
    ]


def test_what_to_type_next_is_told_on_stderr():
    done = pack("pillars")
    assert done.stdout == ""
    for line in ("kaggle datasets create -p pack/dataset", "kaggle kernels push -p pack/notebook"):
        assert line in done.stderr


def test_the_contract_and_the_blend_of_the_project_are_carried_over():
    settings = {
        "contract": {
            "id_pattern": r'ID[0-9]+__[A-Za-z_]+|"\t\\é' + "\n",
            "min": -1,
            "max": 1e300,
            "targets": ["target"],
        },
        "blend": {"clip_min": 0.1, "output": "out/final.csv"},
        "pillars": {
            "dino": {"file": "pillars/submission_dino.csv", "weight": 0.3},
            "a b.c": {"file": "x.csv", "weight": 1e-7},
        },
    }
    Path("x.csv").write_text(prediction(IDS, 0.125))
    Path("pbl.toml").write_text(toml_text(settings | {"contract": settings["contract"] | {"template": "template.csv"}}))
    Path("template.csv").write_text(prediction(IDS))
    pack()
    assert tomllib.loads(Path("pack/dataset/pbl.toml").read_text()) == {
        "contract": settings["contract"],
        "blend": settings["blend"],
        "pillars": {
            "dino": {"file": "submission_dino.csv", "weight": 0.3},
            "a b.c": {"file": "submission_a b.c.csv", "weight": 1e-7},
        },
    }
    assert not list(Path("pack").rglob("*template*"))


def test_nothing_is_added_to_a_project_that_has_no_settings():
    pack("pillars", "--weights", "siglip=0.75,dino=0.25")
    packed = tomllib.loads(Path("pack/dataset/pbl.toml").read_text())
    assert list(packed) == ["pillars"]
    assert [(name, about["weight"]) for name, about in packed["pillars"].items()] == [("siglip", 0.75), ("dino", 0.25)]


REFUSED = {
    "a short slug": ("--dataset", "ann/short"),
    "a long slug": ("--dataset", "ann/" + "x" * 51),
    "capitals in the slug": ("--dataset", "ann/My-Pillars"),
    "two hyphens in the slug": ("--dataset", "ann/my--pillars"),
    "a hyphen at the end of the slug": ("--dataset", "ann/my-pillars-"),
    "no owner": ("--dataset", "my-pillars"),
    "a version in the slug": ("--dataset", "ann/my-pillars/2"),
    "a path for an owner": ("--dataset", "../my-pillars"),
    "an address for a competition": ("--competition", "https://example.org/csiro-biomass"),
    "a short title": ("--dataset", "ann/pillars", "--title", "pilla"),
    "a long title": ("--title", "My Pillars" + "!" * 41),
    "a title of another slug": ("--title", "My Columns"),
    "a short subtitle": ("--subtitle", "nineteen characters"),
    "a long subtitle": ("--subtitle", "x" * 81),
    "an unknown licence": ("--license", "CC0"),
    "a short notebook": ("--kernel", "ann/blend"),
    "a notebook without an owner": ("--kernel", "blend-it"),
}


@pytest.mark.parametrize("line", REFUSED.values(), ids=REFUSED)
def test_what_kaggle_would_refuse_is_refused_and_nothing_is_written(here, line):
    done = pack("pillars", *line, "--format", "json", status=2)
    assert as_json(done)["ok"] is False
    assert line[-2] in done.stderr
    assert sorted(p.name for p in here.iterdir()) == ["pillars"]


WHEELS = {
    "no wheel": {},
    "a wheel for one machine": {"x-1.0-cp312-cp312-manylinux_2_28_x86_64.whl": 0},
    "a wheel for one version of Python": {"x-1.0-cp312-abi3-any.whl": 0},
    "two wheels of one library": {"x_y-1.0-py3-none-any.whl": 0, "x.y-2.0-py3-none-any.whl": 0},
    "wheels of more than 2 MB": {"x-1.0-py3-none-any.whl": LIMIT // 2, "y-1.0-py3-none-any.whl": LIMIT // 2},
    "a text for a wheel": {"x-1.0-py3-none-any.whl": None},
}


@pytest.mark.parametrize("wheels", WHEELS.values(), ids=WHEELS)
def test_wheels_that_can_t_serve_are_refused_and_nothing_is_written(wheels):
    Path("wheels").mkdir()
    for name, size in wheels.items():
        if size is None:
            Path("wheels", name).write_text("no archive")
            continue
        with zipfile.ZipFile(Path("wheels", name), "w") as archive:
            archive.writestr("x.py", b"#" * size)
    done = pack("pillars", "--wheels", "wheels", status=2)
    assert "--wheels" in done.stderr
    assert not Path("pack").exists()


def test_given_wheels_are_packed_as_they_are():
    pbl("pack", "pillars", *NAMES, "-o", "made")
    wheels = {name for name in files_of("made/dataset") if name.endswith(".whl")}
    assert {name.partition("-")[0] for name in wheels} == {
        "pillar_blend",
        "pandera",
        "typing_inspect",
        "mypy_extensions",
    }
    pbl("pack", "pillars", *NAMES, "--wheels", "made/dataset", "-o", "given")
    assert files_of("given") == files_of("made")
    pbl("pack", "pillars", *NAMES, "--wheels", "made/dataset", "--no-wheels", status=2)


def test_wheels_without_pbl_are_packed_with_a_warning():
    Path("wheels").mkdir()
    with zipfile.ZipFile("wheels/x-1.0-py3-none-any.whl", "w") as archive:
        archive.writestr("x.py", b"")
    told = as_json(pack("pillars", "--wheels", "wheels", "--format", "json"))
    assert [warning["code"] for warning in told["warnings"]] == [None]


def test_a_pillar_with_findings_is_not_packed(here):
    bad = here / "pillars" / "submission_dino.csv"
    bad.write_text(bad.read_text().replace(",0.25", ",nan"))
    done = pack("pillars", "--format", "json", status=1)
    told = as_json(done)
    assert (told["command"], told["ok"], told["findings"][0]["code"]) == ("pack", False, "PBL503")
    assert not Path("pack").exists()


def test_a_pillar_that_is_named_and_not_there_is_a_finding():
    Path("pbl.toml").write_text(
        '[pillars.dino]\nfile = "pillars/submission_dino.csv"\n[pillars.mvp]\nfile = "gone.csv"\n'
    )
    told = as_json(pack("--format", "json", status=1))
    assert [f["code"] for f in told["findings"]] == ["PBL608"]
    assert not Path("pack").exists()


def test_pillars_that_cover_only_the_template_s_placeholder_are_told(here):
    furnish(here / "pillars", IDS[:5])
    done = pack("pillars", "--format", "json")
    told = as_json(done)
    assert (told["rows"], told["placeholder"]) == (5, True)
    [warning] = told["warnings"]
    assert warning["code"] == "PBL603"
    assert "predict inside the scored run" in warning["message"]
    assert "a competition whose test set is visible" in warning["message"]
    assert "PBL603" in pack("pillars").stderr


@pytest.mark.parametrize(
    ("ids", "placeholder"),
    [
        (IDS[:50], True),
        (IDS[:55], False),
        ([f"ID{n}__T{t}" for n in range(10) for t in "abcdef"], True),
        ([f"ID{n}__T{t}" for n in range(11) for t in "abcdef"], False),
        ([f"ID{n}__T{t}" for n in range(10) for t in "abcdef"][:-1], False),
        ([f"img{n:04}" for n in range(50)], True),
        ([f"img{n:04}" for n in range(51)], False),
        ([f"test__{n:04}" for n in range(200)], False),
        ([f"test__img{n:04}" for n in range(600)], False),
    ],
)
def test_a_placeholder_has_ten_samples_or_fifty_rows_at_most(here, ids, placeholder):
    furnish(here / "pillars", ids)
    assert as_json(pack("pillars", "--format", "json"))["placeholder"] is placeholder


@pytest.mark.parametrize("name", ["a/b", "a:b", "a\\b", "x" * 201, "tab\there"])
def test_a_pillar_after_which_no_file_can_be_named_is_refused(name):
    Path("pbl.toml").write_text(f'[pillars.{json.dumps(name)}]\nfile = "pillars/submission_dino.csv"\n')
    pack(status=2)
    assert not Path("pack").exists()


def test_pillars_whose_names_differ_by_case_only_are_refused():
    done = pack("dino=pillars/submission_dino.csv", "DINO=pillars/submission_siglip.csv", status=2)
    assert "differ by case" in done.stderr


def test_a_pack_that_is_as_it_was_written_is_replaced(here):
    pbl("pack", "pillars", *NAMES)
    furnish(here / "pillars", IDS[:55])
    pack("pillars", "--title", "my pillars", "--subtitle", "A subtitle of some length")
    assert sorted(p.name for p in here.iterdir()) == ["pack", "pillars"]
    assert not list(Path("pack").rglob("*.whl"))
    pack("pillars")


def changed_cell(path):
    table = json.loads(path.read_bytes())
    table["cells"][5]["source"] = ["train()"]
    path.write_text(json.dumps(table))


EDITS = {
    "a pillar": lambda pack: (pack / "dataset" / "submission_dino.csv").write_text("mine"),
    "a pillar less": lambda pack: (pack / "dataset" / "submission_dino.csv").unlink(),
    "a file more": lambda pack: (pack / "dataset" / "notes.txt").write_text("mine"),
    "a file beside": lambda pack: (pack / "notes.txt").write_text("mine"),
    "a folder": lambda pack: (pack / "dataset" / "mine").mkdir(),
    "the sums": lambda pack: (pack / "dataset" / "SHA256SUMS").unlink(),
    "the notebook": lambda pack: changed_cell(pack / "notebook" / "my-pillars-inference.ipynb"),
    "the notebook's metadata": lambda pack: (pack / "notebook" / "kernel-metadata.json").write_text(
        (pack / "notebook" / "kernel-metadata.json").read_text().replace('gpu": "false', 'gpu": "true')
    ),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_a_pack_that_was_edited_is_replaced_by_force_only(here, edit):
    pack("pillars")
    written = files_of("pack")
    edit(here / "pack")
    edited = files_of("pack")
    assert "--force" in pack("pillars", status=2).stderr
    assert files_of("pack") == edited
    pack("pillars", "--force")
    assert files_of("pack") == written
    assert sorted(p.name for p in here.iterdir()) == ["pack", "pillars"]


def test_a_folder_of_something_else_is_refused():
    Path("pack").mkdir()
    pack("pillars")
    Path("thesis").mkdir()
    Path("thesis/thesis.tex").write_text("mine")
    pack("pillars", "-o", "thesis", status=2)
    pack("pillars", "-o", "thesis/thesis.tex", status=2)
    assert files_of("thesis") == {"thesis.tex": b"mine"}


@pytest.mark.parametrize("output", ["pillars", ".", "..", "pillars/.."])
def test_force_never_takes_inputs_or_the_working_folder_away(here, output):
    before = files_of(here)
    pack("pillars", "-o", output, "--force", status=2)
    assert files_of(here) == before


def test_a_folder_that_is_not_there_is_not_made(here):
    assert "no/such" in pack("pillars", "-o", "no/such/pack", status=2).stderr
    assert sorted(p.name for p in here.iterdir()) == ["pillars"]


def fail(*_, **__):
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("step", ["fill", "sync_folder", "_exchange"])
def test_where_writing_fails_the_old_pack_is_left_and_nothing_else(here, monkeypatch, step):
    pack("pillars")
    before = files_of(here)
    monkeypatch.setattr(folders if step != "fill" else sys.modules["pbl.kaggle.pack"], step, fail)
    assert "not written: the disk is full" in pack("pillars", "--title", "my pillars", status=2).stderr
    assert files_of(here) == before


def test_where_folders_can_t_be_exchanged_in_one_step_they_are_in_two(here, monkeypatch):
    pack("pillars")
    monkeypatch.setattr(folders, "_exchange", lambda *_: False)
    pack("pillars", "--title", "my pillars")
    assert json.loads(Path("pack/dataset/dataset-metadata.json").read_text())["title"] == "my pillars"
    assert sorted(p.name for p in here.iterdir()) == ["pack", "pillars"]


@pytest.mark.skipif(sys.platform != "linux", reason="the call is Linux's")
def test_at_no_moment_is_there_no_pack(monkeypatch):
    pack("pillars")
    monkeypatch.setattr(Path, "rename", fail)
    pack("pillars", "--title", "my pillars")
    assert json.loads(Path("pack/dataset/dataset-metadata.json").read_text())["title"] == "my pillars"


@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
@pytest.mark.parametrize("point", ["fsync:when=1", "fsync:when=9", "renameat2:when=1", "unlink,unlinkat:when=1"])
def test_a_pack_that_is_killed_leaves_the_old_or_the_new_one_whole(here, point):
    new = pack("pillars", "--title", "my pillars", "-o", "pack") and files_of("pack")
    pack("pillars")
    old = files_of("pack")
    calls, _, when = point.partition(":")
    trace = ("strace", "-f", "-qq", "-o", "trace", "-e", f"trace={calls}", "-e", f"inject={calls}:signal=KILL:{when}")
    line = ("pack", "pillars", *NAMES, "--no-wheels", "--title", "my pillars")
    done = subprocess.run([*trace, sys.executable, "-B", "-m", "pbl", *line], capture_output=True, check=False)
    assert done.returncode == -9, done.stderr
    assert files_of("pack") in (old, new)
    pack("pillars", "--title", "my pillars")
    assert files_of("pack") == new
    assert not (here / "pack").is_symlink()


def test_our_wheels_are_small_pure_and_true_to_their_records():
    wheels = installed_wheels()
    assert sum(len(wheel.data) for wheel in wheels) < LIMIT
    for wheel in wheels:
        assert wheel.name.endswith("-none-any.whl")
        archive = zipfile.ZipFile(io.BytesIO(wheel.data))
        [record] = [name for name in archive.namelist() if name.endswith(".dist-info/RECORD")]
        rows = list(csv.reader(archive.read(record).decode().splitlines()))
        assert [row[0] for row in rows] == archive.namelist()
        for name, digest, size in rows[:-1]:
            data = archive.read(name)
            assert digest == "sha256=" + urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            assert int(size) == len(data)
        assert not any("__pycache__" in row[0] or "direct_url" in row[0] for row in rows)


def test_a_wheel_made_of_an_installed_wheel_is_that_wheel(tmp_path):
    """Also without the editable install: what is installed from our wheels gives our wheels."""
    made = installed_wheels()
    (tmp_path / "wheels").mkdir()
    for wheel in made:
        (tmp_path / "wheels" / wheel.name).write_bytes(wheel.data)
    there = tmp_path / "there"
    quietly = ("--quiet", "--no-index", "--no-deps", "--disable-pip-version-check", "--root-user-action=ignore")
    wheels = [str(tmp_path / "wheels" / wheel.name) for wheel in made]
    run(sys.executable, "-m", "pip", "install", *quietly, "--target", there, *wheels)
    look = "from pbl.kaggle import wheels; import hashlib; print(wheels.__file__)\n"
    look += "for w in wheels.installed_wheels(): print(w.name, hashlib.sha256(w.data).hexdigest())"
    place, *lines = run(sys.executable, "-c", look, env=os.environ | {"PYTHONPATH": str(there)}).splitlines()
    assert place.startswith(str(there))
    assert lines == [f"{wheel.name} {hashlib.sha256(wheel.data).hexdigest()}" for wheel in made]


def run(*command, env=None):
    done = subprocess.run([str(part) for part in command], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_where_a_library_can_t_be_made_a_wheel_of_the_ways_out_are_told(monkeypatch):
    monkeypatch.setattr(
        "pbl.kaggle.wheels._ON_KAGGLE", {"packaging", "pydantic", "typeguard", "typer", "typing-extensions", "polars"}
    )
    done = pbl("pack", "pillars", *NAMES, status=2)
    assert "no wheel of duckdb can be made" in done.stderr
    assert "--wheels DIR" in done.stderr
    assert "--no-wheels" in done.stderr


def test_slugs_and_titles_are_those_of_kaggle():
    assert slugify("  Année 1,000's & more__x  ") == "annee-1000-s-more-x"
    assert title_of("my-2nd-try-3") == "My 2nd Try 3"
    assert slugify(title_of("a-1-b2-c")) == "a-1-b2-c"
    assert str(notebook_of(Ref(owner="ann", slug="x" * 39 + "-y"))) == "ann/" + "x" * 39 + "-y-inferenc"
    assert len(notebook_of(Ref(owner="ann", slug="x" * 49)).slug) == 49
    assert "CC0-1.0" in LICENCES


# What Kaggle's own client says, as far as it can without Kaggle. PBL_KAGGLE_PYTHON: a Python that has the client.
CLIENT = """
import os, sys, types
os.environ |= {"KAGGLE_USERNAME": "ann", "KAGGLE_KEY": "0" * 32}
from kaggle.api.kaggle_api_extended import KaggleApi

module = sys.modules["kaggle.api.kaggle_api_extended"]

class Reached(Exception):
    "All that is checked without a network is checked."

class Offline:
    def __enter__(self):
        return self
    def __exit__(self, *_):
        pass
    class kernels:
        class kernels_api_client:
            @staticmethod
            def save_kernel(request):
                print("kernel", request.slug, request.new_title, request.enable_internet, request.enable_gpu,
                      request.enable_tpu, request.is_private, request.dataset_data_sources,
                      request.competition_data_sources)
                raise Reached

def status(ref):
    raise module.HTTPError(response=types.SimpleNamespace(status_code=404))

def upload(request, resources, folder, *_):
    ignored = module.DEFAULT_IGNORE_PATTERNS
    names = [n for n in os.listdir(folder) if not module.should_ignore(n, False, ignored)]
    print("dataset", request.owner_slug, request.slug, request.title, request.license_name, request.is_private,
          sorted(names))
    raise Reached

api = KaggleApi()
api.config_values = {"username": "ann", "key": "0" * 32}
api.dataset_status, api.upload_files, api.build_kaggle_client = status, upload, Offline
for push, folder in ((api.dataset_create_new, sys.argv[1]), (api.kernels_push, sys.argv[2])):
    try:
        push(folder)
    except Reached:
        pass
    else:
        sys.exit("the client stopped short")
"""


def client():
    if given := os.environ.get("PBL_KAGGLE_PYTHON"):
        return given
    spec = importlib.util.find_spec("kaggle")  # without the client, the folder of these tests
    return sys.executable if spec and spec.origin else None


@pytest.mark.skipif(client() is None, reason="no Kaggle client: PBL_KAGGLE_PYTHON names a Python that has it")
def test_kaggle_s_own_client_accepts_the_pack():
    pbl("pack", "pillars", *NAMES)
    said = run(client(), "-c", CLIENT, "pack/dataset", "pack/notebook").splitlines()
    flags = "False False False True"
    sources = "['ann/my-pillars'] ['csiro-biomass']"
    assert said[-1] == f"kernel ann/my-pillars-inference My Pillars Inference {flags} {sources}"
    assert "does not resolve" not in "".join(said)
    uploaded = sorted(set(files_of("pack/dataset")))
    assert said[0] == f"dataset ann my-pillars My Pillars CC0-1.0 True {uploaded}"
