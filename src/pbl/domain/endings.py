"""The endings of the files that pbl reads and writes: a name says which form a file has.

`project` finds files by it, `reading` and `blending` choose between CSV and Parquet.
"""

CSV, PARQUET = ENDINGS = (".csv", ".parquet")
PAGE = (".html", ".htm")
_PACKED = (".gz", ".bz2", ".xz", ".zst", ".lz4", ".br", ".zip", ".7z", ".tar", ".tgz")
_TABLES = (
    *(".tsv", ".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".json", ".jsonl", ".xml", ".pq", ".orc", ".avro", ".feather"),
    *(".arrow", ".ipc", ".pkl", ".pickle", ".npy", ".npz", ".h5", ".hdf5", ".sqlite", ".db"),
)
_SETTINGS = (".toml", ".yaml", ".yml")
_PICTURES = (".pdf", ".png", ".jpg", ".jpeg", ".svg", ".ipynb")
KNOWN = (*ENDINGS, *PAGE, *_PACKED, *_TABLES, *_PICTURES, *_SETTINGS)
"""Endings that say a form; a name with another, or none, says nothing."""


def is_table(name: str) -> bool:
    """Say whether a name has the ending of a file that pbl reads."""
    return name.lower().endswith(ENDINGS)


def is_parquet(name: str) -> bool:
    """Say whether a name has the ending of a Parquet file."""
    return name.lower().endswith(PARQUET)
