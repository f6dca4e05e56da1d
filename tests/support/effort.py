"""How much a run of the tests tries: a sample, or with `PBL_THOROUGH=1` (`make test-thorough`) all that it could."""

import os

import pytest

THOROUGH = os.environ.get("PBL_THOROUGH") == "1"

costly = pytest.mark.skipif(not THOROUGH, reason="make test-thorough has it")
"""Marks a test that takes seconds, and much like which another one runs every time."""
