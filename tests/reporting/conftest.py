"""A report wants its libraries, and those of `tune`."""

import pytest
from support.pages import EXAMPLE, make_page

pytest.importorskip("altair")
pytest.importorskip("vl_convert")


@pytest.fixture(scope="session")
def example(tmp_path_factory):
    """Make the example's page once, without logs."""
    folder = tmp_path_factory.mktemp("example")
    (folder / "logs").mkdir()
    return make_page(folder, EXAMPLE, "--truth", EXAMPLE / "train.csv", "--logs", folder / "logs")
