"""The only door to DuckDB: in memory, locked, and reading nothing but the files that were opened for it.

The rooms above ask the questions of `pbl_sql` here.
"""

from __future__ import annotations

import errno
import os
import re
from contextlib import closing, contextmanager, nullcontext
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from pbl_sql import Sql, ask, identifier, join, literal

from pbl.domain.errors import EngineError, Unclear
from pbl.storage.temporary import private_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from concurrent.futures import Future
    from pathlib import Path

    import duckdb
    import polars as pl

    from pbl.domain.limits import Limits

Answer = TypeVar("Answer")

_SPILL_FROM = 64 << 20
_ONE_THREAD_BELOW = 4 << 20
_AT_ONCE = 4
"""The most questions at the same time: each takes memory of its own."""
_LOCKED = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "python_enable_replacements": "false",
}


class Duck:
    """A database with files as tables; each has the columns row, id, t0, t1, ..., all text except row."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, paths: Mapping[int, str], *, memory: int, at_once: int = 1
    ) -> None:
        """Ask a connection that may read `paths` (by descriptor) and use so many bytes of memory.

        `at_once` is how many questions may be answered at the same time.
        """
        self._connection = connection
        self._paths = paths
        self._at_once = at_once
        self.memory = memory

    def add_plain(self, table: str, fd: int, *, width: int, columns: Sequence[int], keep: bool) -> None:
        """Add a plain file as a table, with the cells of `columns` out of `width`; `keep` holds it in memory.

        Raises Unclear, now or when the table is read, if a row doesn't have `width` cells.
        """
        every = join([Sql(f"'c{n}': 'VARCHAR'") for n in range(width)])
        picked = [Sql(f"c{n} AS {'id' if place == 0 else f't{place - 1}'}") for place, n in enumerate(columns)]
        file = literal(self._paths[fd])
        self.run("files/plain_file", table=table, file=file, every=every, picked=join(picked))
        if keep:
            self.run("files/keep", table=table, kept=f"{table}_kept")

    def view_parts(self, table: str, fds: Sequence[int], columns: Sequence[str]) -> None:
        """Add Parquet files of one schema as a view of ids and numbers: each question reads the files again.

        No id may be NULL. Rows are counted as by `add_cells`.
        """
        first, *numbers = map(identifier, columns)
        # The statistics in a footer may lie, and the database would join by them; it has none of what a function gives.
        picked = [
            Sql(f"concat({first}::VARCHAR) AS id"),
            *(Sql(f"{each}::DOUBLE AS t{n}") for n, each in enumerate(numbers)),
        ]
        files = join([literal(self._paths[fd]) for fd in fds])
        self.run("files/parts", table=table, files=files, picked=join(picked))

    def chunks(self, fds: Sequence[int], column: str) -> list[tuple[Any, ...]]:
        """Return where a column's bytes are in Parquet files, by their footers: a row for each row group, in order.

        Its file's place in `fds`, the column's place, rows, first byte, bytes, and how they are read.
        """
        return self.rows("files/chunks", {"column": column}, files=join([literal(self._paths[fd]) for fd in fds]))

    def add_cells(self, table: str, batches: Iterable[list[list[str]]]) -> None:
        """Add cells that `reading` parsed as a table."""
        import polars as pl

        at = 2
        for batch in batches:
            names = ["id", *(f"t{n}" for n in range(len(batch) - 1))]
            frame = pl.DataFrame(dict(zip(names, batch, strict=True)), schema=dict.fromkeys(names, pl.String))
            with self.batch(frame.with_row_index("row", at)):
                self.run("files/first_rows" if at == 2 else "files/more_rows", table=table)  # noqa: PLR2004 - below the header
            at += len(frame)

    def add_frames(self, table: str, frames: Iterable[pl.DataFrame]) -> None:
        """Add frames of typed columns, one after the other, as a table; rows are counted as by `add_cells`."""
        at = 2
        for frame in frames:
            with self.batch(frame.with_row_index("row", at)):
                self.run("files/first_rows" if at == 2 else "files/more_rows", table=table)  # noqa: PLR2004 - as if below a header
            at += len(frame)

    @contextmanager
    def batch(self, frame: pl.DataFrame) -> Iterator[None]:
        """Add a frame as the table `batch`, for one question: DuckDB 1.3 can read it once."""
        import duckdb  # noqa: F401 - the whole package: it gives connections the sources that frames are read through

        self._connection.register("batch", _Stream(frame))
        try:
            yield
        finally:
            self._connection.unregister("batch")

    def run(self, question: str, values: Mapping[str, Any] | None = None, **parts: Sql | str) -> None:
        """Run a question of `pbl_sql` that has no answer."""
        self.rows(question, values, **parts)

    def write(self, fd: int, question: str, values: Mapping[str, Any] | None = None, **parts: Sql | str) -> None:
        """Run a question that writes one of the database's files; raise OSError if the system refuses."""
        try:
            self.run(question, values, file=literal(self._paths[fd]), **parts)
        except EngineError as error:
            if refusal := _refusal(str(error.__cause__), self._paths[fd]):
                raise refusal from error
            raise

    def rows(self, question: str, values: Mapping[str, Any] | None = None, **parts: Sql | str) -> list[tuple[Any, ...]]:
        """Return the answer to a question of `pbl_sql`, with `values` bound to its $parameters."""
        with _translate_errors():
            return self._connection.execute(ask(question, **parts), dict(values or {})).fetchall()

    def row(self, question: str, values: Mapping[str, Any] | None = None, **parts: Sql | str) -> dict[str, Any]:
        """Return the one row of an answer by column name."""
        with _translate_errors():
            cursor = self._connection.execute(ask(question, **parts), dict(values or {}))
            names = [column[0] for column in cursor.description or ()]
            (only,) = cursor.fetchall()
            return dict(zip(names, only, strict=True))

    def frame(self, question: str, values: Mapping[str, Any] | None = None, **parts: Sql | str) -> pl.DataFrame:
        """Return an answer as a polars frame."""
        import duckdb  # noqa: F401 - the whole package: it gives connections the relations that frames are made of
        import polars as pl

        with _translate_errors():
            return pl.DataFrame(self._connection.sql(ask(question, **parts), params=dict(values or {})))

    @contextmanager
    def several(self) -> Iterator[Callable[[Callable[[Duck], Answer]], Future[Answer]]]:
        """Give a function that answers questions in the background, several at a time, each over its own connection.

        They must change nothing. They see every table but a `batch`.
        """
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - most commands do without

        def answer(question: Callable[[Duck], Answer]) -> Answer:
            with closing(self._connection.cursor()) as connection:
                return question(Duck(connection, self._paths, memory=self.memory))

        pool = ThreadPoolExecutor(self._at_once)
        try:
            yield lambda question: pool.submit(answer, question)
        finally:
            pool.shutdown(cancel_futures=True)

    def part(self) -> float:
        """Return the part of the running question that is done, from 0 to 1; any thread may call it, at any time."""
        try:
            return float(self._connection.query_progress()) / 100
        except _engine().Error:  # the database was closed meanwhile
            return 1.0


@contextmanager
def open_duck(
    files: Mapping[int, Path], limits: Limits, *, size: int, spill: Path, ordered: bool = False
) -> Iterator[Duck]:
    """Open a database that may open `files` (by descriptor) and no others.

    `size` is the number of bytes to be read. If it is large, or memory or a folder is given, data that doesn't fit into
    memory goes to a private folder in `spill`, which is removed at the end. With `ordered`, one thread answers a
    question, so that it adds numbers up row after row and keeps the order of rows. Raises EngineError for whatever the
    engine can't do.
    """
    spills = size >= (1 if limits.memory or limits.temp_dir else _SPILL_FROM) or not _proc()
    with private_folder(limits.temp_dir or spill) if spills else nullcontext() as private:
        paths = {fd: _by_descriptor(fd, path, private) for fd, path in files.items()}
        config: dict[str, str | bool | int | float | list[str]] = {
            **_LOCKED,
            "temp_directory": "" if private is None else str(private),
        }
        cores = os.cpu_count() or 1
        threads = 1 if ordered else limits.threads or (1 if size < _ONE_THREAD_BELOW else None)
        if threads is not None:
            config["threads"] = str(min(threads, cores))  # it would start as many as it is told
        at_once = min(limits.threads or cores, _AT_ONCE) if ordered and not limits.memory else 1
        config["memory_limit"] = f"{limits.most() // 1000}KB"
        with _translate_errors():
            connection = _engine().connect(":memory:", config=config)
        try:
            with _translate_errors():
                connection.execute("SET enable_progress_bar = true")  # counted,
                connection.execute("SET enable_progress_bar_print = false")  # and never printed by the engine
                connection.execute(f"SET allowed_paths = [{join([literal(p) for p in paths.values()])}]")
                connection.execute("SET enable_external_access = false")
                connection.execute("SET lock_configuration = true")
            yield Duck(connection, paths, memory=limits.most(), at_once=at_once)
        finally:
            connection.close()


def no_room(reason: str) -> EngineError:
    """Return the error of work that is too large for its limits."""
    return EngineError(
        f"the work does not fit into the memory and disk given: {reason}; "
        "raise --memory-limit, or name a larger disk with --temp-dir"
    )


def require_same_rows(apart: int) -> None:
    """Raise EngineError if any rows that were joined by their position don't belong together."""
    if apart:
        raise EngineError(f"{apart} rows do not stand beside their own; please report this")


class _Stream:
    """A frame that shows only its Arrow stream, so that the engine needs no other library."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self._frame = frame

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._frame.__arrow_c_stream__(requested_schema)


def _proc() -> bool:
    return os.path.isdir("/proc/self/fd")  # noqa: PTH112 - one call of the system


def _by_descriptor(fd: int, path: Path, private: Path | None) -> str:
    """Return a plain name for an opened file: its bytes can't be swapped, and no part of its path is a pattern."""
    if private is None or _proc():
        return f"/proc/self/fd/{fd}"
    link = private / f"file{fd}"
    link.symlink_to(path.absolute())
    return str(link)


@cache
def _engine() -> Any:  # noqa: ANN401 - the module duckdb, in either shape
    """Load DuckDB: only its compiled module if that works alone (2.0), as the rest takes three times as long."""
    from importlib import import_module  # noqa: PLC0415 - a module by name, as there are two

    try:
        return import_module("_duckdb")
    except ModuleNotFoundError:
        return import_module("duckdb")


@contextmanager
def _translate_errors() -> Iterator[None]:
    """Turn the engine's errors into those of pbl, in one line each."""
    engine = _engine()
    try:
        yield
    except engine.InvalidInputException as error:
        raise Unclear(_first_line(error)) from error
    except engine.OutOfMemoryException as error:
        raise no_room(_first_line(error)) from error
    except engine.Error as error:
        raise EngineError(f"DuckDB could not do it: {_first_line(error)}") from error


def _refusal(text: str, path: str) -> OSError | None:
    """Return the system's error behind an engine's error about a file, of which only the text is left."""
    if not re.search(rf"{re.escape(path)}\b", text):
        return None
    said = next((number for number in errno.errorcode if os.strerror(number) in text), None)
    return None if said is None else OSError(said, os.strerror(said))


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
