"""The text of numbers, as the database writes it: the fewest digits that read back to the same double.

`_write` asks for it, batch by batch. polars makes the text of ordinary numbers in a quarter of the time. The database
makes that of the others, because the two write exponents differently.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pbl_sql import Sql, exact_text

if TYPE_CHECKING:
    import polars as pl

    from pbl.engine.duck import Duck

_LEAST, _MOST = 1e-4, 1e15
"""From the one to below the other both write a number without an exponent."""


def number_text(duck: Duck, numbers: pl.Series) -> pl.Series:
    """Return the text of doubles: `0.1`, `2.0`, `1e-05`."""
    import polars as pl

    text = numbers.cast(pl.String)
    ordinary = numbers.abs().is_between(_LEAST, _MOST, closed="left") | (numbers == 0)
    if ordinary.all():
        return text
    places = (~ordinary).arg_true()
    with duck.batch(pl.DataFrame([numbers.gather(places).alias("number")])):
        return text.scatter(places, duck.frame("blend/number_text", text=exact_text(Sql("number")))["text"])


def whole_text(_: Duck, numbers: pl.Series) -> pl.Series:
    """Return the text of whole doubles without a point: `2`."""
    import polars as pl

    return numbers.cast(pl.Int64).cast(pl.String)
