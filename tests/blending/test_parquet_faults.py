"""Odd parts, folders and links are refused with the way out, and nothing is written."""

from pathlib import Path

import polars as pl
import pytest
from support.making import command, ids, predictions, tree
from support.parquet import frame, from_csv, put, put_parts

import pbl
from pbl.domain.errors import ChangedError, UsageError

pytestmark = pytest.mark.usefixtures("here")


ODD = {
    "NULL": pl.col("target").replace(pl.col("target").max(), None),
    "NaN": pl.col("target").replace(pl.col("target").max(), float("nan")),
    "infinite": pl.col("target").replace(pl.col("target").max(), float("-inf")),
    "an id that is NULL": pl.col("sample_id").replace("ID1001187975__GDM_g", None),
    "an id twice": pl.col("sample_id").replace("ID1001187975__GDM_g", "ID1001187975__Dry_Dead_g"),
    "an unknown id": pl.col("sample_id").replace("ID1001187975__GDM_g", "ID1"),
}


@pytest.mark.usefixtures("size")
@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
@pytest.mark.parametrize("shuffle", [False, True])
def test_one_odd_cell_among_many_stops_a_blend_and_leaves_nothing(here, odd, shuffle):
    sound = frame(predictions(ids(200), 1))
    put(here / "a.parquet", sound)
    put_parts(here / "b", sound.with_columns(odd).sample(fraction=1.0, shuffle=shuffle, seed=1), 70)
    before = tree(Path())
    for output in ("s.csv", "s.parquet"):
        done = command("blend", "a.parquet", "b=b/", "--output", output)
        assert (done.code, "PBL" in done.talk, tree(Path())) == (1, True, before)


@pytest.mark.usefixtures("size")
def test_parts_that_change_while_they_are_read_are_noticed(monkeypatch):
    put_parts("dino", predictions(ids(30), 1), 10)
    put("b.parquet", predictions(ids(30), 2))
    from pbl.blending import _submission  # noqa: PLC0415 - to stand in its way

    whole = _submission.make_report

    def change(*words):
        put("dino/part-9.parquet", frame({})[:0])
        return whole(*words)

    monkeypatch.setattr(_submission, "make_report", change)
    with pytest.raises(ChangedError, match="dino"):
        pbl.blend(pillars={"dino": "dino", "b": "b.parquet"}, output="s.csv")


@pytest.mark.usefixtures("both")
def test_a_pillar_in_both_forms_in_one_folder_is_refused():
    from_csv("c/submission_dino.csv")
    with pytest.raises(UsageError, match="two files for the pillar 'dino'"):
        pbl.blend("c", output="s.csv")
    assert command("blend", "c").code == 2


def test_folders_of_parts_without_names_are_told_how_to_be_named():
    for name in ("a", "b"):
        put_parts(name, predictions(ids(30), 1), 10)
    done = command("validate", "a/", "b/")
    assert (done.code, len(done.talk.splitlines())) == (2, 1)
    assert "if each folder is one pillar in parts: first=a/ second=b/" in done.talk
    assert command("validate", "first=a/", "second=b/").code == 0


@pytest.mark.parametrize("output", ["link.parquet", "hard.parquet", "gone.parquet", "elsewhere.parquet"])
def test_no_link_leads_the_output_to_a_part(output, here):
    put_parts("dino", predictions(ids(30), 1), 10, 20)
    put("b.parquet", predictions(ids(30), 2))
    one, two, three = sorted((here / "dino").iterdir())
    (here / "link.parquet").symlink_to(one)
    (here / "hard.parquet").hardlink_to(two)
    (here / "gone.parquet").symlink_to(here / "dino/part-9.parquet")
    three.rename(here / "elsewhere.parquet")
    three.symlink_to(here / "elsewhere.parquet")
    before = {part.name: part.read_bytes() for part in (here / "dino").iterdir()}
    done = command("blend", "dino=dino", "b=b.parquet", "-w", "1", "1", "-o", output, "--force")
    assert (done.code, done.talk.splitlines()[-1].startswith(f"pbl blend: {output}: ")) == (2, True)
    assert {part.name: part.read_bytes() for part in (here / "dino").iterdir()} == before


def test_a_pack_never_takes_the_place_of_the_parts_that_it_packs(here):
    put_parts("dino", predictions(ids(90), 1), 30, 60)
    put_parts("linked", predictions(ids(90), 2))
    (here / "store").mkdir()
    (part,) = (here / "linked").iterdir()
    part.rename(here / "store/part.parquet")
    part.symlink_to(here / "store/part.parquet")
    words = ("pack", "dino=dino", "b=linked", "-w", "1", "1", "--dataset", "ann/pillars", "--competition", "comp")
    for output in ("dino", "store"):
        done = command(*words, "--no-wheels", "-o", output, "--force")
        assert (done.code, "an input lies in it" in done.talk) == (2, True)
    assert len([*(here / "dino").glob("*.parquet")]) == 3
    assert command(*words, "--no-wheels", "-o", "new").code == 0


@pytest.mark.usefixtures("both")
def test_a_folder_named_like_a_file_is_parts_only_where_it_is_named():
    put_parts("p/extra.parquet", predictions(ids(10), 1), 5)
    assert pbl.validate("p").not_read == ("extra.parquet/",)
    assert pbl.validate(pillars={"extra": "p/extra.parquet"}).files[0].rows == 10


@pytest.mark.usefixtures("both")
def test_toml_may_name_a_folder_of_parts():
    put_parts("parts", pl.read_parquet("p/submission_dino.parquet"), 30)
    Path("pbl.toml").write_text(
        '[contract]\ntemplate = "p/sample_submission.parquet"\n[pillars.dino]\nfile = "parts/"\n'
        '[pillars.mvp]\nfile = "c/submission_mvp.csv"\n'
    )
    assert [(f.pillar, f.rows) for f in pbl.validate().files] == [("dino", 100), ("mvp", 100)]


@pytest.mark.usefixtures("both")
def test_a_template_is_known_by_its_constant_targets_in_parquet_too():
    Path("p/sample_submission.parquet").rename("p/ids.parquet")
    report = pbl.validate("p")
    assert (report.template.path, len(report.files)) == ("p/ids.parquet", 4)
