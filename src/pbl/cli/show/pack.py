"""The outcome of `pbl pack`: what was written, and what to type next.

Called by `commands.pack`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pbl.cli.show import stderr, stdout
from pbl.cli.show.colour import Colour, paint
from pbl.domain.report import SCHEMA_VERSION
from pbl.domain.wording import plural, safe

if TYPE_CHECKING:
    from pbl.kaggle.outcome import Packed

_WHEN = ("the first time", "each later time", "then, for the notebook")
"""When each of the commands of `Packed.next` is typed."""


def tell_pack(made: Packed) -> None:
    """Say what was packed, with warnings, and what to type next."""
    sizes = [sum(f.bytes for f in files) for files in (made.dataset, made.notebook)]
    wheels = [f for f in made.dataset if f.name.endswith(".whl")]
    told = f"{plural(len(made.pillars), 'pillar')} of {plural(made.rows, 'row')}, {plural(len(wheels), 'wheel')}"
    stderr.write(f"dataset   {safe(str(made.path / 'dataset'))}: {made.label.dataset}, {told}, {sizes[0]:,} bytes")
    notebook = safe(str(made.path / "notebook"))
    flags = f"blends with {' '.join(made.flags)}, " if made.flags else ""
    stderr.write(f"notebook  {notebook}: {made.label.kernel}, {flags}internet off, {sizes[1]:,} bytes")
    for warning in made.warnings:
        word = paint("warning", Colour.DOUBTFUL, on=stderr.has_colours())
        stderr.write(f"{word}   {warning.code + ' ' if warning.code else ''}{safe(warning.message)}")
    for label, when, line in zip(("next", "", ""), _WHEN, made.next, strict=True):
        stderr.write(f"{label:<10}{when}: {safe(line)}")
    stderr.write(f"wait      with the push until this says ready: {made.wait_until_ready}")


def write_pack(made: Packed) -> None:
    """Write what was packed as JSON."""
    stdout.write_json({"schema_version": SCHEMA_VERSION, "command": "pack", "ok": True, **made.to_json()})
