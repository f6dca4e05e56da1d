"""What a prediction file must look like: a row for each sample, with an id and one or more numbers.

`checks` asks it of every file; its verdict decides, and the faster screens may only say that a file is clean.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import pandera.polars as pa
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pandera.api.polars.types import PolarsData

SPACE = r"[\t\n\x0B\f\r \x{85}\x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}]"
"""White space as Unicode has it, in words that all engines read alike."""

_SPELLINGS = """
    0 7 007 1. .5 +.5 -0 -0.0 1.5 +1 -1 1e5 1E5 1e+5 1e-5 1.e5 .1e5 0.1e-300 123456789012345678901234567890
    . + - e e5 1e 1e+ +-1 --1 ++1 1-1 1+1 1..5 1.5.2 .e5 +.e5 1e5.0 1e5e5 1e--5 1e5_0 1_000 _1 1_ 1__0 1._5
    0x10 0b1 0o7 1p3 0x1p3 1f 1d 1l 1j 1i 1n 1q 1e5f 1D5 1% $1 #1 ~1 1'000 1,5 1;5 1:5 1/2 1=1 (1) [1] '1'
    nan NaN -nan +nan nan0 nan(1) inf Inf -inf +inf infinity -Infinity in infin true false null none na n/a
"""
"""Texts that some engine reads as a number and another doesn't."""
_ODD = "\t\n\v\f\r \0\x85\xa0\u2009\u3000\ufeff\u0661\uff11\xbd\xb2\u221e\u2212"
"""White space of all kinds, and signs that resemble a digit or a minus: each is tried at every place in a number."""


def prediction_schema(
    *,
    id: str | None,  # noqa: A002 - the column's name
    targets: Sequence[str],
    number: str,
    id_pattern: str | None = None,
    minimum: float | None = None,
    maximum: float | None = None,
    explained: bool = True,
    whole: bool = True,
    numbers: bool = False,
    seen: Callable[[pl.DataFrame], None] | None = None,
) -> pa.DataFrameSchema:
    """Return the schema of one file's raw text: a frame of string columns, the id first, no nulls.

    With `numbers` the targets are float64 instead, for a file that holds doubles; this form can't explain. Without an
    `id` there are only targets, for a file whose ids were checked in another; nor can this form, and to ask it to
    explain raises ValueError.

    `explained` gives a check for each fault. Without it there is one check, as strict and several times as fast.
    Where the frame isn't the `whole` file, ids may repeat. `seen` is called with the numbers of a clean frame, a
    column for each target.

    `number` and `id_pattern` are whole-cell regular expressions in Rust's dialect; a pattern that Rust can't read
    raises polars' ComputeError at validation. Each check is named by the public code of what it finds. No cell fails
    two checks, except that a repeated id may have a fault of its own. Column names must not look like expressions.
    """
    if explained:
        if id is None:
            raise ValueError("without ids the schema explains nothing")
        columns = {id: pa.Column(pl.String, _id_checks(pl.col(id), id_pattern))}
        columns |= {t: pa.Column(pl.String, _number_checks(pl.col(t), number, minimum, maximum)) for t in targets}
        rows = pa.Check(lambda data: data.lazyframe.select(pl.len() > 0).collect().item(), name="PBL107")
    else:
        kind = pl.Float64 if numbers else pl.String
        # What is null meets no condition of `_sound`; two kinds of failures don't fit into one of Pandera's tables.
        columns = {} if id is None else {id: pa.Column(pl.String, nullable=True)}
        columns |= {t: pa.Column(kind, nullable=True) for t in targets}
        rows = _check_all(id, targets, None if numbers else number, id_pattern, minimum, maximum, whole, seen)
    return pa.DataFrameSchema(columns, checks=rows, strict=True, ordered=True)


@cache
def cast_tells(number: str) -> bool:
    """Say whether polars casts exactly the texts of this form to finite numbers, those that are too large aside.

    Then the form of each cell need not be checked. All spellings are tried that any engine is known to accept.
    """
    odd = (text.replace("@", letter) for letter in _ODD for text in ("@", "@1", "1@", "1@5", "1.@5", "1e@5", "-@1"))
    texts = pl.DataFrame({"text": ["", *_SPELLINGS.split(), *odd]})
    form = pl.col("text").str.contains(rf"\A(?:{number})\z")
    finite = pl.col("text").cast(pl.Float64, strict=False).is_finite().fill_null(value=False)
    return bool(texts.select((form == finite).all()).item())


def _id_checks(cell: pl.Expr, id_pattern: str | None) -> list[pa.Check]:
    missing = cell.str.contains(rf"\A{SPACE}*\z")
    edged = ~missing & cell.str.contains(rf"\A{SPACE}|{SPACE}\z")
    checks = [_check("PBL401", missing), _check("PBL404", edged), pa.Check(_unique, name="PBL402")]
    if id_pattern is not None:
        strange = ~missing & ~edged & ~cell.str.contains(rf"\A(?:{id_pattern})\z")
        checks.append(_check("PBL403", strange))
    return checks


def _number_checks(cell: pl.Expr, number: str, minimum: float | None, maximum: float | None) -> list[pa.Check]:
    value = cell.cast(pl.Float64, strict=False)
    numeric = cell.str.contains(rf"\A(?:{number})\z")
    missing = cell.str.contains(rf"\A{SPACE}*\z")
    nan = cell.str.contains(r"\A[+-]?(?i:nan)\z")
    finite = numeric & value.is_finite().fill_null(value=False)
    infinite = cell.str.contains(r"\A[+-]?(?i:inf|infinity)\z") | (numeric & ~finite)
    checks = [
        _check("PBL501", missing),
        _check("PBL502", ~(missing | nan | infinite | numeric)),
        _check("PBL503", nan),
        _check("PBL504", infinite),
    ]
    if minimum is not None:
        checks.append(_check("PBL505", finite & (value < minimum)))
    if maximum is not None:
        checks.append(_check("PBL506", finite & (value > maximum)))
    return checks


def _check_all(  # noqa: PLR0917 - those of prediction_schema
    id: str | None,  # noqa: A002 - the column's name
    targets: Sequence[str],
    number: str | None,
    id_pattern: str | None,
    minimum: float | None,
    maximum: float | None,
    whole: bool,  # noqa: FBT001 - same
    seen: Callable[[pl.DataFrame], None] | None,
) -> pa.Check:
    """Return the check of all cells at once: what is asked together is answered by all cores.

    Without the form of a `number`, targets are numbers already.
    """
    texts = [pl.len() > 0, *([] if id is None else _sound_ids(pl.col(id), id_pattern))]
    if number is not None and not cast_tells(number):
        texts += [pl.col(t).str.contains(rf"\A(?:{number})\z") for t in targets]
    values = [pl.col(t).cast(pl.Float64, strict=False) for t in targets]
    bounds = [pl.col(t).is_finite() for t in targets]
    bounds += [pl.col(t) >= minimum for t in targets if minimum is not None]
    bounds += [pl.col(t) <= maximum for t in targets if maximum is not None]

    def good(data: PolarsData) -> bool:
        numbers = data.lazyframe.select(*_all(texts), *values).collect()
        if numbers.is_empty() or not all(numbers.row(0)[: len(texts)]):
            return False
        if whole and id is not None and not _differ(data.lazyframe.select(id).collect().to_series()):
            return False
        if not targets:
            return True
        if not all(numbers.select(_all(bounds)).row(0)):
            return False
        if seen:
            seen(numbers.select(targets))
        return True

    return pa.Check(good, name="sound")


def _sound_ids(cell: pl.Expr, id_pattern: str | None) -> list[pl.Expr]:
    length = cell.str.len_bytes()
    sound = [length > 0, cell.str.strip_chars().str.len_bytes() == length]  # what polars strips is SPACE
    return sound if id_pattern is None else [*sound, cell.str.contains(rf"\A(?:{id_pattern})\z")]


def _all(conditions: Sequence[pl.Expr]) -> list[pl.Expr]:
    """Return whether each condition holds in all rows; what is null meets none."""
    met = (condition.fill_null(value=False).all() for condition in conditions)
    return [answer.alias(f"met {place}") for place, answer in enumerate(met)]


def _check(code: str, bad: pl.Expr) -> pa.Check:
    """Return a check that answers in one word while nothing is bad, which spares a column of answers."""

    def good(data: PolarsData) -> bool | pl.LazyFrame:
        if not data.lazyframe.select(bad.any()).collect().item():
            return True
        return data.lazyframe.select((~bad).alias(data.key))

    return pa.Check(good, name=code)


def _differ(ids: pl.Series) -> bool:
    """Say whether all ids differ; hashes that do prove it at little cost."""
    return ids.hash().n_unique() == len(ids) or ids.n_unique() == len(ids)


def _unique(data: PolarsData) -> bool | pl.LazyFrame:
    """Say which ids stand there once, blank ones aside."""
    ids = data.lazyframe.select(pl.col(data.key)).collect().to_series()
    if _differ(ids):
        return True
    blank = ids.str.contains(rf"\A{SPACE}*\z")
    return pl.LazyFrame({data.key: ~ids.is_duplicated() | blank})
