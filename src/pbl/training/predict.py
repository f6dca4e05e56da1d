"""Predict with a fitted pillar: features become a submission's bytes, the same that `fit --test` writes.

The function behind `pbl predict` on features, and the last step of `fit`; it needs numpy, and polars for Parquet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pbl.domain.findings import Example
from pbl.domain.wording import plural
from pbl.training._csv_bytes import csv_bytes
from pbl.training._table import SHOWN, data_error, make_finding
from pbl.training.errors import FittedError
from pbl.training.features import differences
from pbl.training.features_files import read_features
from pbl.training.fitted_file import fitted_error
from pbl.training.template import all_cells, read_template

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pbl.training.features import Features
    from pbl.training.fitted import Fitted
    from pbl.training.template import Cells


def predict(
    fitted: Fitted, path: Path, features: Sequence[Path], *, template: Path | None = None, key: str | None = None
) -> tuple[bytes, int, tuple[str, ...]]:
    """Return a submission's bytes, its number of rows, and what the user should know of the features.

    `path` is the fitted pillar's. Rows, order and columns are the template's; without one, all samples by all targets.
    Raises FindingsError for features that are missing (PBL805) or others than those fitted on (PBL806), and for
    predictions that aren't finite (PBL821).
    """
    cells = None if template is None else read_template(template, fitted)
    wanted = None if cells is None else cells.samples
    found = read_features(features, wanted=wanted, key=key, id_name=fitted.form.id)
    return predict_cells(fitted, path, found, features, cells)


def predict_cells(
    fitted: Fitted, path: Path, found: Features, features: Sequence[Path], cells: Cells | None
) -> tuple[bytes, int, tuple[str, ...]]:
    """Return the same for features that were read from the paths `features`, and the cells of a template, if any."""
    _check_same(fitted, found, features)
    cells = cells or all_cells(found.samples, fitted)
    try:
        return submission(fitted, found, cells), len(cells.ids), found.notes
    except FittedError as reason:
        raise fitted_error(path, str(reason)) from reason


def submission(fitted: Fitted, features: Features, cells: Cells) -> bytes:
    """Return the bytes of cells whose samples are the features', in their order; raise FittedError if not finite."""
    if features.samples != cells.samples:
        raise ValueError("features of other samples than the cells', or in another order")
    values = fitted.predict(features.values)[cells.sample[:, None], cells.target]
    rows = ([name, *row] for name, row in zip(cells.ids, values.tolist(), strict=True))
    return csv_bytes((cells.id_name, *cells.columns), rows)


def _check_same(fitted: Fitted, found: Features, paths: Sequence[Path]) -> None:
    """Raise FindingsError where the features aren't those fitted on (PBL806)."""
    different = differences(fitted.sources, found.sources)
    if different:
        said = f"{plural(len(different), 'difference')} from the features fitted on: {'; '.join(different[:SHOWN])}"
        examples = tuple(Example(value=each) for each in different[:SHOWN])
        raise data_error(paths, [make_finding(paths[0], "PBL806", said, count=len(different), examples=examples)])
