"""What the tests of packing start from."""

import pytest
from support.packing import IDS, furnish


@pytest.fixture
def here(here):
    """Work in a folder that has two pillars in `pillars`."""
    furnish(here / "pillars", IDS)
    return here
