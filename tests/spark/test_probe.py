"""An engine that computes otherwise than Spark is refused before anything is read. No Spark is needed to see it."""

import math
from fractions import Fraction

import pytest

import pbl
import pbl.spark
from pbl.spark._session import without_secrets

ANSWERS = {
    "lowest": -math.inf,
    "nothing": None,
    "nan_is_largest": math.nan,
    "least": 3.0,
    "zero": "0.0",
    "negative_zero": "-0.0",
    "greatest_of_null": 0.0,
    "product": 0.0,
    "hash": 3070097543572406259,
    "other_hash": 3432761109295561540,
    "ends": False,
    "valid": True,
    "invalid": False,
    "nul": 2,
    "total": "18446744073709551614",
}


class Fake:
    """An engine that knows the probe, gives its answers, and says what else it is asked."""

    def __init__(self, **wrong):
        self.answers = ANSWERS | wrong
        self.asked = []
        self.version = "4.0.0-almost"

    def sql(self, query, **_):
        self.asked.append(query)
        return Answer([{"version()": "Quick 1.2"}] if "version()" in query else [self.answers])

    @property
    def read(self):
        raise AssertionError("nothing may be read")

    @property
    def conf(self):
        raise AssertionError("got past the probe")


class Answer(list):
    def collect(self):
        return [Row(row) for row in self]


class Row(dict):
    asDict = dict.copy  # noqa: N815 - pyspark's name


@pytest.mark.parametrize(
    ("what", "wrong"),
    [
        ("lowest", -1.7976931348623157e308),
        ("nothing", 0.0),
        ("nan_is_largest", 1e308),
        ("least", math.nan),
        ("zero", "-0.0"),
        ("negative_zero", "0.0"),
        ("greatest_of_null", None),
        ("product", -2.7755575615628914e-17),
        ("hash", 1),
        ("other_hash", 1),
        ("ends", True),
        ("valid", False),
        ("invalid", True),
        ("nul", 0),
        ("total", "1.8446744073709552E19"),
    ],
)
def test_an_engine_with_one_wrong_answer_is_refused_by_name(what, wrong):
    fake = Fake(**{what: wrong})
    with pytest.raises(pbl.PblError, match=what.replace("_", " ")) as caught:
        pbl.spark.blend(fake, {"a": "there/a"}, output="there/blend")
    assert "4.0.0-almost" in str(caught.value)
    assert "Quick 1.2" in str(caught.value)
    assert caught.value.exit_code == 2


def test_an_engine_that_lacks_an_answer_is_refused():
    fake = Fake()
    del fake.answers["hash"]
    with pytest.raises(pbl.PblError, match="hash"):
        pbl.spark.validate(fake, {"a": "there/a"})


def test_an_engine_with_all_answers_gets_past_the_probe():
    with pytest.raises(AssertionError, match="got past"):
        pbl.spark.validate(Fake(), {"a": "there/a"})


def test_the_probe_tells_fused_products_apart():
    assert ANSWERS["product"] == 3.0 * 0.1 + 0.1 * -3.0
    assert float(Fraction(0.1) * 3 + Fraction(0.1 * -3.0)) == -2.7755575615628914e-17


@pytest.mark.parametrize(
    ("uri", "told"),
    [
        ("s3a://me:hunter2@bucket/a b/?x-amz-token=hunter2", "s3a://bucket/a b/"),
        ("s3a://me:hunter2@hunter2@bucket/a", "s3a://bucket/a"),
        ("s3a://me:hun/ter2@bucket/a", "s3a://bucket/a"),
        ("s3a://hunter2@bucket/a#hunter2", "s3a://bucket/a"),
        ("abfss://box@account.dfs.core.windows.net/a;sig=hunter2", "abfss://box@account.dfs.core.windows.net/a"),
        ("wasbs://me:hunter2@account/a", "wasbs://account/a"),
        ("hdfs://host:8020/a/b@c", "hdfs://host:8020/a/b@c"),
        ("/a/b@c/d", "/a/b@c/d"),
    ],
)
def test_a_path_is_told_without_what_is_secret(uri, told):
    assert without_secrets(uri) == told


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"pillars": {}}, "pillars"),
        ({"pillars": {"a\nb": "x"}}, "no name"),
        ({"pillars": {"a": "x"}, "contract": pbl.Contract(), "toml": "pbl.toml"}, "contract and toml"),
        ({"pillars": {"a": "x"}, "contract": "target"}, "not a pbl.Contract"),
        ({"pillars": {"a": "x"}, "contract": pbl.Contract(id_pattern="(?=a)")}, "id_pattern"),
        ({"pillars": {"a": "x"}, "contract": pbl.Contract(targets=("Sample_ID",))}, "differ by more than case"),
        ({"pillars": {"a": "x"}, "contract": pbl.Contract(min=2.0, max=1.0)}, "in order"),
        ({"pillars": {"a": "x"}, "max_examples": -1}, "max_examples"),
    ],
)
def test_arguments_that_cannot_be_are_refused_before_the_engine_is_asked(arguments, told):
    fake = Fake()
    with pytest.raises(pbl.PblError, match=told):
        pbl.spark.validate(fake, **arguments)
    assert fake.asked == []


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"output": "there/a/blend"}, "an input"),
        ({"output": "there/a"}, "an input"),
        ({"output": "there/*"}, "pattern"),
        ({"output": ""}, "empty"),
        ({"output": "x", "weights": {"b": 1}}, "no pillar 'b'"),
        ({"output": "x", "weights": [1, 2]}, "2 given for 1"),
        ({"output": "x", "clip_min": math.nan}, "clip"),
    ],
)
def test_a_blend_that_cannot_be_is_refused_before_the_engine_is_asked(arguments, told):
    fake = Fake()
    with pytest.raises(pbl.PblError, match=told):
        pbl.spark.blend(fake, {"a": "there/a"}, **arguments)
    assert fake.asked == []
