"""Weights by pillar: the table's, those given by place or by name, and their shares."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.selecting import NUMBERED, refusal, touch, weigh, weights

from pbl.domain.errors import UsageError
from pbl.domain.weights import divide
from pbl.project.pillar_files import select_pillars

pytestmark = pytest.mark.usefixtures("here")


class TestWeights:
    @pytest.fixture
    def some(self, here):
        return select_pillars([touch(here / "some", "a.csv", "b.csv", "c.csv")])

    @pytest.fixture
    def usual(self, here):
        return select_pillars([touch(here / "usual", *NUMBERED.values())])

    def test_are_the_table_s_for_those_four_and_equal_for_others(self, some, usual):
        assert weights(usual) == {"siglip": 0.6, "dino": 0.2, "mvp": 0.1, "dinov2": 0.1}
        assert weights(some) == {"a": 1.0, "b": 1.0, "c": 1.0}

    def test_of_those_four_and_others_are_asked_for_with_the_line_to_type(self, here, usual):
        touch(here / "usual", "fifth.csv")
        five = select_pillars(["usual"])
        line = "siglip=0.6,dino=0.2,mvp=0.1,dinov2=0.1"
        assert f"--weights {line} " in refusal(UsageError, lambda: weigh(five))
        assert weights(five, line) == weights(usual)
        assert weights(five, f"{line},fifth=0.5")["fifth"] == 0.5

    def test_may_have_blanks_around_names_and_numbers(self, some):
        assert weights(some, " a = 1 ", "c =2") == {"a": 1.0, "c": 2.0}

    def test_are_pbl_toml_s_where_it_has_them(self, here):
        touch(here, "one.csv", "two.csv")
        (here / "pbl.toml").write_text("[pillars.a]\nfile='one.csv'\nweight=3\n[pillars.b]\nfile='two.csv'\nweight=0\n")
        assert weights(select_pillars()) == {"a": 3.0, "b": 0.0}
        assert weights(select_pillars(), "1,1") == {"a": 1.0, "b": 1.0}

    def test_are_refused_where_pbl_toml_has_some_only(self, here):
        touch(here, "one.csv", "two.csv")
        (here / "pbl.toml").write_text("[pillars.a]\nfile='one.csv'\nweight=3\n[pillars.b]\nfile='two.csv'\n")
        message = refusal(UsageError, lambda: weigh(select_pillars()))
        assert "no weight for b" in message
        assert weights(select_pillars(), "1", "2") == {"a": 1.0, "b": 2.0}

    @pytest.mark.parametrize(
        "texts", [["0.5", "0.25", "2"], ["0.5,0.25,2"], ["0.5,", "0.25", "2"], ["0.5, 0.25, 2"], ["5e-1", "+.25", "2."]]
    )
    def test_may_be_written_in_a_row_or_with_commas(self, some, texts):
        texts = [text.rstrip(",") for text in texts]
        assert weights(some, *texts) == {"a": 0.5, "b": 0.25, "c": 2.0}

    @pytest.mark.parametrize("texts", [["c=1,a=3"], ["c=1", "a=3"], ["a=3, c=1"]])
    def test_by_name_set_the_other_pillars_aside_and_keep_the_files_order(self, some, texts):
        chosen, weighing = weigh(some, texts)
        assert (chosen.names, weighing.weights) == (("a", "c"), (3.0, 1.0))

    @pytest.mark.parametrize(
        ("texts", "said"),
        [
            (["1", "1"], "2 given for 3 pillars"),
            (["1", "1", "1", "1"], "4 given for 3 pillars"),
            (["0.6,0.2"], "2 given for 3 pillars"),
            (["0,5", "0,3", "0,2"], "write 0.5, not 0,5"),
            (["1,2,3,4,5,6"], "6 given for 3 pillars. Pillars found"),
            (["nan", "1", "1"], "'nan'"),
            (["inf", "1", "1"], "'inf'"),
            (["1e999", "1", "1"], "'1e999'"),
            (["1_0", "1", "1"], "'1_0'"),
            (["", "1", "1"], "''"),
            (["1", "1", "-0.1"], "-0.1 is negative"),
            (["0", "0", "0"], "all zero"),
            (["0", "0", "-0"], "all zero"),
            (["z=1"], "no pillar 'z'"),
            (["A=1"], "no pillar 'A'"),
            (["a=1", "a=2"], "'a' is given twice"),
            (["a=1", "2"], "'2' has no name"),
            (["a=x"], "'x'"),
            (["a=-1"], "-1 is negative"),
            (["a=0"], "all zero"),
        ],
    )
    def test_that_are_wrong_are_refused_and_the_pillars_found_are_shown(self, some, texts, said):
        message = refusal(UsageError, lambda: weigh(some, texts))
        assert said in message
        assert message.endswith("Pillars found, in order: a, b, c")

    def test_of_minus_nought_are_nought(self, some):
        assert math.copysign(1.0, weights(some, "1", "-0", "1")["b"]) == 1.0


finite = st.floats(min_value=0, allow_nan=False, allow_infinity=False)


class TestShares:
    @given(st.lists(finite, min_size=1, max_size=8).filter(any))
    def test_are_finite_in_order_and_sum_to_one(self, given_weights):
        each = divide(given_weights)
        assert all(0 <= share <= 1 for share in each)
        assert math.isclose(math.fsum(each), 1.0, rel_tol=1e-15 * len(each))
        assert all((share == 0) >= (weight == 0) for weight, share in zip(given_weights, each, strict=True))

    @given(st.lists(st.floats(min_value=1e-100, max_value=1e100), min_size=1, max_size=8), st.integers(-300, 300))
    def test_do_not_change_when_all_weights_grow_by_a_power_of_two(self, given_weights, power):
        assert divide([math.ldexp(w, power) for w in given_weights]) == divide(given_weights)

    def test_are_right_where_the_sum_would_overflow_or_underflow(self):
        assert divide([1.7e308, 1.7e308]) == (0.5, 0.5)
        assert divide([5e-324, 5e-324, 0.0]) == (0.5, 0.5, 0.0)
        assert divide([1.0]) == (1.0,)
