"""Findings of files beside others: predictions alike, pillars of pbl.toml, all problems in one go."""

import pytest
from support.blends import as_json, only, told, two
from support.making import command, ids, predictions, reorder, write

import pbl
from pbl.domain.rules import Severity

pytestmark = pytest.mark.usefixtures("here")


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
        assert not report.select_findings(fail_on=Severity.WARNING).ok

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
