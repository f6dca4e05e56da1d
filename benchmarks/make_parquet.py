"""Write what CSV files of predictions hold as Parquet, beside them: python make_parquet.py FILE..."""

import sys
from pathlib import Path

import polars as pl

for path in map(Path, sys.argv[1:]):
    pl.scan_csv(path, schema_overrides={"sample_id": pl.String}).sink_parquet(path.with_suffix(".parquet"))
