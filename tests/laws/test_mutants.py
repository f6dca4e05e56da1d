"""The seeded defects of `make mutants` fit the code as it is; running them all takes minutes and is no test."""

from mutants import MUTANTS
from mutants.mutant import ROOT


def test_there_are_25_defects_or_more_and_each_still_applies():
    assert len(MUTANTS) >= 25
    assert [mutant.why for mutant in MUTANTS if not mutant.fits()] == []


def test_each_defect_has_a_name_of_its_own_changes_something_and_names_tests_that_exist():
    assert len({mutant.why for mutant in MUTANTS}) == len(MUTANTS)
    for mutant in MUTANTS:
        assert mutant.old != mutant.new
        assert all((ROOT / test).is_file() for test in mutant.tests.split()), mutant.why
