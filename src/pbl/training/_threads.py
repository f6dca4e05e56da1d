"""Let linear algebra run on so many threads, one unless told otherwise: idle threads spin on a busy machine.

Around `fit` as a whole; what is predicted needs no such care.
"""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def quiet_threads(count: int) -> Iterator[None]:
    """Hold every loaded BLAS to `count` threads within the block, and scikit-learn from talking."""
    import scipy.linalg  # noqa: F401 - loaded first, for it brings a BLAS of its own
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=count), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of convergence and constant targets: what is learnt is judged by its score
        yield
