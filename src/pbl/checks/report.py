"""Make the report of checked files, with the warnings that need all of them.

`validate` ends here; `blend` comes straight here where every cell is clean.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pbl.checks._across_files import compare_predictions, note_constants
from pbl.checks._findings import note_different
from pbl.checks._once import note_one_model, tell_header_once
from pbl.checks.beside_others import compare_profiles
from pbl.domain.findings import finding
from pbl.domain.report import Report
from pbl.reading.rows import missing_line_end
from pbl.reading.survey import Survey

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pbl.checks.open_files import CheckedFile, Input
    from pbl.domain.contract import Contract
    from pbl.domain.findings import Finding
    from pbl.domain.pillars import Selection
    from pbl.engine.duck import Duck
    from pbl.reading.sources import Surveyed


def compare_numbers(duck: Duck, files: Sequence[CheckedFile], contract: Contract) -> tuple[CheckedFile, ...]:
    """Return the files with warnings of predictions that are constant, copied, or on another scale."""
    clean = [file for file in files if file.clean and file.input.pillar]
    found = {id(file): list(note_constants(file, contract)) for file in clean}
    for file, each in (*compare_predictions(duck, clean, contract), *_compare_kinds(clean, contract)):
        found[id(file)].append(each)
    return tuple(add_findings(file, found.get(id(file), ())) for file in files)


def clean_findings(each: Input, survey: Surveyed, reference: Input, *, in_order: bool) -> tuple[Finding, ...]:
    """Return the findings of a file whose cells are all clean and whose ids are the reference's."""
    found = [*survey.findings, *(missing_line_end(survey) if isinstance(survey, Survey) else ())]
    if not in_order:
        order = f"the rows are in another order than in {reference.called}"
        found.append(finding("PBL604", file=str(each.path), pillar=each.name, message=order))
    return tuple(found)


def make_report(files: Sequence[CheckedFile], selection: Selection, *, truth: bool = False) -> Report:
    """Return the report of checked files; with `truth` the first one is a truth, whose header is its own."""
    apart = files[: int(truth)]
    files = (*apart, *tell_header_once(files[len(apart) :], selection))
    template = next((file for file in files if not file.input.pillar), None)
    findings = [f for file in files for f in sorted(file.findings, key=lambda f: (f.code, f.column or ""))]
    return Report(
        files=tuple(file.report() for file in files if file.input.pillar),
        template=template.report() if template else None,
        set_aside=selection.set_aside,
        not_read=selection.not_read,
        findings=(*findings, *note_one_model(selection)),
    )


def add_findings(file: CheckedFile, more: Iterable[Finding]) -> CheckedFile:
    """Return a file with further findings."""
    return replace(file, findings=(*file.findings, *more))


def _compare_kinds(files: Sequence[CheckedFile], contract: Contract) -> Iterator[tuple[CheckedFile, Finding]]:
    known = [(file, file.profile) for file in files if file.profile]
    names, profiles = [file.input.name or "" for file, _ in known], [profile for _, profile in known]
    for each in compare_profiles(names, profiles, contract):
        file, _ = known[each.place]
        for found in note_different(file.input, each):
            yield file, found
