"""Let linear algebra run on one thread, so that the last bit doesn't depend on the machine's cores.

Around `score` and `tune` as a whole.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def one_thread() -> Iterator[None]:
    """Hold every loaded BLAS to one thread within the block."""
    import scipy.linalg  # noqa: F401 - loaded first, for it brings a BLAS of its own
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):
        yield
