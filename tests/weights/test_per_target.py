"""`tune --per-target`: each target name's weights by themselves, judged on rows they were not fitted on."""

import numpy as np
import pytest
from support.judging import needs_pandas, oofs
from support.making import command, write

import pbl
from pbl.weights._metric_file import load_metric
from pbl.weights.errors import MetricError
from pbl.weights.folds import named_folds
from pbl.weights.metrics import file_metric, make_metric, score
from pbl.weights.sheet import make_sheet
from pbl.weights.tune import tune

IDS = [f"i{k:03d}" for k in range(90)]
PLACE = {key: str(k % 3) for k, key in enumerate(IDS)}


def _many(seed, spreads, *, ids=IDS):
    """Truth and predictions of targets t0, t1, ...: `spreads` are the pillars' errors in each."""
    rng = np.random.default_rng(seed)
    targets = len(spreads[0])
    truth = rng.normal(size=(len(ids), targets)) + 3 * np.arange(targets)
    return truth, {f"p{k}": truth + np.array(own) * rng.normal(size=truth.shape) for k, own in enumerate(spreads)}


def _probabilities(numbers):
    return {name: 1 / (1 + np.exp(-each)) for name, each in numbers.items()}


def _found(made):
    return next(c for c in made.candidates if c.name == "per-target")


@pytest.mark.parametrize("long", [False, True])
@pytest.mark.parametrize(
    ("name", "average"),
    [("r2", "rows"), ("r2", "targets"), ("weighted-r2", "rows"), ("rmse", "targets"), ("mae", "rows"),
     ("logloss", "targets"), ("auc", "targets")],
)  # fmt: skip
def test_each_targets_weights_are_those_of_the_target_alone_and_so_is_each_folds(name, average, long):
    truth, guesses = _many(1, [(0.5, 2.0), (2.0, 0.5), (1.0, 1.0)])
    if name in {"logloss", "auc"}:
        truth, guesses = (truth > [0, 3]).astype(float), _probabilities(guesses)
    columns = ("t0", "t1")
    if long:
        made = {p: [(f"{key}__{c}", each[k, j]) for j, c in enumerate(columns) for k, key in enumerate(IDS)]
                for p, each in {"truth": truth, **guesses}.items()}  # fmt: skip
        told = {p: np.array([y for _, y in rows]) for p, rows in made.items()}
        sheet = make_sheet(
            ids=[key for key, _ in made["truth"]], columns=["y"], truth=told.pop("truth"), predictions=told
        )
    else:
        sheet = make_sheet(ids=IDS, columns=columns, truth=truth, predictions=guesses)
    metric = make_metric(name, sheet.names, average=average, weights={"t0": 0.3, "t1": 0.7})
    found = tune(sheet, metric, named_folds(sheet, PLACE), per_target=True, trust=sheet.pillars)
    blend = np.empty((len(IDS), 2))
    for j, column in enumerate(columns):
        alone = make_sheet(
            ids=IDS, columns=[column], truth=truth[:, j], predictions={p: g[:, j] for p, g in guesses.items()}
        )
        plain = make_metric("r2" if "r2" in name else name, alone.names)
        own = tune(alone, plain, named_folds(alone, PLACE), trust=sheet.pillars)
        tuned = next(c for c in own.candidates if c.name == "tuned")
        assert _found(found).weights[column] == pytest.approx(tuned.weights, abs=1e-9)
        for fold in own.fold_weights:
            rows = [k for k, key in enumerate(IDS) if PLACE[key] == fold.fold]
            blend[rows, j] = sum(w * guesses[p][rows, j] for p, w in fold.weights.items())
    row_of = {str(key): k for k, key in enumerate(IDS)}
    by_row = [blend[row_of[sheet.samples[s]], t] for s, t in zip(sheet.sample, sheet.target, strict=True)]
    assert _found(found).score == pytest.approx(score(sheet, metric, np.array(by_row)), rel=1e-12)
    assert (_found(found).in_sample - _found(found).score) * metric.sign >= 0


def test_targets_that_want_other_pillars_are_advised_their_own_weights_and_others_are_not():
    sheets = [_many(2, [(0.3, 3.0), (3.0, 0.3)]), _many(2, [(1.0, 1.0), (1.0, 1.0)])]
    made = []
    for truth, guesses in sheets:
        sheet = make_sheet(ids=IDS, columns=["t0", "t1"], truth=truth, predictions=guesses)
        made.append(tune(sheet, make_metric("r2", sheet.names, average="targets"), per_target=True))
    assert [each.advice.use for each in made] == ["per-target", "equal"]
    assert made[0].advice.weights == _found(made[0]).weights
    assert made[0].to_json()["advice"]["weights"]["t0"]["p0"] > 0.9


@pytest.mark.parametrize("name", ["logloss", "accuracy", "auc"])
def test_classes_have_weights_of_their_own_columns(name):
    rng = np.random.default_rng(3)
    label = rng.integers(0, 3, size=len(IDS))
    hot = np.eye(3)[label]
    guesses = {f"p{k}": np.exp(hot * s + rng.normal(size=hot.shape)) for k, s in enumerate([0.8, 0.7])}
    sheet = make_sheet(
        ids=IDS, columns=["a", "b", "c"], truth=None, predictions=guesses, label=np.array(["a", "b", "c"])[label]
    )
    metric = make_metric(name, sheet.names)
    folds = named_folds(sheet, PLACE)
    found = tune(sheet, metric, folds, per_target=True, trust=sheet.pillars)
    own = _found(found).weights
    assert list(own) == ["a", "b", "c"]
    assert all(sum(each.values()) == pytest.approx(1) for each in own.values())
    for j, column in enumerate(own):
        given = {p: (g / g.sum(axis=1, keepdims=True) if name == "logloss" else g)[:, j] for p, g in guesses.items()}
        alone = make_sheet(ids=IDS, columns=[column], truth=hot[:, j], predictions=given)
        plain = tune(alone, make_metric(name, alone.names), named_folds(alone, PLACE), trust=sheet.pillars)
        assert own[column] == pytest.approx(next(c.weights for c in plain.candidates if c.name == "tuned"), abs=1e-6)


@pytest.mark.parametrize("average", ["rows", "targets"])
def test_classes_whose_own_weights_leave_a_row_without_any_have_no_score(average):
    label = np.arange(len(IDS)) % 3
    label[0] = 2
    knows_a = np.array([[0.8, 0.1, 0.1], [0.05, 0.05, 0.9], [0.05, 0.9, 0.05]])[label]
    knows_b = np.array([[0.05, 0.05, 0.9], [0.1, 0.8, 0.1], [0.9, 0.05, 0.05]])[label]
    knows_a[0], knows_b[0] = [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]
    sheet = make_sheet(
        ids=IDS, columns=["a", "b", "c"], truth=None, predictions={"p": knows_a, "q": knows_b},
        label=np.array(["a", "b", "c"])[label],
    )  # fmt: skip
    found = tune(sheet, make_metric("logloss", sheet.names, average=average), per_target=True, trust=["p", "q"])
    own = _found(found).weights
    assert (own["a"], own["b"]) == ({"p": pytest.approx(1), "q": 0.0}, {"p": 0.0, "q": pytest.approx(1)})
    assert (_found(found).in_sample, _found(found).gain_over_equal) == (None, None)
    assert found.advice.use != "per-target"


def test_a_target_of_one_fold_is_predicted_with_the_tuned_weights_of_the_others():
    ids = [*(f"{key}__a" for key in IDS), "i000__b", "i003__b"]
    rng = np.random.default_rng(4)
    truth = rng.normal(size=len(ids))
    guesses = {f"p{k}": truth + s * rng.normal(size=len(ids)) for k, s in enumerate([0.5, 1.0])}
    sheet = make_sheet(ids=ids, columns=["y"], truth=truth, predictions=guesses)
    folds = named_folds(sheet, PLACE)
    found = tune(sheet, make_metric("rmse", sheet.names), folds, per_target=True)
    own = {f.fold: f.weights for f in found.fold_weights}
    blend = np.empty(sheet.rows)
    for k, key in enumerate(sheet.ids):
        fold = PLACE[key[:4]]
        outside = np.array([PLACE[other[:4]] != fold and other.endswith(key[-1]) for other in sheet.ids])
        weights = own[fold]
        if outside.any():
            errors = sheet.predictions[:, outside] - sheet.truth[outside]
            shared = np.linalg.lstsq((errors[0] - errors[1])[:, None], -errors[1], rcond=None)[0][0].clip(0, 1)
            weights = {"p0": shared, "p1": 1 - shared}
        blend[k] = sum(w * sheet.predictions[j, k] for j, w in enumerate(weights.values()))
    assert _found(found).score == pytest.approx(np.sqrt(np.mean((blend - sheet.truth) ** 2)), rel=1e-9)


@needs_pandas
def test_a_metric_file_has_no_targets_and_is_refused():
    truth, guesses = _many(5, [(1.0, 1.0), (1.0, 1.0)])
    sheet = make_sheet(ids=IDS, columns=["t0", "t1"], truth=truth, predictions=guesses)
    source = "def score(s, p, i):\n    return ((s['t0'] - p['t0']) ** 2).mean()\n"
    metric = file_metric("m.py", load_metric(source, "m.py"), greater_is_better=False)
    with pytest.raises(MetricError, match=r"m\.py has no score within a target name"):
        tune(sheet, metric, per_target=True)


TOML = """# mine
[pillars.dino]
file = "dino.csv"  # one
weight = 3
[pillars.siglip]
file = "siglip.csv"
weight = 1

[per_target.b]  # two
mvp = 1.0
siglip = 0.25
"""


def _project(here):
    made = oofs(here, samples=80, spreads=(0.4, 0.5), names=("siglip", "dino"))
    made.truth = {f"{k}__{t}": v + 1 for k, v in made.truth.items() for t in ("a", "b")}
    worse = {("siglip", "b"), ("dino", "a")}
    made.pillars = {
        p: {k: 1 + g[k[:4]] * (-0.2 if (p, k[-1]) in worse else 1) for k in made.truth} for p, g in made.pillars.items()
    }
    made.write()
    for name, guesses in made.pillars.items():
        write(here / f"{name}.csv", [(key, y) for key, y in guesses.items()])
    (here / "pbl.toml").write_text(TOML)
    return made


def test_what_is_written_is_what_blend_per_target_uses_and_every_other_byte_stays(here):
    made = _project(here)
    said = made.ask("tune", "--per-target")["advice"]
    assert said["use"] == "per-target"
    table = command("tune", "--truth", "train.csv", "--per-target")
    assert table.talk.splitlines()[-1].endswith(" --write")
    assert any(line.startswith("per-target ") and line.split()[-2:] == ["a", "b"] for line in table.out.splitlines())
    done = command("tune", "--truth", "train.csv", "--per-target", "--write")
    assert (done.code, "next     pbl blend --per-target\n" in done.talk) == (0, True)
    a, b = said["weights"]["a"], said["weights"]["b"]
    kept = TOML.replace("mvp = 1.0", "mvp = 0.0").replace("siglip = 0.25", f"siglip = {b['siglip']!r}")
    new = f"dino = {b['dino']!r}\n\n[per_target.a]\nsiglip = {a['siglip']!r}\ndino = {a['dino']!r}\n"
    assert (here / "pbl.toml").read_text() == kept + new
    (here / "pbl.toml").write_text((kept + new).replace("mvp = 0.0\n", ""))
    assert command("blend", "--per-target", "-o", "out.csv").code == 0
    for line in (here / "out.csv").read_text().splitlines()[1:]:
        key, number = line.split(",")
        wanted = sum(said["weights"][key[-1]][p] * made.pillars[p][key] for p in ("dino", "siglip"))
        assert float(number) == pytest.approx(wanted, rel=1e-12, abs=1e-15)
    assert command("blend", "--recipe", "out.recipe.json").code == 0


def test_python_gives_what_the_command_gives(here):
    made = _project(here)
    told = made.ask("tune", "--per-target")
    found = pbl.tune(here, truth=made.train, per_target=True, write=True)
    assert {"schema_version": 1, "command": "tune", "ok": True, **found.to_json()} == told
    assert "[per_target.a]" in (here / "pbl.toml").read_text()


def test_a_pillar_that_was_not_judged_loses_its_share_and_that_is_said(here):
    made = _project(here)
    (here / "pbl.toml").write_text(TOML + "[pillars.mvp]\nfile = 'mvp.csv'\nweight = 7.5  # much\n")
    write(here / "mvp.csv", [(key, 99.0) for key in made.truth])
    done = command("tune", "--truth", "train.csv", "--write")
    assert done.code == 0
    assert "note     mvp was not judged, so its weight is 0 now (was 7.5)\n" in done.talk
    text = (here / "pbl.toml").read_text()
    assert "weight = 0.0  # much\n" in text
    assert command("blend", "-o", "out.csv").code == 0
    assert max(float(line.split(",")[1]) for line in (here / "out.csv").read_text().splitlines()[1:]) < 50
    again = command("tune", "--truth", "train.csv", "--per-target", "--write")
    assert "not judged" not in again.talk
