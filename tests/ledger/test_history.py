import csv

from support.ledger import blended, history, listed, log, runs

from pbl.ledger.log_run import Scores


def codes(folder, **rest):
    return [notice.code for notice in history(folder, **rest).warnings]


def test_two_logs_with_the_same_scores_under_two_labels_are_noticed(wild):
    (notice,) = listed(cwd=wild)["warnings"][:1]
    assert notice["code"] == "RUN102"
    assert "3 score rows" in notice["message"]
    assert "dinov2, dinov2_clean" in notice["message"]


def test_the_same_submission_under_two_labels_is_noticed(tmp_path):
    submission = blended(tmp_path)
    log(tmp_path, "one", submission=submission)
    log(tmp_path, "one", submission=submission)
    assert codes(tmp_path) == []
    log(tmp_path, "two", submission=submission)
    assert codes(tmp_path) == ["RUN101"]


def test_the_same_scores_under_two_labels_are_noticed_and_under_one_are_not(tmp_path):
    log(tmp_path, "one", scores=Scores(cv=0.5))
    log(tmp_path, "one", scores=Scores(cv=0.5))
    log(tmp_path, "two", scores=Scores(cv=0.6))
    log(tmp_path, "two", scores=Scores(cv=0.5), model="other")
    assert codes(tmp_path) == []
    log(tmp_path, "two", scores=Scores(cv=0.5))
    assert codes(tmp_path) == ["RUN102"]


def test_inputs_that_changed_since_are_noticed(tmp_path):
    log(tmp_path, submission=blended(tmp_path))
    assert codes(tmp_path, look=True) == []
    (tmp_path / "siglip.csv").write_text("sample_id,target\na,9\nb,2\n", encoding="utf-8")
    (notice,) = history(tmp_path, look=True).warnings
    assert notice.code == "RUN103"
    assert "siglip.csv has changed: it is not the siglip that run" in notice.message
    assert "RUN103" in runs(cwd=tmp_path).stderr


def ranked(folder, *pairs, **rest):
    for n, (cv, public) in enumerate(pairs):
        log(folder, model=f"m{n}", scores=Scores(cv=cv, public=public), **rest)
    return [notice.message for notice in history(folder).warnings if notice.code == "RUN104"]


def test_cv_and_leaderboard_that_agree_are_not_noticed(tmp_path):
    assert ranked(tmp_path, (0.1, 1), (0.2, 2), (0.2, 3), (0.3, 3), (0.4, 4), (0.5, 5)) == []


def test_cv_and_leaderboard_that_disagree_are_noticed_with_rho_from_five_runs_on(tmp_path):
    (told,) = ranked(tmp_path, (0.1, 2), (0.2, 1))
    assert "rho" not in told
    (told,) = ranked(tmp_path, (0.3, 3), (0.3, 4), (0.5, 0))
    # ranks of cv: 1 2 3.5 3.5 5, of public: 3 2 4 5 1
    assert "5 runs" in told
    assert "rho is -0.154" in told


def test_metrics_are_not_compared_with_each_other(tmp_path):
    ranked(tmp_path, (0.1, 1), (0.2, 2), metric="r2")
    assert ranked(tmp_path, (9.0, 0.5), (9.1, 0.6), metric="rmse") == []


def test_of_an_error_metric_negated_cv_and_leaderboard_agree(tmp_path):
    assert ranked(tmp_path, (-0.40, 0.41), (-0.42, 0.43), (-0.5, 0.6), metric="rmse") == []
    assert history(tmp_path).runs[0].scores["gap"] == 0.40 - 0.41


def test_of_a_metric_that_nobody_knows_no_order_is_noticed(tmp_path):
    assert ranked(tmp_path, (0.1, 2), (0.2, 1), metric="ours") == []
    assert len(ranked(tmp_path, (0.1, 2), (0.2, 1), metric="ours:min")) == 1


def test_spellings_of_one_metric_are_compared_with_each_other(tmp_path):
    ranked(tmp_path, (0.1, 2), metric="RMSE")
    (told,) = ranked(tmp_path, (0.2, 1), metric="rmse")
    assert "of rmse rank 2 runs" in told.lower()


def test_of_one_label_only_its_own_runs_warnings_and_troubles_are_told(tmp_path):
    submission = blended(tmp_path)
    for label in ("one", "two"):
        log(tmp_path, label, submission=submission)
    for cv, public in ((0.1, 2), (0.2, 1)):
        log(tmp_path, "ranks", scores=Scores(cv=cv, public=public), model=f"m{cv}")
    (tmp_path / "run_logs" / "scores_2026-01-01_broken.csv").write_bytes(b"")

    def told(label):
        found = history(tmp_path, label=label)
        return [each.code for each in (*found.warnings, *found.troubles)]

    assert told(None) == ["RUN101", "RUN104", "RUN201"]
    assert [told(label) for label in ("one", "ranks", "broken", "nope")] == [["RUN101"], ["RUN104"], ["RUN201"], []]
    assert {run.label for run in history(tmp_path, label="one").runs} == {"one"}


def test_a_ref_of_thousands_of_digits_stops_nothing(tmp_path):
    done = log(tmp_path, "one", submission=blended(tmp_path))
    with done.appended.path.open() as file:
        header, row = csv.reader(file)
    cells = dict(zip(header, row, strict=True)) | {"method": "kaggle", "kaggle_ref": "9" * 5000, "public_score": "0.5"}
    with done.appended.path.open("a") as file:
        csv.writer(file, lineterminator="\n").writerow(cells.values())
    assert len(history(tmp_path).facts) == 2
