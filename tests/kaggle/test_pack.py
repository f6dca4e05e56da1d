"""What is packed for Kaggle: all of it or nothing, and the same bytes each time."""

import hashlib
import json
import os
import tomllib
from pathlib import Path

import polars as pl
import pytest
from support.packing import (
    IDS,
    NAMES,
    as_json,
    files_of,
    furnish,
    pack,
    parameters_of,
    pbl,
    prediction,
    template,
)
from support.parquet import put, put_parts

from pbl.project.toml_text import toml_text

pytestmark = pytest.mark.usefixtures("here")


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


def test_what_to_type_next_is_told_on_stderr_and_when():
    done = pack("pillars")
    assert done.stdout == ""
    assert done.stderr.splitlines()[-4:-1] == [
        "next      the first time: kaggle datasets create -p pack/dataset",
        "          each later time: kaggle datasets version -p pack/dataset -m 'siglip 1, dino 1'",
        "          then, for the notebook: kaggle kernels push -p pack/notebook",
    ]


def test_what_to_wait_for_before_the_notebook_is_pushed_is_told():
    line = "kaggle datasets status ann/my-pillars"
    assert as_json(pack("pillars", "--format", "json"))["wait_until_ready"] == line
    *before, last = pack("pillars", "--force").stderr.splitlines()
    assert before[-1].endswith("kaggle kernels push -p pack/notebook")
    assert line in last
    assert "ready" in last


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


OWN = {
    "constraints": [
        {"total": "Dry_Total_g", "parts": ["GDM_g", "Dry_Dead_g"], "tolerance": 0.25},
        {"total": "GDM_g", "parts": ["Dry_Green_g", "Dry_Clover_g"]},
    ],
    "per_target": {"Dry_Clover_g": {"dino": 1}, "GDM_g": {"siglip": 0.1, "dino": 0.7}},
}


def furnish_with(tables):
    pillars = {name: {"file": f"pillars/submission_{name}.csv", "weight": 0.5} for name in ("siglip", "dino")}
    Path("pbl.toml").write_text(toml_text({"pillars": pillars} | tables))


def test_constraints_and_weights_by_target_are_carried_over_whether_they_are_asked_for_or_not():
    furnish_with(OWN)
    pack("-o", "plain")
    pack("-o", "asked", "--per-target", "--reconcile")
    for folder in ("plain", "asked"):
        packed = tomllib.loads(Path(f"{folder}/dataset/pbl.toml").read_text())
        assert {part: packed[part] for part in OWN} == OWN
        for flags in ((), ("--per-target",), ("--reconcile",), ("--per-target", "--reconcile")):
            pbl("blend", *flags, "--output", "s.csv", "--force")
            pbl("blend", f"{folder}/dataset", *flags, "--output", "t.csv", "--force")
            assert Path("s.csv").read_bytes() == Path("t.csv").read_bytes()


def test_what_the_notebook_s_blend_leaves_out_is_told_with_its_flag():
    flags = {"per-target-unused": "--per-target", "constraints-unused": "--reconcile"}
    furnish_with(OWN)
    for given in ((), ("--per-target",), ("--reconcile",), ("--reconcile", "--per-target")):
        told = as_json(pack(*given, "--format", "json"))
        assert told["flags"] == sorted(given)
        assert {each["code"] for each in told["warnings"]} == {code for code in flags if flags[code] not in given}
        assert all(flags[each["code"]] in each["message"] for each in told["warnings"])
        assert ("dataset/blend_flags.txt" in files_of("pack")) is bool(given)
    told = pack("--per-target").stderr
    assert "warning   constraints-unused pbl.toml has [[constraints]]" in told
    assert "blends with --per-target, internet off" in told
    assert "GDM_g: siglip 0.1, dino 0.7" in told


@pytest.mark.parametrize(
    ("tables", "flag", "told"),
    [
        ({}, "--per-target", "pbl.toml has no [per_target.T]"),
        ({}, "--reconcile", "pbl.toml has no [[constraints]]"),
        ({"per_target": {"GDM_g": {"mvp": 1}}}, "--per-target", "per_target.GDM_g.mvp is for no pillar"),
        ({"blend": {"method": "average"}}, "--force", "blend.method"),
    ],
)
def test_what_blend_would_refuse_on_kaggle_is_refused_here(tables, flag, told):
    furnish_with(tables)
    assert told in pack(flag, status=2).stderr
    assert not Path("pack").exists()


def test_nothing_is_added_to_a_project_that_has_no_settings():
    pack("pillars", "--weights", "siglip=0.75,dino=0.25")
    packed = tomllib.loads(Path("pack/dataset/pbl.toml").read_text())
    assert list(packed) == ["pillars"]
    assert [(name, about["weight"]) for name, about in packed["pillars"].items()] == [("siglip", 0.75), ("dino", 0.25)]


def test_the_notebook_knows_its_pack_by_the_hash_of_its_sums():
    pack("pillars", "-w", "siglip=0.6,dino=0.4", "-o", "one")
    pack("pillars", "-w", "siglip=0.4,dino=0.6", "-o", "two")
    hashes = [parameters(folder)["PACK"] for folder in ("one", "two")]
    assert hashes == [
        hashlib.sha256(files_of(f"{folder}/dataset")["SHA256SUMS"]).hexdigest() for folder in ("one", "two")
    ]
    assert hashes[0] != hashes[1]


NAMED = ("SampleSubmission.csv", "a 'b' \"c\" \\.csv", "PACK", "été 🌿.csv", "tab\there.csv", "no UTF-8 \udcff.csv")


@pytest.mark.parametrize("name", NAMED, ids=ascii)
def test_the_notebook_takes_the_template_s_own_name_along(name):
    Path(name).write_text(template(IDS))
    pack("pillars", "--template", name)
    assert parameters("pack")["TEMPLATE"] == name
    pack("pillars", "--force")
    assert parameters("pack")["TEMPLATE"] == "sample_submission.csv"


def test_the_template_s_name_of_pbl_toml_is_taken_along():
    Path("data").mkdir()
    Path("data/SampleSubmission.csv").write_text(template(IDS))
    Path("pbl.toml").write_text('[contract]\ntemplate = "data/SampleSubmission.csv"\n')
    pack("pillars")
    assert parameters("pack")["TEMPLATE"] == "SampleSubmission.csv"


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


@pytest.mark.parametrize(
    ("ids", "handful"),
    [
        ([f"img{n:04}" for n in range(50)], True),
        ([f"img{n:04}" for n in range(51)], False),
        ([f"ID{n}__T{t}" for n in range(10) for t in range(6)], None),
        ([f"ID{n}__T{t}" for n in range(11) for t in range(6)], False),
    ],
)
def test_validate_blend_and_pack_draw_one_line_for_placeholders(here, ids, handful):
    """`validate` beside a template that has none of the ids knows rows only: None where samples decide."""
    furnish(here / "pillars", ids)
    Path("hidden.csv").write_text(template([f"x{n * n}" for n in range(1000)]))
    validated = as_json(pbl("validate", "pillars", "--template", "hidden.csv", "--format", "json", status=1))
    assert ("PBL603" in {each["code"] for each in validated["findings"]}) is bool(handful)
    blended = as_json(pbl("blend", "pillars", "--method", "rank", "--format", "json"))
    assert ("placeholder-ids" in {each["code"] for each in blended["warnings"]}) is (handful is not False)
    assert as_json(pack("pillars", "--format", "json"))["placeholder"] is (handful is not False)


@pytest.mark.parametrize(("separator", "placeholder"), [(":", True), ("__", False), ("", False)])
def test_a_placeholder_s_samples_are_told_by_the_project_s_own_separator(here, separator, placeholder):
    furnish(here / "pillars", [f"s{n}:t{t}" for n in range(10) for t in range(6)])
    Path("pbl.toml").write_text(f'[contract]\nid_separator = "{separator}"\n')
    told = as_json(pack("pillars", "--format", "json"))
    assert told["placeholder"] is placeholder
    assert [each["code"] for each in told["warnings"]] == ["PBL603"] * placeholder


@pytest.mark.parametrize("name", ["a/b", "a:b", "a\\b", "x" * 201, "tab\there"])
def test_a_pillar_after_which_no_file_can_be_named_is_refused(name):
    Path("pbl.toml").write_text(f'[pillars.{json.dumps(name)}]\nfile = "pillars/submission_dino.csv"\n')
    pack(status=2)
    assert not Path("pack").exists()


def test_pillars_whose_names_differ_by_case_only_are_refused():
    done = pack("dino=pillars/submission_dino.csv", "DINO=pillars/submission_siglip.csv", status=2)
    assert "differ by case" in done.stderr


def parameters(folder):
    [data] = (data for name, data in files_of(f"{folder}/notebook").items() if name.endswith(".ipynb"))
    return parameters_of(data)


def test_parquet_is_packed_as_it_is_and_parts_as_one_file(here):
    ids = [f"a{n}" for n in range(60)]
    source = put(here / "p" / "siglip.parquet", {name: n / 7 for n, name in enumerate(ids)})
    parts = put_parts(here / "dino", {name: n / 3 for n, name in enumerate(ids)}, 20, 20)
    pack(f"siglip={source}", f"dino={parts}")
    packed = files_of("pack/dataset")
    assert packed["submission_siglip.parquet"] == source.read_bytes()
    joined = pl.read_parquet("pack/dataset/submission_dino.parquet")
    assert joined.equals(pl.read_parquet(sorted(parts.iterdir())))
    settings = tomllib.loads(packed["pbl.toml"].decode())["pillars"]
    assert {name: each["file"] for name, each in settings.items()} == {
        "siglip": "submission_siglip.parquet",
        "dino": "submission_dino.parquet",
    }
    pbl("blend", "pack/dataset", "--output", "s.csv")
    pbl("blend", f"siglip={source}", f"dino={parts}", "--output", "t.csv")
    assert Path("s.csv").read_bytes() == Path("t.csv").read_bytes()
