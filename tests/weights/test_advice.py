from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import t as student

from pbl.weights._advice import Choice, advise
from pbl.weights._resample import Resamples


def _drawn(scores, spreads, seed=0):
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=(2000, len(scores))) * spreads
    return Resamples(whole=np.array(scores), drawn=np.array(scores) + noise, groups=25)


def _advised(scores, spreads, baseline=None):
    names = ["equal", "tuned", "signed"]
    choices = [Choice(name=n, method="mean", weights={"a": 1.0}, place=k) for k, n in enumerate(names)]
    return advise(choices, _drawn(scores, spreads), baseline=baseline, groups=25, suspicious=()).use


def test_the_standard_error_is_corrected_for_the_number_of_groups_and_the_interval_is_students():
    drawn = _drawn([0.0, 1.0], [0.0, 0.1])
    se = drawn.drawn[:, 1].std(ddof=1) * np.sqrt(25 / 24)
    assert drawn.se(1) == pytest.approx(se, rel=1e-12)
    assert drawn.gain(1, 0).interval[0] == pytest.approx(1 - student.ppf(0.975, 24) * se, rel=1e-9)


def test_signed_weights_must_beat_tuned_ones_by_the_same_test():
    assert _advised([0.0, 1.0, 1.1], [0.1, 0.1, 0.1]) == "tuned"
    assert _advised([0.0, 1.0, 2.0], [0.1, 0.1, 0.1]) == "signed"


def test_looking_at_more_candidates_costs():
    drawn = _drawn([0.0] * 41, [0.1] * 41)
    assert drawn.critical_value(range(1, 41), 0) > drawn.critical_value([1], 0) == drawn.quantile


def test_weights_of_unknown_origin_are_advised_on_a_condition():
    for as_given, said in ((True, "if they were not fitted on these rows."), (False, "were not fitted on.")):
        choices = [
            Choice(name="equal", method="mean", weights={"a": 1.0}, place=0),
            Choice(name="current", method="mean", weights={"a": 1.0}, place=1, as_given=as_given),
        ]
        found = advise(choices, _drawn([0.0, 1.0], [0.1, 0.1]), baseline=None, groups=25, suspicious=())
        assert found.use == "current"
        assert found.text.endswith(said)
