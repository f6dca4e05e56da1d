"""What all files have in common is said once: a header that isn't the contract's, names of folds.

`validate` asks it of all files, when each was checked.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from shlex import quote
from typing import TYPE_CHECKING

from pbl.domain.findings import Example, finding
from pbl.domain.wording import plural
from pbl.project.toml_text import toml_string

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pbl.checks.open_files import CheckedFile
    from pbl.domain.findings import Finding
    from pbl.domain.pillars import Selection

_FEWEST = 2
"""So many files, and columns, at least."""


def tell_header_once(files: Sequence[CheckedFile], selection: Selection) -> tuple[CheckedFile, ...]:
    """Return the files with one finding for all that have one sound header, and none has the contract's."""
    headers = [file.survey.header for file in files if file.survey]
    names = Counter(header.names for header in headers if not header.stopped)
    common, times = next(iter(names.most_common(1)), ((), 0))
    told = [file for file in files if file.survey and file.survey.header.names == common]
    wrong = bool(common) and not any(header.columns for header in headers)
    if not wrong or times < _FEWEST or 2 * times < len(files) or not _is_sound(common, told):
        return tuple(files)
    first = next((file for file in told if file.input.pillar), told[0])
    once = _wrong_header(first, common, times, len(files), selection)
    return tuple(
        replace(
            file,
            findings=(
                *((once,) if file is first else ()),
                *(found for found in file.findings if not (file.survey and found in file.survey.header.findings)),
            ),
        )
        if file in told
        else file
        for file in files
    )


def note_folds(selection: Selection) -> Iterator[Finding]:
    """Yield a warning for each group of pillars whose names differ in the number of a fold or seed only."""
    pillars = {pillar.name: pillar for pillar in selection.pillars}
    for group in selection.folds:
        here = [pillars[name] for name in group if name in pillars]
        if len(here) >= _FEWEST:
            names = ", ".join(pillar.name for pillar in here)
            message = f"{names} differ in the number of a fold or seed only: folds of one model?"
            first = here[0]
            yield finding("PBL609", file=str(first.path), pillar=first.name, message=message, count=len(here))


def _is_sound(names: Sequence[str], files: Sequence[CheckedFile]) -> bool:
    """Say whether `pbl init` would take the header for columns: all named, all different, none a number."""
    headless = any(found.code == "PBL206" for file in files for found in file.findings)
    named = all(name.strip() and name.isprintable() for name in names)
    return len(names) >= _FEWEST and named and len({name.casefold() for name in names}) == len(names) and not headless


def _wrong_header(first: CheckedFile, names: Sequence[str], times: int, files: int, selection: Selection) -> Finding:
    settings, header = selection.settings.path, ",".join(names)
    expected = ",".join(selection.contract.columns)
    who = f"all {plural(files, 'file')} begin" if times == files else f"{times} of {plural(files, 'file')} begin"
    if settings:
        targets = ", ".join(map(toml_string, names[1:]))
        hint = f"if they are right, say so in {settings}: id = {toml_string(names[0])}, targets = [{targets}]"
    else:
        hint = f"if they are right: pbl init {quote(str(first.input.path.parent))} writes a pbl.toml with these columns"
    return finding(
        "PBL201",
        file=str(first.input.path),
        pillar=first.input.name,
        message=f"{who} with the columns {header}; expected are {expected}",
        examples=(Example(row=1, value=header),),
        hint=hint,
    )
