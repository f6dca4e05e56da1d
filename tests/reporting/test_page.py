"""The page stands alone, says what the other commands say, and is the same each time."""

import base64
import hashlib
import json
import os
import re
import shutil
from xml.etree import ElementTree as ET

import jinja2
import numpy as np
import polars as pl
import pytest
from support.judging import oofs
from support.making import command, process, reorder
from support.pages import ATTACK, EXAMPLE, Page, make_page, svgs, write_hostile_project

from pbl.domain.wording import numeral


def as_json(what, *words):
    done = command(what, *words, "--format", "json")
    assert done.code == 0, done.talk
    return json.loads(done.out)


def test_the_example_is_small_and_has_every_section_that_it_has_data_for(example):
    assert len(example.encode()) < 400_000
    found = re.findall(r'<section id="([a-z_]+)"', example)
    assert found == [
        *("verdict", "blend", "scores", "folds", "predictions", "correlation", "disagreements", "clipping"),
        *("leave_one_out", "residuals", "made"),
    ]
    assert "pbl log-run" in example[example.index('id="not-shown"') :]


def test_its_numbers_are_those_of_score_tune_and_compare(example):
    cells = Page(example).cells
    judged = (EXAMPLE, "--truth", EXAMPLE / "train.csv")
    tuned, scored = as_json("tune", *judged), as_json("score", *judged)
    compared, checked = as_json("compare", EXAMPLE), as_json("validate", EXAMPLE)
    wanted = [each["score"] for each in scored["scores"]] + [each["score"] for each in tuned["candidates"]]
    wanted += [end for each in tuned["candidates"] for end in each["interval"] if each["name"] != "best-single"]
    wanted += [weight for fold in tuned["folds"] for weight in fold["weights"].values()]
    wanted += [each["change"] for each in tuned["leave_one_out"]] + [scored["baseline"]["score"]]
    wanted += [each[key] for each in compared["pairs"] for key in ("pearson", "spearman", "rmse")]
    wanted += [
        each[key] for pillar in compared["pillars"] for each in pillar["per_target"].values() for key in ("mean", "sd")
    ]
    wanted += [each["range"] for each in compared["disagreements"]]
    wanted += [each["rmse"] for each in compared["leave_one_out"]] + list(compared["weights"].values())
    assert {numeral(each) for each in wanted} - set(cells) == set()
    assert {each["sha256"] for each in checked["files"]} <= set(cells)
    assert tuned["advice"]["text"] in example


def test_its_json_holds_what_the_other_commands_say(tmp_path):
    made = oofs(tmp_path, seed=3).write()
    for name in made.pillars:
        shutil.copy(tmp_path / f"oof_{name}.csv", tmp_path / f"submission_{name}.csv")
    judged = (tmp_path, "--truth", made.train)
    found = as_json("report", *judged, "--weights", "1,1,1", "--logs", tmp_path)["sections"]
    assert found["scores"]["score"]["scores"] == as_json("score", *judged)["scores"]
    assert found["scores"]["tune"]["advice"] == as_json("tune", *judged)["advice"]
    assert (
        found["disagreements"]["disagreements"][0].items() >= as_json("compare", tmp_path)["disagreements"][0].items()
    )


def test_histograms_count_every_row(tmp_path):
    panels = as_json("report", EXAMPLE, "--logs", tmp_path)["sections"]["predictions"]["panels"]
    assert len(panels) == 5
    assert {sum(counts) for each in panels for counts in each["counts"].values()} == {200}


def test_the_correlation_within_a_target_is_the_plain_mean_over_targets(tmp_path):
    frames = [pl.read_csv(EXAMPLE / f"submission_{name}.csv").sort("sample_id") for name in ("siglip", "dino")]
    names = frames[0]["sample_id"].str.split("__").list.last().to_numpy()
    one, other = (frame["target"].to_numpy() for frame in frames)
    wanted = np.mean([np.corrcoef(one[names == t], other[names == t])[0, 1] for t in sorted(set(names))])
    pairs = as_json("report", EXAMPLE, "--logs", tmp_path, "--only", "correlation")["sections"]["correlation"]["within"]
    assert next(p["pearson"] for p in pairs if (p["a"], p["b"]) == ("siglip", "dino")) == pytest.approx(
        wanted, abs=1e-12
    )


def test_another_process_folder_zone_and_number_of_threads_give_the_same_bytes(example, tmp_path):
    shutil.copytree(EXAMPLE, tmp_path / "elsewhere")
    (tmp_path / "logs").mkdir()
    twist = {"TZ": "Pacific/Kiritimati", "PYTHONHASHSEED": "5", "LC_ALL": "C"}
    words = ("report", "elsewhere", "--truth", "elsewhere/train.csv", "-o", "-", "--threads", "2", "--logs", "logs")
    done = process(*words, folder=tmp_path, env=twist)
    assert done.data.decode() == example


def test_the_order_of_rows_changes_hashes_alone(example, tmp_path):
    shutil.copytree(EXAMPLE, tmp_path / "mixed")
    for place, path in enumerate(sorted((tmp_path / "mixed").glob("*_*.csv"))):
        reorder(path, place)
    (tmp_path / "logs").mkdir()
    mixed = make_page(
        tmp_path, tmp_path / "mixed", "--truth", tmp_path / "mixed" / "train.csv", "--logs", tmp_path / "logs"
    )
    blank = re.compile(r"[0-9a-f]{64}")
    assert blank.sub("", mixed) == blank.sub("", example)


def test_every_picture_is_well_formed_and_every_reference_has_its_place(example):
    page = Page(example)
    assert len(page.ids) == len(set(page.ids))
    for svg in svgs(example):
        root = ET.fromstring(svg)  # noqa: S314 - ours
        assert root.get("role") == "img"
        named = root.get("aria-labelledby").split()
        assert [child.get("id") for child in root][:2] == named
        assert all(child.text for child in list(root)[:2])
    for _, attrs in page.tags:
        for key in ("aria-labelledby", "href"):
            for target in attrs.get(key, "").split():
                if key == "aria-labelledby" or target.startswith("#"):
                    assert target.removeprefix("#") in page.ids


def test_nothing_is_asked_of_anybody(example):
    page = Page(example)
    assert page.of("link") == [{"rel": "icon", "href": "data:,"}]
    assert not any(key in attrs for tag, attrs in page.tags for key in ("src", "srcset", "style", "xlink:href"))
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", example)
    assert "url(" not in example
    assert "@import" not in example


def test_the_policy_allows_our_style_and_our_script_alone(example):
    policy = next(attrs["content"] for attrs in Page(example).of("meta") if "http-equiv" in attrs)
    for kind in ("style", "script"):
        [text] = re.findall(rf"<{kind}>(.*?)</{kind}>", example, flags=re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}';" in policy
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy


def test_hostile_text_is_text_wherever_it_comes_from(tmp_path):
    text = make_page(tmp_path, *write_hostile_project(tmp_path / "x"))
    page = Page(text)
    assert len(page.of("script")) == len(page.of("style")) == 1
    assert not page.of("img")
    assert not [key for _, attrs in page.tags for key in attrs if key.startswith("on")]
    assert text.count("alert(2)") > 20
    assert any(ATTACK in cell for cell in page.cells)
    assert "49" not in Page(text).of("title")
    for svg in svgs(text):
        ET.fromstring(svg)  # noqa: S314 - ours


def test_escaping_taken_out_would_be_noticed(tmp_path, monkeypatch):
    """The test above looks at the door: with it open, scripts are there (and the browser's test shows them stopped)."""
    real = jinja2.Environment
    monkeypatch.setattr(jinja2, "Environment", lambda **how: real(**how | {"autoescape": False}))
    assert len(Page(make_page(tmp_path, *write_hostile_project(tmp_path / "x"))).of("script")) > 1


def test_what_cannot_be_printed_is_replaced(tmp_path):
    text = make_page(tmp_path, EXAMPLE, "--title", "a\u202eb\x07c\udcffd", "--only", "blend", "--logs", tmp_path)
    assert "<h1>a\ufffdb\ufffdc\ufffdd</h1>" in text


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "\u2013"),
        (float("nan"), "\u2013"),
        (-0.00001, "0.0000"),
        (-0.0, "0.0000"),
        (-1.5, "\u22121.5000"),
        (1234567, "1,234,567"),
        (-3e20, "\u22123.0000e+20"),
        (0.12345, "0.1235"),
    ],
)
def test_a_number_has_one_form(value, shown):
    assert numeral(value) == shown


@pytest.mark.skipif("PBL_THOROUGH" not in os.environ, reason="large; make test-thorough")
def test_twelve_pillars_ten_targets_and_220_runs_fit_into_the_budget(tmp_path):
    targets = [f"t{n}" for n in range(10)]
    (tmp_path / "pbl.toml").write_text(f"[contract]\ntargets = {json.dumps(targets)}\n")
    for p in range(12):
        for kind in ("submission", "oof"):
            rows = "".join(
                f"i{n}," + ",".join(str((n * 37 + p * n * 11 + t * 13) % 97 / 7) for t in range(10)) + "\n"
                for n in range(300)
            )
            (tmp_path / f"{kind}_p{p}.csv").write_text("sample_id," + ",".join(targets) + "\n" + rows)
    rows = "".join(f"i{n}," + ",".join(str((n * 37 + t * 13) % 97 / 7) for t in range(10)) + "\n" for n in range(300))
    (tmp_path / "train.csv").write_text("sample_id," + ",".join(targets) + "\n" + rows)
    logs = tmp_path / "logs"
    logs.mkdir()
    lines = [
        f"p,m,0.{7000 + n},,0.{6900 + n * 7 % 300},,r2,r{n:04d},2026-11-01T00:00:{n % 60:02d}Z,label{n}"
        for n in range(220)
    ]
    header = "pillar,model,processed_cv,full_cv,public_score,private_score,metric,run_id,logged_at,label"
    (logs / "scores_2026-11-01_x.csv").write_text("\n".join([header, *lines]) + "\n")
    assert len(make_page(tmp_path, tmp_path, "--truth", tmp_path / "train.csv", "--logs", logs).encode()) < 1_500_000
