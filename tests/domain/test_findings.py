from dataclasses import FrozenInstanceError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbl.cli.options import codes
from pbl.domain.errors import FindingsError, UsageError
from pbl.domain.findings import Example, finding
from pbl.domain.report import FileReport, Report
from pbl.domain.rules import RULES, Severity
from pbl.domain.wording import file_name, plural, quote, restore_utf8, safe

PUBLIC = """
PBL101 file-unreadable        PBL402 duplicate-id
PBL102 empty-file             PBL403 id-pattern
PBL103 encoding               PBL404 id-whitespace
PBL104 wrong-delimiter        PBL501 missing-value
PBL105 broken-quote           PBL502 not-a-number
PBL106 nul-byte               PBL503 nan
PBL107 no-rows                PBL504 infinite
PBL108 line-endings           PBL505 below-min
PBL109 not-csv PBL110 not-parquet PBL506 above-max PBL507 method-domain
PBL201 missing-column         PBL551 constant-target
PBL202 extra-column           PBL601 ids-missing
PBL203 duplicate-column       PBL602 ids-unknown
PBL204 column-name-mismatch   PBL603 placeholder-ids
PBL205 unnamed-column         PBL604 row-order-differs
PBL206 no-header              PBL605 id-format-differs
PBL207 column-order PBL208 wrong-type PBL606 identical-predictions PBL552 class-labels
PBL301 too-few-fields         PBL607 scale-differs PBL609 fold-files
PBL302 too-many-fields        PBL608 missing-pillar PBL610 row-sums
PBL303 blank-row              PBL701 truncated-tail PBL611 outside-unit
PBL401 missing-id             PBL612 version-files
PBL801 features-unreadable    PBL806 features-differ
PBL802 sample-twice           PBL807 targets-incomplete
PBL803 feature-missing        PBL808 fold-splits-group
PBL804 feature-not-finite     PBL821 fitted-unreadable
PBL805 samples-without-features
PBL811 image-unreadable        PBL812 image-name-twice
PBL813 probe-differs
"""
WARNINGS = {"PBL207", "PBL551", "PBL552", "PBL606", "PBL607", "PBL609", "PBL610", "PBL611", "PBL612", "PBL701"}


def found(code, **rest):
    return finding(code, file="a.csv", pillar="a", message="said", **rest)


def report(*findings, **rest):
    file = FileReport(pillar="a", path="a.csv", sha256="00", bytes=3, rows=2)
    return Report(**{"files": (file,), "template": None, "set_aside": (), "findings": findings} | rest)


def test_codes_and_names_are_the_public_ones():
    words = PUBLIC.split()
    assert {rule.code: rule.name for rule in RULES.values()} == dict(zip(words[::2], words[1::2], strict=True))
    assert list(RULES) == sorted(RULES)


def test_severities_are_the_public_ones_and_every_rule_has_a_remedy():
    assert {code for code, rule in RULES.items() if rule.severity is Severity.WARNING} == WARNINGS
    assert {code for code, rule in RULES.items() if rule.severity is Severity.INFO} == {"PBL604"}
    assert all(rule.hint for rule in RULES.values())


def test_a_finding_takes_its_rule_s_severity_and_remedy_unless_told_otherwise():
    assert (found("PBL604").severity, found("PBL604").hint) == (Severity.INFO, RULES["PBL604"].hint)
    assert found("PBL604", severity=Severity.ERROR, hint="x").to_json()["hint"] == "x"


def test_a_finding_s_json_has_the_public_fields():
    example = Example(row=2, id="ID1__GDM_g", value="abc")
    assert found("PBL502", column="target", examples=(example,), hint="remedy").to_json() == {
        "code": "PBL502",
        "rule": "not-a-number",
        "severity": "error",
        "pillar": "a",
        "file": "a.csv",
        "column": "target",
        "count": 1,
        "examples": [{"row": 2, "id": "ID1__GDM_g", "value": "abc"}],
        "message": "said",
        "hint": "remedy",
    }


def test_a_report_s_json_has_the_public_fields():
    template = FileReport(pillar=None, path="t.csv", sha256="11", bytes=3, rows=9)
    assert report(found("PBL502"), found("PBL604"), template=template, set_aside=("train.csv",)).to_json() == {
        "schema_version": 1,
        "command": "validate",
        "ok": False,
        "summary": {"files": 1, "rows": 2, "errors": 1, "warnings": 0, "infos": 1},
        "files": [{"pillar": "a", "path": "a.csv", "sha256": "00", "rows": 2, "ok": False, "not_checked": []}],
        "template": {"path": "t.csv", "sha256": "11", "rows": 9},
        "set_aside": ["train.csv"],
        "not_read": [],
        "findings": [found("PBL502").to_json(), found("PBL604").to_json()],
    }


def test_what_does_not_exist_is_null():
    unread = FileReport(pillar="a", path="a.csv", sha256=None, bytes=None, rows=None, not_checked=("rows",))
    table = report(found("PBL101"), files=(unread,)).to_json()
    assert table["template"] is None
    assert table["summary"]["rows"] == 0
    assert table["files"][0] == {
        "pillar": "a",
        "path": "a.csv",
        "sha256": None,
        "rows": None,
        "ok": False,
        "not_checked": ["rows"],
    }


@pytest.mark.parametrize(
    ("code", "fail_on", "ok"),
    [
        ("PBL502", Severity.ERROR, False),
        ("PBL502", Severity.WARNING, False),
        ("PBL551", Severity.ERROR, True),
        ("PBL551", Severity.WARNING, False),
        ("PBL604", Severity.ERROR, True),
        ("PBL604", Severity.WARNING, True),
    ],
)
def test_a_report_is_ok_unless_something_is_as_bad_as_asked(code, fail_on, ok):
    judged = report(found(code)).select_findings(fail_on=fail_on)
    assert judged.ok is ok
    assert judged.to_json()["files"][0]["ok"] is ok


def test_selected_findings_alone_are_shown_and_ignored_ones_are_not():
    whole = report(found("PBL502"), found("PBL551"), found("PBL604"))
    assert [f.code for f in whole.select_findings(select=codes(["PBL5"])).findings] == ["PBL502", "PBL551"]
    assert [f.code for f in whole.select_findings(ignore=codes(["PBL502,row-order-differs"])).findings] == ["PBL551"]
    assert [f.code for f in whole.select_findings(select=codes(["PBL5"]), ignore=codes(["PBL55"])).findings] == [
        "PBL502"
    ]
    assert whole.select_findings(ignore=codes(["PBL"])).ok
    assert len(whole.findings) == 3


@pytest.mark.parametrize(
    ("texts", "meant"),
    [
        (["PBL502"], {"PBL502"}),
        (["pbl502"], {"PBL502"}),
        (["not-a-number"], {"PBL502"}),
        (["NaN"], {"PBL503"}),
        (["PBL7,nan"], {"PBL701", "PBL503"}),
        (["PBL60", " PBL701 "], {f"PBL60{n}" for n in range(1, 10)} | {"PBL701"}),
        (["PBL"], set(RULES)),
        ([], set()),
    ],
)
def test_codes_prefixes_and_names_are_understood(texts, meant):
    assert codes(texts) == meant


@pytest.mark.parametrize("word", ["PBL9", "PBL5022", "P", "502", "not-a-numbr", "E501", "*"])
def test_what_is_no_code_is_refused(word):
    with pytest.raises(UsageError, match="is no finding"):
        codes(["PBL502", word])


def test_the_verdict_counts_in_words():
    assert report().verdict() == "ok: 1 file, 2 rows"
    assert report(found("PBL502")).verdict() == "1 error in 1 file"
    several = report(found("PBL502"), found("PBL501"), found("PBL551"), found("PBL604"))
    assert several.verdict() == "2 errors, 1 warning in 1 file (1 info)"


def test_the_verdict_counts_the_files_that_have_something_and_names_the_template():
    files = [FileReport(pillar=name, path=f"{name}.csv", sha256=None, bytes=None, rows=1) for name in "abc"]
    template = FileReport(pillar=None, path="t.csv", sha256=None, bytes=None, rows=1)
    wrong = finding("PBL502", file="t.csv", pillar=None, message="said")
    for findings, where in (
        ((found("PBL502"), found("PBL503")), "2 errors in 1 of 3 files"),
        ((found("PBL502"), wrong), "2 errors in 1 of 3 files and the template"),
        ((wrong,), "1 error in the template"),
    ):
        assert report(*findings, files=tuple(files), template=template).verdict() == where


def test_what_is_not_shown_is_counted_in_the_verdict_and_nothing_is_called_ok_that_is_not():
    whole = report(found("PBL502"), found("PBL551"), found("PBL604"))
    hidden = whole.select_findings(ignore=codes(["PBL502,PBL604"]))
    assert hidden.ok
    assert not hidden.fine
    assert hidden.verdict() == "otherwise ok: 1 file, 2 rows (1 warning; not shown: 1 error)"
    assert whole.select_findings(ignore=codes(["PBL604"])).verdict() == "1 error, 1 warning in 1 file"


def test_the_text_of_an_exception_has_the_first_findings_and_counts_the_rest():
    many = report(*(found("PBL502", column=f"c{n}") for n in range(7)))
    verdict, *lines, more = str(FindingsError(many)).splitlines()
    assert verdict == many.verdict()
    assert [line.split(":")[0] for line in lines] == [f"a (a.csv), column c{n}" for n in range(5)]
    assert more == "and 2 more"


def test_an_exception_for_findings_has_the_report_and_the_verdict():
    error = FindingsError(report(found("PBL502")))
    assert error.report.errors() == (found("PBL502"),)
    assert error.exit_code == 1
    assert str(error).splitlines()[0] == "1 error in 1 file"


def test_results_are_frozen():
    for thing, name in ((report(), "findings"), (found("PBL502"), "code"), (Example(), "row")):
        with pytest.raises(FrozenInstanceError):
            setattr(thing, name, None)


@given(st.integers(0, 10**9))
def test_nouns_are_plural_but_for_one(n):
    assert plural(n, "row") == (f"{n:,} row" if n == 1 else f"{n:,} rows")
    assert plural(n, "copy").endswith("copy" if n == 1 else "copies")


@given(st.text())
def test_text_that_was_typed_is_left_alone(text):
    assert restore_utf8(text) == text
    assert file_name(text.encode("utf-8", "replace").decode()) == text.encode("utf-8", "replace").decode()


@given(st.text(st.characters(codec="utf-8")))
def test_what_a_locale_without_utf8_mangles_is_restored(text):
    mangled = text.encode().decode("ascii", "surrogateescape")
    assert restore_utf8({mangled: [mangled, None, 3]}) == {text: [text, None, 3]}


@given(st.text())
def test_a_quoted_cell_is_one_harmless_line(text):
    shown = quote(text)
    assert shown.isprintable()
    assert shown[0] == shown[-1] in "'\""
    assert safe(text) in shown
