"""Over Connect, where Python has no Java of its own, all is as in a classic session."""

import json
import os
import subprocess
import sys
from pathlib import Path

import polars as pl
from support.making import write

JOB = """
import json, os, sys
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession
import pbl, pbl.spark

a, b, torn, output = sys.argv[1:]
builder = SparkSession.builder.remote("local[2]").config("spark.sql.shuffle.partitions", "2")
builder = builder.config("spark.driver.memory", "1g").config("spark.driver.bindAddress", "127.0.0.1")
builder = builder.config("spark.driver.host", "127.0.0.1").config("spark.ui.enabled", "false")
plain = {"codegen.wholeStage": "false", "codegen.factoryMode": "NO_CODEGEN", "adaptive.enabled": "false"}
for name, value in plain.items():
    builder = builder.config(f"spark.sql.{name}", value)
builder = builder.config("spark.sql.artifact.copyFromLocalToFs.allowDestLocal", os.environ.get("ALLOWED", "true"))
spark = builder.getOrCreate()
assert "connect" in type(spark).__module__

frame = spark.createDataFrame([("i1", 0.1), ("i2", -0.0), ("i3", 7.0)], "sample_id string, target double")
pillars = {"a": a, "b": b, "c": frame}


def forbid(*_):
    raise PySparkException("as a server says that may not write where it was told to")


how = {"weights": [0.6, 0.3, 0.1], "clip_min": -1.0}
told = {"recipes": []}
for n in range(2):
    recipe = pbl.spark.blend(spark, pillars, output=f"{output}{n}", template=frame.select("sample_id"), **how)
    told["recipes"].append(recipe.to_json())
    type(spark).copyFromLocalToFs = forbid


def refused(pillars, output):
    try:
        pbl.spark.blend(spark, pillars, output=output)
    except pbl.FindingsError as error:
        return [each.code for each in error.report.errors()]
    except pbl.PblError as error:
        return [type(error).__name__]


bad = spark.createDataFrame([("i1", float("nan")), ("i1", None), (None, 1.0)], "sample_id string, target double")
chance = "CAST(java_method('java.lang.Math', 'random') AS DOUBLE)"
noise = spark.sql(f"SELECT CAST(id AS STRING) AS sample_id, {chance} AS target FROM range(20)")
told["findings"] = sorted({f.code for f in pbl.spark.validate(spark, {"a": a, "b": bad}).errors()})
for name, damage in {"no_text": "61FF62", "nul": "610062"}.items():
    cell = f"CAST(unhex('{damage}') AS STRING)"
    odd = spark.sql(f"SELECT {cell} AS sample_id, 2.0D AS target UNION ALL SELECT 'i1', 1.0D")
    errors = pbl.spark.validate(spark, {"a": odd}).errors()
    told[name] = [(f.code, f.count, [e.id for e in f.examples]) for f in errors]
    told["blend_of_" + name] = refused({"a": odd}, output + "-odd")
told["torn"] = refused({"a": a, "t": torn}, output + "-torn")
told["there"] = refused({"a": a}, output + "0")
told["nowhere"] = refused({"a": a + "-nowhere"}, output + "-nowhere")
told["noise"] = refused({"n": noise}, output + "-noise")
told["csv"] = refused({"n": spark.read.schema("sample_id string, target double").csv(a + ".csv")}, output + "-csv")
told["left"] = spark.read.schema("sample_id string, target double").parquet(output + "-noise").count()
print(json.dumps(told))
spark.stop()
"""


def test_connect_blends_and_refuses_as_a_classic_session_does(put, tmp_path):
    rows = {"a": {"i1": 0.1, "i2": -3.5, "i3": 1e300}, "b": {"i3": 2.0, "i1": 1 / 3, "i2": 5e-324}}
    a, b = (put(name, list(rows[name].items())) for name in "ab")
    torn = Path(put("torn", list(rows["a"].items())))
    [part] = torn.iterdir()
    part.write_bytes(part.read_bytes()[:-20])
    write(tmp_path / "a.csv", rows["a"])
    told = run(a, b, torn, tmp_path / "blend")

    assert told["findings"] == ["PBL401", "PBL402", "PBL501", "PBL503", "PBL601"]
    assert told["no_text"] == [["PBL103", 1, ["a\ufffdb"]]]
    assert told["nul"] == [["PBL106", 1, ["a\0b"]]]
    assert [told["blend_of_no_text"], told["blend_of_nul"]] == [["PBL103"], ["PBL106"]]
    assert told["torn"] == ["PBL101"]
    assert told["there"] == ["OutputError"]
    assert told["nowhere"] == ["InputError"]
    assert told["noise"] == ["ChangedError"]
    assert told["csv"] == ["UsageError"]
    assert told["left"] == 0

    c = {"i1": 0.1, "i2": -0.0, "i3": 7.0}
    for n, recipe in enumerate(told["recipes"]):
        shares = [recipe["shares"][name] for name in "abc"]
        wanted = {i: max(-1.0, shares[0] * rows["a"][i] + shares[1] * rows["b"][i] + shares[2] * c[i]) for i in c}
        frames = [pl.read_parquet(each) for each in (tmp_path / f"blend{n}").glob("*.parquet")]
        assert dict(pl.concat(frames).iter_rows()) == wanted

    copied, part = (tmp_path / f"blend{n}" / "_pbl.recipe.json" for n in range(2))
    assert json.loads(copied.read_bytes()) == told["recipes"][0]
    [part] = part.glob("part-*")  # where the server forbids to copy
    assert json.loads(part.read_bytes()) == told["recipes"][1]
    assert {each.name for each in tmp_path.glob("blend-*")} == {"blend-noise"}
    assert not (tmp_path / "blend-noise" / "_pbl.recipe.json").exists()


def run(*arguments):
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("SPARK", "PYSPARK"))}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", JOB, *map(str, arguments)],
        env=environment | {"SPARK_LOCAL_IP": "127.0.0.1"},
        capture_output=True,
        encoding="utf-8",
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout.splitlines()[-1])
