"""What a folder of files, or arguments, are selected as."""

import pytest
from support.making import write

from pbl.domain.weights import parse_weights
from pbl.domain.weights import weigh as weigh_values

NUMBERED = {
    "siglip": "submission1.csv",
    "dino": "submission3.csv",
    "mvp": "submission2.csv",
    "dinov2": "submission4.csv",
}


def touch(folder, *names):
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        write(folder / name, {"a": 1.0})
    return folder


def found(selection):
    return {p.name: p.path.name for p in selection.pillars}


def weigh(selection, texts=()):
    return weigh_values(selection, parse_weights(texts, selection))


def weights(selection, *texts):
    chosen, weighing = weigh(selection, texts)
    return dict(zip(chosen.names, weighing.weights, strict=True))


def refusal(kind, call):
    with pytest.raises(kind) as caught:
        call()
    return str(caught.value)
