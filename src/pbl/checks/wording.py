"""The words and thresholds of findings about cells and ids, for files and for Spark's frames alike.

`_schema`, `_parquet_file`, `_across_files` and `pbl.spark` take them from here, so that no message has two forms, and
`blending` and `kaggle` the thresholds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pbl.domain.wording import plural

if TYPE_CHECKING:
    from pbl.domain.contract import Contract

PLACEHOLDER_PART = 0.1
"""PBL603: a placeholder has at most this part of the template's ids, and no others."""
PLACEHOLDER_ROWS = 50
"""Where the template's ids don't tell: so many rows, or fewer, may be the placeholder of a hidden test set ..."""
PLACEHOLDER_SAMPLES = 10
"""... and so many samples, or fewer."""
CELLS = {
    "PBL103": ("{n} not valid UTF-8", "id"),
    "PBL106": ("{n} with a NUL byte", "id"),
    "PBL401": ("{n} without an id", "row"),
    "PBL402": ("{n} with a repeated id", "row"),
    "PBL403": ("{n} not of the form {pattern!r}", "id"),
    "PBL404": ("{n} with white space around it", "id"),
    "PBL501": ("{n} empty", "cell"),
    "PBL502": ("{n} not a decimal number", "cell"),
    "PBL503": ("{n} NaN", "cell"),
    "PBL504": ("{n} infinite, or too large for a double", "cell"),
    "PBL505": ("{n} below {min!r}", "cell"),
    "PBL506": ("{n} above {max!r}", "cell"),
}
"""For each code about one cell, its message and what is counted."""


def tell_cells(code: str, count: int, contract: Contract) -> str:
    """Return the message about so many cells that break one rule."""
    text, noun = CELLS[code]
    return text.format(n=plural(count, noun), pattern=contract.id_pattern, min=contract.min, max=contract.max)


def tell_missing(count: int, known: str) -> str:
    """Return the message of PBL601; `known` are the words for the file that has the ids."""
    return f"{plural(count, 'id')} missing that {known} has"


def tell_unknown(count: int, known: str) -> str:
    """Return the message of PBL602."""
    return f"{plural(count, 'id')} that {known} doesn't have"


def tell_placeholder(matched: int, of: int, known: str) -> str:
    """Return the message of PBL603, about a file that has so many of the template's ids."""
    return f"{plural(matched, 'id')} of the {of:,} that {known} has: a placeholder of the test set"
