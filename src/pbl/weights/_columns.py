"""Fetch the columns of a checked file in the order of its ids: numbers as float64, texts as shared strings.

Below `oof`, which lays them side by side.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

import numpy as np
from pbl_sql import Sql, join, name

from pbl.checks.locate import locate
from pbl.domain.errors import Unclear
from pbl.domain.findings import Example, finding
from pbl.domain.limits import SIZES
from pbl.domain.values import NUMBER
from pbl.domain.wording import plural
from pbl.reading.parquet import PartsSurvey, read_frames
from pbl.reading.parquet_columns import is_readable_text
from pbl.reading.rows import tokenize

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import polars as pl
    from numpy.typing import NDArray

    from pbl.checks.open_files import CheckedFile
    from pbl.domain.findings import Finding
    from pbl.engine.duck import Duck
    from pbl.reading.survey import Survey

    Floats = NDArray[np.float64]
    Texts = NDArray[np.object_]

_WHOLE = re.compile(r"[+-]?[0-9]{1,18}")
_DECIMAL = re.compile(NUMBER)
_TRUTHS = {"True": True, "TRUE": True, "true": True, "False": False, "FALSE": False, "false": False}
_SHOWN = 5


def column_names(file: CheckedFile) -> tuple[str, ...]:
    """Return the header of a file, nothing if it has none."""
    return file.survey.header.names if file.survey else ()


def text_columns(file: CheckedFile) -> tuple[str, ...]:
    """Return those columns of a file that can be read as text: all of CSV, of Parquet no lists and the like."""
    if not isinstance(file.survey, PartsSurvey):
        return column_names(file)
    parts = file.survey.file.parts
    return tuple(
        name
        for name in column_names(file)
        if all(name in part.columns and is_readable_text(part.columns[name]) for part in parts)
    )


def fetch(
    duck: Duck, file: CheckedFile, table: str, *, numbers: Sequence[str] = (), texts: Sequence[str] = ()
) -> pl.DataFrame:
    """Return a clean file's rows in the order of their ids: row, id, t0, t1, ... first the numbers, then the texts.

    `table` is a name that the database doesn't know yet.
    """
    survey = file.survey
    if survey is None:
        raise Unclear("the file was not read")
    header = survey.header.names
    if isinstance(survey, PartsSurvey):
        duck.add_frames(table, _read_parts(survey, numbers, texts))
        return duck.frame("weights/ordered", table=table, columns=_columns(len(numbers), len(texts)))
    places = [survey.header.columns[0], *(header.index(column) for column in (*numbers, *texts))]
    columns = _columns(len(numbers), len(texts))
    if survey.plain:
        try:
            duck.add_plain(table, survey.file.fd, width=len(header), columns=places, keep=False)
            frame = duck.frame("weights/ordered", table=table, columns=columns)
        except Unclear:
            pass
        else:
            if len(frame) == file.rows:
                return frame
    duck.add_cells(f"{table}_again", _cells(survey, places))
    return duck.frame("weights/ordered", table=f"{table}_again", columns=columns)


def to_numbers(frame: pl.DataFrame, count: int) -> Floats:
    """Return the first `count` columns after row and id, as rows x count numbers."""
    found = np.empty((len(frame), count))
    for n in range(count):
        found[:, n] = frame[f"t{n}"].to_numpy()
    return found


def to_texts(column: pl.Series) -> Texts:
    """Return texts of which equal ones are one object: a column of few values takes little memory."""
    same: dict[str, str] = {}
    found = np.empty(len(column), dtype=object)
    found[:] = [same.setdefault(text, text) for text in column]
    return found


def find_blank(file: CheckedFile, frame: pl.DataFrame, column: str, at: str) -> tuple[Finding, ...]:
    """Return the finding of cells without a text in a column that must have one; `at` is its name in the frame."""
    blank = frame.filter(frame[at].str.strip_chars() == "").sort("row")
    if blank.is_empty():
        return ()
    examples = [
        Example(row=row, id=id_, value=cell) for row, id_, cell in blank.select("row", "id", at).head(_SHOWN).rows()
    ]
    return (
        finding(
            "PBL501",
            file=str(file.input.path),
            pillar=file.input.name,
            column=column,
            message=f"{plural(len(blank), 'cell')} empty",
            count=len(blank),
            examples=locate(file.input, examples),
            hint=f"give every row its {column}",
        ),
    )


def retype(texts: Texts) -> Texts:
    """Return a column as pandas reads it: whole numbers, numbers, truths, or texts; an empty cell is nan."""
    distinct = set(texts.tolist())
    filled = distinct - {""}
    told: dict[str, object]
    if filled and filled == distinct and all(map(_WHOLE.fullmatch, filled)):
        told = {text: int(text) for text in filled}
    elif filled and all(map(_DECIMAL.fullmatch, filled)):
        told = {text: float(text) for text in filled}
    elif filled and filled == distinct and filled <= set(_TRUTHS):
        told = {text: _TRUTHS[text] for text in filled}
    else:
        told = {text: text for text in filled}
    told[""] = math.nan
    found = np.empty(len(texts), dtype=object)
    found[:] = [told[text] for text in texts]
    return found


def _columns(numbers: int, texts: int) -> Sql:
    of_numbers = [Sql(f"t{n}::DOUBLE AS t{n}") for n in range(numbers)]
    of_texts = [name(f"t{n}") for n in range(numbers, numbers + texts)]
    return join([name("row"), name("id"), *of_numbers, *of_texts])


def _read_parts(survey: PartsSurvey, numbers: Sequence[str], texts: Sequence[str]) -> Iterator[pl.DataFrame]:
    """Yield rows with their texts as they would be in CSV: what is NULL is an empty cell."""
    import polars as pl

    id_name = survey.header.names[survey.header.columns[0]]
    rows = max(SIZES.cells // (1 + len(numbers) + len(texts)), 1)
    for frame in read_frames(survey.file, numbers, [id_name, *texts], rows=rows):
        yield frame.with_columns(pl.col(pl.String).fill_null(""))


def _cells(survey: Survey, places: Sequence[int]) -> Iterator[list[list[str]]]:
    batches, _ = tokenize(survey, None, all_columns=True)
    for batch in batches:
        yield [batch[place] for place in places]
