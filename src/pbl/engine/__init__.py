"""The only door to DuckDB: in memory, locked, and no file but those opened for it."""
