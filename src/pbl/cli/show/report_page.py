"""The outcome of `pbl report`: the page's bytes, the numbers as JSON, or the files that were written.

Called by `commands.report`.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Literal

from pbl.cli.formats import PageFormat
from pbl.cli.show.stderr import write as talk
from pbl.cli.show.stdout import write as data
from pbl.cli.show.stdout import write_json
from pbl.domain.wording import plural, safe

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pbl.reporting.report import Reported
    from pbl.reporting.saving import Written

Theme = Literal["light", "dark"]


def stream(page: bytes) -> None:
    """Write the page to stdout."""
    sys.stdout.flush()
    sys.stdout.buffer.write(page)
    sys.stdout.flush()


def print_report_page(
    made: Reported, written: Sequence[Written], how: PageFormat, place: Path | str | None, theme: Theme | None
) -> None:
    """Say on stderr what was written and what isn't shown; stdout has the JSON, or the lines that show pictures."""
    if how is PageFormat.JSON:
        write_json(made.to_json(written))
        return
    if how is not PageFormat.HTML:
        for line in made.readme_lines(safe(str(place)), "svg" if how is PageFormat.SVG else "png", theme):
            data(line)
        talk(f"wrote {plural(len(written), 'picture')} to {safe(str(place))}; the lines above show them in a README")
    else:
        for each in written:
            talk(f"wrote {safe(str(each.path))} ({each.bytes / 1000:,.0f} kB)")
    for missing in made.not_shown:
        talk(f"not shown: {missing.section}: {safe(missing.why)} -> {safe(missing.hint)}")
    if not made.ok:
        talk(safe(made.words.verdict))
