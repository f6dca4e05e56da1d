import json
import os
from datetime import timedelta

import pytest
from support.ledger import FIRST, NOW, SECOND, blended, history, log, one, runs

from pbl.domain.errors import UsageError
from pbl.ledger.log_run import Scores
from pbl.ledger.run import differences


@pytest.mark.parametrize("text", ["20260105-a", "aaaa", "05-aaaaaaaa", FIRST, f"pbl:{FIRST}"])
def test_any_part_of_an_id_finds_its_run_if_it_is_unique(wild, text):
    assert one(wild, text).run_id == FIRST


def test_what_could_be_several_runs_is_none(wild):
    with pytest.raises(UsageError, match=f"2 runs: {SECOND}, {FIRST}"):
        history(wild).find("20260105")
    for text in ("nope", "", "LAST"):
        with pytest.raises(UsageError, match="no run"):
            history(wild).find(text)
    assert "could be any of 2 runs" in runs("show", "20260105", cwd=wild, code=2).stderr


def test_last_is_the_newest_run_and_a_label_the_run_it_has(wild):
    assert one(wild, "last").run_id == SECOND
    run_id = log(wild, "tuned", scores=Scores(cv=0.5)).run_id
    assert one(wild, "last").run_id == one(wild, "tuned").run_id == run_id
    with pytest.raises(UsageError, match=f"'blend' could be any of 2 runs: {SECOND}, {FIRST}"):
        history(wild).find("blend")
    assert json.loads(runs("show", "tuned", "--format", "json", cwd=wild).stdout)["run_id"] == run_id


def test_a_label_that_is_called_last_or_like_a_part_of_another_id_is_ambiguous(wild):
    log(wild, "last", scores=Scores(cv=0.5))
    assert one(wild, "last").label == "last"
    log(wild, "aaaa", when=NOW + timedelta(days=1), scores=Scores(cv=0.5))
    for text in ("last", "aaaa"):
        with pytest.raises(UsageError, match="could be any of 2 runs"):
            history(wild).find(text)


def test_a_gap_is_shown_without_the_noise_of_its_subtraction(tmp_path):
    first, second = (log(tmp_path, scores=Scores(cv=0.7885, public=p)).run_id for p in (0.72431, 0.7243))
    assert history(tmp_path).find(first)[0].scores["gap"] == 0.06418999999999997
    assert "gap                0.06419\n" in runs("show", first, cwd=tmp_path).stdout
    assert runs("diff", first, second, cwd=tmp_path).stdout.splitlines()[-1].split() == ["gap", "0.06419", "0.0642"]


def test_show_tells_whether_the_files_are_there_and_unchanged(tmp_path):
    run_id = log(tmp_path, submission=blended(tmp_path), scores=Scores(cv=0.5)).run_id

    def status():
        told = json.loads(runs("show", run_id, "--format", "json", cwd=tmp_path).stdout)
        return {file["what"]: file["status"] for file in told["files"]}

    assert status() == {"submission": "unchanged", "siglip": "unchanged", "dino": "unchanged"}
    (tmp_path / "siglip.csv").write_text("sample_id,target\na,9\nb,2\n", encoding="utf-8")
    (tmp_path / "dino.csv").unlink()
    assert status() == {"submission": "unchanged", "siglip": "changed", "dino": "missing"}
    assert "changed            siglip: siglip.csv" in runs("show", run_id, cwd=tmp_path).stdout
    (tmp_path / "submission.recipe.json").unlink()
    (tmp_path / "submission.csv").unlink()
    os.mkfifo(tmp_path / "submission.csv")
    assert status() == {"submission": "missing", "siglip": "unknown", "dino": "unknown"}


def test_diff_shows_what_differs_and_nothing_else(tmp_path):
    first = log(tmp_path, submission=blended(tmp_path), scores=Scores(cv=0.5)).run_id
    second = log(tmp_path, submission=blended(tmp_path, mvp=0.75, dino=0.25), scores=Scores(cv=0.5), notes="n").run_id
    found = differences(*(history(tmp_path).find(each) for each in (first, second)))
    sha = one(tmp_path, first).value("inputs")["siglip"]
    assert [field for field, *_ in found] == [
        "model", "weights.siglip", "weights.mvp", "inputs.siglip", "inputs.mvp", "notes"
    ]  # fmt: skip
    assert ("inputs.mvp", None, sha) in found
    told = runs("diff", first, second, cwd=tmp_path)
    assert told.stdout.splitlines()[0].split() == [first, second]
    assert "rows" not in told.stdout
    assert "differ in nothing" in runs("diff", first, first, cwd=tmp_path).stderr
