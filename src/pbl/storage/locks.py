"""Lock an open file or folder against other pbl processes.

Writers of a log and a commit take an exclusive lock, readers of logs a shared one. A lock ends with its descriptor.
"""

from __future__ import annotations

import fcntl
import time
from contextlib import suppress

from pbl.storage.os_errors import NO_LOCKS, tolerate

_PAUSE_S = 0.01


def lock(fd: int, *, shared: bool = False, tries: int | None = None) -> bool:
    """Lock an open file or folder, and say whether no other process keeps it.

    Without `tries` this waits until it is free; else it is tried that often, a hundredth of a second apart. A file
    system that has no locks counts as unlocked.
    """
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    with tolerate(NO_LOCKS):
        if tries is None:
            fcntl.flock(fd, kind)
            return True
        for turn in range(tries):
            if turn:
                time.sleep(_PAUSE_S)
            with suppress(BlockingIOError):
                fcntl.flock(fd, kind | fcntl.LOCK_NB)
                return True
        return False
    return True
