"""The endings of the files that pbl reads and writes: a name says which form a file has.

`project` finds files by it, `reading` and `blending` choose between CSV and Parquet.
"""

CSV, PARQUET = ENDINGS = (".csv", ".parquet")
PAGE = (".html", ".htm")
_PACKED = (".gz", ".bz2", ".xz", ".zst", ".zip", ".7z", ".tar", ".tgz")
_TABLES = (".xlsx", ".xls", ".ods", ".json", ".jsonl", ".feather", ".arrow", ".pkl", ".pickle", ".npy", ".npz", ".h5")
_PICTURES = (".pdf", ".png", ".jpg", ".jpeg", ".svg", ".ipynb")
KNOWN = (*ENDINGS, *PAGE, *_PACKED, *_TABLES, *_PICTURES)
"""Endings that say a form; a name with another, or none, says nothing."""


def is_table(name: str) -> bool:
    """Say whether a name has the ending of a file that pbl reads."""
    return name.lower().endswith(ENDINGS)


def is_parquet(name: str) -> bool:
    """Say whether a name has the ending of a Parquet file."""
    return name.lower().endswith(PARQUET)
