"""Check one file with Pandera as its manual shows it, and no more: python pandera_plain.py FILE."""

import sys

import pandera.polars as pa
import polars as pl

schema = pa.DataFrameSchema(
    {
        "sample_id": pa.Column(pl.String, pa.Check.str_length(min_value=1), unique=True, nullable=False),
        "target": pa.Column(
            pl.Float64, pa.Check(lambda data: data.lazyframe.select(pl.col(data.key).is_finite())), nullable=False
        ),
    },
    strict=True,
    ordered=True,
)
schema.validate(pl.read_csv(sys.argv[1]), lazy=True)
