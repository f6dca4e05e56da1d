"""Which of two scores of a metric is better: known metrics by name, others by what the user says.

Logs, `--metric` and `pbl.toml` name metrics; everything that ranks scores asks here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING
from unicodedata import normalize

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Sense(StrEnum):
    """What a metric measures, and so which of two scores is better."""

    SCORE = "score"
    """Greater is better."""
    ERROR = "error"
    """Less is better, and no error is below 0: a negative one is a negated one."""
    COST = "cost"
    """Less is better, whatever its sign."""


_WORDS = {
    Sense.SCORE: """
        acc accuracy adjr2 ami ap ari auc aucpr auprc auroc bacc bleu ccc cider cindex completeness concordance corr
        corrcoef correlation csirobiomass dcg dice explainedvariance f05 f1 f2 fbeta fowlkesmallows fscore gain gini
        hit hitrate hits homogeneity improvement iou jaccard kappa kendall kge lccc lift likelihood loglikelihood map
        matthews mcc meteor miou mrr mutualinfo mutualinformation ndcg nmi npv nse pcc pearson pearsonr ppv prauc
        precision psnr qwk r2 rand recall reciprocalrank reduction rocauc rouge rsquared sensitivity sharpe silhouette
        similarity skill spearman spearmanr specificity ssim tau tnr tpr truenegativerate truepositiverate vmeasure
    """,
    Sense.ERROR: """
        bce brier ce cer crossentropy crps deviance distance divergence ece eer emd entropy err error
        falsenegativerate falsepositiverate fdr fid fnr fpr hausdorff hinge huber kl kld levenshtein logcosh logloss
        loss mae mape mase mcmae mcrmse mdae mdape medae medape medianae misclassification mse msle mspe
        negativelikelihoodratio nmae nrmse perplexity pinball rae rms rmse rmsle rmspe rmsse smape ter wape wer
        winkler wmae wmape wrmse wrmsse xent
    """,
    Sense.COST: "aic bic negativeloglikelihood negloglikelihood nll",
}
_KNOWN = {word: sense for sense, words in _WORDS.items() for word in words.split()}
_LONGEST = 3
_DECIDE = frozenset({"d2", "skill"})
"""The part of an error that is saved: greater is better, whichever error it is."""
_TURNED = re.compile(
    r"(?:neg(?:ated)?|minus|inv(?:erse|erted)?)(?:[\s_-]+|(?-i:(?=[A-Z])))|-\s*|1(?:00)?\s*[-/]\s*", re.IGNORECASE
)
"""Words that reverse a metric: `neg_rmse`, `-rmse`, `1-auc`, `1/rmse`, `inverse_rmse`."""
_PIECE = re.compile(r"[A-Z]+(?![a-z])[0-9]*|[A-Z]?[a-z]+[0-9]*|[0-9]+")
_STATED = re.compile(r"(.*?)\s*:\s*(max|min)", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A metric by name; `sense` is None if neither the user nor the name says which score is better."""

    name: str
    sense: Sense | None = None
    assumed: bool = False
    """No metric was named, so the greater score is taken as the better one."""
    key: str = field(init=False)
    """The common form of all spellings of the name: RMSE is rmse, log_loss is logloss."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", metric_key(self.name))

    @property
    def greater_is_better(self) -> bool | None:
        """Return whether the greater score is better, None if that isn't known."""
        return None if self.sense is None else self.sense is Sense.SCORE

    def merit(self, score: float) -> float:
        """Return a number that is greater for a better score; for an unknown metric the score itself."""
        match self.sense:
            case Sense.ERROR:
                return -abs(score)
            case Sense.COST:
                return -score
            case Sense.SCORE | None:
                return score

    def gap(self, cv: float, public: float) -> float:
        """Return CV minus public score; if one of two errors is negated, of their absolute values."""
        if self.sense is Sense.ERROR and (cv < 0) != (public < 0):
            return abs(cv) - abs(public)
        return cv - public


@lru_cache(maxsize=1000)
def parse_metric(text: str) -> Metric:
    """Return the metric that `NAME`, `NAME:max` or `NAME:min` means."""
    stated = _STATED.fullmatch(text.strip())
    if stated is None:
        return Metric(name=text.strip(), sense=known_sense(text))
    return Metric(name=stated[1], sense=_stated_sense(stated[1], greater=stated[2].lower() == "max"))


def contradicts_name(text: str) -> bool:
    """Say whether `NAME:max` or `NAME:min` says the opposite of what the name is known for, as `rmse:max` does."""
    stated, known = parse_metric(text), known_sense(parse_metric(text).name)
    return known is not None and (known is Sense.SCORE) != stated.greater_is_better


def resolve_metrics(
    texts: Iterable[str], *, name: str | None = None, greater_is_better: bool | None = None
) -> Mapping[str, Metric]:
    """Return the metric that each logged text means, judged from all texts together.

    `:max` or `:min` at one run holds for all runs with the same name, unless another run has the opposite. Next come
    the project's own settings, `name` and `greater_is_better`; then the known names. Runs without a metric have the
    project's; if it has none, the greater score is assumed to be better.
    """
    texts = set(texts)
    project = parse_metric(name or "")
    said: dict[str, set[bool]] = {}
    for text in texts:
        if stated := _STATED.fullmatch(text.strip()):
            said.setdefault(metric_key(stated[1] or project.name), set()).add(stated[2].lower() == "max")

    def resolve(text: str) -> Metric:
        metric = parse_metric(text)
        metric = metric if metric.name else project
        greater = said.get(metric.key, set())
        if len(greater) == 1:
            return Metric(name=metric.name, sense=_stated_sense(metric.name, greater=next(iter(greater))))
        if metric.key == project.key and greater_is_better is not None:
            return Metric(name=metric.name, sense=_stated_sense(metric.name, greater=greater_is_better))
        if greater:
            return Metric(name=metric.name)
        return metric if metric.name else Metric(name="", sense=Sense.SCORE, assumed=True)

    return {text: resolve(text) for text in texts}


def known_sense(name: str) -> Sense | None:
    """Return the sense of a metric by the whole words of its name; None if none is known, or two contradict."""
    text = normalize("NFKC", name).strip()
    turned = _TURNED.match(text)
    pieces = [piece.lower() for piece in _PIECE.findall(text[turned.end() :] if turned else text)]
    words = set(_known_words(pieces))
    found = {Sense.SCORE} if _DECIDE & words else {_KNOWN[word] for word in words}
    if found == {Sense.ERROR, Sense.COST}:
        found = {Sense.COST}
    if len(found) != 1:
        return None
    sense = found.pop()
    if not turned:
        return sense
    return Sense.COST if sense is Sense.SCORE else Sense.SCORE


def metric_key(name: str) -> str:
    """Return the common form of all spellings of a metric's name."""
    text = normalize("NFKC", name).strip().casefold()
    return text[:1] + re.sub(r"[\s_-]+", "", text[1:])


def _stated_sense(name: str, *, greater: bool) -> Sense:
    """Return the sense that was stated; a known error stays one, so that its negative scores are negated ones."""
    if greater:
        return Sense.SCORE
    return Sense.ERROR if known_sense(name) is Sense.ERROR else Sense.COST


def _known_words(pieces: list[str]) -> Iterable[str]:
    """Find known words, the longest first, including those in several pieces (`log_loss`) or before a number."""
    at = 0
    while at < len(pieces):
        for length in range(min(_LONGEST, len(pieces) - at), 0, -1):
            joined = "".join(pieces[at : at + length])
            word = next((w for w in (joined, joined.rstrip("0123456789")) if w in _KNOWN or w in _DECIDE), None)
            if word is not None:
                yield word
                at += length
                break
        else:
            at += 1
