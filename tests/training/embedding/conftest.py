"""These tests need torch, transformers and Pillow: `make test-embed` has them, other lanes step aside."""

import importlib.util

import pytest

MISSING = [name for name in ("torch", "transformers", "PIL") if importlib.util.find_spec(name) is None]
collect_ignore_glob = ["test_*.py"] if MISSING else []

if not MISSING:
    from support.networks import KINDS, make_network, pictures

    @pytest.fixture(scope="session")
    def networks(tmp_path_factory):
        """Give a folder of tiny networks, one of each kind."""
        folder = tmp_path_factory.mktemp("networks")
        for kind in KINDS:
            make_network(folder / kind, kind)
        return folder

    @pytest.fixture
    def images(here):
        """Give a folder of six pictures."""
        pictures(here / "images")
        return here / "images"
