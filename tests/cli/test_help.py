"""Help and completion, as a terminal of 80 columns shows them."""

import re

import pytest
from support.making import command, process

from pbl.cli.formats import ListFormat, OutcomeFormat, TableFormat
from pbl.cli.show.report import ReportFormat
from pbl.domain.method import Method

ALL = (
    *("", "validate", "blend", "score", "tune", "compare", "init", "log-run", "pack", "notebook"),
    *("runs", "runs show", "runs diff", "runs score"),
)
TABLE = "Models of the default weights table:"


def complete(words, here=None):
    env = {"_PBL_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split(" ")) - 1)}
    return process(env=env, folder=here).out.split()


@pytest.mark.parametrize("name", ALL)
def test_no_help_shows_what_only_python_would_write(name):
    out = command(*name.split(), "--help").out
    assert not re.search(r"\[\[|\{|<(?!pillar>)|list\[", out)


@pytest.mark.parametrize("name", [*ALL[1:], "fit", "predict", "embed", "report", "runs best", "runs import-scores"])
def test_an_example_is_one_line_of_80_columns(name):
    _, _, examples = command(*name.split(), "--help").out.partition("Examples:\n")
    lines = [line for line in examples.splitlines() if line.strip()]
    assert lines
    assert all(re.match(r" +(pbl|kaggle) ", line) and len(line) <= 80 for line in lines), examples


@pytest.mark.parametrize(
    ("name", "usage"),
    [
        ("validate", "validate [OPTIONS] [PATH...]"),
        ("init", "init [OPTIONS] [FOLDER]"),
        ("runs show", "runs show [OPTIONS] ID"),
        ("runs diff", "runs diff [OPTIONS] A B"),
    ],
)
def test_a_usage_line_has_brackets_around_what_may_be_left_out(name, usage):
    assert f"Usage: pbl {usage}\n" in command(*name.split(), "--help").out


@pytest.mark.parametrize("name", ["validate", "blend", "pack"])
def test_the_four_flags_come_last_under_a_heading_of_their_own(name):
    before, heading, after = command(name, "--help").out.partition(TABLE)
    assert heading
    for flag in ("--siglip", "--dino", "--mvp", "--dinov2"):
        assert not re.search(rf"^  {flag} ", before, re.MULTILINE)
        assert re.search(rf"^  {flag} ", after, re.MULTILINE)


@pytest.mark.parametrize(
    ("words", "choices"),
    [
        ("pbl validate --format ", ReportFormat),
        ("pbl blend --format ", OutcomeFormat),
        ("pbl runs --format ", ListFormat),
        ("pbl blend --method ", Method),
        ("pbl score --format ", TableFormat),
        ("pbl validate --fail-on ", ("error", "warning")),
        ("pbl validate --format j", ("json", "junit")),
    ],
)
def test_shells_complete_choices(words, choices):
    assert complete(words) == [str(each) for each in choices]


def test_shells_complete_the_ids_of_logged_runs(here):
    for n in range(2):
        command("log-run", "--label", f"l{n}", "--pillar", "a", "--model", "m", "--cv", str(n))
    [(first, second)] = [re.findall(r"\b20\d{6}-\w{8}\b", command("runs", "--columns", "id").out)]
    assert set(complete("pbl runs show ", here)) == {first, second}
    assert complete(f"pbl runs show {first[:-1]}", here) == [first]
    assert complete("pbl runs show nothing", here) == []
