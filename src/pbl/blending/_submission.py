"""A plan carried out: the submission in a draft, with all that its recipe says."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pbl.blending._align import Batches, Table, align, align_anyway
from pbl.blending._write import write_batches, write_table
from pbl.checks.open_files import open_files
from pbl.checks.validate import check_files, compare_numbers, make_report
from pbl.domain.errors import EngineError, FindingsError, Unclear
from pbl.domain.recipe import FileFacts, Ingredient, Output, Recipe
from pbl.engine.duck import open_duck
from pbl.reading.survey import open_survey
from pbl.reading.targets import is_pointless, is_whole

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pbl.blending._write import Written
    from pbl.blending.plan import Plan
    from pbl.checks.open_files import CheckedFile, Inputs
    from pbl.domain.contract import Contract
    from pbl.domain.limits import Limits
    from pbl.domain.progress import Progress
    from pbl.domain.provenance import Provenance
    from pbl.domain.report import Report
    from pbl.engine.duck import Duck
    from pbl.storage.commit import Draft


@dataclass(frozen=True, kw_only=True)
class Submission:
    """A submission that a draft holds."""

    plan: Plan
    provenance: Provenance
    report: Report
    files: tuple[CheckedFile, ...]
    written: Written

    @property
    def below(self) -> Mapping[str, int]:
        """Return for each pillar in how many of the clipped rows it is itself below the lower bound."""
        summary = self.written.summary
        return dict(zip(self.plan.selection.names, summary.below, strict=True)) if summary.clipped else {}

    def recipe(self, folder: Path, *, called: str) -> Recipe:
        """Return the recipe, its paths relative to a folder; `called` is the submission's own."""
        plan, summary = self.plan, self.written.summary
        template = next((file for file in self.files if not file.input.pillar), None)
        pillars = [file for file in self.files if file.input.pillar]
        named = zip(pillars, plan.selection.names, plan.weighing.weights, plan.factors, strict=True)
        return Recipe(
            pbl_version=self.provenance.version,
            created_at=f"{self.provenance.now:%Y-%m-%dT%H:%M:%SZ}",
            command=self.provenance.command,
            contract=plan.selection.contract,
            raw_weights=plan.raw_weights,
            clip_min=plan.clip.low,
            clip_max=plan.clip.high,
            inputs=tuple(
                Ingredient(**_facts(file, folder), name=name, weight=weight, share=factor)
                for file, name, weight, factor in named
            ),
            template=FileFacts(**_facts(template, folder)) if template else None,
            output=Output(
                path=called,
                sha256=self.written.sha256,
                bytes=self.written.size,
                rows=summary.rows,
                clipped=summary.clipped,
                min=summary.lowest,
                mean=float(f"{summary.mean:.12g}"),
                max=summary.highest,
            ),
        )


def make_submission(
    plan: Plan, draft: Draft, *, provenance: Provenance, spill: Path, limits: Limits, progress: Progress
) -> Submission:
    """Check the files of a plan, and write their blend into a draft.

    Each value is min(high, max(low, (w1/W) t1 + (w2/W) t2 + ...)), W the sum of the weights, in double precision, the
    terms added in pillar order. Rows come in the template's order, else the first pillar's. Raises FindingsError if a
    check finds an error, and what `validate` raises.
    """
    selection, contract = plan.selection, plan.selection.contract
    with (
        open_files(selection) as inputs,
        open_duck({**inputs.paths, draft.fd: draft.path}, limits, size=inputs.size, spill=spill) as duck,
    ):
        try:
            aligned = align(duck, inputs, contract, limits, spill=spill, progress=progress)
            written, files = _write(duck, aligned, plan, draft, limits=limits, progress=progress)
            files = compare_numbers(duck, files, contract)
        except Unclear:
            files = _check(duck, inputs, plan, limits, progress)
            aligned = align_anyway(duck, files, contract, limits)
            written, _ = _write(duck, aligned, plan, draft, limits=limits, progress=progress)
        if _is_pointless(files, draft, contract):
            known = files if all(file.table for file in files) else _check(duck, inputs, plan, limits, progress)
            again = align_anyway(duck, known, contract, limits)
            written, _ = _write(duck, again, plan, draft, limits=limits, progress=progress, whole=True)
        if {written.summary.rows} != {file.rows for file in files}:
            rows = written.summary.rows
            raise EngineError(f"the blend has {rows} rows where {files[0].rows} were due; please report this")
        for file in files:
            file.unchanged(provenance.now)
    report = make_report(files, selection)
    return Submission(plan=plan, provenance=provenance, report=report, files=files, written=written)


def _check(duck: Duck, inputs: Inputs, plan: Plan, limits: Limits, progress: Progress) -> tuple[CheckedFile, ...]:
    files = check_files(duck, inputs, plan.selection.contract, limits, progress=progress)
    report = make_report(files, plan.selection)
    if report.errors():
        raise FindingsError(report)
    return files


def _write(
    duck: Duck,
    aligned: Table | Batches,
    plan: Plan,
    draft: Draft,
    *,
    limits: Limits,
    progress: Progress,
    whole: bool = False,
) -> tuple[Written, tuple[CheckedFile, ...]]:
    contract = plan.selection.contract
    match aligned:
        case Table(files=files):
            progress.stage("writing the submission", duck.part)
            return write_table(duck, plan.formula, contract, draft, progress, whole=whole), files
        case Batches(rows=rows):
            return write_batches(duck, rows, plan.formula, contract, draft, limits=limits, whole=whole), rows.result


def _is_pointless(files: Sequence[CheckedFile], draft: Draft, contract: Contract) -> bool:
    """Say whether all files, the template too, are written without a point, and the blend in the draft is whole."""
    ranges = [each for file in files if file.profile for each in file.profile.ranges]
    if not all(each.low.is_integer() and each.high.is_integer() for each in ranges):
        return False
    if not all(file.survey and is_pointless(file.survey) for file in files):
        return False
    with open_survey(draft.path, contract) as written:
        return is_whole(written)


def _facts(file: CheckedFile, folder: Path) -> dict[str, Any]:
    scan = file.survey.scan if file.survey else None
    return {
        "path": Path(os.path.relpath(file.input.path, folder)).as_posix(),
        "sha256": scan and scan.sha256,
        "bytes": scan and scan.size,
        "rows": file.rows,
    }
