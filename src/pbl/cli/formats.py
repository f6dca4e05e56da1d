"""The choices that flags offer; the forms of a validation report are in `show.report`.

`options.choice` makes them of a flag's text.
"""

from enum import StrEnum


class OutcomeFormat(StrEnum):
    """The form of a command's outcome."""

    TEXT = "text"
    JSON = "json"


class TableFormat(StrEnum):
    """The form of a result of numbers."""

    TABLE = "table"
    JSON = "json"


class ListFormat(StrEnum):
    """The form of a list of runs."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    MD = "md"


class PageFormat(StrEnum):
    """The form of a report."""

    HTML = "html"
    SVG = "svg"
    PNG = "png"
    JSON = "json"


class ThemeChoice(StrEnum):
    """The colours with which a report opens."""

    LIGHT = "light"
    DARK = "dark"


class FailOn(StrEnum):
    """The least severity that makes the exit code 1."""

    ERROR = "error"
    WARNING = "warning"


class Sort(StrEnum):
    """The order of a list of runs."""

    WHEN = "when"
    CV = "cv"
    PUBLIC = "public"


class DeviceChoice(StrEnum):
    """The device on which a network computes."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"
    MPS = "mps"


class DtypeChoice(StrEnum):
    """The kind of numbers with which a network computes."""

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
    """The score by which the best run is found."""

    CV = "cv"
    FULL_CV = "full_cv"
    PUBLIC = "public"
    PRIVATE = "private"


class TaskChoice(StrEnum):
    """The task that a pillar is fitted for."""

    AUTO = "auto"
    REGRESSION = "regression"
    BINARY = "binary"
    MULTICLASS = "multiclass"
