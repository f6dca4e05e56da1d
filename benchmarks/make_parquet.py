"""Write what CSV files of predictions hold as Parquet, beside them: python make_parquet.py FILE...

Once as they are read, so that row groups end elsewhere in each file; and once from one frame, in the folder `frames`,
so that files with the same ids in one order keep them as the same bytes.
"""

import sys
from pathlib import Path

import polars as pl

for path in map(Path, sys.argv[1:]):
    rows = pl.scan_csv(path, schema_overrides={"sample_id": pl.String})
    rows.sink_parquet(path.with_suffix(".parquet"))
    frames = path.parent / "frames"
    frames.mkdir(exist_ok=True)
    rows.collect().rechunk().write_parquet(frames / path.with_suffix(".parquet").name)
