"""The blend and its checks inside the user's own Spark job: `import pbl.spark`; nothing here imports pyspark."""

from pbl.spark.blending import blend
from pbl.spark.validating import validate

__all__ = ["blend", "validate"]
