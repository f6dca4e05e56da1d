import os
import sys

import pytest
from support.making import command, four, process, write

from pbl.cli.show import stderr

pytestmark = pytest.mark.usefixtures("here")


def closed_pipe():
    """Give the end of a pipe that nobody reads any more."""
    reading, writing = os.pipe()
    os.close(reading)
    return writing


def test_a_blend_goes_on_when_nobody_reads_what_it_says(here):
    """As in `pbl blend p 2>&1 | head -1`."""
    four(here / "p", 10)
    pipe = closed_pipe()
    done = process("blend", "p", folder=here, stdout=pipe, stderr=pipe)
    os.close(pipe)
    assert done.code == 0
    assert (here / "submission.csv").exists()
    assert (here / "submission.recipe.json").exists()


def test_findings_keep_their_exit_code_when_nobody_reads_what_is_said(here):
    write("a.csv", [("x", "nan")])
    pipe = closed_pipe()
    assert process("blend", "a.csv", folder=here, stdout=pipe, stderr=pipe).code == 1
    os.close(pipe)


def test_a_full_disk_under_it_stops_nothing(monkeypatch):
    class Full:
        def write(self, _):
            raise OSError(28, "No space left on device")

        def fileno(self):
            raise OSError

    monkeypatch.setattr(sys, "stderr", Full())
    stderr.write("said")


def test_a_command_that_is_heard_says_each_thing_once(here):
    four(here / "p", 10)
    talk = command("blend", "p").talk
    assert talk.count("written  ") == 1
