"""Clean files, and files whose ids are not those of the template or of each other."""

import hashlib

import pytest
from support.blends import only, places, told, two
from support.making import FOUR, command, four, ids, predictions, shuffled, tree, write

import pbl
from pbl.domain.errors import InputError, UsageError
from pbl.domain.rules import Severity

pytestmark = pytest.mark.usefixtures("here")


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
        assert report.select_findings(fail_on=Severity.WARNING).ok

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
