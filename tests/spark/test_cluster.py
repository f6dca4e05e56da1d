"""A worker killed during the write, its shuffle files lost with it: the result is right. A cluster on loopback."""

import os
import random
import re
import signal
import struct
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import polars as pl
import pytest

JOB = """
import sys
from pyspark.sql import SparkSession
import pbl.spark

master, a, b, output = sys.argv[1:]
builder = SparkSession.builder.master(master).config("spark.ui.enabled", "false")
for name, value in {
    "driver.bindAddress": "127.0.0.1", "driver.host": "127.0.0.1", "driver.memory": "1g", "executor.memory": "768m",
    "executor.cores": "1", "cores.max": "2", "sql.shuffle.partitions": "24", "sql.adaptive.enabled": "false",
    "sql.files.maxPartitionBytes": "100000",
    "shuffle.io.maxRetries": "1", "shuffle.io.retryWait": "1s",
}.items():
    builder = builder.config(f"spark.{name}", value)
spark = builder.getOrCreate()
print("rows", pbl.spark.blend(spark, {"a": a, "b": b}, weights=[0.6, 0.4], clip_min=0.0, output=output).output.rows)
spark.stop()
"""
ROWS = 120_000


@pytest.fixture
def cluster(tmp_path):
    """Start a master and two workers, each of its own process group; give the master's address and the workers."""
    import pyspark

    spark_class = Path(pyspark.__file__).parent / "bin" / "spark-class"
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("SPARK", "PYSPARK"))}
    environment |= {
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_HOME": str(spark_class.parents[1]),
        "SPARK_DAEMON_MEMORY": "256m",
    }

    def start(name, *arguments):
        with (tmp_path / f"{name}.log").open("w") as log:
            command = [spark_class, f"org.apache.spark.deploy.{arguments[0]}", "--host", "127.0.0.1", *arguments[1:]]
            process = subprocess.Popen(
                command, env=environment, stdout=log, stderr=log, cwd=tmp_path, start_new_session=True
            )
        stack.callback(end, process)
        return process

    with ExitStack() as stack:
        start("master", "master.Master", "--port", "0", "--webui-port", "0")
        master = wait_for(lambda: re.search(r"spark://127\.0\.0\.1:\d+", (tmp_path / "master.log").read_text()))[0]
        common = ("--webui-port", "0", "--cores", "1", "--memory", "900m", master)
        workers = [start(f"worker{n}", "worker.Worker", "--work-dir", f"{tmp_path}/work{n}", *common) for n in range(2)]
        for n in range(2):
            wait_for(lambda n=n: "Successfully registered" in (tmp_path / f"worker{n}.log").read_text())
        yield master, workers


def test_a_worker_killed_during_the_write_changes_nothing(cluster, put, tmp_path):
    master, workers = cluster
    chance = random.Random(7)
    given = [{f"i{n}": chance.uniform(-5, 90) for n in range(ROWS)} for _ in range(2)]
    pillars = []
    for name, rows in zip("ab", given, strict=True):
        mixed = list(rows.items())
        chance.shuffle(mixed)
        pillars += {put(name, mixed[k::4]) for k in range(4)}
    output = tmp_path / "blend"
    killed = []

    def kill():
        """End one worker, with its executor, once the first part of the blend is being written."""
        wait_for(lambda: list(output.glob("_temporary/**/part-*.parquet")), every=0.02, seconds=200)
        killed.append(not (output / "_SUCCESS").exists())
        end(workers[0])

    watch = threading.Thread(target=kill, daemon=True)
    watch.start()
    command = [sys.executable, "-W", "ignore", "-c", JOB, master, *pillars, output]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("SPARK", "PYSPARK"))}
    done = subprocess.run(
        command,
        env=environment | {"SPARK_LOCAL_IP": "127.0.0.1"},
        capture_output=True,
        encoding="utf-8",
        timeout=280,
        check=False,
    )
    watch.join(10)
    assert done.returncode == 0, done.stderr[-4000:]
    assert killed == [True]
    assert f"rows {ROWS}" in done.stdout
    assert "Lost executor" in done.stderr or "Lost task" in done.stderr, done.stderr[-4000:]

    found = dict(pl.concat([pl.read_parquet(part) for part in output.glob("*.parquet")]).iter_rows())
    wanted = {
        key: max(0.0, 0.6 * one + 0.4 * other)
        for (key, one), other in zip(given[0].items(), given[1].values(), strict=True)
    }
    assert {key: struct.pack("<d", each) for key, each in found.items()} == {
        k: struct.pack("<d", v) for k, v in wanted.items()
    }
    assert (output / "_pbl.recipe.json").is_file()


def end(process):
    """Kill a process that was started here, with all that it started."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def wait_for(what, *, every=0.2, seconds=60):
    until = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < until, "it never came"
        time.sleep(every)
    return found
