"""The job of docs/spark.md runs, and does what the page says."""

import re
from pathlib import Path

import polars as pl

PAGE = Path(__file__).resolve().parents[2] / "docs" / "spark.md"


def test_the_job_of_the_page_runs(spark, put, tmp_path, monkeypatch, capsys):
    assert spark
    rows = [(f"i{n}", float(n)) for n in range(20)]
    (tmp_path / "scores").mkdir()
    put("scores/siglip", rows)
    put("scores/dino", [(key, value + 4) for key, value in rows])
    put("scores/ids", [(key,) for key, _ in rows], sample_id=pl.String)
    monkeypatch.chdir(tmp_path)
    [job] = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    for name in ("siglip", "dino", "ids", "blend"):  # Java's working folder is another
        job = job.replace(f'"scores/{name}', f'"{tmp_path}/scores/{name}')
    exec(compile(job, PAGE, "exec"), {})  # noqa: S102 - our own page
    assert capsys.readouterr().out.splitlines() == ["ok: 2 files, 40 rows", "20 {'siglip': 0.75, 'dino': 0.25}"]
    [part] = (tmp_path / "scores" / "blend").glob("*.parquet")
    assert dict(pl.read_parquet(part).iter_rows()) == {key: 0.75 * value + 0.25 * (value + 4) for key, value in rows}
