"""Each section has its data, or is named once at the end with what brings it; never an empty picture."""

import html
import json
import random

import polars as pl
import pytest
from scipy.stats import spearmanr
from support.judging import oofs
from support.making import command, write
from support.pages import make_page, write_logs

NAMES = [*"abcdefghi", *(one + other for one in "jklm" for other in "uvwxyz")]


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path)


class Project:
    """A folder of pillars named a, b and so on, whose numbers a function makes of a pillar's place and a row's."""

    def __init__(self, folder):
        self.folder = folder

    def pillars(self, number, make=None, *, rows=40, targets=("target",), oof=False):
        chance = random.Random(1)  # noqa: S311 - the same numbers each time
        make = make or (lambda p, n: n % 13 + chance.gauss(0, 1 + p))
        (self.folder / "p").mkdir()
        (self.folder / "p" / "pbl.toml").write_text(f"[contract]\ntargets = {json.dumps(list(targets))}\n")
        for p in range(number):
            for kind in ("submission", *(("oof",) if oof else ())):
                cells = [(f"i{n:03d}", *(float(make(p, n + t)) for t in range(len(targets)))) for n in range(rows)]
                write(self.folder / "p" / f"{kind}_{NAMES[p]}.csv", cells, ("sample_id", *targets))
        if oof:
            truth = [(f"i{n:03d}", *(float((n + t) % 13) for t in range(len(targets)))) for n in range(rows)]
            write(self.folder / "train.csv", truth, ("sample_id", *targets))
        return self

    def ask(self, *words, code=0):
        (self.folder / "none").mkdir(exist_ok=True)
        logs = () if "--logs" in words else ("--logs", self.folder / "none")
        done = command("report", *words, *logs, "--format", "json", "-o", self.folder / "r.html", "--force")
        assert done.code == code, done.talk
        return json.loads(done.out)

    def judged(self, **how):
        return self.ask(self.folder / "p", "--truth", self.folder / "train.csv", **how)


def missing(found):
    return {each["section"]: each["why"] for each in found["not_shown"]}


def test_one_pillar_has_its_page(project):
    found = project.pillars(1, oof=True).judged()
    assert {"correlation", "disagreements", "leave_one_out", "folds", "history", "runs"} == set(missing(found))
    assert found["sections"]["scores"]["tune"] is None
    assert "No weights were tuned" in (project.folder / "r.html").read_text()


def test_without_a_truth_what_needs_one_is_named_with_the_flag(project):
    found = project.pillars(2).ask(project.folder / "p")
    assert "The mean of 2 pillars; each has the share 0.5000." in (project.folder / "r.html").read_text()
    assert {"scores", "folds", "residuals", "history", "runs"} == set(missing(found))
    assert all("--truth" in each["hint"] for each in found["not_shown"] if each["section"] == "scores")


@pytest.mark.parametrize("only", ["scores", "history", "scores,history,runs"])
def test_without_any_section_nothing_is_written(project, only):
    project.pillars(2)
    words = ("report", project.folder / "p", "--logs", project.folder / "p", "-o", project.folder / "r.html")
    assert command(*words).code == 0
    before = (project.folder / "r.html").read_bytes()
    for form in ("html", "json"):
        done = command(*words, "--only", only, "--format", form)
        assert (done.code, "nothing to report" in done.talk) == (2, True)
        assert all(f"{name}: no " in done.talk for name in only.split(","))
        assert (project.folder / "r.html").read_bytes() == before
    assert command(*words, "--only", f"{only},blend").code == 0


def test_under_twenty_groups_there_are_no_intervals(project):
    found = project.pillars(2, rows=12, oof=True).judged()
    page = (project.folder / "r.html").read_text()
    assert found["sections"]["scores"]["intervals"] == {}
    assert "under 20 groups no interval is drawn" in page


def test_a_constant_pillar_is_called_constant(project):
    project.pillars(3, lambda p, n: 3 if p == 1 else (n * (p + 2)) % 17)
    words = [f"{name}={project.folder / 'p' / f'submission_{name}.csv'}" for name in "abc"]
    found = project.ask(*words)
    assert found["sections"]["correlation"]["constant"] == ["b"]
    page = (project.folder / "r.html").read_text()
    assert "<td>constant</td>" in page
    assert ">constant</text>" in page


def test_a_copy_is_a_sentence(project):
    found = project.pillars(2, lambda _, n: n % 7).ask(project.folder / "p")
    page = (project.folder / "r.html").read_text()
    assert "b is a copy of a." in page
    assert "Nowhere: all pillars give the same numbers." in page
    assert 'id="p-disagreements' not in page
    assert "disagreements" in found["sections"]


@pytest.mark.parametrize("number", [2, 9, 30])
def test_so_many_pillars_have_their_page(project, number):
    found = project.pillars(number, oof=True).judged()
    assert len(found["sections"]["blend"]["weights"]) == number


def test_over_twelve_targets_those_are_drawn_that_disagree_most(project):
    found = project.pillars(2, targets=[f"t{n}" for n in range(30)]).ask(project.folder / "p")
    drawn = found["sections"]["predictions"]["drawn"]
    per_target = found["sections"]["correlation"]["within"][0]["per_target"]
    assert sorted(drawn) == sorted(sorted(per_target, key=lambda name: (per_target[name], name))[:12])


def test_one_row_has_its_page(project):
    project.pillars(2, rows=1).ask(project.folder / "p")


def test_numbers_as_large_as_can_be_have_their_page(project):
    project.pillars(2, lambda p, n: (n % 9 - 4 + p) * 3e307).ask(project.folder / "p")


def test_findings_are_the_page_and_the_exit_code(project):
    project.pillars(2)
    (project.folder / "p" / "submission_a.csv").write_text("sample_id,target\ni000,<b>x</b>\n")
    found = project.ask(project.folder / "p", code=1)
    assert found["ok"] is False
    assert list(found["sections"]) == ["verdict"]
    assert "PBL502" in {each["code"] for each in found["sections"]["verdict"]["findings"]}
    page = (project.folder / "r.html").read_text()
    assert "PBL502" in page
    assert "&lt;b&gt;x&lt;/b&gt;" in page
    assert "<svg" not in page


def test_findings_of_out_of_fold_files_are_told_too(project):
    project.pillars(2, oof=True)
    (project.folder / "p" / "oof_a.csv").write_text("sample_id,target\ni000,x\n")
    assert project.judged(code=1)["sections"]["verdict"]["findings"][0]["file"] == "oof_a.csv"


def test_runs_without_pillars_are_the_history_alone(project, monkeypatch):
    monkeypatch.chdir(project.folder)
    found = project.ask("--logs", write_logs(project.folder / "logs"))
    assert list(found["sections"]) == ["history", "runs"]
    assert found["sections"]["history"]["count"] == 10


def test_neither_pillars_nor_runs_are_nothing_to_report(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = command("report")
    assert (done.code, list(tmp_path.iterdir())) == (2, [])
    assert "nothing to report" in done.talk


def test_a_damaged_log_has_its_page_and_is_named(project, monkeypatch):
    monkeypatch.chdir(project.folder)
    logs = write_logs(project.folder / "logs")
    (logs / "scores_2026-11-02_bad.csv").write_bytes(b"pillar,model\n\x00\xff\n")
    found = project.ask("--logs", logs)
    assert any("scores_2026-11-02_bad.csv" in each["message"] for each in found["sections"]["runs"]["warnings"])


@pytest.mark.parametrize(("runs", "pictures"), [(2, 0), (4, 2)])
def test_under_three_runs_with_both_scores_are_a_table(project, monkeypatch, runs, pictures):
    monkeypatch.chdir(project.folder)
    page = make_page(project.folder, "--logs", write_logs(project.folder / "logs", runs), "--only", "history")
    assert page.count('role="img"') == 2 * pictures
    assert 'id="history-1"' in page


def test_the_rank_correlation_is_spearman_s(project, monkeypatch):
    monkeypatch.chdir(project.folder)
    found = project.ask("--logs", write_logs(project.folder / "logs", 25))["sections"]["history"]
    wanted = spearmanr([r["cv"] for r in found["runs"]], [r["public"] for r in found["runs"]]).statistic
    assert found["rank_correlation"] == pytest.approx(wanted, abs=1e-12)


def test_clipping_counts_what_blend_counts(project):
    project.pillars(2, lambda p, n: n % 13 - 3 + p)
    toml = project.folder / "p" / "pbl.toml"
    toml.write_text(toml.read_text() + "\n[blend]\nclip_min = 0.0\nclip_max = 7.5\n")
    found = project.ask(project.folder / "p")["sections"]["clipping"]["targets"]
    done = command("blend", project.folder / "p", "-o", project.folder / "s.csv", "--format", "json")
    assert sum(each["clipped"] for each in found) == json.loads(done.out)["recipe"]["output"]["clipped"] > 0


def test_weights_that_are_given_are_today_s(tmp_path):
    made = oofs(tmp_path).write()
    for name in made.pillars:
        (tmp_path / f"submission_{name}.csv").write_bytes((tmp_path / f"oof_{name}.csv").read_bytes())
    weights = ("--weights", "siglip=3,dino=1")
    done = command("report", tmp_path, "--truth", made.train, *weights, "--format", "json", "--logs", tmp_path)
    found = json.loads(done.out)["sections"]["folds"]["current"]
    assert found == {"siglip": 0.75, "dino": 0.25, "mvp": 0.0}
    scored = made.ask("score", *weights)["scores"][-1]["score"]
    numbers = {each["name"]: each["value"] for each in json.loads(done.out)["sections"]["verdict"]["numbers"]}
    assert numbers["today's blend"] == pytest.approx(scored, abs=1e-12)


def today(found):
    return next(each for each in found["sections"]["verdict"]["numbers"] if each["name"] == "today's blend")


def test_pillars_that_are_named_have_their_out_of_fold_files_in_either_form(project):
    folder = project.pillars(3, oof=True).folder / "p"
    words = [f"{name}={folder / f'submission_{name}.csv'}" for name in "abc"]
    words += ["--weights", "a=8,b=1,c=1", "--truth", project.folder / "train.csv", "--metric", "rmse"]
    wanted = today(project.ask(*words))
    pl.read_csv(folder / "oof_a.csv").write_parquet(folder / "oof_a.parquet")
    (folder / "oof_a.csv").unlink()
    assert today(project.ask(*words)) == wanted


@pytest.mark.parametrize("named", [False, True])
def test_a_blend_of_a_pillar_without_out_of_fold_predictions_has_no_score(project, named):
    folder = project.pillars(3, oof=True).folder / "p"
    (folder / "oof_a.csv").unlink()
    words = [f"{name}={folder / f'submission_{name}.csv'}" for name in "abc"] if named else [folder]
    found = project.ask(*words, "--weights", "a=8,b=1,c=1", "--truth", project.folder / "train.csv")
    assert today(found)["value"] is None
    assert today(found)["detail"] == "not scored: no out-of-fold predictions of a"
    assert "residuals" in missing(found)
    page = (project.folder / "r.html").read_text()
    assert "today's without a" in html.unescape(page)
    assert "Today's weights are those without a." in html.unescape(page)
    assert any(
        "these pillars take no part: a" in each["message"] for each in found["sections"]["scores"]["tune"]["warnings"]
    )
    found = project.ask(*words, "--weights", "a=0,b=1,c=1", "--truth", project.folder / "train.csv")
    assert today(found)["value"] is not None


def test_the_command_that_makes_a_page_again_has_the_very_weights(project):
    folder = project.pillars(2, oof=True).folder / "p"
    page = project.folder / "r.html"
    project.ask(folder, "--weights", "a=1234567,b=0.30000000000000004")
    assert "a=1234567.0,b=0.30000000000000004" in html.unescape(page.read_text())


def test_a_file_of_a_pillar_that_has_several_is_scored_by_its_own_out_of_fold_file(project):
    folder = project.pillars(3, oof=True).folder / "p"
    words = [f"{name}={folder / f'submission_{name}.csv'}" for name in "bc"]
    wanted = today(project.ask(*words, "--truth", project.folder / "train.csv"))
    (folder / "oof_b.csv").rename(folder / "oof_b1.csv")
    (folder / "oof_a.csv").rename(folder / "oof_b.csv")  # an older one, say
    entry = "[pillars.b]\nfiles = ['submission_b.csv', 'submission_a.csv']\noof = ['oof_b1.csv', 'oof_b.csv']\n"
    (folder / "pbl.toml").write_text(f"{entry}[pillars.c]\nfile = 'submission_c.csv'\n")
    whole = project.judged()["sections"]["scores"]["score"]["scores"]
    assert [each["file"] for each in whole] == ["oof_b1.csv, oof_b.csv", "oof_c.csv"]
    assert today(project.ask(*words, "--truth", project.folder / "train.csv")) == wanted
