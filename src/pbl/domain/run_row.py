"""One row of a run log as a value: a run, or a score that came later under the same run id.

`ledger` writes it into logs and reads it back; its fields are the columns of a log, in their order.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from pbl.domain.values import stamp

if TYPE_CHECKING:
    from collections.abc import Mapping

KAGGLE, BY_HAND = "kaggle", "by-hand"
"""The `method` of a score that came later; `logged_at` of the first is Kaggle's own date."""


class SpelledNumber(float):
    """A number that is written as it was read: `.5` stays `.5`."""

    text: str

    def __new__(cls, text: str) -> Self:
        """Make the number of a decimal text."""
        made = super().__new__(cls, text)
        made.text = text
        return made


class RunRow(NamedTuple):  # there may be tens of thousands, and a dataclass takes ten times as long to make
    """A row of a log; an empty text, or None, means that the value isn't known."""

    pillar: str = ""
    model: str = ""
    processed_cv: float | None = None
    full_cv: float | None = None
    public_score: float | None = None
    private_score: float | None = None
    metric: str = ""
    run_id: str = ""
    logged_at: datetime | None = None
    label: str = ""
    method: str = ""
    clip_min: float | None = None
    clip_max: float | None = None
    weights: Mapping[str, float] | None = None
    """Shares by pillar."""
    rows: int | None = None
    clipped: int | None = None
    submission: str = ""
    submission_sha256: str = ""
    inputs: Mapping[str, str] | None = None
    """Hashes by pillar."""
    git_commit: str = ""
    git_dirty: bool | None = None
    pbl_version: str = ""
    kaggle_ref: str = ""
    kaggle_run_type: str = ""
    kaggle_rerun: bool | None = None
    notes: str = ""

    @property
    def is_later_score(self) -> bool:
        """Return whether the row is a score that was added to a run."""
        return self.method in {KAGGLE, BY_HAND}

    def value(self, column: str) -> Any:  # noqa: ANN401 - as JSON knows it
        """Return the value of a column as JSON knows it, None if it isn't known."""
        value = getattr(self, column)
        if isinstance(value, datetime):
            return stamp(value)
        return dict(value) if column in OBJECTS and value is not None else None if value == "" else value

    def to_json(self) -> dict[str, Any]:
        """Return the row in the public form."""
        return {column: self.value(column) for column in COLUMNS}


COLUMNS = RunRow._fields
"""The header of a log that pbl writes."""
SEED = COLUMNS[:3]
"""The columns of the logs that were there before pbl."""
SCORES = ("processed_cv", "full_cv", "public_score", "private_score")
OBJECTS = frozenset({"weights", "inputs"})
