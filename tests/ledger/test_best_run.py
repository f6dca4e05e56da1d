"""The best logged run: by value and direction, and its submission by its bytes alone."""

import json
from pathlib import Path

import pytest
from support.making import command, write

import pbl
from pbl.storage.commit import Drafts

pytestmark = pytest.mark.usefixtures("here")


def log(name, cv, *, pillar="mvp", metric=None, label="x", submission=True):
    """Log a run of a submission of its own, and return its id."""
    path = write(f"{name}.csv", {"a": float(len(name)), "b": hash_free(name)})
    words = ["--metric", metric] if metric else []
    if submission:
        words = [str(path), *words]
    words += ["--pillar", pillar, "--model", name]
    done = command("log-run", *words, "--label", label, "--cv", repr(cv))
    assert done.code == 0, done.talk
    return done.out.split()[1]


def hash_free(name):
    return float(sum(map(ord, name)))


def best(*words):
    done = command("runs", "best", "--format", "json", *words)
    assert done.code == 0, done.talk
    return json.loads(done.out)


@pytest.mark.parametrize(
    ("metric", "words", "model"),
    [
        ("auc", (), "high"),
        ("rmse", (), "low"),
        ("neg_rmse", (), "high"),
        ("ours:min", (), "low"),
        ("ours", ("--lower-is-better",), "low"),
        ("ours", ("--greater-is-better",), "high"),
        (None, (), "high"),
        (None, ("--lower-is-better",), "low"),
    ],
)
def test_the_best_goes_by_the_metric(metric, words, model):
    for name, cv in (("low", 0.25), ("high", 0.75), ("mid", 0.5)):
        log(name, cv, metric=metric)
    found = best(*words)
    assert (found["model"], found["score"], found["of"]) == (model, {"low": 0.25, "high": 0.75}[model], 3)


def test_negated_errors_are_compared_by_their_size():
    log("better", -0.40, metric="rmse")
    log("worse", -0.42, metric="rmse")
    assert best()["model"] == "better"


def test_without_a_metric_the_direction_is_said():
    log("a", 0.5)
    assert "the higher score is taken for the better one" in command("runs", "best").talk


def test_an_unknown_metric_wants_its_direction():
    log("a", 0.5, metric="ours")
    done = command("runs", "best")
    assert (done.code, len(done.talk.splitlines())) == (2, 1)
    assert "nobody says which way ours goes" in done.talk


def test_a_direction_that_contradicts_the_metric_is_refused():
    log("a", 0.5, metric="rmse")
    done = command("runs", "best", "--greater-is-better")
    assert done.code == 2
    assert "of rmse the lower score is better" in done.talk


def test_runs_of_other_metrics_are_not_compared():
    log("a", 0.5, metric="rmse")
    log("b", 0.6, metric="auc", label="y")
    done = command("runs", "best")
    assert done.code == 2
    assert "different metrics (auc, rmse)" in done.talk
    assert best("--label", "y")["model"] == "b"


def test_of_equal_scores_the_earliest_is_taken_and_said():
    first = log("a", 0.5, metric="auc")
    second = log("b", 0.5, metric="auc")
    log("c", 0.4, metric="auc")
    done = command("runs", "best")
    assert done.out.split()[1] == first
    assert f"the earliest of 2 runs with this score; the others: {second}" in done.talk


def test_of_equal_rows_of_one_call_the_first_is_taken_and_the_others_are_named(here):
    (here / "scores.csv").write_text("pillar,model,processed_cv\nmvp,one,0.3\nmvp,two,0.2\nmvp,three,0.3\n")
    assert command("log-run", "--label", "x", "--scores", "scores.csv", "--metric", "auc").code == 0
    done = command("runs", "best")
    assert done.out.splitlines()[0].split()[-1] == "one"
    assert "the earliest of 2 runs with this score; the others: mvp three" in done.talk


@pytest.mark.parametrize("output", ["the log", "a link to it", "another log", "-"])
def test_a_log_is_never_replaced_and_stdout_is_no_file(output, here):
    log("a", 0.5, metric="auc")
    (before,) = (here / "run_logs").iterdir()
    data = before.read_bytes()
    (here / "link.csv").symlink_to(before)
    name = {"the log": before, "a link to it": "link.csv", "another log": "run_logs/scores_new.csv"}.get(output, output)
    done = command("runs", "best", "-o", str(name), "--force")
    assert (done.code, len(done.talk.splitlines())) == (2, 1)
    assert ([*(here / "run_logs").iterdir()], before.read_bytes()) == ([before], data)
    assert not (here / "-").exists()


def test_pillar_label_and_score_choose():
    log("a", 0.9, metric="auc", pillar="dino")
    mine = log("b", 0.5, metric="auc", label="y")
    other = log("c", 0.6, metric="auc")
    assert best("--pillar", "mvp")["run_id"] == other
    assert best("--pillar", "mvp", "--label", "y")["run_id"] == mine
    assert command("runs", "score", mine, "--public", "0.7").code == 0
    assert best("--by", "public")["run_id"] == mine
    done = command("runs", "best", "--pillar", "nobody")
    assert done.code == 2
    assert "no run of the pillar 'nobody'; there are dino, mvp" in done.talk
    assert command("runs", "best", "--by", "private").code == 2


def test_the_submission_is_copied_byte_for_byte(here):
    log("a", 0.5, metric="auc")
    found = best("-o", "out.csv")
    assert (here / "out.csv").read_bytes() == (here / "a.csv").read_bytes()
    assert found["output"] == {"path": "out.csv", "sha256": found["submission_sha256"]}
    assert best("-o", "out.csv")["output"] == found["output"]  # the same bytes are there


@pytest.mark.parametrize("name", ["out.parquet", "out.csv.zip"])
def test_the_submission_is_not_copied_under_a_name_that_says_another_form(name, here):
    log("a", 0.5, metric="auc")
    done = command("runs", "best", "-o", name, "--force")
    assert (done.code, "the run's submission is a.csv" in done.talk) == (2, True)
    assert not (here / name).exists()
    folder = command("runs", "best", "-o", f"{name}/")
    assert (folder.code, f"{name}/ is a folder" in folder.talk) == (2, True)


@pytest.mark.parametrize("fate", ["edited", "gone"])
def test_a_submission_that_is_not_as_it_was_never_passes(fate, here):
    log("a", 0.5, metric="auc")
    data = (here / "a.csv").read_bytes()
    (here / "a.csv").write_bytes(data.replace(b"1.0", b"1.1")) if fate == "edited" else (here / "a.csv").unlink()
    done = command("runs", "best", "-o", "out.csv")
    assert done.code == 1
    assert "PBL608" in done.talk + done.out
    assert not (here / "out.csv").exists()
    (here / "deep/er").mkdir(parents=True)
    (here / "deep/er/renamed.bin").write_bytes(data)
    (here / "deep/a.csv").write_bytes(data + b"\n")
    assert command("runs", "best", "-o", "out.csv", "--search", "deep").code == 0
    assert (here / "out.csv").read_bytes() == data


def test_another_file_is_not_replaced(here):
    log("a", 0.5, metric="auc")
    (here / "out.csv").write_text("mine")
    done = command("runs", "best", "-o", "out.csv")
    assert (done.code, (here / "out.csv").read_text()) == (2, "mine")
    assert command("runs", "best", "-o", "out.csv", "--force").code == 0
    assert (here / "out.csv").read_bytes() == (here / "a.csv").read_bytes()


def test_a_run_without_a_submission_has_nothing_to_copy(here):
    log("a", 0.5, metric="auc", submission=False)
    done = command("runs", "best", "-o", "out.csv")
    assert done.code == 2
    assert "was logged without a submission" in done.talk
    assert not (here / "out.csv").exists()


def test_python_gives_the_same(here):
    log("a", 0.5, metric="auc")
    found = pbl.best_run(output=here / "out.csv")
    assert {"schema_version": 1, "command": "runs best", "ok": True, **found.to_json()}["run_id"] == best()["run_id"]
    assert (here / "out.csv").read_bytes() == (here / "a.csv").read_bytes()
    with pytest.raises(pbl.PblError, match="is not one of"):
        pbl.best_run(by="luck")


def test_a_file_that_appears_while_the_submission_is_copied_is_kept(monkeypatch):
    log("one", 0.5)
    new = Drafts.new

    def appear(self, path):
        path.write_text("another's")
        return new(self, path)

    monkeypatch.setattr(Drafts, "new", appear)
    done = command("runs", "best", "-o", "out.csv")
    assert done.code == 2
    assert Path("out.csv").read_text() == "another's"
