"""Say what keeps a metric or a fit from an answer: one class a kind of trouble.

Raised by every module of this room; whoever calls it turns them into exit codes.
"""

from __future__ import annotations


class MetricError(Exception):
    """The metric cannot be used as asked: unknown, without its weights, or with a flag that it doesn't take."""


class MetricDomainError(MetricError):
    """The metric refuses these numbers, such as rmsle of a negative one."""


class ParticipantVisible(MetricError):  # noqa: N818 - named after Kaggle's ParticipantVisibleError, which it passes on
    """A metric file refuses the predictions, in its own words, cut at 280 characters as Kaggle does."""


class MetricFileError(MetricError):
    """A metric file is broken: it has no `score`, or raised something else."""


class FitError(Exception):
    """The fitted weights failed their own certificate, so they are not shown."""
