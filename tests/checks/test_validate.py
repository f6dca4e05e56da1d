import csv
import hashlib
import json

import pytest
from support.making import FOUR, command, four, ids, predictions, reorder, shuffled, tree, write

import pbl
from pbl.checks.failures import write_failures
from pbl.domain.errors import InputError, OutputError, UsageError
from pbl.domain.rules import Severity
from pbl.project.pillar_files import select_pillars

pytestmark = pytest.mark.usefixtures("here")


def told(report):
    """Tell a report's findings in short: code, pillar, count."""
    return [(f.code, f.pillar, f.count) for f in report.findings]


def only(report, code):
    (found,) = [f for f in report.findings if f.code == code]
    return found


def places(found):
    return [(e.row, e.id, e.value) for e in found.examples]


def as_json(*words):
    done = command("validate", *words, "--format", "json")
    return done.code, json.loads(done.out)


def two(first, second, header=("sample_id", "target")):
    write("a.csv", first, header)
    write("b.csv", second, header)
    return pbl.validate("a.csv", "b.csv")


class TestCleanFiles:
    def test_give_no_error_and_the_facts_of_each_file(self, here):
        made = four(here, 40)
        report = pbl.validate(here)
        assert report.ok
        assert {(f.code, f.severity) for f in report.findings} == {("PBL604", Severity.INFO)}
        assert [f.pillar for f in report.files] == list(FOUR)
        for file, path in zip(report.files, made.paths.values(), strict=True):
            assert file.path == str(path)
            assert file.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
            assert (file.rows, file.bytes, file.not_checked) == (40, path.stat().st_size, ())
        assert report.template.path == str(made.template)
        assert report.template.sha256 == hashlib.sha256(made.template.read_bytes()).hexdigest()

    def test_give_exit_code_0_in_every_form(self, here):
        four(here)
        for how in ("table", "json", "github", "junit"):
            assert command("validate", here, "--format", how).code == 0

    def test_are_left_as_they_are_and_nothing_is_written(self, here):
        four(here)
        before = tree(here)
        pbl.validate(here)
        assert tree(here) == before

    def test_of_one_row_have_no_constant_target(self):
        write("a.csv", {"x": 1.0})
        assert told(pbl.validate("a.csv")) == []

    def test_may_quote_cells_end_lines_with_crlf_and_begin_with_a_byte_order_mark(self, here):
        (here / "a.csv").write_bytes(b'\xef\xbb\xbfsample_id,target\r\n"x","1.5"\r\n"y, z",2\r\n')
        (here / "b.csv").write_bytes(b'sample_id,target\n"y, z",3\nx,4\n')
        assert told(pbl.validate("a.csv", "b.csv")) == [("PBL604", "b", 1)]


class TestIdsAgainstTheTemplate:
    @pytest.fixture(autouse=True)
    def _template(self, here):
        write(here / "t.csv", dict.fromkeys(ids(40), 0))

    def check(self, rows, **how):
        write("a.csv", rows)
        return pbl.validate("a.csv", template="t.csv", **how)

    def test_missing_ones_are_counted_and_named_in_the_template_s_order(self):
        keep = {k: float(i) for i, k in enumerate(ids(40)) if i not in {3, 30, 17}}
        found = only(self.check(keep), "PBL601")
        assert (found.severity, found.pillar, found.file, found.count) == (Severity.ERROR, "a", "a.csv", 3)
        assert places(found) == [(None, ids(40)[i], None) for i in (3, 17, 30)]
        assert "t.csv" in found.message

    def test_unknown_ones_are_counted_and_named_with_their_rows(self):
        rows = [(k, "1.5") for k in ids(40)]
        rows[4:4] = [("stranger", "2.5")]
        report = self.check([*rows, ("another", "3.5")])
        assert told(report) == [("PBL602", "a", 2)]
        assert places(only(report, "PBL602")) == [(6, "stranger", None), (43, "another", None)]

    def test_a_swapped_id_is_one_missing_and_one_unknown(self):
        rows = predictions([*ids(40)[:-1], "other"], 1)
        assert told(self.check(rows)) == [("PBL601", "a", 1), ("PBL602", "a", 1)]

    @pytest.mark.parametrize("n", [1, 2, 4])
    def test_a_tenth_or_less_of_them_is_a_placeholder_and_stands_for_the_missing_ones(self, n):
        report = self.check(predictions(ids(40)[5 : 5 + n], 1))
        assert told(report) == [("PBL603", "a", 40 - n)]
        found = only(report, "PBL603")
        assert found.severity is Severity.ERROR
        assert "inside the scored run" in found.hint
        assert "40" in found.message

    @pytest.mark.parametrize(("n", "more"), [(5, []), (3, ["stranger"])])
    def test_more_than_a_tenth_or_an_unknown_one_is_no_placeholder(self, n, more):
        codes = [f.code for f in self.check(predictions([*ids(40)[:n], *more], 1)).findings]
        assert codes == ["PBL601", "PBL602"][: 1 + len(more)]

    def test_another_order_is_told_and_no_harm(self):
        report = self.check(predictions(shuffled(ids(40), 1), 1))
        assert told(report) == [("PBL604", "a", 1)]
        assert report.ok
        assert report.shown(fail_on=Severity.WARNING).ok

    def test_each_pillar_is_compared_with_the_template_and_not_with_the_first(self):
        write("a.csv", predictions(ids(40)[1:], 1))
        write("b.csv", predictions(ids(40), 2))
        assert told(pbl.validate("a.csv", "b.csv", template="t.csv")) == [("PBL601", "a", 1)]

    def test_its_targets_are_never_looked_at(self):
        for cells in ("", "nan", "x", "0"):
            write("t.csv", [(k, cells) for k in ids(40)])
            assert told(self.check(predictions(ids(40), 1))) == []

    def test_its_own_faults_are_findings_without_a_pillar(self):
        write("t.csv", [(k, "0") for k in (*ids(40), ids(40)[0])])
        report = self.check(predictions(ids(40), 1))
        assert ("PBL402", None, 2) in told(report)
        assert only(report, "PBL402").file == "t.csv"

    def test_a_broken_one_leaves_the_pillars_to_be_compared_with_each_other(self, here):
        (here / "t.csv").write_text("sample_id,target\nx,1,2\n")
        write("a.csv", predictions(ids(40), 1))
        write("b.csv", predictions(ids(40)[1:], 2))
        report = pbl.validate("a.csv", "b.csv", template="t.csv")
        assert told(report) == [("PBL302", None, 1), ("PBL601", "b", 1)]
        assert not report.ok

    def test_its_ids_are_held_to_the_pattern_too(self, here):
        (here / "pbl.toml").write_text("[contract]\nid_pattern = 'ID[0-9]+__GDM_g'")
        assert ("PBL403", None, 32) in told(self.check(predictions(ids(40), 1)))


class TestIdsAgainstEachOther:
    def test_the_first_sound_pillar_is_the_measure_and_the_finding_names_both(self, here):
        (here / "z.csv").write_text("sample_id,target\nx,1,2\n")
        write("a.csv", predictions(ids(40), 1))
        write("b.csv", predictions([*ids(40)[1:], "stranger"], 2))
        report = pbl.validate("z.csv", "a.csv", "b.csv")
        assert told(report) == [("PBL302", "z", 1), ("PBL601", "b", 1), ("PBL602", "b", 1)]
        for code in ("PBL601", "PBL602"):
            found = only(report, code)
            assert found.file == "b.csv"
            assert "a (a.csv)" in found.message
        assert places(only(report, "PBL601")) == [(None, ids(40)[0], None)]
        assert places(only(report, "PBL602")) == [(41, "stranger", None)]

    def test_there_is_no_placeholder_without_a_template(self):
        report = two(predictions(ids(40), 1), predictions(ids(40)[:2], 2))
        assert told(report) == [("PBL601", "b", 38)]

    def test_an_empty_id_is_one_finding_and_not_an_unknown_id_besides(self):
        report = two(predictions(ids(5), 1), [(k, "1.5") for k in (*ids(4), "")])
        assert told(report) == [("PBL401", "b", 1), ("PBL601", "b", 1)]

    def test_a_duplicated_id_is_listed_at_every_place(self):
        report = two(predictions(ids(5), 1), [(k, f"{n}.5") for n, k in enumerate((*ids(5), ids(5)[2]))])
        assert told(report) == [("PBL402", "b", 2)]
        assert places(only(report, "PBL402")) == [(4, ids(5)[2], ids(5)[2]), (7, ids(5)[2], ids(5)[2])]


class TestSpelling:
    @pytest.mark.parametrize(
        ("ours", "theirs"),
        [
            *(("1", "001"), ("1", "1.0"), ("17", "17.00"), ("a1", "a01"), ("ID1", "id1")),
            *(("caf\u00e9", "cafe\u0301"), ("a_1", "a-1"), ("a b_1", "a-b 1"), ("d/a.png", "d\\a.png")),
        ],
    )
    def test_an_id_spelt_otherwise_is_one_finding_that_tells_both_ways(self, ours, theirs):
        rest = predictions(ids(5), 1)
        report = two(rest | {ours: 1.5}, rest | {theirs: 2.5})
        assert [f.code for f in report.findings if f.severity is Severity.ERROR] == ["PBL605"]
        found = next(f for f in report.findings if f.severity is Severity.ERROR)
        assert found.count == 1
        assert places(found) == [(7, theirs, theirs)]
        assert f"{theirs!r} here, {ours!r} there" in found.message
        assert "a (a.csv)" in found.message

    def test_white_space_around_an_id_is_one_finding(self):
        report = two({"x": 1.0, "y": 2.0}, {"x": 1.0, "y ": 2.5})
        assert told(report)[0] == ("PBL404", "b", 1)
        assert [c for c, _, _ in told(report) if c in {"PBL602", "PBL605"}] == []

    def test_two_that_could_be_meant_are_missing_and_unknown(self):
        report = two({"1": 1.0, "2": 2.0}, {"01": 1.5, "001": 2.5})
        assert told(report) == [("PBL601", "b", 2), ("PBL602", "b", 2)]

    def test_ids_of_one_file_that_differ_by_case_alone_are_a_warning_that_stops_nothing(self):
        report = two({"x": 1.0, "X": 2.0}, {"X": 1.5, "x": 2.5})
        assert report.ok
        assert {(f.code, f.severity) for f in report.findings} == {
            ("PBL605", Severity.WARNING),
            ("PBL604", Severity.INFO),
        }


class TestPredictionsAgainstEachOther:
    @pytest.mark.parametrize("seed", [None, 1])
    def test_a_copied_file_is_a_warning_in_whatever_row_order(self, here, seed):
        rows = predictions(ids(40), 1)
        write("b.csv", rows)
        if seed:
            reorder(here / "b.csv", seed)
        write("a.csv", rows)
        report = pbl.validate("a.csv", "b.csv")
        found = only(report, "PBL606")
        assert (found.severity, found.pillar, found.count) == (Severity.WARNING, "b", 40)
        assert "a (a.csv)" in found.message
        assert report.ok

    def test_the_same_numbers_written_otherwise_are_a_copy(self):
        assert ("PBL606", "b", 2) in told(two([("x", "0.5"), ("y", "10")], [("x", "5e-1"), ("y", "1e1")]))

    def test_one_different_prediction_makes_no_copy(self):
        rows = predictions(ids(40), 1)
        assert told(two(rows, rows | {ids(40)[7]: 1.5})) == []
        assert "PBL606" not in [c for c, *_ in told(two({"x": 1.0, "y": 2.0}, {"x": 2.0, "y": 1.0}))]

    @pytest.mark.parametrize(
        ("factor", "warned"), [(5.0, False), (9.0, False), (11.0, True), (0.12, False), (0.09, True)]
    )
    def test_ten_times_the_others_scale_is_a_warning(self, factor, warned):
        rows = predictions(ids(40), 1, low=10, high=20)
        for name, times in (("a", 1.0), ("b", 1.01), ("c", factor)):
            write(f"{name}.csv", {k: v * times for k, v in rows.items()})
        report = pbl.validate("a.csv", "b.csv", "c.csv")
        assert [(f.code, f.pillar, f.column, f.severity) for f in report.findings] == (
            [("PBL607", "c", "target", Severity.WARNING)] if warned else []
        )

    def test_a_constant_file_is_a_warning_that_names_the_column_and_the_value(self):
        report = two({"x": 2.5, "y": 2.5}, {"x": 1.0, "y": 2.0})
        found = only(report, "PBL551")
        assert (found.pillar, found.column, found.count, found.severity) == ("a", "target", 2, Severity.WARNING)
        assert "2.5" in found.message
        assert report.ok
        assert not report.shown(fail_on=Severity.WARNING).ok

    def test_each_of_several_columns_is_judged_by_itself(self, here):
        (here / "pbl.toml").write_text("[contract]\ntargets = ['green', 'dead']")
        header = ("sample_id", "green", "dead")
        report = two({"x": (1.0, 7.0), "y": (2.0, 7.0)}, {"x": (1.0, 8.0), "y": (2.0, 900.0)}, header)
        assert [(f.code, f.pillar, f.column) for f in report.findings] == [
            ("PBL551", "a", "dead"),
            ("PBL607", "b", "dead"),
        ]

    def test_a_file_with_findings_of_its_own_is_not_compared(self):
        report = two({"x": 1.0, "y": 2.0}, [("x", "1.0"), ("y", "nan")])
        assert told(report) == [("PBL503", "b", 1)]


class TestPillarsOfPblToml:
    TEXT = "[pillars.a]\nfile = 'a.csv'\n[pillars.b]\nfile = 'gone.csv'\n"

    def test_one_that_is_not_there_is_a_finding_and_the_others_are_checked(self, here):
        (here / "pbl.toml").write_text(self.TEXT)
        write("a.csv", [("x", "nan")])
        code, table = as_json()
        assert code == 1
        assert [(f["code"], f["pillar"], f["file"]) for f in table["findings"]] == [
            ("PBL503", "a", "a.csv"),
            ("PBL608", "b", "gone.csv"),
        ]
        gone = table["files"][1]
        assert (gone["pillar"], gone["sha256"], gone["rows"], gone["ok"]) == ("b", None, None, False)
        assert gone["not_checked"] == ["rows", "values", "ids"]

    def test_one_that_is_a_dangling_link_or_a_folder_is_there_and_unreadable(self, here):
        (here / "pbl.toml").write_text(self.TEXT)
        write("a.csv", {"x": 1.0})
        (here / "gone.csv").mkdir()
        assert told(pbl.validate()) == [("PBL101", "b", 1)]
        (here / "gone.csv").rmdir()


class TestAllProblemsInOneGo:
    @pytest.fixture
    def bad(self, here):
        folder = here / "bad"
        names = ids(10)
        write(folder / "sample_submission.csv", dict.fromkeys(names, 0))
        write(folder / "submission_siglip.csv", predictions(names, 1))
        cells = ["abc", "nan", "-inf", "", "1e400", "-3.5", "501", "2.5", "1_000", "0x10"]
        write(folder / "submission_dino.csv", zip(names, cells, strict=True))
        (folder / "submission_mvp.csv").write_text("sample_id,target\nID1,1\nID2,1,2\n\nID3\n")
        (folder / "submission_dinov2.csv").write_text("sample_id;target\nID1;1\n")
        (folder / "empty.csv").write_text("")
        (folder / "header.csv").write_text("sample_id,target\n")
        (folder / "named.csv").write_text("Sample_ID,pred\nID1,1\n")
        (here / "pbl.toml").write_text("[contract]\nmin = 0\nmax = 500\n")
        return folder

    def test_every_file_s_are_reported_with_row_id_and_raw_cell(self, bad):
        code, table = as_json(bad)
        assert code == 1
        assert table["ok"] is False
        found = {(f["pillar"], f["code"]): f for f in table["findings"]}
        assert {(p, c): f["count"] for (p, c), f in found.items()} == {
            ("dino", "PBL501"): 1,
            ("dino", "PBL502"): 3,
            ("dino", "PBL503"): 1,
            ("dino", "PBL504"): 2,
            ("dino", "PBL505"): 1,
            ("dino", "PBL506"): 1,
            ("mvp", "PBL301"): 1,
            ("mvp", "PBL302"): 1,
            ("mvp", "PBL303"): 1,
            ("dinov2", "PBL104"): 1,
            ("empty", "PBL102"): 1,
            ("header", "PBL107"): 1,
            ("named", "PBL201"): 1,
            ("named", "PBL202"): 1,
            ("named", "PBL204"): 1,
        }
        names = ids(10)
        assert found["dino", "PBL502"]["examples"] == [
            {"row": 2, "id": names[0], "value": "abc"},
            {"row": 10, "id": names[8], "value": "1_000"},
            {"row": 11, "id": names[9], "value": "0x10"},
        ]
        assert found["dino", "PBL504"]["examples"] == [
            {"row": 4, "id": names[2], "value": "-inf"},
            {"row": 6, "id": names[4], "value": "1e400"},
        ]
        assert found["dino", "PBL506"]["examples"] == [{"row": 8, "id": names[6], "value": "501"}]
        assert found["mvp", "PBL302"]["examples"] == [{"row": 3, "id": "ID2", "value": "ID2,1,2"}]
        assert found["mvp", "PBL303"]["examples"][0]["row"] == 4
        assert all(f["message"] and f["hint"] for f in table["findings"])
        assert table["summary"]["errors"] == len(found)
        assert table["summary"]["files"] == 7

    def test_a_structural_fault_stops_that_file_alone_and_what_was_not_checked_is_said(self, bad):
        _, table = as_json(bad)
        assert {f["pillar"]: f["not_checked"] for f in table["files"]} == {
            "siglip": [],
            "dino": [],
            "mvp": ["values", "ids"],
            "dinov2": ["rows", "values", "ids"],
            "empty": ["rows", "values", "ids"],
            "header": ["values", "ids"],
            "named": ["values", "ids"],
        }
        talk = command("validate", bad).out
        assert "not checked: values, ids" in talk

    def test_the_table_and_the_json_hold_the_same(self, bad):
        _, table = as_json(bad)
        done = command("validate", bad)
        assert done.code == 1
        for finding in table["findings"]:
            assert f"{finding['severity']} {finding['code']} {finding['rule']}" in done.out
            for example in finding["examples"]:
                assert example["row"] is None or f"row {example['row']}" in done.out
                assert example["value"] in {None, example["id"]} or repr(example["value"]) in done.out

    def test_findings_are_in_the_files_order_and_then_by_code(self, bad):
        _, table = as_json(bad)
        order = [f["pillar"] for f in table["files"]]
        keys = [(order.index(f["pillar"]), f["code"]) for f in table["findings"]]
        assert keys == sorted(keys)

    def test_each_run_says_the_same(self, bad):
        assert as_json(bad) == as_json(bad)


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

    def test_that_cannot_be_written_are_exit_2(self, here):
        write("a.csv", [("x", "nan")])
        done = command("validate", "a.csv", "--failures", "-")
        assert (done.code, "writes a file" in done.talk, (here / "-").exists()) == (2, True, False)
        assert command("validate", "a.csv", "--failures", "no/such/folder.csv").code == 2


def test_the_contract_of_pbl_toml_holds_for_a_file_given_by_name(here):
    (here / "pbl.toml").write_text("[contract]\nid = 'image'\ntargets = ['green']\nmax = 2")
    write("a.csv", {"x": 1.0, "y": 3.0}, ("image", "green"))
    assert told(pbl.validate("a.csv")) == [("PBL506", "a", 1)]


def test_a_column_order_of_its_own_is_a_warning_and_the_file_is_read_by_name(here):
    (here / "a.csv").write_text("target,sample_id\n1.5,x\nnan,y\n")
    report = pbl.validate("a.csv")
    assert told(report) == [("PBL207", "a", 1), ("PBL503", "a", 1)]
    assert places(only(report, "PBL503")) == [(3, "y", "nan")]


def test_what_is_named_and_not_there_is_no_finding():
    write("a.csv", {"x": 1.0})
    with pytest.raises(InputError, match=r"b\.csv: no such file"):
        pbl.validate("a.csv", "b.csv")
    with pytest.raises(UsageError):
        pbl.validate()


@pytest.mark.parametrize("key", ["ID12x", "xID12", "ID"])
def test_an_id_must_be_of_the_pattern_from_its_first_character_to_its_last(key, here):
    (here / "pbl.toml").write_text("[contract]\nid_pattern = 'ID[0-9]+'\n")
    write("a.csv", {"ID1": 0.5, key: 1.5, "ID3": 2.5})
    assert [(f.code, f.count) for f in pbl.validate("a.csv").findings] == [("PBL403", 1)]


def test_a_number_that_is_a_bound_is_within_it_whatever_else_is_wrong(here):
    (here / "pbl.toml").write_text("[contract]\nmin = 0.5\nmax = 1.5\n")
    write("a.csv", {"a": 0.5, "b": 1.5, "c": 1.0})
    assert not pbl.validate("a.csv").findings
    write("a.csv", {"a": 0.5, "b": 1.5, "c": 0.4, "d": 1.6})
    assert [(f.code, f.count) for f in pbl.validate("a.csv").findings] == [("PBL505", 1), ("PBL506", 1)]
