"""Write a fitted pillar into one file, and read one back without trusting it.

Between `fit` and `predict`: arrays and `meta`, their description as JSON, in the one form of `_npz`. Nothing in a file
is run; a file that `encode` would not write is refused.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import asdict
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from pbl.storage.files import read_bytes
from pbl.training._maps import KINDS, LINKS
from pbl.training._npz import pack, unpack
from pbl.training._table import data_error, make_finding
from pbl.training.errors import FittedError
from pbl.training.features import Column, Source
from pbl.training.fitted import TASKS, Fitted, Form, Learner, Scaling

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from pbl.domain.errors import FindingsError

    Array = NDArray[np.generic]

SCHEMA_VERSION = 1
LARGEST = 256 << 20
"""Bytes of a fitted pillar's file."""
_LONGEST_META = 16 << 20
_MOST_TARGETS = 10_000
_NAME = re.compile(r"[a-z][a-z_]{0,31}")
_SUM = 1e-9


def encode(fitted: Fitted) -> bytes:
    """Return the bytes of a fitted pillar's file; raise ValueError for more than are read back, 256 MiB."""
    arrays: dict[str, Array] = {"x_mean": fitted.scaling.mean, "x_factor": fitted.scaling.factor}
    for each in fitted.learners:
        arrays |= {f"{each.name}_{name}": array for name, array in each.map.arrays().items()}
    data = pack(arrays | {"meta": np.frombuffer(_describe(fitted, arrays), dtype=np.uint8)})
    if len(data) > LARGEST:
        raise ValueError(f"a fitted pillar of {len(data):,} bytes")
    return data


def decode(data: bytes) -> Fitted:
    """Return the fitted pillar of a file's bytes; raise FittedError for whatever isn't one."""
    arrays = unpack(data)
    meta = arrays.pop("meta", None)
    if meta is None or meta.dtype != np.uint8 or meta.ndim != 1 or meta.size > _LONGEST_META:
        raise FittedError("has no description of a fitted pillar")
    text = meta.tobytes()
    try:
        found = _build(json.loads(text, parse_constant=_refuse), arrays)
        same = _describe(found, arrays) == text
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError) as error:
        raise FittedError("has a description that isn't one of a fitted pillar") from error
    if not same:
        raise FittedError("is damaged: its arrays aren't those that its description speaks of")
    _check(found, arrays)
    return found


def read_fitted(path: Path) -> Fitted:
    """Return the fitted pillar of a file; raise InputError where there is no such file, FindingsError for any other."""
    data = read_bytes(path)
    try:
        return decode(data)
    except FittedError as reason:
        raise fitted_error(path, str(reason)) from reason


def fitted_error(path: Path, why: str) -> FindingsError:
    """Return the error that a file is no fitted pillar to predict with (PBL821)."""
    return data_error([path], [make_finding(path, "PBL821", why)])


def _describe(fitted: Fitted, arrays: Mapping[str, Array]) -> bytes:
    """Return the description, one text for one meaning."""
    meta = {
        "schema_version": SCHEMA_VERSION,
        "kind": "fitted",
        "pillar": fitted.pillar,
        "task": fitted.task,
        "form": asdict(fitted.form),
        "targets": fitted.targets,
        "features": [
            {"columns": [asdict(column) for column in source.columns], "embedded": source.embedded}
            for source in fitted.sources
        ],
        "learners": [
            {"name": each.name, "weight": each.weight, "kind": each.map.kind, "link": each.map.link}
            for each in fitted.learners
        ],
        "versions": dict(fitted.versions),
        "beside": dict(fitted.beside),
        "arrays": {name: sha256(np.ascontiguousarray(array).data).hexdigest() for name, array in arrays.items()},
    }
    return json.dumps(meta, allow_nan=False, separators=(",", ":"), sort_keys=True).encode()


def _build(meta: Any, arrays: Mapping[str, Array]) -> Fitted:  # noqa: ANN401 - JSON of any kind
    """Return what a description says; raises what a description that isn't one leads to."""
    if meta["schema_version"] != SCHEMA_VERSION:
        raise FittedError(f"is of version {meta['schema_version']!r}; this pbl reads version {SCHEMA_VERSION}")
    form = meta["form"]
    return Fitted(
        pillar=_text(meta["pillar"]),
        task=TASKS[TASKS.index(meta["task"])],
        form=Form(
            id=_text(form["id"]),
            columns=tuple(map(_text, form["columns"])),
            separator=None if form["separator"] is None else _text(form["separator"]),
        ),
        targets=tuple(map(_text, meta["targets"])),
        sources=tuple(
            Source(
                columns=tuple(Column(name=_text(c["name"]), width=_count(c["width"])) for c in each["columns"]),
                embedded=each["embedded"],
            )
            for each in meta["features"]
        ),
        scaling=Scaling(mean=_array(arrays, "x_mean", "<f8"), factor=_array(arrays, "x_factor", "<f8")),
        learners=tuple(_learner(each, arrays) for each in meta["learners"]),
        versions={_text(name): _text(version) for name, version in meta["versions"].items()},
        beside={_text(name): _text(digest) for name, digest in meta["beside"].items()},
    )


def _learner(about: Any, arrays: Mapping[str, Array]) -> Learner:  # noqa: ANN401 - as above
    kind = KINDS[about["kind"]]
    parts: dict[str, Any] = {name: _array(arrays, f"{about['name']}_{name}", d) for name, d in kind.dtypes.items()}
    link = LINKS[LINKS.index(about["link"])]
    return Learner(name=_text(about["name"]), weight=_weight(about["weight"]), map=kind(link=link, **parts))


def _check(fitted: Fitted, arrays: Mapping[str, Array]) -> None:
    """Raise FittedError unless all parts fit each other and all numbers are finite."""
    features, targets = sum(each.width for each in fitted.sources), len(fitted.targets)
    names = ["x_mean", "x_factor", *(f"{e.name}_{part}" for e in fitted.learners for part in e.map.dtypes)]
    if sorted(names) != sorted(arrays) or not all(_NAME.fullmatch(each.name) for each in fitted.learners):
        raise FittedError("has other arrays than its learners need")
    for name, array in arrays.items():
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise FittedError(f"has numbers in {name!r} that aren't finite")
    if fitted.scaling.mean.shape != (features,) or fitted.scaling.factor.shape != (features,):
        raise FittedError(f"has features of another number than the {features:,} that it names")
    distinct = len(set(fitted.targets)) == targets and 1 <= targets <= _MOST_TARGETS
    wide = fitted.form.separator is None
    if not distinct or (set(fitted.form.columns) != set(fitted.targets) if wide else len(fitted.form.columns) != 1):
        raise FittedError("has targets that aren't named, or named twice")
    if abs(math.fsum(each.weight for each in fitted.learners) - 1) > _SUM:
        raise FittedError("has weights that don't sum to 1")
    for each in fitted.learners:
        try:
            each.map.check(features, targets)
        except FittedError as reason:
            raise FittedError(f"has a learner {each.name!r} that {reason}") from reason


def _array(arrays: Mapping[str, Array], name: str, dtype: str) -> Any:  # noqa: ANN401 - of the type that is asked for
    array = arrays[name]
    if array.dtype.str != dtype:
        raise TypeError(name)
    return array


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _count(value: object) -> int:
    if type(value) is not int or value < 1:
        raise TypeError(value)
    return value


def _weight(value: object) -> float:
    if type(value) is not float or not 0 <= value <= 1 + _SUM:
        raise TypeError(value)
    return value


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)
