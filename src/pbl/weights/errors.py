"""The errors of metrics and fits: one class for each kind, each with its exit code.

Raised by every module of this room.
"""

from __future__ import annotations

from typing import ClassVar

from pbl.domain.errors import EngineError, UsageError


class MetricError(UsageError):
    """The metric cannot be used as asked: unknown, without its weights, or with a flag that it doesn't take."""


class MetricDomainError(MetricError):
    """The metric refuses these numbers, such as rmsle of a negative one."""

    exit_code: ClassVar[int] = 1


class ParticipantVisible(MetricError):  # noqa: N818 - named after Kaggle's ParticipantVisibleError, which it passes on
    """A metric file refuses the predictions, in its own words, cut at 280 characters as Kaggle does."""

    exit_code: ClassVar[int] = 1


class MetricFileError(MetricError):
    """A metric file is broken: it has no `score`, or raised something else."""


class FitError(EngineError):
    """The fitted weights failed their own certificate, so they are not shown."""
