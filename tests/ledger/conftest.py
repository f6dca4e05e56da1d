import shutil

import pytest
from support.ledger import CASES


@pytest.fixture
def wild(tmp_path):
    """Give a folder whose run_logs were found in the wild, with two runs of pbl's own."""
    shutil.copytree(CASES / "wild", tmp_path / "run_logs")
    return tmp_path
