"""Read out-of-fold files and their truth into one sheet, each checked as strictly as a prediction file.

Files come in as `project.oof_files` found them; `score` and `tune` take the sheet.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from pbl.domain.contract import WideContract
from pbl.domain.errors import DataError
from pbl.domain.limits import Limits
from pbl.domain.pillars import Pillar, Selection
from pbl.domain.progress import Progress
from pbl.weights._checked import open_checked, refuse_missing
from pbl.weights._columns import column_names, fetch, to_numbers, to_texts
from pbl.weights._truth import FOLD, read_truth
from pbl.weights.sheet import make_sheet

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from pbl.domain.contract import Contract
    from pbl.domain.report import Report
    from pbl.project.oof_files import OofSelection
    from pbl.weights._checked import Checked
    from pbl.weights._truth import Wanted
    from pbl.weights.sheet import Sheet

    Floats = NDArray[np.float64]
    Mask = NDArray[np.bool_]
    Texts = NDArray[np.object_]

TRUTH = "truth"


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
    with open_checked(
        every, of_files, of_truth, spill=spill, limits=limits, progress=progress, common_rows=common_rows
    ) as checked:
        truth = read_truth(checked, contract, wanted)
        read = _read_files(checked, truth.ids, contract)
        table, kept, folds = _merge(selection, *read)
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
    with open_checked(selection, of_folds, of_folds, spill=spill, limits=limits) as checked:
        file = checked.files[0]
        refuse_missing(file, (("--folds", FOLD),))
        frame = fetch(checked.duck, file, "folds", texts=[FOLD])
        checked.refuse_blank(file, frame, {FOLD: "t0"})
        return dict(zip(to_texts(frame["id"]).tolist(), to_texts(frame["t0"]).tolist(), strict=True))


def _merge(
    selection: Selection, numbers: Floats, kept: Mask, folds: Mapping[int, Texts]
) -> tuple[Floats, Mask, dict[str, Texts]]:
    """Return what was read of files as it is of pillars: the weighted mean of the files of each.

    A pillar has the ids that all its files have, and the folds that all of them say.
    """
    if not any(pillar.members for pillar in selection.pillars):
        return numbers, kept, {name: folds[k] for k, name in enumerate(selection.names) if k in folds}
    places = np.split(np.arange(len(numbers)), np.cumsum([len(p.files) for p in selection.pillars])[:-1])
    pairs = list(zip(selection.pillars, places, strict=True))
    found = {
        pillar.name: folds[at[0]]
        for pillar, at in pairs
        if all(k in folds and np.array_equal(folds[k], folds[at[0]]) for k in at)
    }
    means = [sum(share * numbers[k] for share, k in zip(p.shares, at, strict=True)) for p, at in pairs]
    return np.stack(means), np.stack([kept[at].all(axis=0) for _, at in pairs]), found


def _read_files(checked: Checked, ids: Texts, contract: Contract) -> tuple[Floats, Mask, dict[int, Texts]]:
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
            folds[k] = labels
    return numbers, kept, folds
