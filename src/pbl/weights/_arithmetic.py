"""Fix how numbers are computed, so that the last bit depends neither on the machine's cores nor on its settings.

Around `score`, `tune` and `compare_oof` as a whole.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def fix_arithmetic() -> Iterator[None]:
    """Hold every loaded BLAS to one thread within the block; a number too large is infinite, without a warning.

    A score that comes of it is None.
    """
    import scipy.linalg  # noqa: F401 - loaded first, for it brings a BLAS of its own
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1), np.errstate(over="ignore", invalid="ignore"):
        yield


@contextmanager
def usual_arithmetic() -> Iterator[None]:
    """Warn within the block as numpy does by itself, for code that isn't pbl's; it keeps to one thread too."""
    with np.errstate(divide="warn", over="warn", under="ignore", invalid="warn"):
        yield
