"""The logged run with the best score, and its submission, found by its hash and copied.

The function behind `pbl runs best` and `pbl.best_run`; `history` reads the logs before.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pbl.domain.endings import CSV, PARQUET, is_parquet
from pbl.domain.errors import FindingsError, InputError, OutputError, UsageError
from pbl.domain.findings import finding
from pbl.domain.report import FileReport, Report
from pbl.ledger._log_files import is_log
from pbl.ledger.file_status import place_of
from pbl.ledger.run import earliest_first
from pbl.project.outputs import refuse_ending
from pbl.storage.commit import Drafts
from pbl.storage.files import hash_file, open_regular

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pbl.domain.metrics import Metric
    from pbl.ledger.run import Run

By = Literal["cv", "full_cv", "public", "private"]
COLUMNS: dict[By, str] = {
    "cv": "processed_cv",
    "full_cv": "full_cv",
    "public": "public_score",
    "private": "private_score",
}
"""The column of each word for a score."""
_CHUNK = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Copied:
    """Where the submission was copied to."""

    path: Path
    sha256: str
    source: Path


@dataclass(frozen=True, kw_only=True)
class Best:
    """The run with the best score of so many; `output` is None unless its submission was asked for."""

    run: Run
    by: By
    score: float
    of: int
    greater_is_better: bool
    notes: tuple[str, ...] = ()
    output: Copied | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the run in the public form."""
        row = self.run.base.row
        return {
            "run_id": self.run.run_id,
            "by": self.by,
            "score": self.score,
            "of": self.of,
            "pillar": row.pillar,
            "model": row.model,
            "submission": row.submission or None,
            "submission_sha256": row.submission_sha256 or None,
            "log": str(self.run.base.file),
            "output": self.output and {"path": str(self.output.path), "sha256": self.output.sha256},
        }


def find_best(
    runs: Sequence[Run],
    *,
    by: By = "cv",
    pillar: str | None = None,
    label: str | None = None,
    greater_is_better: bool | None = None,
) -> Best:
    """Return the run with the best score among those of a pillar and a label; of equal ones the earliest.

    The logged metric says which score is better; without one, the greater score is. Raises UsageError if there is no
    such run, if their metrics differ, or if nothing says which score of a metric is better.
    """
    column = COLUMNS[by]
    meant = [
        run for run in earliest_first(runs) if pillar in {None, run.base.row.pillar} and label in {None, run.label}
    ]
    scored = [(run, score) for run in meant if (score := run.scores[column]) is not None]
    if not scored:
        raise UsageError(_no_run(runs, meant, by, pillar, label))
    metrics = {run.metric.key: run.metric for run, _ in scored}
    if len(metrics) > 1:
        named = ", ".join(sorted(metric.name or "none" for metric in metrics.values()))
        raise UsageError(f"the runs were scored by different metrics ({named}); choose with --pillar or --label")
    metric = next(iter(metrics.values()))
    greater = _direction(metric, greater_is_better)

    def merit(score: float) -> float:
        return metric.merit(score) if metric.sense and not metric.assumed else score if greater else -score

    top = max(merit(score) for _, score in scored)
    winners = [(run, score) for run, score in scored if merit(score) == top]
    notes = []
    if metric.assumed and greater_is_better is None:
        notes.append("no metric was logged, so the higher score is taken for the better one; or say --lower-is-better")
    if len(winners) > 1:
        others = ", ".join(_name(run, winners[0][0]) for run, _ in winners[1:])
        notes.append(f"the earliest of {len(winners)} runs with this score; the others: {others}")
    run, score = winners[0]
    return Best(run=run, by=by, score=score, of=len(scored), greater_is_better=greater, notes=tuple(notes))


def copy_submission(best: Best, logs: Path, output: Path, *, search: Path | None = None, force: bool = False) -> Copied:
    """Copy a run's submission, byte for byte: from where it was logged, else from the folder `search`, by its hash.

    Raises FindingsError (PBL608) if no file has the bytes that were logged, and OutputError if something else is at
    `output`, unless with `force`, if a log is or would be, if its name says another form, or if it can't be written.
    """
    wanted, place = best.run.base.row.submission_sha256, place_of(best.run.base.row, logs)
    if not wanted:
        raise UsageError(f"run {best.run.run_id} was logged without a submission; there is nothing to copy")
    if is_log(output, logs):
        raise OutputError(f"{output}: is a run log, or would be read as one; name another file")
    form = PARQUET if is_parquet(best.run.base.row.submission) else CSV
    refuse_ending(output, (form,), f"the run's submission is {best.run.base.row.submission}")
    there = os.path.lexists(output)
    if there and not force and _hash(output) != wanted:
        raise OutputError(f"{output}: is there already, with other bytes; name another file, or use --force")
    for path in _candidates(place, search):
        if _copy(path, output, wanted, replace=there or force):
            return Copied(path=output, sha256=wanted, source=path)
    raise _missing_error(best, place, wanted, search)


def _name(run: Run, first: Run) -> str:
    """Name a run apart from the first: by its id or, as the rows of one call share theirs, by pillar and model."""
    row = run.base.row
    return run.run_id if run.run_id != first.run_id else f"{row.pillar} {row.model}"


def _direction(metric: Metric, said: bool | None) -> bool:  # noqa: FBT001 - what was said, not a switch
    known = None if metric.assumed else metric.greater_is_better
    if known is None and said is None and not metric.assumed:
        raise UsageError(
            f"nobody says which way {metric.name} goes: add --greater-is-better or --lower-is-better, "
            "or say it in pbl.toml under [metric]"
        )
    if known is not None and said is not None and known is not said:
        better = "higher" if known else "lower"
        raise UsageError(f"of {metric.name} the {better} score is better; leave out the flag that says otherwise")
    return known if known is not None else said is not False


def _no_run(runs: Sequence[Run], meant: Sequence[Run], by: By, pillar: str | None, label: str | None) -> str:
    of = [f"of the pillar {pillar!r}"] * (pillar is not None) + [f"with the label {label!r}"] * (label is not None)
    told = " ".join(["no run", *of])
    if meant:
        return f"{told} has a {by} score"
    known = sorted({run.base.row.pillar for run in runs} if pillar is not None else {run.label for run in runs})
    return f"{told}; there are {', '.join(known)}" if known and of else f"{told} was logged"


def _candidates(place: Path | None, search: Path | None) -> Iterator[Path]:
    """Yield the files that may be a submission: where it was, then all of a folder."""
    if place is not None:
        yield place
    if search is not None:
        if not search.is_dir():
            raise InputError(f"{search}: no such folder (--search)")
        yield from (path for path in sorted(search.rglob("*")) if path.is_file())


def _hash(path: Path) -> str:
    try:
        return hash_file(path)
    except (InputError, OSError):
        return ""


def _copy(source: Path, output: Path, wanted: str, *, replace: bool) -> bool:
    """Copy a file if it has the hash that is wanted, and say whether it has."""
    if _hash(source) != wanted:
        return False
    if _hash(output) == wanted:
        return True
    try:
        fd = open_regular(source)
    except (InputError, OSError):
        return False
    try:
        with Drafts() as drafts:
            draft, digest, at = drafts.new(output), hashlib.sha256(), 0
            while chunk := os.pread(fd, _CHUNK, at):
                digest.update(chunk)
                draft.write(chunk)
                at += len(chunk)
            if digest.hexdigest() != wanted:
                return False  # it has changed since it was hashed
            draft.sync()
            if draft.sha256() != wanted:
                raise OutputError(f"{output}: not written: the disk gives back other bytes than it was given")
            drafts.publish(draft, replace=replace)
    finally:
        os.close(fd)
    return True


def _missing_error(best: Best, place: Path | None, wanted: str, search: Path | None) -> FindingsError:
    """Return the error that no file has the bytes any more."""
    changed = place is not None and os.path.lexists(place)
    what = "was edited since it was logged" if changed else "is gone"
    where = f", and no file in {search} has them either" if search else ""
    told = f"the submission of run {best.run.run_id} {what}: its bytes have the sha256 {wanted}{where}"
    hint = "find the file as it was logged" + ("" if search else ", or name a folder that has it: --search DIR")
    row, path = best.run.base.row, str(place)
    found = finding("PBL608", file=path, pillar=row.pillar, message=told, hint=hint)
    file = FileReport(pillar=row.pillar, path=path, sha256=None, bytes=None, rows=None)
    return FindingsError(Report(files=(file,), template=None, set_aside=(), findings=(found,)))
