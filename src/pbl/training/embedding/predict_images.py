"""Predict from images, embedded by the same network and settings as those that the pillar was fitted on.

The function behind `pbl predict` on a folder of images.
"""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from pbl.domain.errors import InputError, UsageError
from pbl.domain.progress import Progress
from pbl.training._table import Table, data_error, make_finding
from pbl.training.embedding.embed import BATCH, How, embed_images, relative_distance
from pbl.training.embedding.model_folder import read_model_folder
from pbl.training.embedding.network import Dtype
from pbl.training.embedding.views import Flips, Settings
from pbl.training.features_files import SAMPLE, pick_features
from pbl.training.fitted_file import fitted_error
from pbl.training.predict import predict_cells
from pbl.training.template import read_template

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pbl.training.embedding.network import Device
    from pbl.training.fitted import Fitted

PROBE_TOLERANCE = 0.01
"""How far the vector of pbl's test image may be from the recorded one, as a part of its length."""


def predict_images(
    fitted: Fitted,
    path: Path,
    images: Path,
    model: Path | None,
    *,
    template: Path | None = None,
    batch: int = BATCH,
    device: Device = "auto",
    progress: Progress = Progress(),
) -> tuple[bytes, int, tuple[str, ...]]:
    """Return what `predict` returns, of the images below a folder.

    `path` is the fitted pillar's. Raises besides FindingsError for another model than the one fitted on (PBL806), for
    one that gives pbl's test image another vector here (PBL813), and for images that can't be taken.
    """
    embedded, column = _read_note(fitted, path)
    settings = _settings(embedded["settings"], path)
    if model is None:
        raise UsageError(f"name the {embedded.get('model_type') or 'model'}'s folder with --model: {images} has images")
    read = read_model_folder(model)
    if read.sha256 != settings.model_sha256:
        said = f"another model than {path.name} was fitted on: sha256 {read.sha256}, fitted on {settings.model_sha256}"
        raise data_error([model], [make_finding(model, "PBL806", said)])
    cells = None if template is None else read_template(template, fitted)

    def check(note: Mapping[str, Any]) -> None:
        apart = relative_distance(_probe(embedded, path), note["probe"])
        if not apart <= PROBE_TOLERANCE:
            said = f"the model gives pbl's test image a vector {apart:.2%} away from the one it was fitted with"
            said = f"{said}; at most {PROBE_TOLERANCE:.0%} is taken"
            raise data_error([model], [make_finding(model, "PBL813", said)])

    how = How(
        tile=settings.tile,
        overlap=settings.overlap,
        flips=settings.flips,
        dtype=settings.dtype,
        batch=batch,
        device=device,
    )
    found = embed_images(images, read, how, check=check, progress=progress)
    table = Table(
        path=images,
        first_row=1,
        names={SAMPLE: found.samples},
        texts=(SAMPLE,),
        numbers={column: found.values.astype(np.float64)},
        embedded={name: found.note[name] for name in ("settings", "probe", "model_type")},
    )
    features = pick_features([table], wanted=None if cells is None else cells.samples)
    return predict_cells(fitted, path, features, [images], cells)


def _read_note(fitted: Fitted, path: Path) -> tuple[Mapping[str, Any], str]:
    """Return what `embed` noted of the features fitted on, and their column's name."""
    source = fitted.sources[0]
    if len(fitted.sources) != 1 or source.embedded is None or len(source.columns) != 1:
        raise InputError(f"{path}: was not fitted on one file of pbl embed alone; predict from files of features")
    return source.embedded, source.columns[0].name


def _settings(table: Mapping[str, Any], path: Path) -> Settings:
    """Return the settings that a fitted pillar has; raise FindingsError for such as `embed` can't have written."""
    names = {each.name for each in fields(Settings)}
    tile, overlap = table.get("tile"), table.get("overlap")
    sound = (
        table.keys() == names
        and isinstance(table["model_sha256"], str)
        and (tile is None or (type(tile) is int and tile > 0))
        and type(overlap) is int
        and 0 <= overlap < (tile or 1)
        and table["flips"] in get_args(Flips)
        and table["dtype"] in get_args(Dtype)
    )
    if not sound:
        raise fitted_error(path, "has settings of pbl embed that this pbl doesn't know")
    return Settings(**table)


def _probe(embedded: Mapping[str, Any], path: Path) -> list[float]:
    probe = embedded.get("probe")
    if not isinstance(probe, list) or not all(isinstance(each, int | float) for each in probe):
        raise fitted_error(path, "lacks the vector of the test image")
    return probe
