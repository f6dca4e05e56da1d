"""The choices that flags offer; the forms of a validation report are in `show.report`.

`options.choice` makes them of a flag's text.
"""

from enum import StrEnum


class OutcomeFormat(StrEnum):
    """How the outcome of a command is told."""

    TEXT = "text"
    JSON = "json"


class TableFormat(StrEnum):
    """How a result of numbers is written."""

    TABLE = "table"
    JSON = "json"


class ListFormat(StrEnum):
    """How a list of runs is written."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    MD = "md"


class PageFormat(StrEnum):
    """What a report is written as."""

    HTML = "html"
    SVG = "svg"
    PNG = "png"
    JSON = "json"


class ThemeChoice(StrEnum):
    """Which colours a report opens with."""

    LIGHT = "light"
    DARK = "dark"


class FailOn(StrEnum):
    """What makes the exit code 1."""

    ERROR = "error"
    WARNING = "warning"


class Sort(StrEnum):
    """What comes first in a list of runs."""

    WHEN = "when"
    CV = "cv"
    PUBLIC = "public"


class DeviceChoice(StrEnum):
    """Where a network computes."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"
    MPS = "mps"


class DtypeChoice(StrEnum):
    """In which numbers a network computes."""

    FLOAT32 = "float32"
    FLOAT16 = "float16"
    BFLOAT16 = "bfloat16"


class FlipsChoice(StrEnum):
    """How images are flipped: left and right, top and bottom."""

    NONE = "none"
    H = "h"
    V = "v"
    HV = "hv"


class By(StrEnum):
    """By which score the best run is found."""

    CV = "cv"
    FULL_CV = "full_cv"
    PUBLIC = "public"
    PRIVATE = "private"


class TaskChoice(StrEnum):
    """What a pillar is fitted for."""

    AUTO = "auto"
    REGRESSION = "regression"
    BINARY = "binary"
    MULTICLASS = "multiclass"
