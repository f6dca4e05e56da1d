"""Say once what is true of many files: a header that isn't the contract's, names that differ by fold or version.

`validate` calls it when each file was checked.
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
"""The least number of files, and of columns."""
_FOREIGN = frozenset({"PBL201", "PBL202", "PBL205"})
"""The findings of a header with other columns than the contract's, none of them misspelt."""


def tell_header_once(files: Sequence[CheckedFile], selection: Selection) -> tuple[CheckedFile, ...]:
    """Return the files with one finding for all that share a sound header, if no file has the contract's header."""
    headers = [file.survey.header for file in files if file.survey]
    names = Counter(header.names for header in headers if not header.stopped)
    if len(files) < _FEWEST or any(header.columns for header in headers):
        return tuple(files)
    common = next((each for each, _ in names.most_common() if _is_sound(each, _files_with_header(files, each))), ())
    for each in names:
        told = _files_with_header(files, each)
        most = each == common == _without_index(each)
        if _is_sound(each, told) and (most or _is_foreign(told)):
            files = _say_once(files, told, _wrong_header(told, common, len(files), selection))
    return tuple(files)


def note_one_model(selection: Selection) -> Iterator[Finding]:
    """Yield a warning for each group of pillars whose names differ only in the number of a fold or in a version."""
    pillars = {pillar.name: pillar for pillar in selection.pillars}
    told = [("PBL609", "the number of a fold or seed only: folds", group) for group in selection.folds]
    told += [("PBL612", "a version only: versions", group) for group in selection.versions]
    for code, what, group in told:
        here = [pillars[name] for name in group if name in pillars]
        if len(here) >= _FEWEST:
            message = f"{', '.join(pillar.name for pillar in here)} differ in {what} of one model?"
            first = here[0]
            yield finding(code, file=str(first.path), pillar=first.name, message=message, count=len(here))


def _files_with_header(files: Sequence[CheckedFile], names: Sequence[str]) -> list[CheckedFile]:
    """Return the files that have such a header, the template last."""
    told = [file for file in files if file.survey and file.survey.header.names == names]
    return sorted(told, key=lambda file: not file.input.pillar)


def _say_once(files: Sequence[CheckedFile], told: Sequence[CheckedFile], once: Finding) -> Sequence[CheckedFile]:
    """Return the files with one finding, at the file that it names, in place of all findings about their headers."""
    return [
        replace(
            file,
            findings=(
                *((once,) if file.input.path == told[0].input.path else ()),
                *(found for found in file.findings if not (file.survey and found in file.survey.header.findings)),
            ),
        )
        if file in told
        else file
        for file in files
    ]


def _is_foreign(files: Sequence[CheckedFile]) -> bool:
    """Say whether the only fault of the files' headers is that they have other columns than the contract."""
    found = [each.code for file in files if file.survey for each in file.survey.header.findings]
    return "PBL201" in found and set(found) <= _FOREIGN


def _without_index(names: Sequence[str]) -> tuple[str, ...]:
    """Return the columns without the first one, if that is a saved index without a name."""
    saved = len(names) > _FEWEST and (not names[0].strip() or names[0].startswith("Unnamed:"))
    return tuple(names[1:] if saved else names)


def _is_sound(names: Sequence[str], files: Sequence[CheckedFile]) -> bool:
    """Say whether `pbl init` would accept the header: all columns named, all different, none a number."""
    names = _without_index(names)
    headless = any(found.code == "PBL206" for file in files for found in file.findings)
    named = all(name.strip() and name.isprintable() for name in names)
    return len(names) >= _FEWEST and named and len({name.casefold() for name in names}) == len(names) and not headless


def _wrong_header(told: Sequence[CheckedFile], common: Sequence[str], files: int, selection: Selection) -> Finding:
    """Return the finding about the header of some files; `common` is the one that most of them have."""
    first = told[0]
    whole = first.survey.header.names if first.survey else ()
    names, common = _without_index(whole), _without_index(common)
    settings, header, times = selection.settings.path, ",".join(whole), len(told)
    expected = ",".join(selection.contract.columns)
    who = f"all {plural(files, 'file')} begin" if times == files else f"{times} of {plural(files, 'file')} begin"
    who += "s" if times == 1 else ""
    if names != common:
        hint = f"others have {','.join(common)}: name the columns in all files alike"
    elif settings:
        targets = ", ".join(map(toml_string, names[1:]))
        hint = f"if they are right, say so in {settings}: id = {toml_string(names[0])}, targets = [{targets}]"
    else:
        hint = f"if they are right: pbl init {quote(str(first.input.path.parent))} writes a pbl.toml with these columns"
    if names != whole:
        hint = f"the first column has no name: a saved index? Leave it out (pandas: index=False); then, {hint}"
    return finding(
        "PBL201",
        file=str(first.input.path),
        pillar=first.input.name,
        message=f"{who} with the columns {header}; expected are {expected}",
        examples=(Example(row=1, value=header),),
        hint=hint,
    )
