"""Read a template strictly: which rows a submission has, in which order, and which target each cell is.

Between the user's `sample_submission.csv` and `predict`; without a template the fitted pillar says all its own rows.
"""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pbl.domain.contract import Contract
from pbl.domain.errors import UnreadableError
from pbl.domain.findings import Example
from pbl.domain.limits import SIZES
from pbl.domain.rules import Severity
from pbl.domain.wording import plural
from pbl.reading.parquet import PartsFile, read_frames
from pbl.reading.rows import explain_offences, tokenize
from pbl.reading.sources import open_source, survey_source
from pbl.reading.survey import survey
from pbl.training._table import SHOWN, data_error, make_finding

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from pbl.domain.findings import Finding
    from pbl.reading.sources import Source
    from pbl.reading.survey import OpenFile, Survey
    from pbl.training.fitted import Fitted

    Integers = NDArray[np.intp]


@dataclass(frozen=True, kw_only=True)
class Cells:
    """What a submission holds: `ids` x `columns`, each the place of a sample in `samples` and of a fitted target."""

    id_name: str
    columns: tuple[str, ...]
    ids: tuple[str, ...]
    samples: tuple[str, ...]
    sample: Integers
    target: Integers
    """Rows x columns."""


def read_template(path: Path, fitted: Fitted) -> Cells:
    """Return the cells of a template.

    Raises InputError where there is none, FindingsError for what is wrong with it or asks for a target that wasn't
    fitted (PBL602).
    """
    try:
        file = open_source(path, None)
    except UnreadableError as error:
        raise data_error([path], [make_finding(path, "PBL101", error.reason)]) from error
    with closing(file):
        id_name, columns, ids = _take_parts(file, fitted) if isinstance(file, PartsFile) else _read_ids(file, fitted)
    parts, targets = [_split(fitted, each) for each in ids], {name: t for t, name in enumerate(fitted.targets)}
    named = [[name] for _, name in parts] if fitted.form.separator is not None else [list(columns)] * len(ids)
    _check(file, ids, named, targets)
    samples = tuple(sorted({sample for sample, _ in parts}))
    place = {sample: k for k, sample in enumerate(samples)}
    return Cells(
        id_name=id_name,
        columns=columns,
        ids=tuple(ids),
        samples=samples,
        sample=np.array([place[sample] for sample, _ in parts], dtype=np.intp),
        target=np.array([[targets[name] for name in row] for row in named], dtype=np.intp),
    )


def all_cells(samples: Sequence[str], fitted: Fitted) -> Cells:
    """Return the cells of all samples by all targets, sorted by id."""
    form, ordered = fitted.form, tuple(sorted(samples))
    targets = {name: t for t, name in enumerate(fitted.targets)}
    if form.separator is None:
        target = [[targets[name] for name in form.columns]] * len(ordered)
        ids, sample = list(ordered), list(range(len(ordered)))
    else:
        rows = sorted(
            (f"{name}{form.separator}{each}", k, t) for k, name in enumerate(ordered) for each, t in targets.items()
        )
        ids, sample, target = [row[0] for row in rows], [row[1] for row in rows], [[row[2]] for row in rows]
    return Cells(
        id_name=form.id,
        columns=form.columns,
        ids=tuple(ids),
        samples=ordered,
        sample=np.array(sample, dtype=np.intp),
        target=np.array(target, dtype=np.intp).reshape(len(ids), -1),
    )


def _read_ids(file: OpenFile, fitted: Fitted) -> tuple[str, tuple[str, ...], list[str]]:
    """Return the id's column, the other columns, and the ids, once every row is seen to be sound."""
    form = fitted.form
    try:
        found = survey(file, Contract(id=form.id, targets=form.columns))
        names = found.header.names
        if form.separator is None and form.id in names and not found.header.stopped:
            columns = tuple(name for name in names if name != form.id)  # some of the targets will do, in any order
            found = survey(file, Contract(id=form.id, targets=columns))
    except UnreadableError as error:
        raise data_error([file.path], [make_finding(file.path, "PBL101", error.reason)]) from error
    _raise(file.path, _errors(found.findings))
    batches, offences = tokenize(found, SHOWN, all_columns=True)
    at = found.header.columns[0]
    ids = [cell for batch in batches for cell in batch[at]]
    found.unchanged()
    _raise(file.path, _errors(explain_offences(found, offences)))
    return form.id, _columns(found, at), ids


def _take_parts(file: PartsFile, fitted: Fitted) -> tuple[str, tuple[str, ...], list[str]]:
    """Do the same with Parquet."""
    form = fitted.form
    names = tuple(file.parts[0].columns)
    columns = form.columns
    if form.separator is None and form.id in names:
        columns = tuple(name for name in names if name != form.id)
    try:
        found = survey_source(file, Contract(id=form.id, targets=columns), ids_only=True)
        _raise(file.path, _errors(found.findings))
        if not file.rows:
            _raise(file.path, [make_finding(file.path, "PBL107", "has columns and no row")])
        frames = read_frames(file, (), [form.id], rows=SIZES.parquet_rows)
        ids = [name or "" for frame in frames for name in frame["id"]]
    except UnreadableError as error:
        raise data_error([file.path], [make_finding(file.path, "PBL110", error.reason)]) from error
    found.unchanged()
    return form.id, tuple(name for name in found.header.names if name != form.id), ids


def _columns(found: Survey, at: int) -> tuple[str, ...]:
    return tuple(name for place, name in enumerate(found.header.names) if place != at)


def _split(fitted: Fitted, name: str) -> tuple[str, str]:
    """Return the sample and the target of an id."""
    if fitted.form.separator is None:
        return name, ""
    sample, _, target = name.rpartition(fitted.form.separator)
    return sample, target


def _check(file: Source, ids: Sequence[str], named: Sequence[Sequence[str]], targets: dict[str, int]) -> None:
    """Raise FindingsError for ids that are missing or there twice, and for targets that weren't fitted."""
    found, path = [], file.path
    blank = [row for row, name in enumerate(ids, 2) if not name]
    if blank:
        examples = tuple(_place(file, row) for row in blank[:SHOWN])
        said = f"{plural(len(blank), 'row')} without an id"
        found.append(make_finding(path, "PBL401", said, count=len(blank), examples=examples))
    twice = [name for name, count in Counter(ids).items() if count > 1 and name]
    if twice:
        said = f"{plural(len(twice), 'id')} in more than one row"
        examples = tuple(Example(id=name) for name in twice[:SHOWN])
        found.append(make_finding(path, "PBL402", said, count=len(twice), examples=examples))
    unknown = Counter(name for row in named for name in row if name not in targets)
    if unknown:
        names = sorted(unknown)
        said = f"asks for {plural(len(names), 'target')} that the pillar wasn't fitted on: {', '.join(names[:SHOWN])}"
        first = tuple(
            _place(file, k, i) for k, (i, r) in enumerate(zip(ids, named, strict=True), 2) if set(r) & set(names)
        )
        hint = f"the fitted targets are {', '.join(sorted(targets))}"
        count = unknown.total()
        found.append(make_finding(path, "PBL602", said, count=count, examples=first[:SHOWN], hint=hint))
    _raise(path, found)


def _place(file: Source, row: int, name: str | None = None) -> Example:
    part, at = file.locate(row) if isinstance(file, PartsFile) else (None, row)
    return Example(part=part, row=at, id=name)


def _errors(findings: Sequence[Finding]) -> list[Finding]:
    return [each for each in findings if each.severity is Severity.ERROR]


def _raise(path: Path, findings: Sequence[Finding]) -> None:
    if findings:
        raise data_error([path], findings)
