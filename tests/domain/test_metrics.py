import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbl.domain.metrics import Metric, Sense, known_sense, metric_key, parse_metric, resolve_metrics

GREATER = """
    r2 R2 R² r_squared weighted-r2 csiro-biomass auc AUC roc_auc cancer_auc ROC-AUC macro_f1 f1 F1-macro f0.5
    QWK macroF1 MAP@k
    quadratic_weighted_kappa map@12  mAP ndcg@10 spearman pearsonr iou meanIoU dice bleu gini accuracy balanced_acc
    average_precision d2_absolute_error_score brier_skill_score cosine_similarity explained_variance certainty_accuracy
    neg_log_loss neg_rmse neg_root_mean_squared_error neg_mean_poisson_deviance -rmse negRMSE 1/mae 1-error inverse_rmse
    log_likelihood neg_negative_likelihood_ratio c-index top_5_accuracy werewolf_f1 maestro_auc R2Score
"""
LESS = """
    rmse RMSE rmsle RMSPE mae MedAE mape smape mse msle log_loss logloss LogLoss log-loss mean_absolute_error CER
    crps wer pinball mean_pinball_loss mean_gamma_deviance brier_score val_loss error max_error mcrmse rmse_fold0 mae@k
    rmse2 cross_entropy perplexity negative_log_likelihood nll neg_auc 1-auc false_positive_rate
"""
UNKNOWN = [
    "",
    "score",
    "lb",
    "foo",
    "cerberus",
    "merror_",
    "losses",
    "auc_loss",
    "rmse_improvement",
    "誤差",
    "emission",
    "map_loss",
]


@pytest.mark.parametrize("name", GREATER.split())
def test_the_greater_is_the_better(name):
    assert parse_metric(name).greater_is_better is True


@pytest.mark.parametrize("name", [*LESS.split(), "Root Mean Squared Error", "mean squared log error"])
def test_the_less_is_the_better(name):
    assert parse_metric(name).greater_is_better is False


@pytest.mark.parametrize("name", UNKNOWN)
def test_other_names_and_words_that_contradict_each_other_tell_nothing(name):
    assert known_sense(name) is None


@given(st.sampled_from(["cer", "loss", "mae", "wer", "auc", "map"]), st.sampled_from("bdghjkqvxz"))
def test_a_word_within_a_word_is_no_word(word, letter):
    assert known_sense(f"{letter}{word}{letter}") is None


@pytest.mark.parametrize(
    ("text", "name", "greater"),
    [
        ("rmse:min", "rmse", False),
        ("rmse:max", "rmse", True),
        ("ours : MAX", "ours", True),
        ("map@5:min", "map@5", False),
        (":min", "", False),
        ("a:b", "a:b", None),
        ("ours:lower", "ours:lower", None),
    ],
)
def test_a_name_may_say_which_way_it_goes(text, name, greater):
    metric = parse_metric(text)
    assert (metric.name, metric.greater_is_better) == (name, greater)


def test_negative_scores_of_an_error_are_negated_ones():
    metric = parse_metric("root_mean_squared_error")
    assert metric.merit(-0.40) > metric.merit(-0.42)
    assert metric.merit(0.40) > metric.merit(-0.42) == metric.merit(0.42)
    assert metric.gap(-0.40, 0.42) == pytest.approx(-0.02)
    assert metric.gap(-0.40, -0.42) == pytest.approx(0.02)
    assert parse_metric("rmse:min").sense is Sense.ERROR
    cost = parse_metric("ours:min")
    assert cost.merit(-2.0) > cost.merit(1.0)
    score = parse_metric("r2")
    assert score.merit(0.1) > score.merit(-2.0)


@pytest.mark.parametrize(
    ("one", "other"), [("RMSE", "rmse"), ("log_loss", "LogLoss"), ("ROC-AUC", "roc auc"), ("R²", "r2")]
)
def test_spellings_of_one_name_are_one_metric(one, other):
    assert metric_key(one) == metric_key(other)


def test_what_is_turned_round_is_another_metric():
    assert len({metric_key(name) for name in ("rmse", "-rmse", "neg_rmse", "1-rmse")}) == 4


def sense(text, *texts, **project):
    return resolve_metrics({text, *texts}, **project)[text].sense


def test_what_one_run_says_holds_for_all_of_that_name():
    assert sense("ours", "OURS:min") is Sense.COST
    assert sense("ours", "theirs:min") is None
    assert sense("ours", "ours:min", "ours:max") is None
    assert sense("rmse", "rmse:max") is Sense.SCORE


def test_what_the_project_says_holds_for_its_metric_and_for_runs_without_one():
    said = {"name": "ours", "greater_is_better": False}
    assert sense("ours", **said) is Sense.COST
    assert sense("theirs", **said) is None
    assert sense("ours", "ours:max", **said) is Sense.SCORE
    assert sense("ours", "ours:max", "ours:min", **said) is Sense.COST
    nameless = resolve_metrics({""}, name="rmse")[""]
    assert (nameless.name, nameless.sense, nameless.assumed) == ("rmse", Sense.ERROR, False)
    assert sense("", greater_is_better=False) is Sense.COST


def test_without_any_metric_the_greater_is_assumed_to_be_the_better():
    metric = resolve_metrics({""})[""]
    assert metric == Metric(name="", sense=Sense.SCORE, assumed=True)
