"""A report of prediction files: each checked by its contract, then all against each other and the template.

The Pandera schema decides about every cell. All files are checked; a fault of one stops its own later checks only.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pbl.checks._across_files import compare_ids, compare_predictions, note_constants
from pbl.checks._beside_others import compare_profiles
from pbl.checks._ids_together import explain_together
from pbl.checks._once import note_one_model, tell_header_once
from pbl.checks._one_file import check_file
from pbl.checks.open_files import open_files
from pbl.domain.findings import finding
from pbl.domain.limits import Limits
from pbl.domain.progress import Progress
from pbl.domain.report import Report
from pbl.engine.duck import open_duck
from pbl.reading.rows import missing_line_end
from pbl.reading.survey import Survey

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from pbl.checks.open_files import CheckedFile, Input, Inputs
    from pbl.domain.contract import Contract
    from pbl.domain.findings import Finding
    from pbl.domain.pillars import Selection
    from pbl.engine.duck import Duck
    from pbl.reading.sources import Surveyed


def validate(
    selection: Selection,
    *,
    spill: Path,
    limits: Limits = Limits(),
    max_examples: int | None = 5,
    progress: Progress = Progress(),
) -> Report:
    """Check the selected files and return all that was found, at most `max_examples` places a finding (None: all).

    Raises InputError for a file that isn't there, ContractError for a pattern no engine reads, ChangedError for a file
    that changes meanwhile and EngineError where memory or disk run out.
    """
    most = None if max_examples is None else max(max_examples, 1)  # what is found at all is told by its first place
    with open_files(selection) as inputs, open_duck(inputs.paths, limits, size=inputs.size, spill=spill) as duck:
        files = check_files(duck, inputs, selection.contract, limits, max_examples=most, progress=progress)
        for file in files:
            file.unchanged()
        report = make_report(files, selection)
    return report if max_examples is None else trim(report, max(max_examples, 0))


def check_files(
    duck: Duck,
    inputs: Inputs,
    contract: Contract,
    limits: Limits,
    *,
    max_examples: int | None = 5,
    progress: Progress = Progress(),
) -> tuple[CheckedFile, ...]:
    """Check open files, and return what is known of each; the database knows those that are sound as tables."""
    files = []
    for place, each in enumerate(inputs.all):
        files.append(check_file(duck, each, f"p{place}", contract, limits=limits, most=max_examples, progress=progress))
    progress.stage("comparing the files", duck.part)
    sound = [file for file in files if file.table and file.input.pillar]
    template = next((file for file in files if file.table and not file.input.pillar), None)
    reference = template or next(iter(sound), None)
    more = {id(file): compare_ids(duck, file, reference, max_examples) for file in sound} if reference else {}
    if reference and reference is template:
        more = explain_together(duck, sound, template, more, complete=len(sound) == len(inputs.all) - 1)
    files = [_noting(file, more.get(id(file), ())) for file in files]
    return compare_numbers(duck, files, contract)


def compare_numbers(duck: Duck, files: Sequence[CheckedFile], contract: Contract) -> tuple[CheckedFile, ...]:
    """Return the files with warnings of predictions that are constant, another file's, or of another scale."""
    clean = [file for file in files if file.clean and file.input.pillar]
    found = {id(file): list(note_constants(file, contract)) for file in clean}
    for file, each in (*compare_predictions(duck, clean, contract), *compare_profiles(clean, contract)):
        found[id(file)].append(each)
    return tuple(_noting(file, found.get(id(file), ())) for file in files)


def clean_findings(each: Input, survey: Surveyed, reference: Input, *, in_order: bool) -> tuple[Finding, ...]:
    """Return what there is to say of a file whose every cell is clean and whose ids are the reference's."""
    found = [*survey.findings, *(missing_line_end(survey) if isinstance(survey, Survey) else ())]
    if not in_order:
        order = f"the rows stand in another order than in {reference.called}"
        found.append(finding("PBL604", file=str(each.path), pillar=each.name, message=order))
    return tuple(found)


def make_report(files: Sequence[CheckedFile], selection: Selection) -> Report:
    """Return the report of checked files."""
    files = tell_header_once(files, selection)
    template = next((file for file in files if not file.input.pillar), None)
    findings = [f for file in files for f in sorted(file.findings, key=lambda f: (f.code, f.column or ""))]
    return Report(
        files=tuple(file.report() for file in files if file.input.pillar),
        template=template.report() if template else None,
        set_aside=selection.set_aside,
        not_read=selection.not_read,
        findings=(*findings, *note_one_model(selection)),
    )


def trim(report: Report, max_examples: int) -> Report:
    """Return the report with at most `max_examples` places a finding."""
    findings = tuple(replace(f, examples=f.examples[:max_examples]) for f in report.findings)
    return replace(report, findings=findings)


def _noting(file: CheckedFile, more: Iterable[Finding]) -> CheckedFile:
    return replace(file, findings=(*file.findings, *more))
