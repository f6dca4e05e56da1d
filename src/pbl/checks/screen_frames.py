"""The rules of a cell in polars: yield the blocks of a large file while every cell is clean.

`blending` reads large files with it. The other compilations are `screen_sql` and `codes_spark`; the authority is the
Pandera schema.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, assert_never

from pbl.domain.cell_rules import (
    AtLeast,
    AtMost,
    IsFinite,
    IsNumber,
    Matches,
    NotBlank,
    NotEdged,
    cell_rules,
)
from pbl.domain.errors import Unclear, UnreadableError
from pbl.reading.blocks import read_blocks
from pbl.reading.parquet import survey_parts
from pbl.reading.parquet_rows import has_plain_ids, read_rows
from pbl.reading.prefetch import Pull

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    import polars as pl

    from pbl.domain.cell_rules import NumberRule, TextRule
    from pbl.domain.contract import Contract
    from pbl.domain.limits import Limits
    from pbl.reading.parquet import PartsFile, PartsSurvey
    from pbl.reading.parquet_columns import Header
    from pbl.reading.survey import OpenFile, Preview, Survey

_MOST_TIMES = 3
"""Blocks to screen at a time where rows are long: planning takes some time, however few the rows."""


class Ids(Enum):
    """What is done with the ids of a Parquet file."""

    SCREENED = "read and screened"
    COMPARED = "read only, as the caller compares them with those of another file"
    KNOWN = "not read, as they are known to be those of another file"


def clean_blocks(
    file: OpenFile, preview: Preview, contract: Contract, *, ids_only: bool, size: int
) -> Generator[pl.DataFrame, None, Survey]:
    """Yield a file's rows as frames: the text `id`, and t0, t1, ... as float64 (none with `ids_only`).

    `size` is the bytes of a block of few columns. Return the survey of the file. Raises Unclear at a block that isn't
    clean, and if the file is found not to be plain; then blocks that were already yielded must not be used.
    """
    import polars as pl

    targets = [] if ids_only else [pl.col(f"t{n}") for n in range(len(contract.targets))]
    rules = cell_rules(contract)
    numbers = [_on_number(rule, cell) for cell in targets for rule in rules.number]
    times = min(1 + len(targets) // 5, _MOST_TIMES)
    blocks = Pull(read_blocks(file, preview, contract, ids_only=ids_only, numbers=True, size=times * size))
    try:
        for block in blocks:
            texts = [rule for each in rules.id for rule in _on_text(each, pl.col("id"), spaced=block.spaced)]
            if block.spaced:
                texts += [rule for cell in targets for each in rules.text for rule in _on_text(each, cell, spaced=True)]
            if not _hold(block.frame, texts):
                raise Unclear("a text is not clean")
            cast = block.frame.with_columns(cell.cast(pl.Float64) for cell in targets)
            if not _hold(cast, numbers):
                raise Unclear("a number is not clean")
            yield cast
    except pl.exceptions.PolarsError as error:
        raise Unclear(str(error)) from error
    return blocks.result


def clean_parts(
    file: PartsFile, header: Header, contract: Contract, limits: Limits, *, ids_only: bool, ids: Ids
) -> Generator[pl.DataFrame, None, PartsSurvey]:
    """Yield the rows of Parquet parts as `clean_blocks` does those of CSV, without known ids; return their survey."""
    import polars as pl

    rules = cell_rules(contract)
    screened = ids is Ids.SCREENED
    texts = [rule for each in rules.id for rule in _on_text(each, pl.col("id"), spaced=True)] if screened else []
    targets = [] if ids_only else [pl.col(f"t{n}") for n in range(len(contract.targets))]
    numbers = [_on_number(rule, cell) for cell in targets for rule in rules.number]
    try:
        for frame in read_rows(file, contract, limits, ids_only=ids_only, numbers_only=ids is Ids.KNOWN):
            plain = not screened or has_plain_ids(frame)
            if not plain or any(frame.null_count().row(0)) or not _hold(frame, [*texts, *numbers]):
                raise Unclear("a cell is not clean")
            yield frame
        return survey_parts(file, header, all_ascii=screened)
    except UnreadableError as error:
        raise Unclear(error.reason) from error


def _on_text(rule: TextRule, cell: pl.Expr, *, spaced: bool) -> list[pl.Expr]:
    """Return the conditions of a clean text; if no cell has white space, some rules need no look at a text."""
    match rule:
        case NotBlank():
            return [cell.str.len_bytes() > 0] if spaced else []  # all white space is edged, which is asked too
        case NotEdged():
            # What polars strips is SPACE.
            return [cell.str.strip_chars().str.len_bytes() == cell.str.len_bytes()] if spaced else []
        case IsNumber():
            return [cell.str.contains(rf"\A(?:{rule.pattern})\z")]
        case Matches():
            return [cell.str.contains(rf"\A(?:{rule.pattern})\z")]
        case other:
            assert_never(other)


def _on_number(rule: NumberRule, cell: pl.Expr) -> pl.Expr:
    match rule:
        case IsFinite():
            return cell.is_finite()
        case AtLeast():
            return cell >= rule.bound
        case AtMost():
            return cell <= rule.bound
        case other:
            assert_never(other)


def _hold(frame: pl.DataFrame, rules: Sequence[pl.Expr]) -> bool:
    """Say whether all rules hold in all rows."""
    answers = frame.select(rule.all().alias(f"a{place}") for place, rule in enumerate(rules))
    return not rules or all(answers.row(0))
