"""Fit on files: turn arguments and `pbl.toml` into features, truth, folds and a metric.

The function behind `pbl fit`; `fit` does the same on values, `outputs` writes what comes out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING

from pbl.domain.errors import UsageError
from pbl.domain.limits import Limits
from pbl.domain.progress import Progress
from pbl.training._table import data_error, make_finding
from pbl.training.features_files import read_features
from pbl.training.fit import FOLDS, fit, needed_samples
from pbl.training.fitted_file import encode
from pbl.training.predict import predict
from pbl.weights.errors import MetricError
from pbl.weights.folds import named_folds, own_folds
from pbl.weights.from_files import Judge
from pbl.weights.oof import read_folds, read_oof

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pbl.project.oof_files import OofSelection
    from pbl.training.fitted import Task
    from pbl.training.fitting import Fitting
    from pbl.weights.folds import Folds
    from pbl.weights.from_files import Question
    from pbl.weights.sheet import Sheet


@dataclass(frozen=True, kw_only=True)
class Apart:
    """What is kept apart: columns of the truth whose values are groups, or a file of folds; k is of pbl's own folds."""

    groups: tuple[str, ...] = ()
    folds: Path | None = None
    k: int = FOLDS


@dataclass(frozen=True, kw_only=True)
class Submission:
    """What to predict at once: the features of the test set, and the template of the submission."""

    features: tuple[Path, ...]
    template: Path


def fit_files(
    features: Sequence[Path],
    chosen: OofSelection,
    question: Question,
    *,
    pillar: str,
    apart: Apart = Apart(),
    test: Submission | None = None,
    task: Task | None = None,
    learners: Sequence[str] | None = None,
    seed: int = 0,
    key: str | None = None,
    threads: int = 1,
    spill: Path,
    limits: Limits = Limits(),
    progress: Progress = Progress(),
) -> tuple[Fitting, Mapping[str, bytes], tuple[str, ...]]:
    """Return what was fitted, the bytes of each file to write, and what the user should know of the features.

    Raises what `read_oof`, `read_features`, `fit` and `predict` do.
    """
    settings, contract = chosen.selection.settings, chosen.selection.contract
    if apart.groups and apart.folds is not None:
        raise UsageError("--groups and --folds both say what belongs together; give one of them")
    judge = Judge.of(question, settings)
    grouped = apart.groups or (() if apart.folds else settings.metric.groups)
    wanted = replace(judge.wanted(), groups=grouped, others=True)
    named = None if apart.folds is None else read_folds(apart.folds, contract, spill=spill, limits=limits)
    sheet = read_oof(chosen, wanted, spill=spill, limits=limits, progress=progress).sheet
    folds = _folds(sheet, apart, named)
    samples = needed_samples(sheet, folds, chosen.truth)
    progress.stage("reading the features", lambda: 0.0)
    read = read_features(features, wanted=samples, key=key, id_name=contract.id)
    found = fit(
        read,
        sheet,
        folds,
        judge.metric(sheet),
        pillar=pillar,
        truth=chosen.truth,
        task=task,
        learners=learners,
        seed=seed,
        threads=threads,
        progress=progress,
    )
    name, files = f"{pillar}.npz", dict(found.tables())
    notes = read.notes
    if test is not None:
        progress.stage("predicting", lambda: 0.0)
        data, _, more = predict(
            found.fitted, chosen.truth.with_name(name), test.features, template=test.template, key=key
        )
        files[f"submission_{pillar}.csv"], notes = data, (*notes, *more)
    beside = {each: sha256(data).hexdigest() for each, data in files.items()}
    try:
        return found, {name: encode(replace(found.fitted, beside=beside)), **files}, notes
    except ValueError as error:
        raise UsageError(
            f"{name} would be too large to be read again: leave svr out with --learners ({error})"
        ) from error


def _folds(sheet: Sheet, apart: Apart, named: Mapping[str, str] | None) -> Folds:
    if named is not None and apart.folds is not None:
        try:
            return named_folds(sheet, named)
        except MetricError as error:
            raise data_error([apart.folds], [make_finding(apart.folds, "PBL808", str(error))]) from error
    if len(sheet.groups) < apart.k:
        raise UsageError(f"{len(sheet.groups)} groups are fewer than {apart.k} folds: give a smaller --k")
    return own_folds(sheet, apart.k)
