"""A part of pbl that isn't installed is asked for in one line."""

import pytest

from pbl.domain import extras
from pbl.domain.errors import UsageError
from pbl.domain.extras import require_extra, require_pandas


def test_what_is_installed_is_not_asked_for():
    require_extra("tune", "pbl tune")


def test_a_missing_library_is_named_with_the_extra_that_brings_it(monkeypatch):
    monkeypatch.setattr(extras, "EXTRAS", {"tune": {"there": ("json",), "scikit-learn": ("json", "not_there_at_all")}})
    with pytest.raises(UsageError, match=r"^pbl tune needs scikit-learn: pip install 'pillar-blend\[tune\]'$"):
        require_extra("tune", "pbl tune")


def test_a_library_that_is_hidden_is_missing(monkeypatch):
    def find_spec(_):
        raise ModuleNotFoundError

    monkeypatch.setattr(extras, "find_spec", find_spec)
    with pytest.raises(UsageError, match=r"the metric file m\.py needs pandas: pip install pandas"):
        require_pandas("the metric file m.py")
