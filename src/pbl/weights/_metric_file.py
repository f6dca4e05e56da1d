"""Call a Kaggle metric file: `score(solution, submission, row_id_column_name)` on two new pandas frames.

Below `metrics`; pandas is loaded when the first metric file is called.
"""

from __future__ import annotations

import math
import sys
import traceback
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any, Protocol, cast

from pbl.weights._arithmetic import usual_arithmetic
from pbl.weights.errors import MetricFileError, ParticipantVisible

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pbl.weights.sheet import Sheet

    Floats = NDArray[np.float64]
    Integers = NDArray[np.intp]

_MODULE = "pbl_metric_file"
CUT = 280
"""As many characters of its message Kaggle shows."""


class MetricFunction(Protocol):
    """Kaggle's `score`."""

    def __call__(self, solution: Any, submission: Any, row_id_column_name: str, /) -> float: ...  # noqa: ANN401 - pandas frames


def load_metric(source: str, name: str) -> MetricFunction:
    """Return the `score` of a metric file's text; `name` stands in messages. Raises MetricFileError."""
    module = ModuleType(_MODULE)
    module.__file__ = name
    sys.modules[_MODULE] = module  # dataclasses look their module up there
    scope = vars(module)
    try:
        exec(compile(source, name, "exec"), scope)  # noqa: S102 - a metric file is the user's own code
    except (Exception, SystemExit) as error:
        raise MetricFileError(f"{name}: {_place(error, name)}") from error
    function = scope.get("score")
    if not callable(function):
        raise MetricFileError(f"{name}: has no function score(solution, submission, row_id_column_name)")
    return cast("MetricFunction", function)


def call(
    function: MetricFunction,
    sheet: Sheet,
    predictions: Floats,
    rows: Integers,
    *,
    columns: tuple[str, ...] = (),
    copies: Integers | None = None,
) -> float | None:
    """Return the file's score of whole ids, None if it is no finite number.

    `copies` counts how often an id was drawn so far (resamples); its later copies get ids of their own, for a metric
    may join by id.
    """
    import pandas as pd

    at = rows[:: sheet.width] // sheet.width
    ids = [str(each) for each in sheet.ids[at]]
    if copies is not None:
        ids = [_id_of_copy(each, int(count), sheet.separator) for each, count in zip(ids, copies, strict=True)]
    id_name = sheet.id_name
    truth = sheet.truth.reshape(-1, sheet.width)[at]
    given = predictions.reshape(-1, sheet.width)[at]
    solution: dict[str, Any] = {id_name: ids} | {c: truth[:, k].copy() for k, c in enumerate(sheet.columns)}
    submission: dict[str, Any] = {id_name: list(ids)} | {c: given[:, k].copy() for k, c in enumerate(sheet.columns)}
    if sheet.label is not None and sheet.label_name:
        solution[sheet.label_name] = [sheet.columns[k] for k in sheet.label[at]]
    solution |= {c: list(sheet.extra[c][at]) for c in columns}
    try:
        with usual_arithmetic():
            found = float(function(pd.DataFrame(solution), pd.DataFrame(submission), id_name))
    except (Exception, SystemExit) as error:
        if type(error).__name__ == "ParticipantVisibleError":
            raise ParticipantVisible(str(error)[:CUT]) from error
        file = function.__code__.co_filename if isinstance(function, FunctionType) else ""
        raise MetricFileError(f"the metric file failed: {_place(error, file)}") from error
    return found if math.isfinite(found) else None


def _id_of_copy(id_: str, copy: int, separator: str) -> str:
    """Return the id of a later copy; what follows the last separator stays."""
    if not copy:
        return id_
    head, found, tail = id_.rpartition(separator) if separator else ("", "", id_)
    return f"{head}~{copy}{found}{tail}" if found else f"{id_}~{copy}"


def _place(error: BaseException, file: str) -> str:
    """Return the error with the last line of the metric file that it went through."""
    lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == file]
    line = getattr(error, "lineno", None) or (lines[-1] if lines else None)
    said = f"{type(error).__name__}: {error}"
    return said if line is None else f"line {line}: {said}"
