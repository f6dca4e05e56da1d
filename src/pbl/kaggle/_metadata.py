"""The two metadata files that Kaggle's client reads.

`pack` writes them; `_replace` asks whether those of an older pack were edited.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pbl.kaggle.names import Label, make_title

if TYPE_CHECKING:
    from collections.abc import Mapping

DATASET_META, NOTEBOOK_META = "dataset-metadata.json", "kernel-metadata.json"


def dump_dataset_metadata(label: Label) -> bytes:
    """Return the bytes of dataset-metadata.json."""
    table = {"title": label.title, "id": str(label.dataset), "licenses": [{"name": label.licence}]}
    return _dump(table if label.subtitle is None else table | {"subtitle": label.subtitle})


def dump_notebook_metadata(label: Label) -> bytes:
    """Return the bytes of kernel-metadata.json: flags are text, as Kaggle's client writes them."""
    return _dump(
        {
            "id": str(label.kernel),
            "title": make_title(label.kernel.slug),
            "code_file": f"{label.kernel.slug}.ipynb",
            "language": "python",
            "kernel_type": "notebook",
            "is_private": "true",
            "enable_gpu": "true" if label.gpu else "false",
            "enable_tpu": "false",
            "enable_internet": "false",
            "dataset_sources": [str(label.dataset)],
            "competition_sources": [label.competition],
            "kernel_sources": [],
            "model_sources": list(label.models),
        }
    )


def is_unedited_dataset_metadata(data: bytes) -> bool:
    """Say whether a dataset-metadata.json is as `pack` writes it."""
    try:
        table = json.loads(data)
        return data == _dump({k: table[k] for k in ("title", "id", "licenses")} | table)
    except (ValueError, KeyError, TypeError, AttributeError):
        return False


def _dump(table: Mapping[str, Any]) -> bytes:
    return (json.dumps(table, indent=2) + "\n").encode("ascii")
