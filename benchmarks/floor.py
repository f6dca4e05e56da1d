"""Read every cell of four files and write one, with no join and no checks: python floor.py OUTPUT FILE..."""

import sys

import duckdb

output, first, *others = sys.argv[1:]
READ = "read_csv(?, header = true, columns = {'sample_id': 'VARCHAR', 'target': 'DOUBLE'})"
con = duckdb.connect()
con.execute("SET enable_progress_bar = false")
for path in others:
    con.execute(f"SELECT max(strlen(sample_id)), sum(target) FROM {READ}", [path]).fetchall()  # noqa: S608 - READ is above
con.execute(f"COPY (SELECT sample_id, greatest(0, 0.6 * target) AS target FROM {READ}) TO ?", [first, output])  # noqa: S608 - same
