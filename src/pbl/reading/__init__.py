"""Bytes become rows that say exactly what the bytes say, or findings."""
