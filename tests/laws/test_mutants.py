"""The seeded defects of `make mutants` fit the code as it is; running them all takes minutes and is no test."""

import mutants


def test_there_are_25_defects_or_more_and_each_still_applies():
    assert len(mutants.MUTANTS) >= 25
    assert mutants.misfits() == []


def test_each_defect_has_a_name_of_its_own_changes_something_and_names_tests_that_exist():
    assert len({mutant.why for mutant in mutants.MUTANTS}) == len(mutants.MUTANTS)
    for mutant in mutants.MUTANTS:
        assert mutant.old != mutant.new
        assert all((mutants.ROOT / test).is_file() for test in mutant.tests.split()), mutant.why
