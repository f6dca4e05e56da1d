"""Each id's double is `pbl blend`'s, bit for bit; parts, order, partitions and settings change nothing."""

import json
import math
import random
import struct
import sys
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from support.making import write

import pbl
import pbl.spark
from pbl.spark.recipe import NAME

DOUBLES = [
    0.0,
    -0.0,
    5e-324,
    -5e-324,
    2.2250738585072014e-308,
    2.225073858507201e-308,
    1e-300,
    0.1,
    0.2,
    0.3,
    1 / 3,
    1.0,
]
DOUBLES += [
    math.nextafter(1, 2),
    math.nextafter(1, 0),
    0.5,
    -0.5,
    1e15 + 0.3,
    1e22,
    1e23,
    123456789.123456789,
    1e300,
    -1e300,
]
DOUBLES += [sys.float_info.max / 8, -sys.float_info.max / 8, -1.0, 2.5, 1e-7, 3e-5, 4.35, 2**53 + 1.0, 2.0**-1074]
NAMES = ("siglip", "dino", "mvp")


def random_double(chance):
    """Make a double of any exponent but the largest, of which sums may be infinite."""
    number = struct.unpack("<d", struct.pack("<Q", chance.getrandbits(64)))[0]
    return number if math.isfinite(number) and abs(number) < 1e307 else chance.choice(DOUBLES)


def models(n, seed):
    chance = random.Random(seed)
    odd = 'é日 ,"'
    ids = [f"ID{i:04}__{odd[i % 5]}x" for i in range(n)]
    return {
        name: {key: random_double(chance) if i % 2 else chance.choice(DOUBLES) for i, key in enumerate(ids)}
        for name in NAMES
    }


def bits(rows):
    return {key: struct.pack("<d", value) for key, value in rows}


def one_machine(folder, given, **how):
    """Blend with `pbl blend`'s own code, from CSV; read without pbl."""
    folder.mkdir(exist_ok=True)
    files = {}
    for name, rows in given.items():
        files[name] = folder / f"{name}.csv"
        pl.DataFrame({"sample_id": list(rows), "target": list(map(repr, rows.values()))}).write_csv(files[name])
    pbl.blend(pillars=files, output=folder / "blend.csv", force=True, **how)
    read = pl.read_csv(folder / "blend.csv", schema={"sample_id": pl.String, "target": pl.String})
    return bits((key, float(text)) for key, text in read.iter_rows())


def written(folder):
    """Read a blend as polars reads it, bit for bit."""
    frames = [pl.read_parquet(part) for part in sorted(Path(folder).glob("*.parquet"))]
    return bits(pl.concat(frames).iter_rows())


def parts(put, name, rows, seed, n=3):
    """Write a pillar as some parts, its rows in an order of its own."""
    mixed = list(rows.items())
    random.Random(seed).shuffle(mixed)
    for k in range(n):
        path = put(name, mixed[k::n])
    return path


@pytest.mark.parametrize(
    "how",
    [
        {"weights": {"siglip": 0.6, "dino": 0.2, "mvp": 0.2}, "clip_min": 0.0},
        {"weights": [0.1, 1e-300, 3.0], "clip_min": -0.0, "clip_max": 1e10},
        {"weights": [0.3, 0.0, 0.6], "raw_weights": True},
        {"weights": {"mvp": 1, "siglip": 7}},
        {},
    ],
    ids=str,
)
def test_each_double_is_that_of_one_machine(spark, put, tmp_path, how):
    given_ = models(400, seed=str(how))
    wanted = one_machine(tmp_path / "csv", given_, **how)
    pillars = {name: parts(put, name, rows, name) for name, rows in given_.items()}
    recipe = pbl.spark.blend(spark, pillars, output=str(tmp_path / "blend"), **how)
    assert written(tmp_path / "blend") == wanted
    assert recipe.output.rows == 400
    assert json.loads((tmp_path / "blend" / NAME).read_bytes()) == recipe.to_json()


@hypothesis_settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    numbers=st.lists(
        st.tuples(*[st.floats(allow_nan=False, allow_infinity=False, min_value=-1e307, max_value=1e307)] * 2),
        min_size=1,
        max_size=60,
    ),
    weight=st.floats(min_value=0.001, max_value=1000),
    clip=st.none() | st.sampled_from([0.0, -0.0, 0.25, -1e9]),
)
def test_any_double_is_that_of_one_machine(spark, tmp_path_factory, numbers, weight, clip):
    folder = tmp_path_factory.mktemp("any")
    given_ = {name: {f"i{n}": row[k] for n, row in enumerate(numbers)} for k, name in enumerate(("a", "b"))}
    wanted = one_machine(folder / "csv", given_, weights=[weight, 1.0], clip_min=clip)
    frames = {
        name: spark.createDataFrame(list(rows.items()), "sample_id string, target double")
        for name, rows in given_.items()
    }
    pbl.spark.blend(spark, frames, weights=[weight, 1.0], clip_min=clip, output=str(folder / "blend"))
    assert written(folder / "blend") == wanted


def test_partitions_parts_order_and_settings_change_nothing(spark, put, tmp_path, settings):
    given_ = models(300, seed=5)
    how = {"weights": [0.6, 0.3, 0.1], "clip_min": 0.0}
    wanted = one_machine(tmp_path / "csv", given_, **how)
    put_settings = settings
    for n, strange in enumerate(
        [
            {},
            {
                "ansi__enabled": "false",
                "session__timeZone": "Pacific/Apia",
                "shuffle__partitions": "7",
                "caseSensitive": "true",
            },
            {
                "files__ignoreCorruptFiles": "true",
                "files__ignoreMissingFiles": "true",
                "parquet__mergeSchema": "true",
                "parquet__enableVectorizedReader": "false",
                "adaptive__enabled": "false",
                "codegen__wholeStage": "false",
                "files__maxPartitionBytes": "1000",
                "parser__escapedStringLiterals": "true",
                "ansi__doubleQuotedIdentifiers": "true",
            },
        ]
    ):
        put_settings(**strange)
        pillars = {name: parts(put, f"{name}{n}", rows, n + 7, n=n + 1) for name, rows in given_.items()}
        recipe = pbl.spark.blend(spark, pillars, output=str(tmp_path / f"blend{n}"), **how)
        assert written(tmp_path / f"blend{n}") == wanted
        assert recipe.output.digest == json.loads((tmp_path / "blend0" / NAME).read_bytes())["output"]["digest"]
        for name, value in strange.items():
            assert spark.conf.get("spark.sql." + name.replace("__", ".")) == value


def test_floats_widen_and_whole_ids_are_their_digits(spark, put, tmp_path):
    put("a", [(1, 0.1), (-20, 0.2)], sample_id=pl.Int32, target=pl.Float32)
    a = put("a", [(3, 0.3)], sample_id=pl.Int64, target=pl.Float64)
    b = put("b", [("3", 1.0), ("-20", 2.0), ("1", 3.0)])
    pbl.spark.blend(spark, {"a": a, "b": b}, weights=[1, 0], output=str(tmp_path / "blend"))
    [f1, f2] = struct.unpack("<2f", struct.pack("<2f", 0.1, 0.2))
    assert written(tmp_path / "blend") == bits([("1", f1), ("-20", f2), ("3", 0.3)])


def test_names_and_ids_of_any_characters_are_taken_as_they_are(spark, put, tmp_path):
    id_, first, second = "id`.\"x' :y", "ta.rget${x}", "-- {p0} é"
    schema = {id_: pl.String, first: pl.Float64, second: pl.Float64}
    ids = ["'; DROP TABLE x", "$share0", ":share0", "{p0}", "a\nb", "`", "\\", '"', "日本"]
    a = put("a", [(key, n, -n) for n, key in enumerate(ids)], **schema)
    b = put("b", [(-n, key, n) for n, key in enumerate(ids)], **{second: pl.Float64, id_: pl.String, first: pl.Float64})
    contract = pbl.Contract(id=id_, targets=(first, second))
    names = ["a'`\"", "$x {p1} :y"]
    pbl.spark.blend(
        spark,
        dict(zip(names, [a, b], strict=True)),
        weights={names[0]: 1, names[1]: 3},
        contract=contract,
        output=str(tmp_path / "o"),
    )
    [part] = (tmp_path / "o").glob("*.parquet")
    rows = {row[0]: row[1:] for row in pl.read_parquet(part, columns=[id_, first, second]).iter_rows()}
    assert rows == {key: (n * 1.0, n * -1.0) for n, key in enumerate(ids)}
    assert [each["name"] for each in json.loads((tmp_path / "o" / NAME).read_bytes())["inputs"]] == names


def test_a_table_a_frame_and_a_path_are_all_taken_and_the_template_has_the_ids(spark, put, tmp_path):
    rows = [("a", 1.0), ("b", 2.0), ("c", 3.0)]
    frame = spark.createDataFrame(rows, "sample_id string, target double")
    frame.createOrReplaceTempView("scores")
    template = spark.createDataFrame([("c", "zero"), ("a", None), ("b", "")], "sample_id string, target string")
    pillars = {"x": put("x", rows), "y": frame, "z": spark.table("scores")}
    recipe = pbl.spark.blend(spark, pillars, template=template, output=str(tmp_path / "blend"))
    assert written(tmp_path / "blend") == bits(rows)
    assert [(each.path, each.parts) for each in recipe.inputs] == [
        (pillars["x"], 1),
        ("DataFrame", 0),
        ("DataFrame", 0),
    ]
    assert recipe.template.rows == 3
    assert len({each.digest for each in recipe.inputs}) == 1


def test_pbl_toml_gives_contract_weights_and_clip_as_on_one_machine(spark, put, tmp_path):
    given_ = {name: {f"i{n}": n - 5.3 for n in range(20)} for name in ("b", "a")}
    given_["b"] = {key: value * 3 for key, value in given_["b"].items()}
    for name, rows in given_.items():
        write(tmp_path / f"{name}.csv", rows)
    toml = tmp_path / "pbl.toml"
    tables = [
        "[contract]\nmin = -50",
        '[pillars.b]\nfile = "b.csv"\nweight = 3',
        '[pillars.a]\nfile = "a.csv"\nweight = 0.7',
    ]
    toml.write_text("\n".join([*tables, "[blend]\nclip_min = -1.5\n"]))
    pbl.blend(tmp_path, output=tmp_path / "one.csv")
    pillars = {name: put(f"{name}-parts", list(rows.items())) for name, rows in given_.items()}
    recipe = pbl.spark.blend(spark, pillars, toml=toml, output=str(tmp_path / "blend"))
    lines = (tmp_path / "one.csv").read_text().splitlines()[1:]
    assert written(tmp_path / "blend") == bits((k, float(v)) for k, v in (line.split(",") for line in lines))
    assert (recipe.clip_min, recipe.contract.min, recipe.inputs[0].weight) == (-1.5, -50.0, 3.0)
    toml.write_text('[blend]\nmethod = "median"\n')
    with pytest.raises(pbl.PblError, match="only mean"):
        pbl.spark.blend(spark, pillars, toml=toml, output=str(tmp_path / "other"))
    assert not (tmp_path / "other").exists()
