"""Write a blend into a draft, and see that the disk gives back what was meant.

There are two roads to the same bytes. Of a small blend the database makes a table and writes it. A large one flows by
some rows at a time and is kept nowhere; the database makes its numbers and their text, and polars puts them together.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
from collections import deque
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import count
from threading import local
from typing import TYPE_CHECKING, Self

from pbl_sql import Sql, ask, identifier, listed, name

from pbl.blending.formula import Facts
from pbl.domain.errors import Malformed, OutputError
from pbl.engine.duck import open_duck
from pbl.reading.rows import structural, tokenize
from pbl.reading.survey import survey

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

    import polars as pl

    from pbl.blending.formula import Formula
    from pbl.domain.contract import Contract
    from pbl.domain.limits import Limits
    from pbl.domain.progress import Progress
    from pbl.engine.duck import Duck
    from pbl.reading.survey import Survey
    from pbl.storage.commit import Draft

_NUMBERS = Sql("numbers")
_BATCH = Sql("batch")
_ROWS_AT_ONCE = 245_760
"""Twice what DuckDB keeps together."""
_WORKERS = 2
_LEAST = 32 << 20


@dataclass(frozen=True, kw_only=True)
class Written:
    """What a draft holds, as it was read back."""

    sha256: str
    size: int


def write_table(duck: Duck, formula: Formula, contract: Contract, draft: Draft, progress: Progress) -> Written:
    """Write the blend of the table `numbers`; raise OutputError if what is read back is not what was blended."""
    _write(duck, formula, contract, draft, _NUMBERS)
    progress.stage("reading the submission back", duck.part)
    source = survey(draft.path, None, contract)
    try:
        good = (
            source.columns == tuple(range(len(contract.columns)))
            and not source.findings
            and _same(duck, formula, source, draft)
        )
    except Malformed:
        good = False
    finally:
        source.close()
    if not good or source.sha256 is None or source.size is None:
        raise _unlike(draft)
    return Written(sha256=source.sha256, size=source.size)


class Flow:
    """A blend that is written as its rows come by, in order; it may begin anew. A context, for its threads' sake."""

    def __init__(self, formula: Formula, contract: Contract, draft: Draft, limits: Limits) -> None:
        self._formula = formula
        self._contract = contract
        self._draft = draft
        self._workers = min(limits.threads or os.cpu_count() or 1, _WORKERS)
        self._limits = replace(limits, threads=1, memory=max(limits.most() // 8, _LEAST))
        places = range(len(formula.factors))
        self._columns = [name(f"n{place}_{t}") for place in places for t in range(formula.targets)]
        self._texts = [Sql(f"b{t}, b{t}::VARCHAR AS x{t}") for t in range(formula.targets)]
        self._due: deque[Future[tuple[pl.Series, Facts, pl.DataFrame]]] = deque()
        self._at_hand = ExitStack()
        self._own = local()
        self._pool: ThreadPoolExecutor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool:
            self._pool.shutdown(cancel_futures=True)
        self._at_hand.close()

    def begin(self, duck: Duck) -> None:
        """Write the header; what was written before is gone."""
        if self._pool is None:
            from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - it takes longer to load than a small file

            self._pool = ThreadPoolExecutor(self._workers)
        self._submit = self._pool.submit
        for left in self._due:
            left.cancel()
        self._due.clear()
        self._duck = duck
        self.facts = Facts(below=(0,) * len(self._formula.factors))
        columns = [Sql("'' AS id"), *(Sql(f"0::DOUBLE AS {column}") for column in self._columns)]
        _write(duck, self._formula, self._contract, self._draft, ask("blend/no_numbers", columns=listed(columns)))
        header = b"".join(self._draft.chunks())
        if next(csv.reader([header.decode()], strict=True)) != list(self._contract.columns):
            raise _unlike(self._draft)
        os.lseek(self._draft.fd, len(header), os.SEEK_SET)
        self._digest = hashlib.sha256(header)
        self._size = len(header)

    def take(self, frame: pl.DataFrame) -> None:
        """Have the next rows (columns id, n0_0, n0_1, ...) blended, and write those that are."""
        self._due.append(self._submit(self._blended, frame))
        self._settle(self._workers)

    def take_table(self) -> None:
        """Blend the rows of the table `numbers`."""
        columns = listed([Sql("id"), *self._columns])
        for first in count(step=_ROWS_AT_ONCE):
            rows = {"first": first, "last": first + _ROWS_AT_ONCE - 1}
            frame = self._duck.frame("blend/numbers_part", rows, columns=columns)
            if frame.is_empty():
                return
            self.take(frame)

    def written(self) -> Written:
        """Read back what was written; raise OutputError if it is anything else."""
        synced = self._submit(self._draft.sync)  # the disk has time meanwhile
        if self._draft.sha256() != self._digest.hexdigest():
            raise _unlike(self._draft)
        synced.result()
        return Written(sha256=self._digest.hexdigest(), size=self._size)

    def settle(self) -> Facts:
        """Write what has not been written yet, and return what is to be said of all rows."""
        self._settle(0)
        return self.facts

    def _database(self) -> Duck:
        """Return the thread's own database: one that fails, or waits, keeps no other waiting."""
        if not hasattr(self._own, "duck"):
            opened = open_duck({}, self._limits, size=0, spill=self._draft.path.parent)
            self._own.duck = self._at_hand.enter_context(opened)
        duck: Duck = self._own.duck
        return duck

    def _blended(self, frame: pl.DataFrame) -> tuple[pl.Series, Facts, pl.DataFrame]:
        duck = self._database()
        values, blend = self._formula.values(), self._formula.blend(_BATCH)
        numbers = frame.drop("id").with_row_index("place")  # ids would be taken in, and serve nobody
        with duck.batch(numbers):
            rows = duck.frame(
                "blend/blend_text", values, columns=listed(self._texts), marks=self._formula.marks(), blend=blend
            )
        return frame["id"], self._formula.facts_of(rows), rows

    def _settle(self, most: int) -> None:
        while len(self._due) > most:
            ids, facts, texts = self._due.popleft().result()
            self.facts += facts
            self._put(ids, texts)

    def _put(self, ids: pl.Series, texts: pl.DataFrame) -> None:
        """Write rows whose texts have been seen to say the numbers, each beside its id."""
        import polars as pl

        columns = [texts[f"x{t}"] for t in range(self._formula.targets)]
        in_place = len(texts) == len(ids) and (texts["place"] == pl.int_range(len(ids), eager=True)).all()
        if not in_place or not all(
            (text.cast(pl.Float64, strict=False) == texts[f"b{t}"]).all() for t, text in enumerate(columns)
        ):
            raise _unlike(self._draft)
        text = io.BytesIO()
        pl.DataFrame([_quoted(ids), *columns]).write_csv(text, include_header=False, quote_style="never")
        data = text.getvalue()
        self._digest.update(data)
        self._size += len(data)
        self._draft.write(data)


def _write(duck: Duck, formula: Formula, contract: Contract, draft: Draft, numbers: Sql) -> None:
    names = ["id", *(f"b{t}" for t in range(formula.targets))]
    picked = [Sql(f"{n} AS {identifier(c)}") for n, c in zip(names, contract.columns, strict=True)]
    with draft.explain_os_errors():
        duck.write(draft.fd, "blend/write", formula.values(), blend=formula.blend(numbers), columns=listed(picked))


def _quoted(ids: pl.Series) -> pl.Series:
    """Return the ids as the database writes them: in quotes where they hold a comma, a quote, a line end or a #."""
    import polars as pl

    odd = ids.str.contains('[",#\\r\\n]')
    if not odd.any():
        return ids
    quoted = pl.concat_str(pl.lit('"'), pl.col("id").str.replace_all('"', '""', literal=True), pl.lit('"'))
    return pl.DataFrame([ids.alias("id"), odd.alias("odd")]).select(
        pl.when("odd").then(quoted).otherwise("id").alias("id")
    )["id"]


def _same(duck: Duck, formula: Formula, source: Survey, draft: Draft) -> bool:
    """Say whether what was written are the rows of the table's blend."""
    if source.plain:
        duck.add_plain("written", draft.fd, width=len(source.columns), columns=source.columns, keep=False)
    else:
        batches, offences = tokenize(source, 1)
        duck.add_cells("written", batches)
        if structural(source, offences):
            return False
    differ = listed([Sql(f"f.t{t}::DOUBLE IS DISTINCT FROM b.b{t}") for t in range(formula.targets)], " OR ")
    blend = formula.blend(_NUMBERS)
    rows, different = duck.rows("blend/written", formula.values(), file="written", blend=blend, differ=differ)[0]
    return bool(rows and not different)


def _unlike(draft: Draft) -> OutputError:
    return OutputError(f"{draft.name}: not written: what was read back is not what was blended")
