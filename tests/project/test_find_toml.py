import pytest

from pbl.domain.errors import ContractError
from pbl.domain.settings import MetricSettings, Settings
from pbl.project.find_toml import find_settings

METRIC = '[metric]\nname = "ours"\ngreater_is_better = false\n'


def test_the_pbl_toml_of_the_working_folder_or_above_it_in_the_repository_is_found(tmp_path):
    inner = tmp_path / "repository" / "inner"
    inner.mkdir(parents=True)
    assert find_settings(inner) == Settings()
    (tmp_path / "pbl.toml").write_text("[metric]\n", encoding="utf-8")
    (tmp_path / "repository" / "pbl.toml").write_text(METRIC, encoding="utf-8")
    assert find_settings(inner) == Settings()
    (tmp_path / "repository" / ".git").mkdir()
    assert find_settings(inner).metric == MetricSettings(name="ours", greater_is_better=False)
    (inner / "pbl.toml").write_text('[metric]\nname = "r2"\n', encoding="utf-8")
    assert find_settings(inner).metric == MetricSettings(name="r2")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[metric]\nnames = 'x'\n", "metric.names is not known; did you mean 'name'?"),
        ("[metric]\nname = 1\n", "metric.name must be text, not 1"),
        ("[metric]\nname = ''\n", "metric.name must be text"),
        ("[metric]\ngreater_is_better = 'no'\n", "metric.greater_is_better must be true or false, not 'no'"),
        ("[metric]\ngreater_is_better = 0\n", "must be true or false, not 0"),
        ("metric = 'r2'\n", r"metric must be a table, \[metric\]"),
    ],
)
def test_a_metric_that_is_not_as_it_must_be_is_refused_by_its_key(tmp_path, text, told):
    (tmp_path / "pbl.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ContractError, match=told.replace("?", r"\?")):
        find_settings(tmp_path)
