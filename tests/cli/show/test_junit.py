from xml.etree import ElementTree as ET

import pytest
from support.hostile import write_hostile_files
from support.making import command, ids
from support.reports import VALIDATE, write_mixed_files

pytestmark = pytest.mark.usefixtures("here")


def parse(xml):
    return ET.fromstring(xml)  # noqa: S314 - pbl's own


def test_it_has_a_case_a_file_and_failures_that_are_counted(here):
    write_mixed_files(here)
    done = command(*VALIDATE, "--format", "junit")
    assert done.code == 1
    (suite,) = parse(done.out)
    assert suite.attrib == {"name": "pbl validate", "tests": "4", "failures": "1"}
    cases = {case.get("name"): case for case in suite}
    assert set(cases) == {"a.csv", "b.csv", "c.csv", "t.csv"}
    assert [f.get("type") for f in cases["a.csv"].findall("failure")] == ["PBL503 nan"]
    assert ids(10)[0] in cases["a.csv"].find("failure").text
    assert cases["b.csv"].find("failure") is None
    assert "PBL551" in cases["b.csv"].find("system-out").text


def test_failures_follow_fail_on(here):
    write_mixed_files(here)
    (suite,) = parse(command(*VALIDATE, "--format", "junit", "--fail-on", "warning").out)
    assert suite.get("failures") == "2"


def test_it_is_xml_whatever_the_files_hold(here):
    assert len(parse(command("validate", write_hostile_files(here), "--format", "junit").out)) == 1
