"""What is wrong in a whole folder is said once, with its remedy; oddities beside the others are warned of."""

import itertools
from pathlib import Path

import polars as pl
import pytest
from support.making import command, ids, predictions, write

import pbl
from pbl.domain import limits

pytestmark = pytest.mark.usefixtures("here")


def codes(report):
    return [(f.code, f.pillar) for f in report.findings]


def only(report, code):
    (found,) = [f for f in report.findings if f.code == code]
    return found


class TestOneHeader:
    @pytest.mark.parametrize("header", [("id", "target"), ("id", "cat", "dog", "fox")])
    def test_in_all_files_is_said_once_and_init_mends_it(self, here, header):
        for n, name in enumerate(("a.csv", "b.csv", "sample_submission.csv")):
            rows = {key: (value,) * (len(header) - 1) for key, value in predictions(ids(5), n).items()}
            write(here / "p" / name, rows, header)
        report = pbl.validate("p")
        assert codes(report) == [("PBL201", "a")]
        assert "pbl init p" in report.findings[0].hint
        assert [file["ok"] for file in report.to_json()["files"]] == [False, False]
        assert command("blend", "p", "-o", "x.csv").code == 1
        assert command("init", "p").code == 0
        assert pbl.validate("p").ok

    def test_where_there_is_a_pbl_toml_says_what_to_write_there(self, here):
        (here / "pbl.toml").write_text("[contract]\nid = 'other'")
        for name in ("a.csv", "b.csv"):
            write(name, {"x": 1.5}, ("id", "target"))
        assert 'pbl.toml: id = "id", targets = ["target"]' in pbl.validate("a.csv", "b.csv").findings[0].hint

    def test_with_a_saved_index_is_said_once_too(self, here):
        for n, name in enumerate(("a.csv", "b.csv", "c.csv")):
            rows = [(str(at), key, value) for at, (key, value) in enumerate(predictions(ids(5), n).items())]
            write(here / "p" / name, rows, ("" if n else "Unnamed: 0", "id", "churn") if n < 2 else ("", "id", "churn"))
        found = pbl.validate("p").findings
        assert [(f.code, f.pillar) for f in found] == [("PBL201", "a"), ("PBL201", "b")]
        assert all("saved index?" in f.hint and "pbl init p" in f.hint for f in found)
        assert "2 of 3 files begin with the columns ,id,churn" in found[1].message
        assert command("init", "p").code == 0
        assert {f.code for f in pbl.validate("p").findings} == {"PBL205"}

    def test_that_differs_from_file_to_file_is_said_once_a_header(self, here):
        for n, (name, header) in enumerate({"a": "churn", "b": "churn", "c": "prob", "d": "Target"}.items()):
            key = "Sample_ID" if name == "d" else "id"
            write(here / "p" / f"{name}.csv", predictions(ids(5), n), (key, header))
        found = pbl.validate("p").findings
        assert [(f.code, f.pillar) for f in found] == [
            ("PBL201", "a"),
            ("PBL201", "c"),
            ("PBL204", "d"),
            ("PBL204", "d"),
        ]
        assert "pbl init p" in found[0].hint
        assert "2 of 4 files begin with the columns id,churn" in found[0].message
        assert "others have id,churn: name the columns in all files alike" in found[1].hint

    def test_that_one_file_alone_has_or_that_is_no_header_stays_each_file_s(self):
        write("a.csv", {"x": 1.5})
        write("b.csv", {"x": 2.5}, ("id", "target"))
        assert ("PBL202", "b") in codes(pbl.validate("a.csv", "b.csv"))
        for name in ("c.csv", "d.csv"):
            write(name, {"x": 1.5}, ("y", "2.5"))
        assert codes(pbl.validate("c.csv", "d.csv")) == [("PBL206", "c"), ("PBL206", "d")]


class TestManyColumnsThatAreNotExpected:
    @pytest.fixture(params=["csv", "parquet"])
    def validate(self, request):
        def validate(columns):
            table = pl.DataFrame(
                {"sample_id": ["x", "y"], "target": [1.5, 2.5], **{f"f{n}": 0.5 for n in range(columns)}}
            )
            path = f"wide.{request.param}"
            getattr(table, f"write_{request.param}")(path)
            return [(f.code, f.column, f.count, f.message, f.examples) for f in pbl.validate(path).findings]

        return validate

    def test_are_one_finding_that_counts_them_and_names_the_first(self, validate):
        ((*found, message, examples),) = validate(768)
        assert found == ["PBL202", None, 768]
        assert message == "768 columns are not expected; expected are sample_id, target"
        assert [each.value for each in examples] == ["f0", "f1", "f2", "f3", "f4"]

    def test_are_a_finding_each_where_they_are_few(self, validate):
        assert [found[:2] for found in validate(5)] == [("PBL202", f"f{n}") for n in range(5)]
        assert [found[:2] for found in validate(6)] == [("PBL202", None)]


class TestIdsInAnotherSpelling:
    @pytest.mark.parametrize(
        ("ours", "theirs", "said"),
        [
            ("img_{:03}.jpg", "img_{:03}", "each here ends in '.jpg'"),
            ("test/{}", "{}", "each here begins with 'test/'"),
            ("{}", "test/{}.png", "each there begins with 'test/' and ends in '.png'"),
            ("{}e+05", "{}00000", "'1e+05' here, '100000' there"),
            ("2026-11-{:02} 00:00:00", "2026-11-{:02}", "each here ends in ' 00:00:00'"),
            ("Test-{}", "{}", "each here begins with 'Test-'"),
            ("{:03}", "{}", "'001' here, '1' there"),
            ("{}.0", "{}", "'1.0' here, '1' there"),
        ],
    )
    def test_are_one_finding_that_names_the_difference_and_no_match(self, ours, theirs, said):
        write("a.csv", predictions([ours.format(n) for n in range(1, 10)], 1))
        write("t.csv", dict.fromkeys([theirs.format(n) for n in range(1, 10)], 0))
        report = pbl.validate("a.csv", template="t.csv")
        assert codes(report) == [("PBL605", "a")]
        assert said in report.findings[0].message

    def test_are_not_seen_in_ids_that_only_some_share(self):
        write("a.csv", predictions(["id1", "id20", "x3"], 1))
        write("t.csv", dict.fromkeys(["id1", "id2", "y3"], 0))
        assert codes(pbl.validate("a.csv", template="t.csv")) == [("PBL601", "a"), ("PBL602", "a")]


class TestIdsOfAllFilesTogether:
    def test_that_are_the_template_s_make_parts_of_one_file(self):
        write("t.csv", dict.fromkeys(ids(10), 0))
        write("a.csv", predictions(ids(10)[:5], 1))
        write("b.csv", predictions(ids(10)[5:], 2))
        report = pbl.validate("a.csv", "b.csv", template="t.csv")
        assert codes(report) == [("PBL601", "a"), ("PBL601", "b")]
        assert all("parts of one file? join them" in f.hint for f in report.findings)
        write("b.csv", predictions(ids(10)[4:9], 2))
        assert not any("parts" in f.hint for f in pbl.validate("a.csv", "b.csv", template="t.csv").findings)

    def test_may_be_parts_of_several_files(self):
        write("t.csv", dict.fromkeys(ids(12), 0))
        for name, cuts in {"lgb": (0, 3, 7, 12), "xgb": (0, 4, 8, 12), "cat": (0, 5, 12)}.items():
            for part, (begin, end) in enumerate(itertools.pairwise(cuts)):
                write(f"{name}_{part}.csv", predictions(ids(12)[begin:end], f"{name}{part}"))
        files = [f"{name}_{part}.csv" for name, parts in (("cat", 2), ("lgb", 3), ("xgb", 3)) for part in range(parts)]
        hints = {f.pillar: f.hint for f in pbl.validate(*files, template="t.csv").findings if f.code == "PBL601"}
        assert "together with cat_1 (cat_1.csv) it has" in hints["cat_0"]
        assert "together with lgb_1 (lgb_1.csv) and lgb_2 (lgb_2.csv) it has" in hints["lgb_0"]
        assert "together with xgb_0 (xgb_0.csv) and xgb_1 (xgb_1.csv) it has" in hints["xgb_2"]

    def test_that_agree_against_the_template_ask_whether_it_is_current(self):
        write("t.csv", dict.fromkeys(ids(20)[5:], 0))
        for n, name in enumerate(("a.csv", "b.csv")):
            write(name, predictions(ids(16), n))
        found = pbl.validate("a.csv", "b.csv", template="t.csv").findings
        assert {f.code for f in found} == {"PBL601", "PBL602"}
        assert all("is the template (t.csv) current?" in f.hint for f in found)
        write("b.csv", predictions(ids(17), 3))
        assert not any("current" in f.hint for f in pbl.validate("a.csv", "b.csv", template="t.csv").findings)

    def test_that_are_a_handful_and_none_of_a_long_template_s_are_a_placeholder_s(self):
        write("t.csv", dict.fromkeys(ids(500), 0))
        write("a.csv", predictions(["u1", "v2", "w3", "x4", "z5"], 1))
        report = pbl.validate("a.csv", template="t.csv")
        assert codes(report) == [("PBL603", "a")]
        assert "inside the scored run" in report.findings[0].hint


@pytest.mark.parametrize("large", [False, True])
class TestBesideTheOthers:
    @pytest.fixture(autouse=True)
    def _sizes(self, large, monkeypatch):
        if large:
            monkeypatch.setattr(limits, "SIZES", limits.Sizes(large=1, block=64, rows=1))

    def warned(self, *files):
        """Give the warnings of validate, which must be those of blend."""
        report = pbl.validate(*files)
        done = command("blend", *files, "-o", "out.csv", "--format", "json", "--force")
        assert done.code == 0
        found = codes(report)
        assert all(f'"{code}"' in done.out for code, _ in found)
        return found

    def test_labels_in_every_pillar_are_warned_of_once(self):
        write("a.csv", {"x": 0, "y": 2, "z": 2})
        write("b.csv", {"x": 2, "y": 2, "z": 1})
        assert self.warned("a.csv", "b.csv") == [("PBL552", "a")]
        write("b.csv", {"x": 2, "y": 2, "z": 1.5})
        assert self.warned("a.csv", "b.csv") == []
        write("b.csv", {"x": 2, "y": 2, "z": 1})
        write("a.csv", {f"k{n}": n for n in range(30)})
        write("c.csv", {f"k{n}": n + n % 2 for n in range(30)})
        assert self.warned("a.csv", "c.csv") == []

    def test_rows_that_do_not_sum_to_1_as_the_others_do(self, here):
        (here / "pbl.toml").write_text("[contract]\ntargets = ['p', 'q']")
        header = ("sample_id", "p", "q")
        write("a.csv", {"x": (0.25, 0.75), "y": (0.5, 0.5004)}, header)
        write("b.csv", {"x": (0.5, 0.5), "y": (0.125, 0.875)}, header)
        write("c.csv", {"x": (0.625, 0.375), "y": (0.5, 0.25)}, header)
        assert self.warned("a.csv", "b.csv", "c.csv") == [("PBL610", "c")]
        assert only(pbl.validate("a.csv", "b.csv", "c.csv"), "PBL610").count == 1
        assert self.warned("a.csv", "b.csv") == []

    def test_values_outside_0_and_1_where_two_others_lie_within(self):
        write("a.csv", {"x": 0.25, "y": 0.75})
        write("b.csv", {"x": 0.5, "y": 1.0000005})
        write("c.csv", {"x": -0.25, "y": 0.5})
        assert self.warned("a.csv", "b.csv", "c.csv") == [("PBL611", "c")]
        assert self.warned("a.csv", "c.csv") == []
        write("b.csv", {"x": 0.5, "y": 0.5})
        assert ("PBL611", "c") not in self.warned("a.csv", "b.csv", "c.csv")

    def test_whole_numbers_written_without_a_point_stay_so_if_the_blend_is_whole(self):
        rows = {"v1.0": 3, '"a,2.0"': -2, "z": 0}
        write("a.csv", rows)
        write("t.csv", dict.fromkeys(rows, 0))
        pbl.blend("a.csv", template="t.csv", output="out.csv")
        assert Path("out.csv").read_text().splitlines()[1:] == ["v1.0,3", '"a,2.0",-2', "z,0"]
        pbl.blend(recipe="out.recipe.json", output="again.csv")
        write("b.csv", {"v1.0": 4, '"a,2.0"': -2, "z": 0})
        pbl.blend("a.csv", "b.csv", output="half.csv")
        assert "v1.0,3.5\n" in Path("half.csv").read_text()
        for changed in ("a.csv", "t.csv"):
            write("a.csv", rows)
            write("t.csv", dict.fromkeys(rows, 0))
            write(changed, {key: float(value) for key, value in rows.items()})
            pbl.blend("a.csv", template="t.csv", output="point.csv", force=True)
            assert "v1.0,3.0\n" in Path("point.csv").read_text()


class TestFailures:
    def test_replace_what_they_wrote_and_nothing_else_but_by_force(self, here):
        write("a.csv", {"x": "oops"})
        for words in ([], []):
            assert "written  bad.csv, 1 row" in command("validate", "a.csv", "--failures", "bad.csv", *words).talk
        for text in ("sample_id,target\nx,1\n", "", "# A page\n"):
            (here / "kept.md").write_text(text)
            done = command("validate", "a.csv", "--failures", "kept.md")
            assert (done.code, (here / "kept.md").read_text()) == (2, text)
            assert "--force" in done.talk
        assert command("validate", "a.csv", "--failures", "kept.md", "--force").code == 1
        assert (here / "kept.md").read_text() == (here / "bad.csv").read_text()
        assert command("validate", "a.csv", "--failures", "a.csv", "--force").code == 2
        assert command("validate", "a.csv", "--force").code == 2

    def test_have_no_row_for_an_info(self, here):
        write("a.csv", {"x": 1.5, "y": 2.5})
        write("b.csv", {"y": 2.25, "x": 1.75})
        assert command("validate", "a.csv", "b.csv", "--failures", "bad.csv").code == 0
        assert (here / "bad.csv").read_text().count("\n") == 1


@pytest.mark.parametrize(
    ("data", "code", "said"),
    [
        (b"sep=,\nsample_id,target\nx,1\n", "PBL206", "Excel's 'sep=,'"),
        (b'"sep=;"\r\nsample_id;target\r\nx;1\r\n', "PBL104", "Excel's 'sep=;'"),
        ("sample_id,target\nx,1\n".encode("utf-16"), "PBL103", "UTF-16"),
        (b",sample_id,target\n0,x,1.5\n", "PBL205", "no name"),
    ],
)
def test_what_programs_write_is_called_what_it_is(here, data, code, said):
    (here / "a.csv").write_bytes(data)
    (found,) = pbl.validate("a.csv").findings
    assert (found.code, said in found.message) == (code, True)


def test_raw_cells_are_escaped_once_and_row_numbers_explained_where_they_pass_the_count(here):
    (here / "a.csv").write_bytes(b"sample_id,target\na\xe9,0.1\n")
    assert r"'a\xe9,0.1'" in command("validate", "a.csv").out
    write("b.csv", {"x": 1.5, "y": "oops"})
    assert "the header is row 1" in command("validate", "b.csv").out
    write("b.csv", {"x": "oops", "y": 1.5, "z": 2.5})
    assert "the header is row 1" not in command("validate", "b.csv").out
