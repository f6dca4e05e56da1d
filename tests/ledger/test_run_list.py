import csv
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from support.ledger import ENV, FIRST, NOW, SECOND, blended, bring, history, listed, log, runs

import pbl
from pbl.domain.errors import UsageError
from pbl.domain.run_row import COLUMNS
from pbl.ledger.log_run import Scores
from pbl.ledger.run import best, sort_runs


@pytest.mark.parametrize("columns", [80, 100, 200])
def test_the_table_fits_the_terminal_and_marks_the_best(wild, columns):
    log(wild, label="l" * 64, pillar="p" * 50, model="\uff4d" * 50, scores=Scores(cv=0.999, public=0.5, private=-0.25))
    bring(wild, "new_client.csv")
    lines = runs("--sort", "public", cwd=wild, COLUMNS=str(columns)).stdout.splitlines()
    assert lines[0].split() == ["id", "when", "label", "weights", "cv", "public", "private", "gap"]
    assert all(len(line) + line.count("\uff4d") <= min(columns, 100) for line in lines)
    assert lines[1].split()[0] == FIRST
    marked = [word for line in lines for word in line.split() if word.endswith("*")]
    digits = 4 if columns < 100 else 5
    # the best of each metric (r2 and an unnamed one), where there are two scores to compare
    assert sorted(marked) == [f"{score:.{digits}f}*" for score in (0.72431, 0.7901, 0.999)]
    assert "siglip 60" in lines[1]


def test_sorting_puts_the_best_first_and_lower_is_better_for_errors(tmp_path):
    for n, cv in enumerate((0.3, 0.1, None, 0.2)):
        scores = Scores(cv=cv) if cv is not None else Scores(public=0.5)
        log(tmp_path, model=f"m{n}", when=NOW + timedelta(days=n), scores=scores)
        log(tmp_path, model=f"e{n}", when=NOW + timedelta(days=n), scores=scores, metric="RMSE")
    found = history(tmp_path).runs
    r2, rmse = ([r for r in found if r.value("metric") == metric] for metric in (None, "RMSE"))
    assert [r.value("processed_cv") for r in sort_runs(r2, "cv")] == [0.3, 0.2, 0.1, None]
    assert [r.value("processed_cv") for r in sort_runs(rmse, "cv")] == [0.1, 0.2, 0.3, None]
    assert [r.value("model") for r in sort_runs(r2, "when")] == ["m3", "m2", "m1", "m0"]
    assert best(found, "processed_cv") == {r2[0].key, rmse[1].key}


def test_label_limit_and_columns_choose(wild):
    told = runs("--label", "siglip", "--limit", "2", "--columns", "id,model,cv", "--format", "csv", cwd=wild).stdout
    head, *rows = csv.reader(told.splitlines())
    assert head == ["id", "model", "cv"]
    assert [row[1:] for row in rows] == [["cat_seed0", "0.787076"], ["cat_seed1", "0.785412"]]
    markdown = runs("--label", "blend", "--columns", "id,weights", "--format", "md", cwd=wild).stdout.splitlines()
    assert markdown == [
        "| id | weights |",
        "| --- | --- |",
        f"| {SECOND} | siglip 60 dino 20 mvp 10 dinov2 10 |",
        f"| {FIRST} | siglip 60 dino 20 mvp 10 dinov2 10 |",
    ]
    assert "did you mean 'label'" in runs("--columns", "lable", cwd=wild, code=2).stderr
    assert "--limit" in runs("--limit", "0", cwd=wild, code=2).stderr
    assert "--sort" in runs("--sort", "worst", cwd=wild, code=2).stderr


def test_listing_runs_loads_no_polars(wild):
    look = """if True:
        import sys
        from pathlib import Path
        from pbl.ledger.history import read_history
        read_history(Path("run_logs"), spill=Path())
        print(*{"pandera", "polars"} & {*sys.modules})
    """
    done = subprocess.run([sys.executable, "-c", look], cwd=wild, env=ENV, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_ten_thousand_runs_of_two_hundred_logs_are_all_listed(tmp_path):
    (tmp_path / "run_logs").mkdir()
    for n in range(200):
        day = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=n)
        path = tmp_path / "run_logs" / f"scores_{day:%Y-%m-%d}_l{n}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            rows = csv.DictWriter(file, COLUMNS, restval="")
            rows.writeheader()
            for k in range(50):
                rows.writerow(
                    {"pillar": "p", "model": f"{n}-{k}", "processed_cv": k / n if n else 0, "run_id": f"r-{n}-{k}"}
                )
    told = listed("--sort", "cv", cwd=tmp_path)
    assert len({each["run_id"] for each in told["runs"]}) == 10_000
    scores = [each["processed_cv"] for each in told["runs"]]
    assert scores == sorted(scores, reverse=True)


def marked(folder, *words):
    """Return the scores that have a star, and what is said."""
    done = runs(*words, cwd=folder)
    return [word for line in done.stdout.splitlines() for word in line.split() if word.endswith("*")], done.stderr


@pytest.mark.parametrize(
    ("metric", "cvs", "best_one", "way"),
    [
        ("cancer_auc", (0.7, 0.8), "0.80000*", "cancer_auc: greater is better"),
        ("RMSPE", (0.7, 0.8), "0.70000*", "RMSPE: less is better"),
        ("root_mean_squared_error", (-0.40, -0.42), "-0.40000*", "less is better"),
        ("mean_absolute_error", (0.40, -0.42), "0.40000*", "less is better"),
        ("neg_log_loss", (-0.40, -0.42), "-0.40000*", "greater is better"),
        ("QWK", (0.7, 0.8), "0.80000*", "greater is better"),
        ("ours:min", (0.7, 0.8), "0.70000*", "ours: less is better"),
        ("ours:max", (0.7, 0.8), "0.80000*", "ours: greater is better"),
        ("", (0.7, 0.8), "0.80000*", "no metric logged: greater is taken as better"),
    ],
)
def test_the_star_stands_by_the_better_one_and_the_legend_says_which_way(tmp_path, metric, cvs, best_one, way):
    for cv in cvs:
        log(tmp_path, model=f"m{cv}", metric=metric, scores=Scores(cv=cv))
    stars, told = marked(tmp_path)
    assert stars == [best_one]
    assert told.startswith("* is the best of its metric (")
    assert way in told


def test_a_metric_that_nobody_knows_has_no_star_and_the_sort_says_which_way_it_took(tmp_path):
    for cv in (0.7, 0.8):
        log(tmp_path, model=f"m{cv}", metric="ours", scores=Scores(cv=cv))
    stars, told = marked(tmp_path, "--sort", "cv")
    assert stars == []
    assert told.splitlines()[0] == "sorted by cv, the best first (ours: not known, greater first)"
    assert "no * for ours: which way it goes is not known; log it with --metric ours:max or :min" in told
    assert listed("--sort", "cv", cwd=tmp_path)["runs"][0]["processed_cv"] == 0.8
    (tmp_path / "pbl.toml").write_text('[metric]\nname = "ours"\ngreater_is_better = false\n', encoding="utf-8")
    stars, told = marked(tmp_path, "--sort", "cv")
    assert stars == ["0.70000*"]
    assert "(ours: less is better)" in told


def test_a_star_is_of_its_metric_and_one_score_alone_has_none(tmp_path):
    for cv, metric in ((0.7, "rmse"), (0.8, "rmse"), (0.9, "r2")):
        log(tmp_path, model=f"m{cv}", metric=metric, scores=Scores(cv=cv))
    stars, told = marked(tmp_path)
    assert stars == ["0.70000*"]
    assert "(rmse: less is better)" in told
    assert "* is" not in runs("--format", "csv", cwd=tmp_path).stderr
    assert "* is" not in runs("--columns", "id,label", cwd=tmp_path).stderr


def test_a_pbl_toml_that_cannot_be_read_keeps_no_run_from_being_listed(wild):
    (wild / "pbl.toml").write_text("[metric]\nnam = 1\n", encoding="utf-8")
    done = runs(cwd=wild)
    assert "did you mean 'name'?; its [metric] is not taken" in done.stderr
    assert len(done.stdout.splitlines()) == 18


@pytest.mark.parametrize("columns", ["80", "100"])
@pytest.mark.parametrize("values", [(0.87844, 0.87841), (12345.678, 12345.679), (1e-7, 2e-7), (0.5, 0.5000001)])
def test_scores_that_differ_look_different(tmp_path, values, columns):
    for value in values:
        log(tmp_path, model=f"m{value}", scores=Scores(cv=value, public=0.5))
    shown = runs("--columns", "id,when,label,weights,cv,public", cwd=tmp_path, COLUMNS=columns).stdout.splitlines()
    assert len({line.split()[5].rstrip("*") for line in shown[1:]}) == 2
    assert {line.split()[-1].rstrip("*") for line in shown[1:]} == {"0.5000" if columns == "80" else "0.50000"}


def test_digits_that_find_no_room_are_left_away(tmp_path):
    for value in (0.5, 0.5 + 1e-9):
        log(tmp_path, "l" * 30, model="m" * 30, scores=Scores(cv=value, full_cv=value, public=value, private=value))
    shown = runs(cwd=tmp_path, COLUMNS="70").stdout.splitlines()
    assert max(map(len, shown)) <= 70


def test_weights_are_named_and_cut_between_pillars(tmp_path):
    log(tmp_path, submission=blended(tmp_path, siglip=0.6, dino=0.2, mvp=0.1, dinov2=0.1), scores=Scores(cv=0.5))
    assert "siglip 60 dino 20 mvp 10 dinov2 10 " in runs("--columns", "id,weights,cv", cwd=tmp_path).stdout
    for columns in ("80", "100"):
        line = runs(cwd=tmp_path, COLUMNS=columns).stdout.splitlines()[1]
        assert "siglip 60 dino 20 " in line
        assert len(line) <= int(columns)


def test_a_label_that_no_run_has_is_told_and_nothing_of_others(wild):
    done = runs("-l", "nope", cwd=wild)
    assert (done.stdout, done.stderr) == (
        "",
        "no runs are labelled nope; there are blend, dino, dinov2, dinov2_clean, mvp, siglip\n",
    )
    assert "did you mean siglip?" in runs("-l", "siglp", cwd=wild).stderr
    assert listed("-l", "nope", cwd=wild)["warnings"] == []
    assert "warning" not in runs("-l", "siglip", cwd=wild).stderr


def test_python_lists_what_the_command_does(wild, monkeypatch):
    monkeypatch.chdir(wild)
    found = pbl.runs(sort="public")
    told = listed("--sort", "public", cwd=wild)
    assert found.to_json() == {"runs": told["runs"], "warnings": told["warnings"]}
    assert {run.label for run in pbl.runs(logs=wild / "run_logs", label="mvp").runs} == {"mvp"}
    assert pbl.runs(logs="nowhere").runs == ()
    with pytest.raises(AttributeError):
        found.runs = ()
    with pytest.raises(UsageError, match="sort"):
        pbl.runs(sort="worst")
