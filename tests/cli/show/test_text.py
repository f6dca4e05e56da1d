import os
import pty
import re

import pytest
from support.making import command, ids, process, write
from support.reports import VALIDATE, write_mixed_files

pytestmark = pytest.mark.usefixtures("here")


def test_it_groups_by_file_and_says_what_to_do(here):
    write_mixed_files(here)
    out = command(*VALIDATE).out
    assert re.search(r"^a +a\.csv +10 rows: 1 error\n  error PBL503 nan in target: ", out, re.MULTILINE)
    assert f"row 2  {ids(10)[0]}  'nan'" in out
    assert "-> find out why" in out
    assert "template  t.csv  10 rows: ok" in out
    assert out.endswith("1 error, 1 warning in 2 of 3 files (1 info)\n")


def test_what_was_set_aside_is_said(here):
    write(here / "p" / "a.csv", {"x": 1.0})
    write(here / "p" / "train.csv", {"x": 1.0})
    assert "set aside: train.csv" in command("validate", "p").out


@pytest.mark.parametrize("words", [["--ignore", "nan"], ["--select", "PBL1"], ["--ignore", "PBL5", "--ignore", "PBL6"]])
def test_a_file_whose_errors_are_not_shown_is_not_called_ok(here, words):
    write_mixed_files(here)
    done = command(*VALIDATE, *words)
    assert "a         a.csv  10 rows: not shown: 1 error\n" in done.out
    assert done.out.splitlines()[-1].startswith("otherwise ok: 3 files")
    assert done.code == 0


def test_infos_that_are_not_shown_are_not_missed(here):
    write_mixed_files(here)
    assert "not shown" not in command(*VALIDATE, "--ignore", "row-order-differs").out


def test_a_raw_cell_is_shown_once_escaped(here):
    (here / "a.csv").write_bytes(b"sample_id,target\na\xe9,0.1\nb,\\x\n")
    out = command("validate", "a.csv").out
    assert "\\\\" not in out
    assert "\\xe9" in out


class TestOnATerminal:
    def show(self, here, *words, code, **env):
        """Run pbl with a terminal for stdout and return what it showed."""
        write(here / "bad.csv", [("x", "nan")])
        write(here / "dull.csv", {"x": 0.5, "y": 0.5})
        write(here / "good.csv", {"x": 1.0, "y": 2.0})
        master, slave = pty.openpty()
        done = process(*words, folder=here, env={"NO_COLOR": "", "TERM": "xterm", **env}, stdout=slave)
        os.close(slave)
        with os.fdopen(master, "rb", buffering=0) as terminal:
            shown = terminal.read(10_000)
        assert done.code == code
        return shown

    def test_errors_are_red_warnings_yellow_and_what_is_fine_green(self, here):
        assert b"\x1b[31merror\x1b[0m PBL503" in self.show(here, "validate", "bad.csv", code=1)
        shown = self.show(here, "validate", "dull.csv", "good.csv", code=0)
        assert b"\x1b[33mwarning\x1b[0m PBL551" in shown
        assert b"good.csv  2 rows: \x1b[32mok\x1b[0m" in shown
        assert b"\x1b[33m1 warning\x1b[0m" in shown

    @pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
    def test_and_not_where_that_is_not_wanted(self, here, env):
        assert b"\x1b" not in self.show(here, "validate", "bad.csv", code=1, **env)

    def test_and_never_in_a_pipe(self, here):
        write(here / "bad.csv", [("x", "nan")])
        done = process("validate", "bad.csv", folder=here, env={"TERM": "xterm", "FORCE_COLOR": "1"})
        assert b"\x1b" not in done.data
        assert "\x1b" not in done.talk
