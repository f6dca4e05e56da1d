"""Say what was measured: lines, tables, and the facts of the machine."""

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Literal

from race import Contender, What

OWN_WORDS = "## What limits it"  # from here to its end, RESULTS.md is written by hand and kept
GROWTH = """\
A row is a row of the blend; where the pillars grow, a row of one pillar. The last column leaves out start-up:
what was added to the wall time, by what was added to the rows."""
EVERYTHING = """\
Whole processes, start-up and all: median times, the largest peak. The old output is removed before each turn.
`pbl` also hashes its inputs and its output, and makes what it writes survive a power loss (fsync); the others don't."""
LIBRARIES = ("pillar-blend", "duckdb", "polars", "pandera", "typer", "pandas", "numpy")


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line of the table: what was asked, and what came out; `figure` and its limits are in `unit`."""

    case: str
    asked: str
    shown: str
    figure: float | None = None
    unit: Literal["x", "MiB", "s", ""] = ""
    at_most: float | None = None
    goal: float | None = None
    full_size: bool = True

    def cells(self) -> list[str]:
        """Return the line's cells."""
        return [self.case, self.asked, self.shown, self._limit(self.at_most), self._limit(self.goal), self.outcome()]

    def outcome(self) -> str:
        """Say whether the limits are kept."""
        if self.figure is None:
            return "not measured"
        if not self.full_size:
            return "another size"
        if self.goal is not None and self.figure <= self.goal:
            return "goal reached"
        if self.at_most is not None:
            return "within the limit" if self.figure <= self.at_most else "LIMIT MISSED"
        return "goal missed"

    def _limit(self, limit: float | None) -> str:
        return "" if limit is None or not self.unit else f"{limit:,g} {self.unit}"


def ratio(
    case: str,
    ours: Contender,
    theirs: Contender,
    what: What,
    *,
    at_most: float | None = None,
    goal: float | None = None,
    full_size: bool = True,
) -> Line:
    """Return the line that sets one contender's figure against another's."""
    asked = f"{ours.name} / {theirs.name}, {'CPU' if what == 'cpu' else what}"
    a, b = ours.figure(what), theirs.figure(what)
    if a is None or b is None:
        shown, figure = _why(ours, theirs), None
    else:
        shown, figure = f"{a / b:.2f} x ({seconds(a)} / {seconds(b)})", a / b
    return Line(
        case=case, asked=asked, shown=shown, figure=figure, unit="x", at_most=at_most, goal=goal, full_size=full_size
    )


def beyond_twice(case: str, ours: Contender, theirs: Contender, *, at_most: float, full_size: bool = True) -> Line:
    """Return the line that sets what a contender takes beyond twice another's wall time against a limit in seconds."""
    asked = f"{ours.name} - 2 x {theirs.name}, wall"
    a, b = ours.figure("wall"), theirs.figure("wall")
    if a is None or b is None:
        shown, figure = _why(ours, theirs), None
    else:
        shown, figure = f"{a - 2 * b:.1f} s ({seconds(a)}, {seconds(b)})", a - 2 * b
    return Line(case=case, asked=asked, shown=shown, figure=figure, unit="s", at_most=at_most, full_size=full_size)


def peak(case: str, ours: Contender, *, at_most: float, goal: float | None = None, full_size: bool = True) -> Line:
    """Return the line that sets a contender's peak memory against limits in MiB."""
    figure = ours.figure("peak")
    shown = _why(ours) if figure is None else f"{figure:,.0f} MiB"
    asked = f"{ours.name}, peak memory"
    return Line(
        case=case, asked=asked, shown=shown, figure=figure, unit="MiB", at_most=at_most, goal=goal, full_size=full_size
    )


def growth(what: str, ours: Mapping[int, Contender], rows_each: int) -> list[list[str]]:
    """Return a line a size: its cost a row, and the cost a row of what was added to the line above."""
    lines = []
    before: tuple[float, int] | None = None
    for size, contender in ours.items():
        wall, cells = contender.figure("wall"), size * rows_each
        if wall is None:
            lines.append([what, count(size), _why(contender), "", "", "", ""])
            continue
        more = f"{(wall - before[0]) / (cells - before[1]) * 1e9:,.0f}" if before else ""
        _, took, _, cpu, memory = _figures(contender)
        lines.append([what, count(size), took, cpu, memory, f"{wall / cells * 1e9:,.0f}", more])
        before = wall, cells
    return lines


def document(
    *,
    began: datetime,
    minutes: float,
    load: float,
    lines: Sequence[Line],
    grown: Sequence[list[str]],
    raced: Mapping[str, Sequence[Contender]],
) -> str:
    """Return all that was measured, as Markdown."""
    measured = [
        [case, contender.name, *_figures(contender)] for case, contenders in raced.items() for contender in contenders
    ]
    parts = [
        "# Results",
        f"{began:%Y-%m-%d}, in {minutes:.0f} minutes. {_machine(load)}.",
        _table(["case", "measured", "result", "at most", "goal", "outcome"], [line.cells() for line in lines]),
    ]
    if grown:
        head = ["what grows", "to", "wall", "CPU", "peak", "ns a row", "ns an added row"]
        parts += ["## Growth", GROWTH, _table(head, grown)]
    head = ["case", "command", "turns", "wall", "least to most", "CPU", "peak"]
    parts += ["## Everything measured", EVERYTHING, _table(head, measured)]
    return "\n\n".join(part for part in parts if part) + "\n"


def own_words(old: str) -> str:
    """Return what was written by hand in an earlier document."""
    _, heading, words = old.partition(OWN_WORDS)
    return heading + words


def seconds(time: float) -> str:
    """Return 0.123 s, 12.34 s or 123 s."""
    return f"{time:.3f} s" if time < 1 else f"{time:.2f} s" if time < 100 else f"{time:.0f} s"


def count(number: int) -> str:
    """Return 4,000 or 10M."""
    return f"{number // 10**6}M" if number >= 10**6 and number % 10**6 == 0 else f"{number:,}"


def _why(*contenders: Contender) -> str:
    return "; ".join(f"{it.name}: {it.trouble}" for it in contenders if it.trouble) or "not run"


def _figures(contender: Contender) -> list[str]:
    wall, cpu, memory = (contender.figure(what) for what in ("wall", "cpu", "peak"))
    walls = [turn.wall for turn in contender.turns]
    if wall is None or cpu is None or memory is None:
        return [str(len(walls)), contender.trouble or "not run", "", "", ""]
    spread = f"{seconds(min(walls))} to {seconds(max(walls))}"
    return [str(len(walls)), seconds(wall), spread, seconds(cpu), f"{memory:,.0f} MiB"]


def _machine(load: float) -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    machine = f"{platform.system()} {platform.machine()}, {cores} cores, {memory:.0f} GiB of memory"
    versions = ", ".join([f"Python {platform.python_version()}", *map(_version, LIBRARIES)])
    return f"{machine}; load {load:.1f} at the start. {versions}"


def _version(name: str) -> str:
    try:
        return f"{name} {version(name)}"
    except PackageNotFoundError:
        return f"no {name}"


def _table(head: list[str], lines: Sequence[list[str]]) -> str:
    if not lines:
        return ""
    escaped = [[cell.replace("|", "\\|") for cell in line] for line in lines]
    widths = [max(map(len, column)) for column in zip(head, *escaped, strict=True)]
    rows = [head, ["-" * width for width in widths], *escaped]
    return "\n".join(f"| {' | '.join(cell.ljust(w) for cell, w in zip(row, widths, strict=True))} |" for row in rows)
