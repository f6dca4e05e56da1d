"""Check out-of-fold files against the truth: each by its contract, then its ids by the truth's.

The counterpart of `validate` for commands that score. The Pandera schema decides about every cell here too.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from pbl.checks._across_files import compare_ids, first_order
from pbl.checks._one_file import check_file
from pbl.checks.report import compare_numbers
from pbl.domain.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pbl.checks.open_files import CheckedFile, Inputs
    from pbl.domain.contract import Contract
    from pbl.domain.findings import Finding
    from pbl.domain.limits import Limits
    from pbl.engine.duck import Duck

_TRUTH_HINTS = {
    "PBL201": "name the columns in pbl.toml: id and targets under [contract]; for one column of classes, label "
    "under [metric]",
    "PBL502": "write plain decimal numbers; a column of classes is named as label under [metric] in pbl.toml",
}
_NO_ID_HINT = "none of its ids is in the truth: if it predicts the test set, name its out-of-fold predictions instead"
_HINTS = {
    "PBL402": "keep one row an id; average the repeats of a repeated cross-validation before",
    "PBL601": "predict these ids out of fold too, or take the rows that all files have with --common-rows",
}


def check_against_truth(
    duck: Duck,
    inputs: Inputs,
    contract: Contract,
    truth: Contract,
    limits: Limits,
    *,
    common_rows: bool = False,
    max_examples: int | None = 5,
    progress: Progress = Progress(),
) -> tuple[CheckedFile, ...]:
    """Check open files, the truth first; return what is known of each. Sound ones become tables of the database.

    Every file must have exactly the truth's ids; with `common_rows` it may lack some.
    """
    first, *others = inputs.all
    check = partial(check_file, duck, limits=limits, most=max_examples, progress=progress)
    reference = check(first, "truth", truth, like=first_order([]))
    reference = _add_findings(reference, reference.findings, _TRUTH_HINTS)
    files = []
    for place, each in enumerate(others):
        file = check(each, f"p{place}", contract, like=first_order([reference]))
        found = compare_ids(duck, file, reference, max_examples) if file.table and reference.table else []
        foreign = any(each.code == "PBL601" and each.count == reference.rows for each in found)
        if common_rows:
            found = [finding for finding in found if finding.code != "PBL601"]
        hints = {**_HINTS, "PBL601": _NO_ID_HINT, "PBL602": _NO_ID_HINT} if foreign else _HINTS
        files.append(_add_findings(file, (*file.findings, *found), hints))
    return (reference, *compare_numbers(duck, files, contract))


def _add_findings(file: CheckedFile, findings: tuple[Finding, ...], hints: Mapping[str, str]) -> CheckedFile:
    return replace(file, findings=tuple(replace(f, hint=hints.get(f.code, f.hint)) for f in findings))
