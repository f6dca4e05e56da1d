"""Read out-of-fold files and their truth into one sheet, each checked as strictly as a prediction file.

Files come in as `project.oof_files` found them; `score` and `tune` take the sheet.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING

import numpy as np

from pbl.checks.against_truth import check_against_truth
from pbl.checks.open_files import open_files
from pbl.checks.validate import make_report
from pbl.domain.contract import WideContract
from pbl.domain.errors import DataError, FindingsError, UsageError
from pbl.domain.limits import Limits
from pbl.domain.pillars import Pillar, Selection
from pbl.domain.progress import Progress
from pbl.engine.duck import open_duck
from pbl.weights._columns import column_names, fetch, find_blank, retype, to_numbers, to_texts
from pbl.weights.sheet import make_sheet

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import polars as pl
    from numpy.typing import NDArray

    from pbl.checks.open_files import CheckedFile
    from pbl.domain.contract import Contract
    from pbl.domain.report import Report
    from pbl.engine.duck import Duck
    from pbl.project.oof_files import OofSelection
    from pbl.weights.sheet import Sheet

    Floats = NDArray[np.float64]
    Mask = NDArray[np.bool_]
    Texts = NDArray[np.object_]

TRUTH, FOLD = "truth", "fold"
UNDONE = "no score was made"
_FEWEST_VALUES = 8
_MOST_VALUES = 0.6
"""Of the rows: a column of fewer or more values than this has no groups that folds could split."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """The columns of the truth that a command names, beside the id and the targets."""

    groups: tuple[str, ...] = ()
    label: str | None = None
    columns: tuple[str, ...] = ()
    """For a metric file."""
    others: bool = False
    """Whether the other columns are wanted too, to see whether errors are alike within them."""

    @property
    def named(self) -> tuple[tuple[str, str], ...]:
        """Return what names each column, and the column."""
        label = [] if self.label is None else [("label", self.label)]
        return (*(("groups", each) for each in self.groups), *label, *(("columns", each) for each in self.columns))


@dataclass(frozen=True, kw_only=True)
class Oof:
    """What was read: the sheet, what the checks say of its files, and how many rows some files lack."""

    sheet: Sheet
    report: Report
    rows_left_out: Mapping[str, int] = field(default_factory=dict)


def read_oof(
    chosen: OofSelection,
    wanted: Wanted,
    *,
    common_rows: bool = False,
    spill: Path,
    limits: Limits = Limits(),
    progress: Progress = Progress(),
) -> Oof:
    """Check and read the files; with `common_rows` take the rows that the truth and every file have.

    Raises FindingsError for files that aren't fine, UsageError for a column that the truth hasn't, and DataError for a
    label that is no target or where no row is left.
    """
    selection = chosen.selection
    contract, names = selection.contract, selection.names
    of_files = WideContract(**asdict(contract), texts=(FOLD,))
    of_truth = WideContract(
        id=contract.id,
        targets=() if wanted.label else contract.targets,
        texts=(FOLD, *(column for _, column in wanted.named)),
        others=True,
    )
    every = replace(selection, pillars=(Pillar(name=TRUTH, path=chosen.truth), *selection.pillars))
    contracts = _Contracts(files=of_files, truth=of_truth)
    with _check(every, contracts, spill=spill, limits=limits, progress=progress, common_rows=common_rows) as checked:
        truth = _read_truth(checked, contract, wanted)
        table, kept, folds = _read_files(checked, truth.ids, contract)
    common = kept.all(axis=0)
    if not common.any():
        raise DataError(f"no id is in {chosen.truth} and in every file: there are no common rows")
    lacking = {name: int((~each).sum()) * len(contract.targets) for name, each in zip(names, kept, strict=True)}
    at = slice(None) if common.all() else common
    folds = {"": truth.texts[FOLD], **folds} if FOLD in truth.texts else folds
    sheet = make_sheet(
        ids=truth.ids[at],
        columns=contract.targets,
        truth=None if truth.numbers is None else truth.numbers[at],
        predictions={name: each[at] for name, each in zip(names, table, strict=True)},
        separator=selection.settings.id_separator,
        groups={column: truth.texts[column][at] for column in wanted.groups},
        label=None if wanted.label is None else truth.texts[wanted.label][at],
        folds={name: texts[at] for name, texts in folds.items()},
        extra={column: texts[at] for column, texts in truth.extra.items()},
        id_name=contract.id,
        label_name=wanted.label or "",
    )
    return Oof(sheet=sheet, report=checked.report, rows_left_out={name: n for name, n in lacking.items() if n})


def read_folds(path: Path, contract: Contract, *, spill: Path, limits: Limits = Limits()) -> Mapping[str, str]:
    """Return the fold of each key of a fold file, whose other columns are ignored.

    Raises FindingsError for a file that isn't fine, UsageError where it has no column `fold`.
    """
    of_folds = WideContract(id=contract.id, targets=(), texts=(FOLD,), others=True)
    selection = Selection(pillars=(Pillar(name="folds", path=path),))
    with _check(selection, _Contracts(files=of_folds, truth=of_folds), spill=spill, limits=limits) as checked:
        _refuse_missing(checked.files[0], (("the folds", FOLD),))
        frame = fetch(checked.duck, checked.files[0], "folds", texts=[FOLD])
        checked.refuse_blank(checked.files[0], frame, {FOLD: "t0"})
        return dict(zip(to_texts(frame["id"]).tolist(), to_texts(frame["t0"]).tolist(), strict=True))


@dataclass(frozen=True, kw_only=True)
class _Checked:
    """Files that are fine but for what only their texts can tell; the truth is the first."""

    duck: Duck
    files: tuple[CheckedFile, ...]
    report: Report

    def refuse_blank(self, file: CheckedFile, frame: pl.DataFrame, columns: Mapping[str, str]) -> None:
        """Raise FindingsError if a cell of a column is empty; `columns` has their names in the frame."""
        found = [each for column, name in columns.items() for each in find_blank(file, frame, column, name)]
        if found:
            raise FindingsError(replace(self.report, findings=(*self.report.findings, *found)), UNDONE)


@dataclass(frozen=True, kw_only=True)
class _Truth:
    """The truth in the order of its ids; `texts` are the columns that are named, `extra` those of `Sheet.extra`."""

    ids: Texts
    numbers: Floats | None
    texts: Mapping[str, Texts]
    extra: Mapping[str, Texts]


@dataclass(frozen=True, kw_only=True)
class _Contracts:
    files: Contract
    truth: Contract


@contextmanager
def _check(
    selection: Selection,
    contracts: _Contracts,
    *,
    spill: Path,
    limits: Limits,
    progress: Progress = Progress(),
    common_rows: bool = False,
) -> Iterator[_Checked]:
    """Open and check the files, the truth first, and see in the end that none has changed."""
    with open_files(selection) as inputs, open_duck(inputs.paths, limits, size=inputs.size, spill=spill) as duck:
        files = check_against_truth(
            duck, inputs, contracts.files, contracts.truth, limits, common_rows=common_rows, progress=progress
        )
        report = make_report(files, selection)
        if not report.ok:
            raise FindingsError(report, UNDONE)
        progress.stage("reading the numbers", duck.part)
        yield _Checked(duck=duck, files=files, report=report)
        for file in files:
            file.unchanged()


def _read_truth(checked: _Checked, contract: Contract, wanted: Wanted) -> _Truth:
    file = checked.files[0]
    _refuse_missing(file, wanted.named)
    header = column_names(file)
    numbers = [] if wanted.label else contract.targets
    named = [column for column in dict.fromkeys([FOLD, *(each for _, each in wanted.named)]) if column in header]
    frame = fetch(checked.duck, file, "of_truth", numbers=numbers, texts=named)
    place = {column: f"t{len(numbers) + n}" for n, column in enumerate(named)}
    checked.refuse_blank(file, frame, {column: at for column, at in place.items() if column not in wanted.columns})
    texts = {column: to_texts(frame[at]) for column, at in place.items()}
    if wanted.label is not None:
        _refuse_labels(file, frame, place[wanted.label], wanted.label, contract.targets)
    extra = {column: retype(texts[column]) for column in wanted.columns}
    if wanted.others:
        known = {contract.id, *numbers, wanted.label, *extra}
        others = [column for column in dict.fromkeys(header) if column not in known]
        extra |= _recurring(checked.duck, file, others)
    ids = to_texts(frame["id"])
    return _Truth(ids=ids, numbers=to_numbers(frame, len(numbers)) if numbers else None, texts=texts, extra=extra)


def _recurring(duck: Duck, file: CheckedFile, columns: Sequence[str]) -> dict[str, Texts]:
    """Return those columns whose values may recur in samples, one after the other: there may be many."""
    found = {}
    for n, column in enumerate(columns):
        texts = fetch(duck, file, f"other{n}", texts=[column])["t0"]
        if _FEWEST_VALUES <= texts.n_unique() <= _MOST_VALUES * len(texts):
            found[column] = to_texts(texts)
    return found


def _read_files(checked: _Checked, ids: Texts, contract: Contract) -> tuple[Floats, Mask, dict[str, Texts]]:
    """Return files x ids x targets numbers, which of the ids each file has, and each file's folds."""
    import polars as pl

    every = pl.Series("id", ids, dtype=pl.String)
    files = checked.files[1:]
    numbers = np.full((len(files), len(ids), len(contract.targets)), np.nan)
    kept = np.ones((len(files), len(ids)), dtype=bool)
    folds = {}
    for k, file in enumerate(files):
        texts = [FOLD] if FOLD in column_names(file) else []
        frame = fetch(checked.duck, file, f"of_file{k}", numbers=contract.targets, texts=texts)
        if not frame["id"].equals(every):
            kept[k] = every.is_in(frame["id"].implode()).to_numpy()
        numbers[k, kept[k]] = to_numbers(frame, len(contract.targets))
        if texts:
            at = f"t{len(contract.targets)}"
            checked.refuse_blank(file, frame, {FOLD: at})
            labels = np.full(len(ids), "", dtype=object)
            labels[kept[k]] = to_texts(frame[at])
            folds[file.input.name or ""] = labels
    return numbers, kept, folds


def _refuse_missing(file: CheckedFile, named: Sequence[tuple[str, str]]) -> None:
    """Raise UsageError for a column that isn't there; `named` says what names each."""
    header = column_names(file)
    for what, column in named:
        if column not in header:
            near = get_close_matches(column, header, n=1)
            meant = f"did you mean {near[0]!r}?" if near else f"the header is {', '.join(header)}"
            raise UsageError(f"{file.input.path}: there is no column {column!r}, which {what} needs; {meant}")


def _refuse_labels(file: CheckedFile, frame: pl.DataFrame, at: str, label: str, targets: Sequence[str]) -> None:
    """Raise DataError for a class that is not the name of a target column."""
    odd = frame.filter(~frame[at].is_in(list(targets))).sort("row")
    if not odd.is_empty():
        row, id_, value = odd.select("row", "id", at).row(0)
        raise DataError(
            f"{file.input.path}: row {row} ({id_}), column {label}: {value!r} is not one of the target columns "
            f"{', '.join(targets)}; so in {len(odd):,} of {len(frame):,} rows"
        )
