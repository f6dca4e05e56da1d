"""Features and truths to fit on, as values and as files, and a pillar fitted on them."""

from pathlib import Path

import numpy as np

from pbl.training.features import Column, Features, Source
from pbl.training.fit import fit
from pbl.weights.folds import own_folds
from pbl.weights.metrics import make_metric
from pbl.weights.sheet import make_sheet

TRUTH = Path("train.csv")


def names(n):
    return [f"s{k:05}" for k in range(n)]


def features(values, samples=None):
    values = np.asarray(values, dtype=float)
    columns = (Column(name="embedding", width=values.shape[1]),)
    samples = tuple(samples or names(len(values)))
    return Features(samples=samples, values=values, sources=(Source(columns=columns),))


def long_sheet(y, targets, *, groups=None, samples=None, **more):
    samples = samples or names(len(y))
    ids = [f"{sample}__{target}" for sample in samples for target in targets]
    by = None if groups is None else {"site": np.repeat(groups, len(targets)).tolist()}
    return make_sheet(ids=ids, columns=["target"], truth=np.ravel(y), predictions={}, groups=by, **more)


def wide_sheet(y, targets, *, samples=None, **more):
    return make_sheet(ids=samples or names(len(y)), columns=targets, truth=y, predictions={}, **more)


def fitted_on(x, sheet, *, metric="r2", k=5, folds=None, **more):
    folds = folds or own_folds(sheet, k)
    made = make_metric(metric, sheet.names)
    return fit(features(x), sheet, folds, made, pillar="p", truth=TRUTH, **more)


def scores(fitting):
    return {each.model: each.score for each in fitting.models}
