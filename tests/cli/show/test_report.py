"""What holds in every form of a report."""

import json

import pytest
from support.hostile import HOSTILE, is_harmless, write_hostile_files
from support.making import command, write

from pbl.cli.show.report import ReportFormat

pytestmark = pytest.mark.usefixtures("here")


@pytest.mark.parametrize("form", ReportFormat)
def test_every_form_has_the_code_the_file_and_the_exit_code(form):
    write("a.csv", [("x", "nan")])
    done = command("validate", "a.csv", "--format", form)
    assert done.code == 1
    assert "PBL503" in done.out
    assert "a.csv" in done.out


@pytest.mark.parametrize("form", ReportFormat)
def test_every_form_is_offered_and_named_in_the_help(form):
    assert form in command("validate", "--help").out


@pytest.mark.parametrize("form", ReportFormat)
def test_hostile_text_from_files_never_reaches_the_terminal(here, form):
    done = command("validate", write_hostile_files(here), "--format", form)
    assert done.code == 1
    assert is_harmless(done.out)
    assert is_harmless(done.talk)


def test_hostile_text_is_whole_and_exact_in_json(here):
    table = json.loads(command("validate", write_hostile_files(here), "--format", "json").out)
    raw = HOSTILE.replace("\x00", "").replace("\r", "")
    (found,) = [f for f in table["findings"] if f["code"] == "PBL502" and f["count"] == 3]
    assert found["examples"][1] == {"row": 3, "id": f"{raw}1", "value": raw}
