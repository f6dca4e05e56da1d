"""Log a run: tie a submission, or a pillar, to its scores, weights, hashes and code, in one row that is never lost."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from shlex import join
from typing import TYPE_CHECKING, Any, Self

from pbl.domain.contract import Contract
from pbl.domain.errors import ChangedError, InputError, UnreadableError, UsageError
from pbl.domain.recipe import recipe_path
from pbl.domain.values import stamp
from pbl.ledger._git import Code, code_at
from pbl.ledger._score_table import read_score_table
from pbl.ledger.log_format import COLUMNS, LABEL, log_path, new_run_id, typed, written
from pbl.project.recipe_files import fits, load_recipe
from pbl.reading.rows import tokenize
from pbl.reading.survey import open_survey
from pbl.storage.append_log import Appended, append_rows
from pbl.storage.commit import recover

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from pbl.domain.recipe import Recipe
    from pbl.reading.survey import Survey

_NO_SUBMISSION = frozenset({"PBL101", "PBL102", "PBL103", "PBL106", "PBL107", "PBL109"})
"""What no submission can be: not readable, empty, no text, not CSV."""


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What a run takes place in; `environment` is what git is run with."""

    now: datetime
    version: str
    environment: Mapping[str, str]
    kaggle_run_type: str | None = None
    kaggle_rerun: bool = False

    @classmethod
    def of(cls, environment: Mapping[str, str], *, now: datetime, version: str) -> Self:
        """Read from the environment whether this is Kaggle; the image's own GIT_COMMIT says nothing of the project."""
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

    def cells(self) -> dict[str, str]:
        """Return the scores as a log has them."""
        named = {
            "processed_cv": self.cv,
            "full_cv": self.full_cv,
            "public_score": self.public,
            "private_score": self.private,
        }
        return {column: repr(value) for column, value in named.items() if value is not None}


@dataclass(frozen=True, kw_only=True)
class Logged:
    """A run that was logged; `rows` are its rows as text by column."""

    run_id: str
    label: str
    appended: Appended
    rows: tuple[Mapping[str, str], ...]
    submission: Path | None
    recipe: Path | None
    kept: tuple[Path, ...] = ()
    """Files that a blend cut short had left, and that were put under other names."""
    doubts: tuple[str, ...] = ()
    """What of the score table was read, and may not be meant."""

    @property
    def submit(self) -> tuple[str, ...] | None:
        """Return the command that submits it, None where there is no submission; COMPETITION is to be filled in."""
        if self.submission is None:
            return None
        message = f"pbl:{self.run_id} {self.label}"
        return ("kaggle", "competitions", "submit", "COMPETITION", "-f", str(self.submission), "-m", message)

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
            "warnings": [{"code": "PBL701", "message": doubt} for doubt in self.doubts],
            "rows": [{column: typed(column, text) for column, text in row.items()} for row in self.rows],
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
            f"--label: {label!r} is no label: 1 to 64 letters, digits, dots, hyphens or underscores, "
            "a letter or digit first"
        )
    if (pillar is None) != (model is None) or "" in {pillar, model}:
        raise UsageError("--pillar and --model go together, and neither is empty")
    own = scores.cells()
    if submission is None and pillar is None and (own or table is None):
        told = f"{', '.join(own)}: belong to nothing" if own else "nothing to log"
        ways = "name a submission, give --pillar and --model with a score, or --scores"
        raise UsageError(f"{told}: there is no submission.csv here; {ways}")
    if submission is None and pillar is not None and not own:
        raise UsageError("nothing to log: --pillar and --model need a score (--cv, ...), or name a submission")
    rows: list[dict[str, str]] = []
    recipe = None
    kept: tuple[Path, ...] = ()
    if submission is not None:
        kept, facts, recipe = _submission(submission, logs)
        rows.append({"pillar": "submission", "model": submission.name} | facts | own)
    elif pillar is not None and own:
        rows.append(own)
    if pillar is not None and model is not None and rows:
        rows[0] |= {"pillar": pillar, "model": model}
    doubts: list[str] = []
    rows += read_score_table(table, rows, doubts) if table is not None else []
    run_id = new_run_id(surroundings.now)
    common = {"run_id": run_id, "label": label, "metric": metric, "notes": notes} | _where(
        surroundings, code_at((submission or logs).absolute().parent, logs, surroundings.environment)
    )
    whole = tuple(dict.fromkeys(COLUMNS, "") | common | row for row in rows)
    cells = [[written(column, row[column]) for column in COLUMNS] for row in whole]
    appended = append_rows(log_path(logs, surroundings.now, label), header=COLUMNS, rows=cells)
    return Logged(
        run_id=run_id,
        label=label,
        appended=appended,
        rows=whole,
        submission=submission,
        recipe=recipe,
        kept=kept,
        doubts=tuple(doubts),
    )


def short_weights(shares: Mapping[str, float]) -> str:
    """Return shares in a few words: `siglip=0.6 dino=0.4`."""
    return " ".join(f"{name}={share:.4g}" for name, share in shares.items())


def _where(surroundings: Surroundings, code: Code | None) -> dict[str, str]:
    on_kaggle = surroundings.kaggle_run_type is not None
    return {
        "logged_at": stamp(surroundings.now.replace(microsecond=0)),
        "pbl_version": surroundings.version,
        "git_commit": code.commit if code else "",
        "git_dirty": _flag(code.dirty) if code else "",
        "kaggle_run_type": surroundings.kaggle_run_type or "",
        "kaggle_rerun": _flag(surroundings.kaggle_rerun) if on_kaggle else "",
    }


def _flag(value: bool) -> str:  # noqa: FBT001 - it is the value
    return "true" if value else "false"


def _submission(path: Path, logs: Path) -> tuple[tuple[Path, ...], dict[str, str], Path | None]:
    """Return what a submission's bytes and its recipe say; the recipe must describe those very bytes."""
    kept = recipe_path(path)
    recovered = recover(path, kept, fits)
    recipe = load_recipe(kept) if os.path.lexists(kept) else None
    try:
        with open_survey(path, recipe.contract if recipe else Contract()) as found:
            unfit = [each.message for each in found.findings if each.code in _NO_SUBMISSION]
            if unfit or found.scan.sha256 is None:
                raise InputError(f"{path}: {'; '.join(unfit) or 'cannot be read'}; nothing was logged")
            facts = {"submission": _place(path, logs), "submission_sha256": found.scan.sha256}
            if recipe is None:
                return recovered, facts | {"rows": _count_rows(found)}, None
            if (found.scan.sha256, found.scan.size) != (recipe.output.sha256, recipe.output.bytes):
                raise ChangedError(
                    f"{path}: edited since pbl wrote it: its sha256 is {found.scan.sha256}, {kept.name} says "
                    f"{recipe.output.sha256}; blend again, or move {kept.name} away to log the file as it is"
                )
            found.unchanged()
    except UnreadableError as error:
        raise InputError(f"{error}; nothing was logged") from error
    return recovered, facts | _recipe(recipe), kept


def _count_rows(found: Survey) -> str:
    """Return the number of rows of a file with any header, empty if they can't be counted."""
    if found.plain:
        return str(found.scan.rows)
    if found.header.stopped:
        return ""
    batches, offences = tokenize(found, 0, all_columns=True)
    counted = sum(len(batch[0]) for batch in batches)
    return "" if offences.keys() - {"PBL701"} else str(counted)


def _place(path: Path, logs: Path) -> str:
    """Return a path relative to the folder that holds the logs if it lies in there, else in full."""
    whole, home = path.absolute(), logs.absolute().parent
    whole, home = (Path(os.path.normpath(each)) for each in (whole, home))
    return (whole.relative_to(home) if whole.is_relative_to(home) else whole).as_posix()


def _recipe(recipe: Recipe) -> dict[str, str]:
    shares = {i.name: i.share for i in recipe.inputs}
    return {
        "pillar": "blend",
        "model": short_weights(shares),
        "method": recipe.method,
        "clip_min": "" if recipe.clip_min is None else repr(recipe.clip_min),
        "clip_max": "" if recipe.clip_max is None else repr(recipe.clip_max),
        "weights": json.dumps(shares, allow_nan=False),
        "rows": str(recipe.output.rows),
        "clipped": str(recipe.output.clipped),
        "inputs": json.dumps({i.name: i.sha256 for i in recipe.inputs}),
        "pbl_version": recipe.pbl_version,
    }
