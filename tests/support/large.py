"""Files of a few rows that are aligned as large ones are."""

from support.making import FOUR, predictions, write

from pbl.blending import _align_frames
from pbl.checks import validate
from pbl.domain import limits

ROWS = 200
PATHS = [f"p/submission_{name}.csv" for name in FOUR]
BLOCKS = {"small blocks": 512, "one block": 1 << 20}


def small_sizes(block):
    return limits.Sizes(large=1, block=block, preview=block, ids=100, rows=7, cells=400, table_rows=64)


def ways(monkeypatch):
    """Note from now on which ways are taken: frames are aligned, and, where that is unclear, files are checked."""
    taken = []
    for module, function in ((_align_frames, "align_frames"), (validate, "check_files")):
        real = getattr(module, function)
        note = lambda *args, real=real, **kwargs: taken.append(real.__name__) or real(*args, **kwargs)  # noqa: E731
        monkeypatch.setattr(module, function, note)
    return taken


def same(names):
    for at, name in enumerate(FOUR):
        write(f"p/submission_{name}.csv", predictions(names, at))


def little_memory(monkeypatch):
    """Have nothing fit into memory; there are 5 parts then."""
    monkeypatch.setattr(_align_frames, "_BYTES_A_ROW", 1 << 40)
    monkeypatch.setattr(_align_frames, "_PARTS", 5)
