"""Words for messages."""

from __future__ import annotations


def plural(n: int, noun: str) -> str:
    """Return `1 row`, `2 rows`, `1,005 rows`."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun[:-1] + 'ies' if noun.endswith('y') else noun + 's'}"
