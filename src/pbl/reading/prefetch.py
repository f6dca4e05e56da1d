"""Pull from a generator: keep its return value, or make the next item in a thread while the last one is used.

It connects readers and writers of large files.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Generic, Self, TypeVar

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from concurrent.futures import Future, ThreadPoolExecutor

Item = TypeVar("Item")
Result = TypeVar("Result")


class Pull(Generic[Item, Result]):
    """The items of a generator, and, after the last one, its return value."""

    def __init__(self, generator: Generator[Item, None, Result]) -> None:
        self._generator = generator
        self._results: list[Result] = []

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Item:
        """Return the next item."""
        try:
            return next(self._generator)
        except StopIteration as end:
            if not self._results:
                self._results.append(end.value)
            raise

    @property
    def result(self) -> Result:
        """Return what the generator returned; raises RuntimeError before its end."""
        if not self._results:
            raise RuntimeError("there are items that have not been taken")
        return self._results[0]

    def close(self) -> None:
        """Take no more."""
        self._generator.close()


def load_ahead(*modules: str) -> None:
    """Begin to load the libraries for large files, in a thread of its own, while the files' bytes are scanned."""
    from importlib import import_module  # noqa: PLC0415 - where there is no large file, nor is there a need
    from threading import Thread  # noqa: PLC0415 - same

    Thread(target=lambda: [*map(import_module, modules)], name="load-ahead", daemon=True).start()


@contextmanager
def threads(number: int) -> Iterator[ThreadPoolExecutor]:
    """Give threads for `ahead`; at the end they finish their current item, and begin no other."""
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - it takes longer to load than a small file

    pool = ThreadPoolExecutor(number)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def ahead(items: Iterator[Item], pool: ThreadPoolExecutor) -> Iterator[Item]:
    """Yield items while the next one is being made, in a thread of the pool; the first one is begun at once."""
    due = pool.submit(next, items, None)

    def take(due: Future[Item | None]) -> Iterator[Item]:
        while (item := due.result()) is not None:
            due = pool.submit(next, items, None)
            yield item

    return take(due)
