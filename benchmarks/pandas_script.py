"""Blend four files as a notebook cell does, with no checks: python pandas_script.py OUTPUT FILE..."""

import sys

import pandas as pd

WEIGHTS = [0.6, 0.2, 0.1, 0.1]

output, *paths = sys.argv[1:]
first, *others = [pd.read_csv(path) for path in paths]
targets = list(first.columns[1:])
merged = first
for number, other in enumerate(others, start=1):
    merged = merged.merge(other, on="sample_id", suffixes=("", f"_{number}"))
blend = pd.DataFrame({"sample_id": merged["sample_id"]})
for target in targets:
    columns = [target, *(f"{target}_{number}" for number in range(1, len(paths)))]
    blend[target] = sum(weight * merged[column] for weight, column in zip(WEIGHTS, columns, strict=True)).clip(lower=0)
blend.to_csv(output, index=False)
