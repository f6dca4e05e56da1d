import re

import pytest
from support.hostile import write_hostile_files
from support.making import command, ids, write
from support.reports import VALIDATE, write_mixed_files

pytestmark = pytest.mark.usefixtures("here")

LINE = re.compile(r"::(error|warning|notice) file=([^,:]+)(?:,line=(\d+))?,title=([^,:]+)::(.+)")


def test_lines_annotate_file_and_row(here):
    write_mixed_files(here)
    done = command(*VALIDATE, "--format", "github")
    assert done.code == 1
    lines = [LINE.fullmatch(line).groups() for line in done.out.splitlines()]
    assert [(level, file, row, title) for level, file, row, title, _ in lines] == [
        ("error", "a.csv", "2", "PBL503 nan"),
        ("error", "a.csv", "3", "PBL503 nan"),
        ("warning", "b.csv", None, "PBL551 constant-target"),
        ("notice", "c.csv", None, "PBL604 row-order-differs"),
    ]
    assert all(ids(10)[n] in lines[n][4] and "'nan'" in lines[n][4] for n in (0, 1))


def test_an_empty_cell_is_called_that_and_nothing_stands_in_brackets_that_is_not_known():
    write("a.csv", [("x", ""), ("", "1"), ("y", "2")])
    out = command("validate", "a.csv", "--format", "github").out
    assert "(x an empty cell)" in out
    assert "( " not in out
    assert "()" not in out


def test_no_file_can_forge_a_line(here):
    done = command("validate", write_hostile_files(here), "--format", "github")
    assert all(LINE.fullmatch(line) for line in done.out.splitlines())
    assert not any(line.startswith(("::set-output", "::error::")) for line in done.out.splitlines())
