"""Ask git for the commit of a folder; this is the only door to git, and it never fails or hangs.

`log_run` logs the answer; a folder without a commit is fine.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

_SECONDS = 3


class Code(NamedTuple):
    """A commit, and whether files that are tracked were changed since; the run logs are not counted."""

    commit: str
    dirty: bool


def code_at(folder: Path, logs: Path, environment: Mapping[str, str]) -> Code | None:
    """Return the commit of a folder's repository; None without a repository, without git, or without an answer."""
    where = next((place for place in (folder, *folder.parents) if place.is_dir()), folder)
    said = _git(where, environment, "rev-parse", "--show-toplevel", "HEAD")
    top, _, commit = (said or "").rstrip("\n").rpartition("\n")
    if not top or len(commit) < 40:  # noqa: PLR2004 - digits of a SHA-1
        return None
    unlike = []
    place, root = logs.resolve(), Path(top).resolve()
    if place != root and place.is_relative_to(root):
        unlike = [f":(top,exclude,literal){place.relative_to(root).as_posix()}"]
    status = _git(where, environment, "status", "--porcelain", "--untracked-files=no", "--", ":/", *unlike)
    return None if status is None else Code(commit, bool(status.strip()))


def _git(folder: Path, environment: Mapping[str, str], *words: str) -> str | None:
    """Run git without the caller's git variables, and so that it runs no program of the repository."""
    clean = {name: value for name, value in environment.items() if not name.startswith("GIT_")}
    clean |= {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    command = ["git", "-c", "core.fsmonitor=false", "-C", str(folder), *words]
    try:
        done = subprocess.run(  # noqa: S603 - no shell, and no word that a file said
            command, env=clean, stdin=subprocess.DEVNULL, capture_output=True, timeout=_SECONDS, check=False
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return done.stdout.decode(errors="replace") if done.returncode == 0 else None
