"""Work ahead in threads: the next frame is made while the last one is used."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Future, ThreadPoolExecutor

T = TypeVar("T")


def load_ahead(*modules: str) -> None:
    """Begin to load what large files will need, in a thread of its own, while their bytes are looked at."""
    from importlib import import_module  # noqa: PLC0415 - where there is no large file, nor is there a need
    from threading import Thread  # noqa: PLC0415 - same

    Thread(target=lambda: [*map(import_module, modules)], name="load-ahead", daemon=True).start()


@contextmanager
def threads(number: int) -> Iterator[ThreadPoolExecutor]:
    """Give threads to work `ahead` in; on the way out they finish what they are at, and no more."""
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - it takes longer to load than a small file

    pool = ThreadPoolExecutor(number)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def ahead(frames: Iterator[T], pool: ThreadPoolExecutor) -> Iterator[T]:
    """Yield frames while the next one is being made, in a thread of the pool; the first one is begun at once."""
    due = pool.submit(next, frames, None)

    def taken(due: Future[T | None]) -> Iterator[T]:
        while (frame := due.result()) is not None:
            due = pool.submit(next, frames, None)
            yield frame

    return taken(due)
