"""Log a run: tie a submission, or a pillar, to its scores, weights, hashes and code, in one row that is never lost.

The function behind `pbl log-run`, after `blend`: a submission and its recipe become a row of a log.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from shlex import join
from typing import TYPE_CHECKING, Any, Self

from pbl.domain.card import make_card
from pbl.domain.errors import UsageError
from pbl.domain.metrics import contradicts_name, parse_metric
from pbl.domain.run_row import COLUMNS, RunRow
from pbl.domain.warned import Warned
from pbl.domain.wording import restore_utf8
from pbl.ledger._git import Code, code_at
from pbl.ledger._score_table import read_score_table
from pbl.ledger._submission_row import submission_row
from pbl.ledger.log_format import LABEL, decode_typed, log_path, new_run_id
from pbl.ledger.row_codec import encode_row
from pbl.storage.append_log import Appended, append_rows

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """The surroundings of a run; git is run with `environment`."""

    now: datetime
    version: str
    environment: Mapping[str, str]
    kaggle_run_type: str | None = None
    kaggle_rerun: bool = False

    @classmethod
    def of(cls, environment: Mapping[str, str], *, now: datetime, version: str) -> Self:
        """Read from the environment whether this is Kaggle; its GIT_COMMIT is that of the image, not of the project."""
        return cls(
            now=now,
            version=version,
            environment=environment,
            kaggle_run_type=environment.get("KAGGLE_KERNEL_RUN_TYPE") or None,
            kaggle_rerun=environment.get("KAGGLE_IS_COMPETITION_RERUN", "").lower() not in {"", "0", "false"},
        )


@dataclass(frozen=True, kw_only=True)
class Scores:
    """The scores of the submission, or of the pillar."""

    cv: float | None = None
    full_cv: float | None = None
    public: float | None = None
    private: float | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the columns of a log that the scores are for."""
        named = {
            "processed_cv": self.cv,
            "full_cv": self.full_cv,
            "public_score": self.public,
            "private_score": self.private,
        }
        return tuple(column for column, score in named.items() if score is not None)

    def add_to(self, row: RunRow) -> RunRow:
        """Return a row with these scores."""
        return row._replace(
            processed_cv=self.cv, full_cv=self.full_cv, public_score=self.public, private_score=self.private
        )


@dataclass(frozen=True, kw_only=True)
class Logged:
    """A run that was logged, in one row or, with a score table, in several."""

    run_id: str
    label: str
    appended: Appended
    rows: tuple[RunRow, ...]
    submission: Path | None
    recipe: Path | None
    kept: tuple[Path, ...] = ()
    """Files of a blend that was cut short; they were kept under other names."""
    warnings: tuple[Warned, ...] = ()
    """Possible mistakes in the score table, and in what is said of the metric."""

    @property
    def submit(self) -> tuple[str, ...] | None:
        """Return the command that submits it, None without a submission; words in capitals are to be filled in.

        In a notebook on Kaggle it is the command for code competitions, which take a notebook's version, not a file.
        """
        if self.submission is None:
            return None
        message = ("-m", f"pbl:{self.run_id} {self.label}")
        if not self.rows[0].kaggle_run_type:
            return ("kaggle", "competitions", "submit", "COMPETITION", "-f", str(self.submission), *message)
        version = ("-k", "USER/SLUG", "-v", "N")
        return ("kaggle", "competitions", "submit", "COMPETITION", *version, "-f", self.submission.name, *message)

    def _repr_html_(self) -> str:
        """Return a card for a notebook: what was logged, and its scores."""
        row = self.rows[0]
        numbers = [("CV", row.processed_cv), ("full CV", row.full_cv)]
        numbers += [("public", row.public_score), ("private", row.private_score)]
        return make_card("Run", f"{self.run_id} {self.label}, logged in {self.appended.path.name}", numbers)

    def to_json(self) -> dict[str, Any]:
        """Return the run in the public form."""
        return {
            "run_id": self.run_id,
            "label": self.label,
            "file": str(self.appended.path),
            "created": self.appended.created,
            "completed": self.appended.completed,
            "set_aside": None if self.appended.set_aside is None else str(self.appended.set_aside),
            "submission": None if self.submission is None else str(self.submission),
            "recipe": None if self.recipe is None else str(self.recipe),
            "warnings": [warned.to_json() for warned in self.warnings],
            "rows": [row.to_json() for row in self.rows],
            "next": [] if self.submit is None else [join(self.submit)],
        }


def log_run(
    submission: Path | None,
    *,
    label: str,
    logs: Path,
    surroundings: Surroundings,
    scores: Scores = Scores(),
    metric: str = "",
    notes: str = "",
    pillar: str | None = None,
    model: str | None = None,
    table: Path | None = None,
) -> Logged:
    """Append a run to its log: a submission, a pillar's scores, or the rows of a pillar's own score `table`.

    Raises UsageError if there is nothing to log, InputError if a file can't be read, ChangedError if the submission is
    not the one that its recipe describes, and LogError if the log can't take the rows; nothing is logged then.
    """
    if not re.fullmatch(LABEL, label):
        raise UsageError(
            f"--label: {restore_utf8(label)!r} is no label: 1 to 64 letters (a to z), digits, dots, hyphens or "
            "underscores, a letter or digit first"
        )
    if (pillar is None) != (model is None) or "" in {pillar, model}:
        raise UsageError("--pillar and --model go together, and neither is empty")
    _require_something(submission, scores, pillar, table)
    rows: list[RunRow] = []
    recipe = None
    kept: tuple[Path, ...] = ()
    if submission is not None:
        kept, row, recipe = submission_row(submission, logs)
        rows.append(scores.add_to(row))
    elif pillar is not None and scores.columns:
        rows.append(scores.add_to(RunRow()))
    if pillar is not None and model is not None and rows:
        rows[0] = rows[0]._replace(pillar=decode_typed(pillar), model=decode_typed(model))
    warnings: list[Warned] = []
    if table is not None:
        scored = read_score_table(table, rows)
        rows += scored.rows
        warnings += scored.warnings
    if contradicts_name(metric):
        warnings.append(_tell_turned(metric))
    run_id = new_run_id(surroundings.now)
    code = code_at((submission or logs).absolute().parent, logs, surroundings.environment)
    whole = tuple(
        _add_surroundings(row, surroundings, code)._replace(
            run_id=run_id,
            label=label,
            metric=decode_typed(metric),
            notes=decode_typed(notes),
        )
        for row in rows
    )
    cells = [encode_row(row) for row in whole]
    appended = append_rows(log_path(logs, surroundings.now, label), header=COLUMNS, rows=cells)
    return Logged(
        run_id=run_id,
        label=label,
        appended=appended,
        rows=whole,
        submission=submission,
        recipe=recipe,
        kept=kept,
        warnings=tuple(warnings),
    )


def _tell_turned(text: str) -> Warned:
    """Say that a run turns a known metric round, which holds for all runs with its name."""
    metric = parse_metric(text)
    way, known = ("greater", "less") if metric.greater_is_better else ("less", "greater")
    name = restore_utf8(metric.name)
    said = f"{restore_utf8(text)!r} says that {way} is better, but for {name} {known} is better"
    return Warned(code="metric-turned", message=f"{said}; all runs of {name} are ranked so now")


def _require_something(submission: Path | None, scores: Scores, pillar: str | None, table: Path | None) -> None:
    """Raise UsageError if there is nothing to log, or if scores belong to no run."""
    own = scores.columns
    if submission is not None or (pillar is None and table is not None and not own):
        return
    if pillar is not None and not own:
        raise UsageError("nothing to log: --pillar and --model need a score (--cv, ...), or name a submission")
    if pillar is None and table is not None:
        raise UsageError(f"{', '.join(own)}: belong to nothing; beside --scores, name the submission that they are of")
    if pillar is None:
        told = f"{', '.join(own)}: belong to nothing" if own else "nothing to log"
        ways = "name a submission, give --pillar and --model with a score, or --scores"
        raise UsageError(f"{told}: there is no submission.csv here; {ways}")


def _add_surroundings(row: RunRow, surroundings: Surroundings, code: Code | None) -> RunRow:
    """Return a row with its surroundings; the pbl_version of a recipe is kept."""
    on_kaggle = surroundings.kaggle_run_type is not None
    return row._replace(
        logged_at=surroundings.now.replace(microsecond=0),
        pbl_version=row.pbl_version or surroundings.version,
        git_commit=code.commit if code else "",
        git_dirty=code.dirty if code else None,
        kaggle_run_type=surroundings.kaggle_run_type or "",
        kaggle_rerun=surroundings.kaggle_rerun if on_kaggle else None,
    )
