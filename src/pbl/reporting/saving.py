"""Save pages and pictures; each has the hash of its own bytes, so that only files that pbl wrote are replaced.

The last step of `pbl report`.
"""

from __future__ import annotations

import hashlib
import os
import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pbl.domain.endings import PAGE
from pbl.domain.errors import OutputError
from pbl.project.outputs import refuse_ending, refuse_input
from pbl.storage.atomic_write import write_whole

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pbl.domain.pillars import Selection

_START, _END = b"<!-- pbl report sha256:", b" -->\n"
_PNG = b"\x89PNG\r\n\x1a\n"
_KEY = b"pbl\x00"
_CHUNK = 12
"""Bytes of a PNG chunk besides its data."""


@dataclass(frozen=True, kw_only=True)
class Written:
    """A file that was written."""

    path: Path
    bytes: int
    sha256: str

    def to_json(self) -> dict[str, Any]:
        """Return the public form."""
        return {"path": str(self.path), "bytes": self.bytes, "sha256": self.sha256}


def save(
    files: Mapping[Path, bytes], selection: Selection | None, *, folder: Path | None = None, force: bool = False
) -> tuple[Written, ...]:
    """Write files, each whole; raise OutputError, and write none, if one is an input or isn't pbl's."""
    if folder is not None and os.path.lexists(folder) and not folder.is_dir():
        raise OutputError(f"{folder}: is no folder, and pictures go into one; name another with --output")
    there = {path for path in files if os.path.lexists(path)}
    for path in files:
        if selection is not None:
            refuse_input(path, selection)
        if path.is_dir():
            raise OutputError(f"{path}: is a folder; name a file with --output")
        if path in there and not force and not _is_ours(path):
            raise OutputError(f"{path}: is there already, and not as pbl wrote it; use --force to replace it")
    if folder is not None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"{folder}: cannot be made: {error.strerror}") from error
    for path, data in files.items():
        write_whole(path, data, replace=path in there or force)
    return tuple(
        Written(path=path, bytes=len(data), sha256=hashlib.sha256(data).hexdigest()) for path, data in files.items()
    )


def refuse_page_name(path: Path) -> None:
    """Raise OutputError for a page's name that says another form than HTML."""
    refuse_ending(path, PAGE, "a page is written as HTML, and pictures by --format svg or png")


def mark_page(page: bytes) -> bytes:
    """Return a page, or a picture's text, with the hash of the rest as a comment in its first line."""
    return _START + hashlib.sha256(page).hexdigest().encode() + _END + page


def mark_svg(text: str) -> bytes:
    """Return an SVG with its hash."""
    return mark_page(text.encode() + b"\n")


def mark_png(data: bytes) -> bytes:
    """Return a PNG with the hash of its other chunks in a chunk of text, behind the first."""
    at = len(_PNG) + _CHUNK + 13
    body = _KEY + hashlib.sha256(data).hexdigest().encode()
    chunk = b"tEXt" + body
    return data[:at] + struct.pack(">I", len(body)) + chunk + struct.pack(">I", zlib.crc32(chunk)) + data[at:]


def _is_ours(path: Path) -> bool:
    if not path.is_file():
        return False
    try:
        data = path.read_bytes()
    except OSError:
        return False
    if data.startswith(_START):
        head, _, rest = data.partition(_END)
        return head[len(_START) :] == hashlib.sha256(rest).hexdigest().encode()
    at = len(_PNG) + _CHUNK + 13
    size = _CHUNK + len(_KEY) + 64
    if data.startswith(_PNG) and data[at + 8 : at + 8 + len(_KEY)] == _KEY:
        return mark_png(data[:at] + data[at + size :]) == data
    return False
