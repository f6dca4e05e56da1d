"""Finish the folder of a blend, which Spark wrote: put its recipe into it last, or remove it after a failure.

The last step of `blending`. A classic session reaches the folder's file system. With Connect the recipe is sent by
Connect's own copy, or, if the server forbids that, written as a folder of that name with one text file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pbl.domain.errors import OutputError
from pbl.spark._session import SparkError, spark_errors, without_secrets
from pbl.spark.recipe import NAME
from pbl.storage.temporary import private_folder

if TYPE_CHECKING:
    from pathlib import Path


def put_recipe(spark: Any, output: str, data: bytes, *, spill: Path) -> None:
    """Write the recipe into the folder; it must not be there."""
    path = f"{output.rstrip('/')}/{NAME}"
    with spark_errors():
        if _is_classic(spark):
            system, at = _file_system(spark, path)
            stream = system.create(at, False)  # noqa: FBT003 - Hadoop's `overwrite`
            stream.write(bytearray(data))
            stream.close()
            if system.getFileStatus(at).getLen() != len(data):
                raise OutputError(f"{without_secrets(path)}: not written whole")
            return
    with private_folder(spill) as folder:
        local = folder / NAME
        local.write_bytes(data)
        try:
            with spark_errors():
                spark.copyFromLocalToFs(str(local), path)
        except SparkError:
            text = data.decode().rstrip("\n")
            with spark_errors():
                frame = spark.createDataFrame([(text,)], "value string").coalesce(1)
                frame.write.mode("error").text(path)


def remove_output(spark: Any, output: str, frame: Any) -> None:
    """Remove what a failed blend wrote; Connect can't remove a folder, so it is written anew without a row."""
    with spark_errors():
        if _is_classic(spark):
            system, at = _file_system(spark, output)
            system.delete(at, True)  # noqa: FBT003 - Hadoop's `recursive`
        else:
            empty = spark.createDataFrame([], frame.schema)
            empty.write.mode("overwrite").parquet(output)


def _is_classic(spark: Any) -> bool:
    return getattr(spark, "_jsparkSession", None) is not None


def _file_system(spark: Any, path: str) -> tuple[Any, Any]:
    at = spark._jvm.org.apache.hadoop.fs.Path(path)  # noqa: SLF001 - the only way to Hadoop's files from Python
    session = spark._jsparkSession  # noqa: SLF001 - same
    return at.getFileSystem(session.sessionState().newHadoopConf()), at
