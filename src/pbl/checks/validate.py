"""Check prediction files and report: each by its contract, then all against each other and the template.

The function behind `pbl validate`. The Pandera schema decides about every cell. All files are checked; a fault of one
stops only its own later checks.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from pbl.checks._across_files import compare_ids, first_order
from pbl.checks._ids_together import explain_together
from pbl.checks._one_file import check_file
from pbl.checks.open_files import open_files
from pbl.checks.report import add_findings, compare_numbers, make_report
from pbl.checks.same_ids import find_same_ids
from pbl.domain.limits import Limits
from pbl.domain.progress import Progress
from pbl.engine.duck import open_duck
from pbl.reading.parquet import PartsSurvey

if TYPE_CHECKING:
    from pathlib import Path

    from pbl.checks.open_files import CheckedFile, Inputs
    from pbl.checks.profile import Profile
    from pbl.domain.contract import Contract
    from pbl.domain.pillars import Selection
    from pbl.domain.report import Report
    from pbl.engine.duck import Duck


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
    most = None if max_examples is None else max(max_examples, 1)  # one place shows that there is a finding
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
    """Check open files, and return what is known of each; the sound ones become tables of the database."""
    check = partial(check_file, duck, limits=limits, most=max_examples, progress=progress)
    files: list[CheckedFile] = []
    large = inputs.size_as_csv >= limits.sizes.large
    ids_of = find_same_ids(duck, [each.file for each in inputs.all], contract) if large else range(len(inputs.all))
    for place, each in enumerate(inputs.all):
        like = first_order(files) if len(inputs.all) > 1 else None
        ids = _clean_ids(files[ids_of[place]]) if each.pillar and ids_of[place] < place else None
        files.append(check(each, f"p{place}", contract, like=like, ids=ids))
    progress.stage("comparing the files", duck.part)
    sound = [file for file in files if file.table and file.input.pillar]
    template = next((file for file in files if file.table and not file.input.pillar), None)
    reference = template or next(iter(sound), None)
    more = {id(file): compare_ids(duck, file, reference, max_examples) for file in sound} if reference else {}
    if reference and reference is template:
        more = explain_together(duck, sound, template, more, complete=len(sound) == len(inputs.all) - 1)
    files = [add_findings(file, more.get(id(file), ())) for file in files]
    return compare_numbers(duck, files, contract)


def _clean_ids(file: CheckedFile) -> Profile | None:
    """Return the profile of a Parquet file with clean rows, whose ids are ASCII and differ by more than case."""
    return file.profile if file.clean and isinstance(file.survey, PartsSurvey) and file.survey.ascii else None


def trim(report: Report, max_examples: int) -> Report:
    """Return the report with at most `max_examples` places a finding."""
    findings = tuple(replace(f, examples=f.examples[:max_examples]) for f in report.findings)
    return replace(report, findings=findings)
