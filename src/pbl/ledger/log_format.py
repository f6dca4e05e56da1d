"""The name of a run log, its header, and the ids of its rows.

All that writes or reads a log starts here; `row_codec` turns its rows into values and back.
"""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import TYPE_CHECKING

from pbl.domain.run_row import SEED

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

LABEL = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"


def log_path(folder: Path, day: datetime, label: str) -> Path:
    """Return the log of a day (UTC) and label."""
    return folder / f"scores_{day:%Y-%m-%d}_{label}.csv"


def new_run_id(now: datetime) -> str:
    """Return an id that no other process makes: the day, and forty random bits."""
    return run_id(f"{now:%Y%m%d}", os.urandom(5))


def run_id(day: str, data: bytes) -> str:
    """Return a day and five bytes as a run id; its letters and digits are not easily confused."""
    letters = base64.b32encode(data).decode().lower()
    return f"{day}-{letters.translate(str.maketrans('ilo', '890'))}"


def is_utf16(data: bytes) -> bool:
    """Say whether a table's bytes are UTF-16 text, as PowerShell's > writes it."""
    return data.startswith((b"\xff\xfe", b"\xfe\xff"))


def name_form(header: Sequence[str]) -> str | None:
    """Say which other kind of table has these cells in its first line, and what to do; None if none is known."""
    line = ",".join(header)
    if line.startswith("sep="):
        return f"its first line is {line!r}, which only Excel knows; take the line out"
    for mark, word in ((";", "';'"), ("\t", "tabs")):
        if len(set(line.split(mark)) & set(SEED)) > 1:
            return f"its columns are separated by {word}, not by a comma; save it with commas"
    return None


def decode_typed(text: str) -> str:
    """Return a text as it was typed: where the locale isn't UTF-8, Python has bytes in it that it couldn't read."""
    try:
        return text.encode(errors="surrogateescape").decode(errors="surrogateescape")
    except UnicodeEncodeError:  # half a character that no terminal sends
        return text


def path_text(path: Path) -> str:
    """Return a path as it is written into a log, in any locale."""
    return decode_typed(path.as_posix())


def text_path(text: str) -> Path:
    """Return the path of a log's text, as the system knows it in this locale."""
    return Path(os.fsdecode(text.encode(errors="surrogateescape")))
