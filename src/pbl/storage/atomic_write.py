"""Write one small file whole, or leave it as it was.

For data that is in memory: torn ends of logs, notebooks, settings, failures. Large files go through `commit`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pbl.domain.errors import OutputError
from pbl.storage.commit import Drafts

if TYPE_CHECKING:
    from pathlib import Path


def write_whole(path: Path, data: bytes, *, replace: bool = True) -> None:
    """Make `data` the content of a file, read back before it is published; after OutputError nothing is changed."""
    with Drafts() as drafts:
        draft = drafts.new(path)
        draft.write(data)
        draft.sync()
        if b"".join(draft.chunks()) != data:
            message = f"{path}: not written: the disk gives back other bytes than it was given"
            raise OutputError(message)
        drafts.publish(draft, replace=replace)
