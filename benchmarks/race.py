"""Run whole commands in turns, and ask the kernel what each has used."""

import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

What = Literal["wall", "cpu", "peak"]
TURNS_TAKE = 45.0  # seconds; a contender that has used as many takes no further turn
PEAKS_A_MIB = 2**20 if sys.platform == "darwin" else 2**10  # ru_maxrss is in bytes there, in KiB elsewhere


@dataclass(frozen=True, kw_only=True)
class Turn:
    """One run of one command: seconds, seconds of user and system, MiB."""

    wall: float
    cpu: float
    peak: float


@dataclass(kw_only=True)
class Contender:
    """A command, and what was measured of it."""

    name: str
    argv: Sequence[str | Path]
    output: Path | None = None
    turns: list[Turn] = field(default_factory=list)
    trouble: str = ""

    def figure(self, what: What) -> float | None:
        """Return the median time or the largest peak; None if a turn failed or none was taken."""
        if self.trouble or not self.turns:
            return None
        figures = [getattr(turn, what) for turn in self.turns]
        return max(figures) if what == "peak" else statistics.median(figures)


def race(
    contenders: Sequence[Contender], *, turns: int, warm: bool, patience: float, tell: Callable[[str], None]
) -> None:
    """Let the contenders take turns, A B A B; a failed one is out, a slow one stops when it has used its time."""
    for number in range(turns + warm):
        for contender in contenders:
            if contender.trouble or sum(turn.wall for turn in contender.turns) > TURNS_TAKE:
                continue
            turn, contender.trouble = _run(contender, patience)
            if contender.trouble:
                tell(f"{contender.name}: {contender.trouble}")
            elif number >= warm:
                contender.turns.append(turn)
                if turn.wall > 1:
                    tell(f"{contender.name}: {turn.wall:.1f} s, {turn.cpu:.1f} s CPU, {turn.peak:,.0f} MiB")


def _run(contender: Contender, patience: float) -> tuple[Turn, str]:
    if contender.output:
        for path in contender.output.parent.glob(f"{contender.output.stem}.*"):
            path.unlink()
    os.sync()  # nobody waits for what another has written
    with tempfile.TemporaryFile() as stderr:
        began = time.perf_counter()
        # A child's peak is never below its parent's own, with which it begins: so nothing heavy is loaded here.
        process = subprocess.Popen(
            list(map(str, contender.argv)), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=stderr
        )
        alarm = threading.Timer(patience, process.kill)
        alarm.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
            wall = time.perf_counter() - began
            process.returncode = os.waitstatus_to_exitcode(status)
        finally:
            alarm.cancel()
            if process.returncode is None:
                process.kill()
                process.wait()
        turn = Turn(wall=wall, cpu=usage.ru_utime + usage.ru_stime, peak=usage.ru_maxrss / PEAKS_A_MIB)
        if process.returncode == 0:
            return turn, ""
        stderr.seek(0)
        said = stderr.read().decode(errors="replace").split("\n")
    last = next((line for line in reversed(said) if line.strip()), "nothing said")
    return turn, f"exit {process.returncode} after {wall:.0f} s: {last}"
