"""The wheels of a pack: pure, small, the same bytes each time; what can't serve on Kaggle is refused."""

import csv
import hashlib
import io
import os
import sys
import zipfile
from base64 import urlsafe_b64encode
from pathlib import Path

import pytest
from support.packing import NAMES, as_json, files_of, pack, pbl, run

from pbl.kaggle.wheels import LIMIT, build_wheels

pytestmark = pytest.mark.usefixtures("here")


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


def test_our_wheels_are_small_pure_and_true_to_their_records():
    wheels = build_wheels()
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
    made = build_wheels()
    (tmp_path / "wheels").mkdir()
    for wheel in made:
        (tmp_path / "wheels" / wheel.name).write_bytes(wheel.data)
    there = tmp_path / "there"
    quietly = ("--quiet", "--no-index", "--no-deps", "--disable-pip-version-check", "--root-user-action=ignore")
    wheels = [str(tmp_path / "wheels" / wheel.name) for wheel in made]
    run(sys.executable, "-m", "pip", "install", *quietly, "--target", there, *wheels)
    look = "from pbl.kaggle import wheels; import hashlib; print(wheels.__file__)\n"
    look += "for w in wheels.build_wheels(): print(w.name, hashlib.sha256(w.data).hexdigest())"
    place, *lines = run(sys.executable, "-c", look, env=os.environ | {"PYTHONPATH": str(there)}).splitlines()
    assert place.startswith(str(there))
    assert lines == [f"{wheel.name} {hashlib.sha256(wheel.data).hexdigest()}" for wheel in made]


def test_where_a_library_can_t_be_made_a_wheel_of_the_ways_out_are_told(monkeypatch):
    monkeypatch.setattr(
        "pbl.kaggle.wheels._ON_KAGGLE", {"packaging", "pydantic", "typeguard", "typer", "typing-extensions", "polars"}
    )
    done = pbl("pack", "pillars", *NAMES, status=2)
    assert "no wheel of duckdb can be made" in done.stderr
    assert "--wheels DIR" in done.stderr
    assert "--no-wheels" in done.stderr
