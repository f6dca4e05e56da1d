"""`pbl score` and `pbl tune` on files: what was asked, wrong input, and what changes nothing."""

import json
import subprocess
import sys

import polars as pl
import pytest
import sklearn.metrics as learn
from support.judging import oofs
from support.making import command, process, shuffled, tree, write

import pbl
from pbl.project.pbl_toml import read_settings

CSIRO = ("Dry_Green_g", "Dry_Dead_g", "Dry_Clover_g", "GDM_g", "Dry_Total_g")


def test_the_competitions_metric_is_the_default_for_its_target_names(here):
    truth = dict(zip([f"{s}__{t}" for s in "AB" for t in CSIRO], [10, 5, 2, 12, 17, 30, 0, 0, 30, 30], strict=True))
    write(here / "train.csv", shuffled(truth.items(), 1))
    write(here / "oof_m.csv", {key: value + 1 for key, value in truth.items()})
    done = process("score", here, "--truth", here / "train.csv", "--format", "json")
    found = json.loads(done.data)
    assert (found["metric"], found["command"], found["samples"]) == ("csiro-biomass", "score", 2)
    assert found["scores"][0]["score"] == pytest.approx(0.9915404788088994, rel=1e-12)
    assert found["scores"][0]["file"] == "oof_m.csv"
    assert set(found["scores"][0]["per_target"]) == set(CSIRO)
    assert found["baseline"]["score"] < 0.9


def test_an_auc_of_several_columns_is_within_each_and_averaged(here):
    made = oofs(here, samples=80)
    ids = sorted(made.truth)
    truth = {key: tuple(int(made.truth[key] > cut) for cut in (0, 0.5)) for key in ids}
    guess = {key: (made.pillars["siglip"][key], made.pillars["dino"][key]) for key in ids}
    (here / "pbl.toml").write_text('[contract]\ntargets = ["x", "y"]\n[metric]\nname = "auc"\naverage = "targets"\n')
    write(here / "train.csv", truth, ("sample_id", "x", "y"))
    write(here / "oof_m.csv", shuffled(guess.items(), 2) and [(k, *map(repr, v)) for k, v in guess.items()],
          ("sample_id", "x", "y"))  # fmt: skip
    done = command("score", here, "--truth", here / "train.csv", "--format", "json")
    [found] = json.loads(done.out)["scores"]
    each = [learn.roc_auc_score([truth[i][t] for i in ids], [guess[i][t] for i in ids]) for t in (0, 1)]
    assert found["per_target"] == pytest.approx({"x": each[0], "y": each[1]}, rel=1e-12)
    assert found["score"] == pytest.approx(sum(each) / 2, rel=1e-12)


def test_a_blend_is_scored_with_the_weights_given_and_their_shares(here):
    made = oofs(here).write()
    found = made.ask("score", "--metric", "rmse", "--weights", "siglip=3", "dino=1")["scores"]
    assert [each["pillar"] for each in found] == ["siglip", "dino", "mvp", "blend"]
    assert found[-1]["weights"] == {"siglip": 0.75, "dino": 0.25}
    blend = {key: 0.75 * made.pillars["siglip"][key] + 0.25 * made.pillars["dino"][key] for key in made.truth}
    expected = learn.root_mean_squared_error(list(made.truth.values()), [blend[key] for key in made.truth])
    assert found[-1]["score"] == pytest.approx(expected, rel=1e-12)


def test_fold_mean_and_sd_are_of_the_files_folds(here):
    made = oofs(here)
    made.write(fold=lambda key: int(key[1:]) % 4)
    [found, *_] = made.ask("score", "--metric", "mae")["scores"]
    scores = []
    for fold in range(4):
        keys = [key for key in made.truth if int(key[1:]) % 4 == fold]
        scores.append(sum(abs(made.truth[key] - made.pillars["siglip"][key]) for key in keys) / len(keys))
    mean = sum(scores) / 4
    assert found["fold_mean"] == pytest.approx(mean, rel=1e-12)
    assert found["fold_sd"] == pytest.approx((sum((x - mean) ** 2 for x in scores) / 3) ** 0.5, rel=1e-12)


def test_neither_the_order_of_rows_nor_the_folder_nor_threads_change_the_json(here):
    first = oofs(here / "one").write(seed=1)
    second = oofs(here / "another").write(seed=7)
    for what in ("score", "tune"):
        words = (what, ".", "--truth", "train.csv", "--format", "json")
        a = process(*words, folder=first.folder, env={"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"})
        b = process(*words, folder=second.folder, env={"POLARS_MAX_THREADS": "7"})
        assert a.code == b.code == 0, a.talk + b.talk
        assert a.data == b.data


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--metric", "rmes"], 2, "unknown metric 'rmes'; did you mean 'rmse'?"),
        (["--metric", "R2_score"], 2, "unknown metric 'R2_score'"),
        (["--metric", "metric.py"], 2, "metric.py: the metric file cannot be read"),
        (["--metric", "rmsle"], 1, "rmsle wants numbers of 0 or more"),
        (["--metric", "auc"], 1, "auc wants a truth of 0 and 1"),
        (["--metric", "weighted-r2"], 2, "[metric] weights"),
        (["--average", "folds"], 2, "'folds' is not one of rows, targets"),
        (["--method", "rank", "score"], 2, "--method is a blend's"),
        (["--method", "mode", "tune"], 2, "unknown method 'mode'"),
        (["--groups", "Stat", "tune"], 2, "no column 'Stat' (for groups); did you mean 'State'?"),
        (["--groups", "State", "--folds", "train.csv", "tune"], 2, "give one of them"),
        (["--folds", "train.csv", "tune"], 2, "no column 'fold' (for --folds)"),
        (["--folds", "lacking.csv", "tune"], 1, "lacks 'i0"),
        (["--folds", "split.csv", "tune"], 1, "in two folds"),
        (["--folds", "nowhere.csv", "tune"], 2, "no such file"),
        (["--trust", "nobody", "tune"], 2, "no pillar 'nobody'; there are siglip, dino, mvp"),
        (["--negative", "--metric", "mae", "tune"], 2, "squared errors only"),
        (["--greater-is-better", "--lower-is-better", "tune"], 2, "contradict"),
        (["--greater-is-better", "--metric", "rmse", "tune"], 2, "the lower score is better"),
        (["--write", "tune"], 2, "pbl init"),
        (["--truth", "nowhere.csv"], 2, "nowhere.csv: no such file"),
        (["--format", "csv"], 2, "'csv' is not one of table, json"),
    ],
)
def test_wrong_input_is_one_message_and_its_exit_code(here, words, code, said, as_json):
    made = oofs(here)
    made.columns["State"] = lambda key: key[-1]
    made.write()
    ids = sorted(made.truth)
    write(here / "lacking.csv", dict.fromkeys(ids[1:], 1), ("sample_id", "fold"))
    write(here / "split.csv", {key: n % 3 for n, key in enumerate(ids)}, ("sample_id", "fold"))
    if "split.csv" in words:
        (here / "pbl.toml").write_text('[metric]\ngroups = ["State"]\n')
    what = [words[-1]] if words[-1] in {"score", "tune"} else ["score", "tune"]
    before = tree(here)
    for each in what:
        rest = [word for word in words if word not in {"score", "tune"}]
        truth = [] if "--truth" in rest else ["--truth", "train.csv"]
        form = ["--format", "json"] if as_json and "--format" not in rest else []
        done = command(each, ".", *truth, *rest, *form)
        assert done.code == code, done.talk
        assert said in done.talk
        assert "Traceback" not in done.talk
        assert len(done.talk.strip().splitlines()) == 1
        if form:
            told = json.loads(done.out)
            assert (told["ok"], told["command"]) == (False, each)
            assert ("findings" in told) == (code == 1)
        else:
            assert done.out == ""
    assert tree(here) == before


def test_findings_of_files_are_listed_and_nothing_is_scored(here):
    made = oofs(here)
    made.pillars["dino"]["i001"] = float("nan")
    made.write()
    done = command("score", here, "--truth", made.train)
    assert done.code == 1
    assert "error PBL503 nan in target: 1 cell NaN" in done.talk
    assert "pbl score: no score was made" in done.talk
    assert done.out == ""
    told = json.loads(command("tune", here, "--truth", made.train, "--format", "json").out)
    assert [(f["code"], f["pillar"]) for f in told["findings"] if f["severity"] == "error"] == [("PBL503", "dino")]
    assert told["command"] == "tune"


def test_without_scikit_learn_one_line_says_how_to_get_it(here):
    oofs(here).write()
    hidden = """
import sys
class Hidden:
    def find_spec(self, name, *_):
        if name.partition(".")[0] in {"sklearn", "scipy", "numpy"}:
            raise ModuleNotFoundError(name=name)
sys.meta_path.insert(0, Hidden())
from pbl.__main__ import main
main()
"""
    for what in ("score", "tune"):
        done = subprocess.run(
            [sys.executable, "-c", hidden, what, ".", "--truth", "train.csv"],
            cwd=here, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == f"pbl {what}: pbl {what} needs scikit-learn: pip install 'pillar-blend[tune]'\n"


def test_pillars_without_oof_files_are_left_out_and_said(here):
    made = oofs(here)
    made.write()
    (here / "pbl.toml").write_text(
        "".join(f"[pillars.{name}]\nfile = '{name}.csv'\n" for name in ("siglip", "dino", "mvp", "dinov2"))
        + "[metric]\ntruth = 'train.csv'\n"
    )
    found = json.loads(command("tune", "--format", "json").out)
    assert found["pillars"] == ["siglip", "dino", "mvp"]
    assert found["left_out"] == [{"pillar": "dinov2", "reason": "no oof_dinov2.csv"}]
    assert [w["code"] for w in found["warnings"]] == ["left-out"]
    for name in ("dino", "mvp"):
        (here / f"oof_{name}.csv").unlink()
    done = command("tune")
    assert done.code == 2
    assert "two pillars" in done.talk
    assert "dino has none: no oof_dino.csv" in done.talk


def test_folds_of_the_files_are_used_where_they_agree_and_pbls_own_elsewhere(here):
    made = oofs(here)
    made.write(fold=lambda key: int(key[1:]) % 4)
    assert made.ask("tune")["groups"] == {"by": ["sample"], "count": 60, "folds": 4}
    lines = (here / "oof_mvp.csv").read_text().splitlines()
    (here / "oof_mvp.csv").write_text("\n".join([lines[0], lines[1].replace(",", ",9", 1), *lines[2:], ""]))
    found = made.ask("tune")
    assert found["groups"]["folds"] == 10
    assert [w["code"] for w in found["warnings"]] == ["folds-differ"]
    assert "mvp" in found["warnings"][0]["message"]
    write(
        here / "folds.csv", [(key, "x", n % 3) for n, key in enumerate(sorted(made.truth))], ("sample_id", "y", "fold")
    )
    assert made.ask("tune", "--folds", "folds.csv")["groups"]["folds"] == 3


def test_groups_are_columns_of_the_truth(here):
    made = oofs(here)
    made.columns |= {"State": lambda key: key[-1], "half": lambda key: str(int(key[1:]) % 30)}
    made.write()
    assert made.ask("tune", "--groups", "half")["groups"] == {"by": ["half"], "count": 30, "folds": 10}
    assert made.ask("tune", "--groups", "half,State")["groups"]["by"] == ["half", "State"]
    (here / "pbl.toml").write_text('[metric]\ngroups = ["State"]\n')
    assert made.ask("tune")["groups"]["by"] == ["State"]


def test_the_advice_is_written_and_an_advice_to_use_none_is_not(here):
    made = oofs(here, samples=150, spreads=(0.3, 1.5, 1.5))
    made.write()
    toml = "# mine\n" + "".join(f"[pillars.{n}]\nfile = '{n}.csv'  # {n}\n" for n in made.pillars)
    (here / "pbl.toml").write_text(toml)
    before = tree(here)
    said = made.ask("tune")
    assert tree(here) == before
    done = command("tune", "--truth", "train.csv", "--write")
    assert done.code == 0
    assert "written  pbl.toml\nnext     pbl blend\n" in done.talk
    entries = read_settings(here / "pbl.toml").pillars
    assert {entry.name: entry.weight for entry in entries} == said["advice"]["weights"]
    assert said["advice"]["use"] in {"tuned", "shrunk"}
    text = (here / "pbl.toml").read_text()
    assert "".join(line for line in text.splitlines(keepends=True) if not line.startswith("weight")) == toml
    made.pillars["mvp"] = {key: value + 1e-3 for key, value in made.truth.items()}
    made.write()
    before = tree(here)
    done = command("tune", "--truth", "train.csv", "--write")
    assert done.code == 1
    assert "suspicious mvp" in done.out
    assert "--trust mvp" in done.talk
    assert tree(here) == before
    assert made.ask("tune", "--trust", "mvp")["advice"]["use"] != "none"


def test_current_weights_are_those_of_pbl_toml_else_of_the_table(here):
    made = oofs(here, spreads=(1, 1, 1, 1))
    made.write()

    def current():
        return next(c["weights"] for c in made.ask("tune")["candidates"] if c["name"] == "current")

    assert current() == {"siglip": 0.6, "dino": 0.2, "mvp": 0.1, "dinov2": 0.1}
    (here / "pbl.toml").write_text("".join(f"[pillars.{n}]\nfile = '{n}.csv'\nweight = 2\n" for n in made.pillars))
    assert current() == dict.fromkeys(made.pillars, 0.25)


def test_no_table_is_wider_than_80_columns_or_has_an_in_sample_score(here):
    made = oofs(here, samples=24, spreads=(0.5,) * 12, names=[f"pillar{n:02d}" for n in range(12)])
    made.truth = {f"{k}__{t}": abs(v) + n for k, v in made.truth.items() for n, t in enumerate(CSIRO)}
    made.pillars = {p: {k: abs(g[k[:4]]) for k in made.truth} for p, g in made.pillars.items()}
    made.write()
    words = ("--method", "rank", "--negative", "--metric", "csiro-biomass")
    table = command("tune", here, "--truth", made.train, *words)
    for text in (command("score", here, "--truth", made.train).out, table.out):
        assert max(map(len, text.splitlines())) <= 80
    found = made.ask("tune", *words)
    for each in found["candidates"]:
        shown = f"{each['in_sample']:.5f}"
        scores = {f"{c['score']:.5f}" for c in found["candidates"]}
        assert shown in scores or shown not in table.out


def test_python_gives_what_the_commands_give(here):
    made = oofs(here).write()
    scores = pbl.score(here, truth=made.train, metric="rmse", weights={"siglip": 1, "mvp": 1})
    told = made.ask("score", "--metric", "rmse", "--weights", "siglip=1,mvp=1")
    assert told == {"schema_version": 1, "command": "score", "ok": True, **scores.to_json()}
    tuned = pbl.tune(pillars={n: here / f"oof_{n}.csv" for n in made.pillars}, truth=made.train, methods=["rank"])
    told = made.ask("tune", "--method", "rank")
    assert told == {"schema_version": 1, "command": "tune", "ok": True, **tuned.to_json()}
    with pytest.raises(pbl.PblError, match="a list of names"):
        pbl.tune(here, truth=made.train, groups="State")


@pytest.mark.parametrize("ask", [pbl.score, pbl.tune])
def test_frames_are_not_scored_and_lists_of_paths_are(here, ask):
    made = oofs(here).write()
    frame = pl.DataFrame({"sample_id": ["a"], "target": [1.0]})
    paths = sorted(here.glob("oof_*.csv"))
    for what, given in {
        "truth": {"truth": frame},
        "pillars: 'a'": {"pillars": {"a": frame}, "truth": made.train},
    }.items():
        with pytest.raises(pbl.PblError, match=f"^{what} is a DataFrame; write it to a file"):
            ask(*paths, **given)
    assert ask(paths, truth=made.train).to_json() == ask(*paths, truth=made.train).to_json()


def test_a_shell_variable_that_is_unset_is_no_path(here):
    oofs(here).write()
    assert "unset" in command("score", "", "--truth", "train.csv").talk


def test_a_pbl_toml_beside_the_files_holds_and_that_is_said(here):
    made = oofs(here / "deep").write()
    (made.folder / "pbl.toml").write_text('[metric]\nname = "mae"\ntruth = "train.csv"\n')
    done = command("score", *made.folder.glob("oof_*.csv"))
    assert done.code == 0
    assert "deep/pbl.toml holds, as it lies beside the files" in done.talk
    assert done.out.startswith("mae, lower is better")


def test_a_truth_of_other_columns_is_told_with_its_whole_header_and_how_to_name_them(here):
    oofs(here).write()
    header, *rows = (here / "train.csv").read_text().splitlines()
    (here / "train.csv").write_text("key,target,fold\n" + "".join(f"{row},1\n" for row in rows))
    done = command("score", here, "--truth", here / "train.csv")
    assert (header, done.code) == ("sample_id,target", 1)
    assert "the header is 'key,target,fold'" in done.talk
    assert "under [contract]" in done.talk
