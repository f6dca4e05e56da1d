"""What the flags of `pbl validate` change: what is shown, counted and kept."""

import csv

import pytest
from support.blends import as_json
from support.making import command, ids, predictions, shuffled, tree, write

import pbl
from pbl.checks.failures import write_failures
from pbl.domain.errors import OutputError
from pbl.project.pillar_files import select_pillars

pytestmark = pytest.mark.usefixtures("here")


class TestFlags:
    @pytest.fixture
    def some(self):
        write("t.csv", dict.fromkeys(ids(20), 0))
        rows = [(k, "abc" if n % 2 else "nan") for n, k in enumerate(ids(20))]
        write("a.csv", rows)
        write("b.csv", [(k, "1.5") for k in ids(20)])
        return ("a.csv", "b.csv", "--template", "t.csv")

    def codes(self, *words):
        code, table = as_json(*words)
        return code, [f["code"] for f in table["findings"]]

    def test_select_and_ignore_shape_the_report_and_the_exit_code(self, some):
        assert self.codes(*some) == (1, ["PBL502", "PBL503", "PBL551"])
        assert self.codes(*some, "--select", "PBL503,not-a-number") == (1, ["PBL502", "PBL503"])
        assert self.codes(*some, "--select", "PBL503", "--select", "constant-target") == (1, ["PBL503", "PBL551"])
        assert self.codes(*some, "--select", "PBL55") == (0, ["PBL551"])
        assert self.codes(*some, "--ignore", "PBL50") == (0, ["PBL551"])
        assert self.codes(*some, "--select", "PBL5", "--ignore", "nan") == (1, ["PBL502", "PBL551"])
        assert self.codes(*some, "--ignore", "PBL") == (0, [])

    def test_fail_on_warning_makes_warnings_fail_and_infos_not(self, some):
        assert self.codes(*some, "--ignore", "PBL50", "--fail-on", "warning") == (1, ["PBL551"])
        assert self.codes("b.csv", "--select", "PBL6", "--fail-on", "warning") == (0, [])
        write("c.csv", predictions(shuffled(ids(20), 3), 1))
        assert self.codes("c.csv", "--template", "t.csv", "--fail-on", "warning") == (0, ["PBL604"])

    def test_ignoring_a_finding_does_not_make_blend_take_the_file(self, some):
        assert self.codes(*some, "--ignore", "PBL50")[0] == 0
        assert command("blend", *some).code == 1

    @pytest.mark.parametrize("n", [0, 1, 3, 100])
    def test_max_examples_bounds_what_is_listed_and_not_what_is_counted(self, some, n):
        _, table = as_json(*some, "--max-examples", n)
        for finding in table["findings"][:2]:
            assert finding["count"] == 10
            assert len(finding["examples"]) == min(n, 10)
        write("c.csv", predictions(ids(19), 1))
        code, table = as_json("c.csv", "--template", "t.csv", "--max-examples", n)
        assert (code, [(f["code"], f["count"]) for f in table["findings"]]) == (1, [("PBL601", 1)])
        if n == 1:
            assert "and 9 more" in command("validate", *some, "--max-examples", n).out

    def test_five_examples_are_listed_unless_told_otherwise(self, some):
        assert {len(f["examples"]) for f in as_json(*some)[1]["findings"][:2]} == {5}
        assert len(pbl.validate("a.csv", max_examples=None).findings[0].examples) == 10

    @pytest.mark.parametrize(
        "words",
        [
            ("--select", "E501"),
            ("--ignore", "PBL9"),
            ("--fail-on", "info"),
            ("--max-examples", "-1"),
            ("--max-examples", "many"),
            ("--format", "yaml"),
            ("--threads", "0"),
            ("--memory-limit", "lots"),
            ("--memory-limit", "9" * 400 + "GB"),
            ("--temp-dir", "nowhere"),
            ("--failures", ""),
            ("--template", ""),
            ("--template", "nowhere.csv"),
            ("--unknown",),
        ],
    )
    def test_a_flag_that_means_nothing_is_exit_2_and_nothing_on_stdout(self, some, words):
        done = command("validate", *some[:2], *words)
        assert (done.code, done.out) == (2, "")
        assert done.talk

    def test_nothing_to_check_is_exit_2_and_never_ok(self, here):
        (here / "empty").mkdir()
        for words in ((), ("empty",)):
            done = command("validate", *words)
            assert (done.code, done.out) == (2, "")
            assert "ok" not in done.talk.split()

    @pytest.mark.parametrize("words", [("--threads", "1"), ("--threads", "2"), ("--memory-limit", "200MB")])
    def test_how_much_of_the_machine_is_taken_changes_no_verdict(self, some, words):
        assert as_json(*some, *words) == as_json(*some)


class TestFailures:
    def rows(self, path="bad.csv"):
        with open(path, newline="", encoding="utf-8") as file:  # noqa: PTH123 - as a spreadsheet would read it
            return list(csv.reader(file))

    def test_hold_every_offending_row_whatever_is_listed(self):
        write("a.csv", [(f"id{n}", "x,y"[: 1 + 2 * (n % 2)] if n < 9 else "1.5") for n in range(12)])
        write("a.csv", [(f"id{n}", '"x,""y"' if n < 9 else "1.5") for n in range(12)])
        done = command("validate", "a.csv", "--failures", "bad.csv", "--max-examples", "1")
        assert done.code == 1
        header, *rows = self.rows()
        assert header == ["file", "row", "column", "code", "id", "value"]
        assert rows == [["a.csv", str(n + 2), "target", "PBL502", f"id{n}", 'x,"y'] for n in range(9)]
        assert "and 8 more" in done.out

    def test_are_csv_whatever_the_cells_hold(self, here):
        (here / "a.csv").write_bytes(b'sample_id,target\n"x\ry",a\n"b\rc\r\nd",nan\nb,"\r"\nc,d\0e\n')
        (here / "b.csv").write_bytes(b'sample_id,target\n"x\ry",a\n"b\rc\r\nd",nan\nb,"\r"\n')
        command("validate", "a.csv", "b.csv", "--failures", "bad.csv")
        assert b"\0" not in (here / "bad.csv").read_bytes()
        assert [row[1:] for row in self.rows()[1:]] == [
            ["5", "", "PBL106", "c", r"c,d\x00e"],
            ["4", "target", "PBL501", "b", "\r"],
            ["2", "target", "PBL502", "x\ry", "a"],
            ["3", "target", "PBL503", "b\rc\r\nd", "nan"],
        ]

    def test_are_shaped_by_select_and_ignore(self):
        write("a.csv", [("x", "nan"), ("y", "abc")])
        command("validate", "a.csv", "--failures", "bad.csv", "--ignore", "nan")
        assert [row[3] for row in self.rows()[1:]] == ["PBL502"]

    def test_of_clean_files_are_a_header(self):
        write("a.csv", {"x": 1.0})
        assert command("validate", "a.csv", "--failures", "bad.csv").code == 0
        assert len(self.rows()) == 1

    def test_are_replaced_as_a_whole(self, here):
        write("a.csv", [("x", "nan")])
        (here / "bad.csv").write_text("old\n" * 100)
        command("validate", "a.csv", "--failures", "bad.csv", "--force")
        assert len(self.rows()) == 2
        assert sorted(p.name for p in here.iterdir()) == ["a.csv", "bad.csv"]

    def test_never_replace_an_input(self, here):
        write("a.csv", [("x", "nan")])
        write("t.csv", {"x": 0})
        (here / "link.csv").symlink_to("a.csv")
        (here / "pbl.toml").write_text("")
        before = tree(here)
        for target in ("a.csv", "t.csv", "./a.csv", "link.csv", "pbl.toml"):
            done = command("validate", "a.csv", "--template", "t.csv", "--failures", target)
            assert done.code == 2, target
            assert "is an input" in done.talk
        assert tree(here) == before
        with pytest.raises(OutputError):
            write_failures(pbl.validate("a.csv"), here / "a.csv", select_pillars(["a.csv"]))

    @pytest.mark.parametrize("name", ["bad.parquet", "bad.csv.gz", "bad.XLSX"])
    def test_are_not_written_under_a_name_that_says_another_form(self, here, name):
        write("a.csv", [("x", "nan")])
        done = command("validate", "a.csv", "--failures", name)
        assert (done.code, "failures are written as CSV" in done.talk) == (2, True)
        assert not (here / name).exists()
        folder = command("validate", "a.csv", "--failures", f"{name}/")
        assert (folder.code, f"{name}/ is a folder" in folder.talk) == (2, True)

    def test_that_cannot_be_written_are_exit_2(self, here):
        write("a.csv", [("x", "nan")])
        done = command("validate", "a.csv", "--failures", "-")
        assert (done.code, "writes a file" in done.talk, (here / "-").exists()) == (2, True, False)
        assert command("validate", "a.csv", "--failures", "no/such/folder.csv").code == 2
