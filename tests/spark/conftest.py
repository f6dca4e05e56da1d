"""One session for all tests of this room, which need pyspark and Java; `make test-spark` has both."""

import itertools
import os
import shutil
from importlib.util import find_spec

import polars as pl
import pytest

READY = find_spec("pyspark") is not None and shutil.which("java") is not None
collect_ignore_glob = [] if READY else ["test_[!p]*.py"]  # the probe is tried without Spark
CONFIG = {
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.memory": "1g",
    "spark.sql.shuffle.partitions": "2",
    "spark.ui.enabled": "false",
}


def pytest_configure(config):
    """Let pyspark say of pandas 3 what it likes: nothing here uses it."""
    config.addinivalue_line("filterwarnings", "ignore:PySpark does not yet fully support pandas:FutureWarning")


@pytest.fixture(scope="session")
def spark(tmp_path_factory):
    """Start Spark in this process's own Java, with two threads."""
    from pyspark.sql import SparkSession

    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    builder = SparkSession.builder.master("local[2]")
    for name, value in (CONFIG | {"spark.sql.warehouse.dir": str(tmp_path_factory.mktemp("warehouse"))}).items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    yield session
    session.stop()


@pytest.fixture
def settings(spark):
    """Set the session as a test likes, and back again."""
    before = {}

    def put(**wanted):
        for name, value in wanted.items():
            whole = "spark.sql." + name.replace("__", ".")
            before.setdefault(whole, spark.conf.get(whole))
            spark.conf.set(whole, value)

    yield put
    for name, value in before.items():
        spark.conf.set(name, value)


@pytest.fixture
def plain(settings):
    """Spare the session to compile each question for a few rows; `test_blending` has them compiled."""
    settings(codegen__wholeStage="false", codegen__factoryMode="NO_CODEGEN", adaptive__enabled="false")


@pytest.fixture
def put(tmp_path):
    """Write rows as Parquet, a part a call, without Spark; give the folder."""
    numbers = itertools.count()

    def write(name, rows, **schema):
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        schema = schema or {"sample_id": pl.String, "target": pl.Float64}
        part = folder / f"part-{next(numbers):05}.parquet"
        pl.DataFrame(rows, schema=schema, orient="row").write_parquet(part)
        return str(folder)

    return write
