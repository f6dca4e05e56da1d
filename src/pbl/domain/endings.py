"""The endings of the files that pbl reads and writes: a name says which form a file has.

`project` finds files by it, `reading` and `blending` choose between CSV and Parquet.
"""

CSV, PARQUET = ENDINGS = (".csv", ".parquet")


def is_table(name: str) -> bool:
    """Say whether a name has the ending of a file that pbl reads."""
    return name.lower().endswith(ENDINGS)


def is_parquet(name: str) -> bool:
    """Say whether a name has the ending of a Parquet file."""
    return name.lower().endswith(PARQUET)
