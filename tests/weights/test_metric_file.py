"""A metric in a file of the user's scores and tunes as the known ones do."""

import json
from importlib.util import find_spec

import pytest
from support.judging import needs_pandas, oofs
from support.making import command, process

METRIC = """
import pandas as pd
class ParticipantVisibleError(Exception):
    pass
def score(solution: pd.DataFrame, submission: pd.DataFrame, row_id_column_name: str) -> float:
    assert list(solution.columns) == [row_id_column_name, "target", "w"]
    assert solution["w"].dtype.kind == "i"
    if (submission["target"] > 90).any():
        raise ParticipantVisibleError("too large " + "x" * 300)
    if (submission["target"] > 80).any():
        raise ValueError("broken")
    return float((solution["w"] * (solution["target"] - submission["target"]).abs()).mean())
"""


@needs_pandas
def test_a_metric_file_scores_and_tunes(here):
    made = oofs(here, samples=30)
    made.columns["w"] = lambda key: str(1 + int(key[1:]) % 2)
    made.write()
    (here / "metric.py").write_text(METRIC)
    (here / "pbl.toml").write_text('[metric]\nname = "metric.py"\ncolumns = ["w"]\n')
    done = process("score", ".", "--truth", "train.csv", "--format", "json", folder=here)
    found = json.loads(done.data)
    assert (found["metric"], found["greater_is_better"]) == ("metric.py", None)
    expected = sum((1 + int(k[1:]) % 2) * abs(y - made.pillars["siglip"][k]) for k, y in made.truth.items()) / 30
    assert found["scores"][0]["score"] == pytest.approx(expected, rel=1e-12)
    assert found["scores"][0]["per_target"] == {}
    done = process("tune", ".", "--truth", "train.csv", folder=here)
    assert done.code == 2
    assert "--greater-is-better or --lower-is-better" in done.talk
    found = made.ask("tune", "--lower-is-better")
    assert found["greater_is_better"] is False
    for value, code, said in ((95, 1, "too large xxx"), (85, 2, "ValueError: broken")):
        made.pillars["dino"]["i003"] = value
        made.write()
        done = process("score", ".", "--truth", "train.csv", "--format", "json", folder=here)
        assert done.code == code
        assert said in done.talk
        assert "Traceback" not in done.talk
        if code == 1:
            assert len(json.loads(done.data)["findings"][0]["message"]) == 280


@needs_pandas
@pytest.mark.parametrize("what", ["score", "tune", "compare"])
def test_what_a_metric_file_prints_is_talk(here, what):
    made = oofs(here, samples=30).write()
    body = "    print('called')\n    return (s['target'] - p['target']).abs().mean()\n"
    (here / "metric.py").write_text(f"print('loaded')\ndef score(s, p, i):\n{body}")
    (here / "pbl.toml").write_text('[metric]\ngreater_is_better = false\nname = "metric.py"\n')
    done = process(what, ".", "--truth", made.train, "--format", "json", folder=here)
    assert done.code == 0
    assert json.loads(done.data)["ok"] is True
    assert {"loaded", "called"} <= set(done.talk.splitlines())


@pytest.mark.skipif(find_spec("pandas") is not None, reason="pandas is there")
def test_without_pandas_a_metric_file_is_refused_by_name(here):
    made = oofs(here).write()
    (here / "metric.py").write_text(METRIC)
    done = command("score", here, "--truth", made.train, "--metric", "metric.py")
    assert done.code == 2
    assert done.talk == "pbl score: the metric file metric.py needs pandas: pip install pandas\n"
