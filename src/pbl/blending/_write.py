"""Write the blend of an aligned table, or of aligned batches, as CSV into a draft, read it back and compare.

`_submission` calls it with what `_align` gave. Both ways give the same bytes. A table is written by the database.
Batches are not kept: the database makes their numbers, `_number_text` the text, and polars puts the lines together.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections import deque
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from threading import local
from typing import TYPE_CHECKING, Any

from pbl_sql import Sql, ask, exact_text, identifier, join

from pbl.blending._align_sql import NUMBERS
from pbl.blending._number_text import number_text, whole_text
from pbl.blending.formula import Summary
from pbl.domain.errors import OutputError, Unclear, UsageError
from pbl.engine.duck import open_duck
from pbl.reading.prefetch import ahead, threads
from pbl.reading.rows import explain_offences, tokenize
from pbl.reading.survey import open_file, survey
from pbl.storage.csv_text import csv_records

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from concurrent.futures import Future

    import polars as pl

    from pbl.blending.formula import Formula
    from pbl.blending.residuals import Residuals
    from pbl.blending.whole_columns import Completed
    from pbl.checks.open_files import CheckedFile
    from pbl.domain.contract import Contract
    from pbl.domain.limits import Limits
    from pbl.domain.progress import Progress
    from pbl.engine.duck import Duck
    from pbl.reading.prefetch import Pull
    from pbl.reading.survey import Survey
    from pbl.storage.commit import Draft

    Texts = Callable[[Duck, pl.Series], pl.Series]
    """What makes the text of numbers."""

_BATCH = Sql("batch")
_WORKERS = 2
_LEAST_MEMORY = 32 << 20


@dataclass(frozen=True, kw_only=True)
class Written:
    """The hash and `size` in bytes of a draft, as read back, and a summary of the blend."""

    sha256: str
    size: int
    summary: Summary
    content: str | None = None
    """Of Parquet: the hash of its ids and numbers."""


@dataclass(frozen=True, kw_only=True)
class Done:
    """What was written, and the files it was made of."""

    written: Written
    files: tuple[CheckedFile, ...]
    whole: Completed | None = None
    residuals: tuple[Residuals, ...] = ()


def write_table(
    duck: Duck,
    formula: Formula,
    contract: Contract,
    draft: Draft,
    progress: Progress,
    *,
    table: Sql = NUMBERS,
    pointless: bool = False,
) -> Written:
    """Write the blend of an aligned table; `pointless` writes whole numbers without a point.

    Raises OutputError if what is read back is not what was blended.
    """
    summary = require_finite(formula.summarize(duck, table))
    for text in (_whole,) if pointless else (Sql, exact_text):  # the second takes longer, and few numbers need it
        _copy(duck, formula, contract, draft, table, text=text)
        progress.stage("reading the submission back", duck.part)
        file = open_file(draft.path, None)
        with closing(file):
            found = survey(file, contract)
            if found.scan.sha256 is not None and _same(duck, formula, contract, found, draft, table=table):
                return Written(sha256=found.scan.sha256, size=found.scan.size, summary=summary)
    raise read_back_error(draft)


def write_batches(
    duck: Duck,
    batches: Pull[pl.DataFrame, Any],
    formula: Formula,
    contract: Contract,
    draft: Draft,
    *,
    limits: Limits,
    pointless: bool = False,
) -> Written:
    """Write the blend of batches (columns id, n0_0, n0_1, ...) as they come; raises what `write_table` does."""
    digest, size, summary = hashlib.sha256(), 0, Summary(below=(0,) * len(formula.factors))

    def put(data: bytes) -> None:
        nonlocal size
        digest.update(data)
        size += len(data)

    with closing(batches):
        put(_write_header(duck, formula, contract, draft))
        texts = whole_text if pointless else number_text
        with closing(blend_ahead(batches, formula, draft, limits, texts=texts)) as blends:
            for ids, blend in blends:
                summary += formula.summarize_rows(blend)
                data = _encode(ids, blend, formula, draft)
                put(data)
                draft.write(data)
    require_finite(summary)
    with threads(1) as pool:
        synced = pool.submit(draft.sync)  # the disk has time meanwhile
        if draft.sha256() != digest.hexdigest():
            raise read_back_error(draft)
        synced.result()
    return Written(sha256=digest.hexdigest(), size=size, summary=summary)


def require_finite(summary: Summary) -> Summary:
    """Return the summary; raise UsageError if a row's blend is not finite."""
    if summary.broken:
        raise UsageError(f"the blend is not finite in {summary.broken} rows: a prediction or weight is too large")
    return summary


def _copy(
    duck: Duck, formula: Formula, contract: Contract, draft: Draft, numbers: Sql, *, text: Callable[[Sql], Sql] = Sql
) -> None:
    """Have the database write the blend of some numbers, replacing what the draft held; `text` is what it writes."""
    names = ["id", *(text(Sql(f"b{t}")) for t in range(formula.targets))]
    picked = [Sql(f"{n} AS {identifier(c)}") for n, c in zip(names, contract.columns, strict=True)]
    with draft.explain_os_errors():
        duck.write(draft.fd, "blend/write", formula.values(), blend=formula.blend(numbers), columns=join(picked))


def _whole(number: Sql) -> Sql:
    """Return a whole number as one whose text has no point."""
    return Sql(f"{number}::BIGINT")


def _same(duck: Duck, formula: Formula, contract: Contract, found: Survey, draft: Draft, *, table: Sql) -> bool:
    """Say whether the written rows are those of the table's blend."""
    columns = found.header.columns
    if columns != tuple(range(len(contract.columns))) or found.findings:
        return False
    try:
        if found.plain:
            duck.add_plain("written", draft.fd, width=len(columns), columns=columns, keep=False)
        else:
            batches, offences = tokenize(found, 1)
            duck.add_cells("written", batches)
            if explain_offences(found, offences):
                return False
        differ = join(
            [Sql(f"try_cast(f.t{t} AS DOUBLE) IS DISTINCT FROM b.b{t}") for t in range(formula.targets)], " OR "
        )
        blend = formula.blend(table)
        rows, different = duck.rows("blend/written", formula.values(), file="written", blend=blend, differ=differ)[0]
    except Unclear:
        return False
    return bool(rows and not different)


def _write_header(duck: Duck, formula: Formula, contract: Contract, draft: Draft) -> bytes:
    """Write the header as the database does, and return its bytes."""
    columns = [Sql("'' AS id"), *(Sql(f"NULL::{kind} AS {column}") for column, kind in formula.columns.items())]
    _copy(duck, formula, contract, draft, ask("blend/no_numbers", columns=join(columns)))
    header = b"".join(draft.chunks())
    if next(csv_records([header.decode()], strict=True)) != list(contract.columns):
        raise read_back_error(draft)
    os.lseek(draft.fd, len(header), os.SEEK_SET)
    return header


def blend_ahead(
    batches: Iterator[pl.DataFrame],
    formula: Formula,
    draft: Draft,
    limits: Limits,
    *,
    workers: int = _WORKERS,
    texts: Texts | None = None,
) -> Generator[tuple[pl.Series, pl.DataFrame]]:
    """Yield the ids of batches and their blend, in order, while the next ones are blended.

    `texts` makes the text x0, x1, ... of the blend b0, b1, ...
    """
    workers = min(max((limits.threads or os.cpu_count() or 1) // 2, 1), workers)  # files are read by the other half
    with ExitStack() as databases, threads(workers) as pool, threads(1) as puller:
        blend = _blender(formula, draft, replace(limits, threads=1), databases, texts)
        due: deque[Future[tuple[pl.Series, pl.DataFrame]]] = deque()
        for batch in ahead(batches, puller):
            due.append(pool.submit(blend, batch))
            if len(due) > workers:
                yield due.popleft().result()
        while due:
            yield due.popleft().result()


def _blender(
    formula: Formula, draft: Draft, limits: Limits, databases: ExitStack, texts: Texts | None
) -> Callable[[pl.DataFrame], tuple[pl.Series, pl.DataFrame]]:
    """Return a function that blends a batch in any thread; each thread has its own database, so that none waits.

    The caller closes the `databases` when no thread blends any more.
    """
    memory = replace(limits, memory=max(limits.most() // 8, _LEAST_MEMORY))
    columns = join([Sql(f"b{t}") for t in range(formula.targets)])
    values, blended, marks = formula.values(), formula.blend(_BATCH), formula.marks()
    own = local()

    def blend(batch: pl.DataFrame) -> tuple[pl.Series, pl.DataFrame]:
        if not hasattr(own, "duck"):
            own.duck = databases.enter_context(open_duck({}, memory, size=0, spill=draft.path.parent))
        duck: Duck = own.duck
        numbers = batch.clone()
        ids = numbers.drop_in_place("id")  # they would be taken in, and serve nobody; in place, as nothing is copied
        with duck.batch(numbers.with_row_index("place")):
            rows = duck.frame("blend/blend_rows", values, columns=columns, marks=marks, blend=blended)
        made = [texts(duck, rows[f"b{t}"]).alias(f"x{t}") for t in range(formula.targets)] if texts else []
        return ids, rows.hstack(made)

    return blend


def _encode(ids: pl.Series, blend: pl.DataFrame, formula: Formula, draft: Draft) -> bytes:
    """Return the lines of rows; each text was parsed again and gave the number, and each is beside its id."""
    import polars as pl

    columns = [blend[f"x{t}"] for t in range(formula.targets)]
    in_place = len(blend) == len(ids) and (blend["place"] == pl.int_range(len(ids), eager=True)).all()
    if not in_place or any(
        text.cast(pl.Float64, strict=False).ne_missing(blend[f"b{t}"]).any() for t, text in enumerate(columns)
    ):
        raise read_back_error(draft)
    text = io.BytesIO()
    pl.DataFrame([_quote(ids), *columns]).write_csv(text, include_header=False, quote_style="never")
    return text.getvalue()


def _quote(ids: pl.Series) -> pl.Series:
    """Return the ids as the database writes them: in quotes where they hold a comma, a quote, a line end or a #."""
    import polars as pl

    odd = ids.str.contains('[",#\\r\\n]')
    if not odd.any():
        return ids
    quoted = pl.concat_str(pl.lit('"'), pl.col("id").str.replace_all('"', '""', literal=True), pl.lit('"'))
    return pl.DataFrame([ids.alias("id"), odd.alias("odd")]).select(
        pl.when("odd").then(quoted).otherwise("id").alias("id")
    )["id"]


def read_back_error(draft: Draft) -> OutputError:
    """Return the error of a draft that doesn't hold what was written into it."""
    return OutputError(f"{draft.name}: not written: what was read back is not what was blended")
