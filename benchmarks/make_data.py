"""Make prediction files: python make_data.py FOLDER ROWS PILLARS TARGETS same|shuffled."""

import sys
from pathlib import Path

import duckdb

NAMES = ["siglip", "dino", "mvp", "dinov2"]
COPY = """
COPY (
  SELECT
    format('ID{}__{}', 1000000000 + (i // 5) * 48271 % 999999937, kinds[1 + i % 5]) AS sample_id,
    COLUMNS(* EXCLUDE (i, kinds))
  FROM (
    SELECT i, ['Dry_Clover_g', 'Dry_Dead_g', 'Dry_Green_g', 'Dry_Total_g', 'GDM_g'] AS kinds, VALUES_OF_I
    FROM (SELECT range AS i FROM range(ROWS) ORDER_OF_I)
  )
) TO 'FILE'
"""

folder, order = Path(sys.argv[1]), sys.argv[5]
rows, pillars, targets = map(int, sys.argv[2:5])
columns = ["target"] if targets == 1 else [f"target_{number:02}" for number in range(targets)]
con = duckdb.connect()
con.execute("SET enable_progress_bar = false")
folder.mkdir(parents=True)
if targets > 1:
    (folder / "pbl.toml").write_text(f"[contract]\ntargets = {columns}\n".replace("'", '"'))
for pillar in range(pillars):
    name = NAMES[pillar] if pillars <= len(NAMES) else f"m{pillar:02}"
    # 53 random bits a value, up to 100: 15 to 17 digits. Shuffled: each file but the first in an order of its own.
    values = ", ".join(
        f'(hash(i + 1, {pillar}, {number}) >> 11) / 9007199254740992.0 * 100 AS "{column}"'
        for number, column in enumerate(columns)
    )
    by = f"ORDER BY hash(range, {pillar})" if order == "shuffled" and pillar else ""
    text = COPY.replace("VALUES_OF_I", values).replace("ORDER_OF_I", by).replace("ROWS", str(rows))
    con.execute(text.replace("FILE", str(folder / f"submission_{name}.csv").replace("'", "''")))
