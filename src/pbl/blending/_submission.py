"""Carry out a plan: write the submission into a draft, with the facts for its recipe.

`blend` and `replay` publish the draft; `_align`, `_write` and the checks do the work.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pbl.blending._align import Table, align, align_anyway, load_engines, read_batches
from pbl.blending._ingredients import file_facts, make_ingredient
from pbl.blending._warnings import blend_warnings
from pbl.blending._write import Done, write_batches, write_table
from pbl.blending.members import merge_members
from pbl.blending.method_domain import find_outside
from pbl.checks.open_files import open_files
from pbl.checks.report import compare_numbers, make_report
from pbl.domain.endings import is_parquet
from pbl.domain.errors import EngineError, FindingsError, Unclear
from pbl.domain.findings import finding
from pbl.domain.recipe import FileFacts, Output, Recipe
from pbl.domain.rules import Severity
from pbl.domain.wording import plural
from pbl.engine.duck import open_duck
from pbl.reading.survey import Survey, open_survey
from pbl.reading.targets import is_pointless, is_whole

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from pbl.blending._align import Batches
    from pbl.blending._write import Written
    from pbl.blending.plan import Plan
    from pbl.blending.residuals import Residuals
    from pbl.blending.whole_columns import Completed
    from pbl.checks.open_files import CheckedFile, Inputs
    from pbl.domain.contract import Contract
    from pbl.domain.findings import Finding
    from pbl.domain.limits import Limits
    from pbl.domain.progress import Progress
    from pbl.domain.provenance import Provenance
    from pbl.domain.report import Report
    from pbl.domain.warned import Warned
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
    whole: Completed | None = None
    """The facts about all rows together, for plans that need them."""
    residuals: tuple[Residuals, ...] = ()

    @property
    def warnings(self) -> tuple[Warned, ...]:
        """Return the warnings about the blend that are no finding of a file."""
        return tuple(blend_warnings(self.plan, self.written.summary, self.whole, self.residuals))

    @property
    def below(self) -> Mapping[str, int]:
        """Return for each pillar in how many of the clipped rows it is itself below the lower bound."""
        summary = self.written.summary
        return dict(zip(self.plan.selection.names, summary.below, strict=True)) if summary.clipped else {}

    def recipe(self, folder: Path, *, called: str) -> Recipe:
        """Return the recipe, its paths relative to a folder; `called` is the submission's path."""
        plan, summary = self.plan, self.written.summary
        template = next((file for file in self.files if not file.input.pillar), None)
        pillars = iter([file for file in self.files if file.input.pillar])
        files = [[next(pillars) for _ in each.files] for each in plan.selection.pillars]
        named = zip(plan.selection.pillars, files, plan.weighing.weights, plan.factors, strict=True)
        return Recipe(
            pbl_version=self.provenance.version,
            created_at=f"{self.provenance.now:%Y-%m-%dT%H:%M:%SZ}",
            command=self.provenance.command,
            method=plan.method.written,
            contract=plan.selection.contract,
            raw_weights=plan.raw_weights,
            clip_min=plan.clip.low,
            clip_max=plan.clip.high,
            inputs=tuple(
                make_ingredient(pillar, of_it, folder, weight=weight, share=factor)
                for pillar, of_it, weight, factor in named
            ),
            template=FileFacts(**file_facts(template, folder)) if template else None,
            per_target=plan.weights_by_target,
            constraints=plan.constraints if plan.reconcile else (),
            id_separator=plan.separator if plan.needs_names else None,
            output=Output(
                path=called,
                sha256=self.written.sha256,
                bytes=self.written.size,
                rows=summary.rows,
                clipped=summary.clipped,
                min=summary.lowest,
                mean=float(f"{summary.mean:.12g}"),
                max=summary.highest,
                content_sha256=self.written.content,
            ),
        )


def make_submission(
    plan: Plan, draft: Draft, *, provenance: Provenance, spill: Path, limits: Limits, progress: Progress
) -> Submission:
    """Check the files of a plan, and write their blend into a draft.

    Each value is min(high, max(low, s)). Here s is what the plan's method makes of the pillars' numbers, such as
    (w1/W) t1 + (w2/W) t2 + ..., with W the sum of the weights, in double precision, the terms in pillar order. Rows
    are in the template's order, else the first pillar's. Raises FindingsError if a check finds an error, and what
    `validate` raises.
    """
    with open_files(plan.selection) as inputs:
        load_engines(inputs, limits)
        paths = {**inputs.paths, draft.fd: draft.path}
        with open_duck(paths, limits, size=inputs.size, spill=spill) as duck:
            return _make(
                duck, inputs, plan, draft, provenance=provenance, spill=spill, limits=limits, progress=progress
            )


def _make(
    duck: Duck,
    inputs: Inputs,
    plan: Plan,
    draft: Draft,
    *,
    provenance: Provenance,
    spill: Path,
    limits: Limits,
    progress: Progress,
) -> Submission:
    selection, contract = plan.selection, plan.selection.contract
    try:
        aligned = align(duck, inputs, contract, limits, spill=spill, progress=progress)
        aligned = merge_members(duck, aligned, selection)
        done = _write(duck, aligned, plan, draft, limits=limits, progress=progress)
        files = compare_numbers(duck, done.files, contract)
    except Unclear:
        files = _check(duck, inputs, plan, limits, progress)
        aligned = merge_members(duck, align_anyway(duck, files, contract, limits), selection)
        done = _write(duck, aligned, plan, draft, limits=limits, progress=progress)
    if not (plan.needs_whole or is_parquet(draft.target.name)) and _is_pointless(files, draft, contract):
        known = files if all(file.table for file in files) else _check(duck, inputs, plan, limits, progress)
        again = merge_members(duck, align_anyway(duck, known, contract, limits), selection)
        done = _write(duck, again, plan, draft, limits=limits, progress=progress, pointless=True)
    files = _add_findings(files, [*find_outside(duck, files, plan), *_note_lacking(files, plan, done.whole)])
    report = make_report(files, selection)
    if report.errors():
        raise FindingsError(report)
    written = done.written
    if {written.summary.rows} != {file.rows for file in files}:
        rows = written.summary.rows
        raise EngineError(f"the blend has {rows} rows where {files[0].rows} were due; please report this")
    for file in files:
        file.unchanged(provenance.now)
    return Submission(
        plan=plan,
        provenance=provenance,
        report=report,
        files=files,
        written=written,
        whole=done.whole,
        residuals=done.residuals,
    )


def _check(duck: Duck, inputs: Inputs, plan: Plan, limits: Limits, progress: Progress) -> tuple[CheckedFile, ...]:
    from pbl.checks.validate import check_files  # noqa: PLC0415 - clean files need no closer look

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
    pointless: bool = False,
) -> Done:
    """Write the blend of aligned rows, `pointless` if whole numbers are to stand without a point."""
    contract, formula = plan.selection.contract, plan.formula
    if plan.needs_whole:
        from pbl.blending._write_whole import write_whole  # noqa: PLC0415 - few blends do

        return write_whole(duck, aligned, plan, draft, limits=limits, progress=progress)
    if is_parquet(draft.target.name):
        from pbl.blending._write_parquet import write_parquet_batches  # noqa: PLC0415 - as above

        rows = read_batches(duck, aligned, formula.columns, limits).rows
        written = write_parquet_batches(rows, formula, contract, draft, limits=limits)
        return Done(written=written, files=rows.result)
    if isinstance(aligned, Table) and not aligned.large:
        progress.stage("writing the submission", duck.part)
        written = write_table(duck, formula, contract, draft, progress, table=aligned.name, pointless=pointless)
        return Done(written=written, files=aligned.files)
    rows = read_batches(duck, aligned, formula.columns, limits).rows
    written = write_batches(duck, rows, formula, contract, draft, limits=limits, pointless=pointless)
    return Done(written=written, files=rows.result)


def _note_lacking(files: Sequence[CheckedFile], plan: Plan, whole: Completed | None) -> Iterator[Finding]:
    """Yield the finding of samples that lack a name of the constraints: an error if they are to be reconciled."""
    if not whole or not whole.lacking.count:
        return
    each = files[0].input
    yield finding(
        "PBL601",
        file=str(each.path),
        pillar=each.name,
        message=f"{plural(whole.lacking.count, 'sample')} without a target name that [[constraints]] are about",
        severity=Severity.ERROR if plan.reconcile else Severity.WARNING,
        count=whole.lacking.count,
        examples=tuple(whole.lacking.examples),
    )


def _add_findings(files: Sequence[CheckedFile], found: Sequence[Finding]) -> tuple[CheckedFile, ...]:
    """Return the files, each with its further findings."""

    def about(file: CheckedFile) -> list[Finding]:
        return [each for each in found if (each.file, each.pillar) == (str(file.input.path), file.input.name)]

    return tuple(replace(file, findings=(*file.findings, *about(file))) for file in files)


def _is_pointless(files: Sequence[CheckedFile], draft: Draft, contract: Contract) -> bool:
    """Say whether all files and the template are written without a point, and the blend in the draft is whole."""
    ranges = [each for file in files if file.profile for each in file.profile.ranges]
    if not all(each.low.is_integer() and each.high.is_integer() for each in ranges):
        return False
    if not all(isinstance(file.survey, Survey) and is_pointless(file.survey) for file in files):  # doubles have none
        return False
    with open_survey(draft.path, contract) as written:
        return is_whole(written)
