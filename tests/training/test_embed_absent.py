"""Without its extra `embed` is one line that names it, and no other command knows of torch."""

import importlib.util

import pytest
from support.making import process

missing = [name for name in ("torch", "transformers", "PIL") if importlib.util.find_spec(name) is None]


@pytest.mark.skipif(not missing, reason="torch, transformers and Pillow are here")
def test_the_extra_is_named(here):
    done = process("embed", "images", "--model", "m", "-o", "f.parquet", folder=here)
    assert done.code == 2
    assert done.talk.startswith("pbl embed: pbl embed needs ")
    assert done.talk.endswith(": pip install 'pillar-blend[embed]'\n")
    assert len(done.talk.splitlines()) == 1
