"""Out-of-fold files and a truth to score and tune with, and what the commands say of them as JSON."""

import json
import random
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import pytest
from support.making import command, shuffled, write

needs_pandas = pytest.mark.skipif(find_spec("pandas") is None, reason="a metric file is handed pandas frames")


@dataclass
class Oofs:
    """A truth and out-of-fold predictions, id -> number; `write` makes files of them."""

    folder: Path
    truth: dict
    pillars: dict
    columns: dict = field(default_factory=dict)
    """Further columns of the truth: name -> function of an id."""

    def write(self, *, seed=0, fold=None):
        header = ("sample_id", *self.columns, "target")
        rows = [(key, *(str(make(key)) for make in self.columns.values()), y) for key, y in self.truth.items()]
        write(self.folder / "train.csv", shuffled(rows, seed), header)
        for place, (name, guesses) in enumerate(self.pillars.items()):
            rows = [(key, y) if fold is None else (key, fold(key), y) for key, y in guesses.items()]
            header = ("sample_id", "target") if fold is None else ("sample_id", "fold", "target")
            write(self.folder / f"oof_{name}.csv", shuffled(rows, seed + place + 1), header)
        return self

    @property
    def train(self):
        return self.folder / "train.csv"

    def ask(self, what, *words):
        """Return the JSON of a command on the folder; it must end well."""
        done = command(what, self.folder, "--truth", self.train, "--format", "json", *words)
        assert done.code == 0, done.talk + done.out
        return json.loads(done.out)


def oofs(folder, *, samples=60, spreads=(0.4, 0.7, 1.0), names=("siglip", "dino", "mvp", "dinov2"), seed=0):
    """Make a truth with noise nobody can predict, and pillars that see what is hidden with errors of their own."""
    chance = random.Random(seed)  # noqa: S311 - the same numbers each time
    hidden = {f"i{n:03d}": chance.gauss(0, 1) for n in range(samples)}
    truth = {key: value + chance.gauss(0, 0.5) for key, value in hidden.items()}
    pillars = {
        name: {key: value + chance.gauss(0, spread) for key, value in hidden.items()}
        for name, spread in zip(names, spreads, strict=False)
    }
    return Oofs(folder=Path(folder), truth=truth, pillars=pillars)
