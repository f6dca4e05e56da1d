"""What every test can count on."""

import pytest
from hypothesis import settings

# A shared machine pauses at any moment: a slow example says nothing about the code. A failure prints how to replay it.
settings.register_profile("pbl", deadline=None, print_blob=True)
settings.load_profile("pbl")


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Work in an empty folder, where no pbl.toml but the test's own is found."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
