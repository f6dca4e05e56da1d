import re
from datetime import UTC, datetime
from functools import partial

import pytest
from support.ledger import blended, log_as_told, rows_of, run

import pbl
from pbl.domain.errors import InputError, UsageError
from pbl.ledger.log_run import Scores

NOW = datetime(2026, 1, 5, 23, 59, 59, 987654, tzinfo=UTC)
LOG = "scores_2026-01-05_base.csv"
log = partial(log_as_told, when=NOW)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_scores_copies_the_rows_of_a_table_under_one_run_id(tmp_path, end):
    table = tmp_path / "scores.csv"
    text = ["pillar,model,processed_cv,full_cv", "SigLIP-Advanced,cat_seed0,0.787076,0.79", "SigLIP-Advanced,ridge,.5,"]
    table.write_bytes(end.join([*text, ""]).encode())
    submission = blended(tmp_path)
    log(tmp_path, submission=submission, table=table, scores=Scores(cv=0.8))
    first, *rest = rows_of(tmp_path / "run_logs" / LOG)
    assert [[*row.values()][:4] for row in rest] == [
        ["SigLIP-Advanced", "cat_seed0", "0.787076", "0.79"],
        ["SigLIP-Advanced", "ridge", ".5", ""],
    ]
    assert {row["run_id"] for row in rest} == {first["run_id"]}
    assert first["processed_cv"] == "0.8"
    assert all(row["submission_sha256"] == "" for row in rest)
    log(tmp_path, table=table, label="alone")
    assert len(rows_of(tmp_path / "run_logs" / "scores_2026-01-05_alone.csv")) == 2


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("pillar,model\na,b\n", "its columns are"),
        ("pillar,model,processed_cv,extra\na,b,1,2\n", "its columns are"),
        ("pillar,model,processed_cv,model\na,b,1,2\n", "its columns are"),
        ("a,b,0.5\n", "its columns are"),
        ("", "its columns are"),
        ("pillar,model,processed_cv\n", "a header and no row"),
        ("pillar,model,processed_cv\na,b,nan\n", "row 2: processed_cv is 'nan'"),
        ("pillar,model,processed_cv\na,b,0.5\na,c,1_000\n", "row 3: processed_cv is '1_000'"),
        ("pillar,model,processed_cv\na,b,\n", "row 2: processed_cv is ''"),
        ("pillar,model,processed_cv\na,,0.5\n", "row 2: model is empty"),
        ("pillar,model,processed_cv\na,b,0.5\na,b\n", "row 3 has 2 cells"),
        ("pillar,model,processed_cv\na,b,0.5\na,b,0.6\n", "row 3: a, b is row 2 again"),
        ('pillar,model,processed_cv\na,"b,0.5\n', "row 2 is broken"),
    ],
)
def test_a_table_that_is_in_doubt_is_refused_as_a_whole(tmp_path, text, told):
    table = tmp_path / "table.csv"
    table.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=re.escape(told)):
        log(tmp_path, table=table)
    assert not (tmp_path / "run_logs").exists()


def test_beside_a_submission_only_the_rows_of_the_table_are_logged(tmp_path, monkeypatch):
    blended(tmp_path)
    (tmp_path / "table.csv").write_text("pillar,model,processed_cv\nsiglip,a,0.7\n", encoding="utf-8")
    told = run("log-run", "-l", "a", "--scores", "table.csv", cwd=tmp_path)
    monkeypatch.chdir(tmp_path)
    done = pbl.log_run(label="a", scores="table.csv")
    assert "submit" not in told.stdout
    assert done.submit is None
    rows = rows_of(next((tmp_path / "run_logs").iterdir()))
    assert [(row["pillar"], row["model"], row["submission_sha256"]) for row in rows] == [("siglip", "a", "")] * 2


def test_beside_a_pillar_only_the_pillar_is_logged(tmp_path):
    blended(tmp_path)
    run("log-run", "-l", "a", "--pillar", "siglip", "--model", "m", "--cv", "0.5", cwd=tmp_path)
    (row,) = rows_of(next((tmp_path / "run_logs").iterdir()))
    assert (row["pillar"], row["submission"]) == ("siglip", "")


def test_a_submission_that_is_named_is_logged_beside_the_table(tmp_path):
    blended(tmp_path)
    (tmp_path / "table.csv").write_text("pillar,model,processed_cv\nsiglip,a,0.7\n", encoding="utf-8")
    run("log-run", "submission.csv", "-l", "a", "--scores", "table.csv", cwd=tmp_path)
    rows = rows_of(next((tmp_path / "run_logs").iterdir()))
    assert [row["pillar"] for row in rows] == ["blend", "siglip"]


def test_a_score_beside_a_table_wants_the_submission_that_it_is_of(tmp_path):
    blended(tmp_path)
    (tmp_path / "table.csv").write_text("pillar,model,processed_cv\nsiglip,a,0.7\n", encoding="utf-8")
    with pytest.raises(UsageError, match="processed_cv: belong to nothing; beside --scores, name the submission"):
        log(tmp_path, table=tmp_path / "table.csv", scores=Scores(cv=0.5))
    assert not (tmp_path / "run_logs").exists()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"pillar;model;processed_cv\na;b;0,7\n", "separated by ';', not by a comma"),
        (b"pillar\tmodel\tprocessed_cv\na\tb\t0.7\n", "separated by tabs, not by a comma"),
        (b"sep=,\npillar,model,processed_cv\na,b,0.7\n", "which only Excel knows; take the line out"),
        ("pillar,model,processed_cv\na,b,0.7\n".encode("utf-16"), "is UTF-16 text; save it as UTF-8"),
        (b"pillar,model,cv\na,b,0.7\n", "expected pillar,model,processed_cv or"),
    ],
)
def test_a_table_of_another_form_is_called_what_it_is(tmp_path, data, said):
    (tmp_path / "table.csv").write_bytes(data)
    with pytest.raises(InputError) as caught:
        log(tmp_path, table=tmp_path / "table.csv")
    assert said in str(caught.value)
    assert not (tmp_path / "run_logs").exists()


def test_a_table_that_may_be_cut_short_is_logged_with_a_warning(tmp_path):
    (tmp_path / "table.csv").write_bytes(b"pillar,model,processed_cv\nsiglip,a,0.7")
    done = log(tmp_path, table=tmp_path / "table.csv")
    assert [(row.pillar, row.processed_cv) for row in done.rows] == [("siglip", 0.7)]
    assert [each.code for each in done.warnings] == ["PBL701"]
    assert "was the table cut short?" in done.warnings[0].message
