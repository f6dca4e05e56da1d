"""Parquet in, Parquet out: the very doubles of the same blend from CSV, whatever form the files have."""

import hashlib
import json
import struct
from pathlib import Path

import polars as pl
import pytest
from support.making import FOUR, command, ids, predictions, read, shuffled, tree, write
from support.parquet import frame, from_csv, put, put_parts

import pbl
from pbl.blending import _write_parquet
from pbl.domain.errors import ChangedError, OutputError

pytestmark = pytest.mark.usefixtures("here")


def numbers(path):
    """Return ids and doubles, bit by bit, of a submission."""
    rows = pl.read_parquet(path).rows() if path.endswith(".parquet") else read(path)[1]
    return [(key, *(struct.pack(">d", value) for value in values)) for key, *values in rows]


def blended(*words, output="s.csv"):
    done = command("blend", *words, "--output", output, "--force")
    assert done.code == 0, done.talk
    return numbers(output)


@pytest.mark.usefixtures("size")
@pytest.mark.parametrize("how", [(), ("--method", "median"), ("--method", "rank"), ("--clip-min", "5")])
def test_a_blend_has_the_same_doubles_from_either_form_in_either_form(both, how):
    expected = blended("c", *how)
    assert [key for key, _ in expected] == both.order
    assert blended("p", *how) == expected
    assert Path("s.csv").read_bytes() == (blended("c", *how, output="t.csv"), Path("t.csv").read_bytes())[1]
    assert blended("c", *how, output="c.parquet") == expected
    assert blended("p", *how, output="p.parquet") == expected
    mixed = ("siglip=c/submission_siglip.csv", "dino=p/submission_dino.parquet", "mvp=p/submission_mvp.parquet")
    assert (
        blended(*mixed, "dinov2=c/submission_dinov2.csv", "--template", "p/sample_submission.parquet", *how) == expected
    )


WRITTEN = [
    {"row_group_size": 7},
    {"row_group_size": 10**6, "data_page_size": 64},
    *({"compression": name} for name in ("uncompressed", "snappy", "gzip", "brotli", "lz4", "zstd")),
    {"statistics": False},
]


@pytest.mark.usefixtures("size", "both")
def test_how_a_file_is_written_changes_nothing():
    expected = blended("c")
    for how in WRITTEN:
        for path in sorted(Path("c").glob("submission_*.csv")):
            from_csv(path, "p", **how)
        assert blended("p") == expected, how


@pytest.mark.usefixtures("size", "both")
@pytest.mark.parametrize("cuts", [(), (50,), (1, 2, 3, 99), (0, 40, 40, 100)])
def test_where_parts_begin_changes_nothing(cuts):
    expected = blended("c")
    put_parts("dino", pl.read_parquet("p/submission_dino.parquet"), *cuts)
    others = [f"{name}=p/submission_{name}.parquet" for name in FOUR if name != "dino"]
    order = [others[0], "dino=dino/", *others[1:]]
    assert blended(*order, "--template", "c/sample_submission.csv") == expected
    dictionaries = pl.read_parquet("dino/part-0.parquet").with_columns(pl.col("sample_id").cast(pl.Categorical))
    put("dino/part-0.parquet", dictionaries)
    assert blended(*order, "--template", "c/sample_submission.csv") == expected


@pytest.mark.usefixtures("size")
def test_files_in_one_order_are_blended_in_it(here):
    names = ids(100)
    for n in range(3):
        put(here / "p" / f"m{n}.parquet", predictions(names, n), row_group_size=10 + n)
        write(here / "c" / f"m{n}.csv", predictions(names, n))
    assert blended("p", output="p.parquet") == blended("c")


@pytest.mark.usefixtures("size")
@pytest.mark.usefixtures("here")
def test_parts_are_read_in_the_order_of_their_names():
    put_parts("a", predictions(ids(30), 1), 10, 20)
    put("b.parquet", predictions(shuffled(ids(30), 3), 2))
    assert [key for key, _ in blended("a=a/", "b=b.parquet")] == ids(30)


@pytest.mark.usefixtures("size")
@pytest.mark.usefixtures("here")
def test_float_is_widened_exactly_and_whole_numbers_are_ids():
    values = [0.1, -0.0, 1e-45, 3.4028234663852886e38, 1 / 3]
    single = pl.DataFrame({"sample_id": [3, 1, 20, -4, 5], "target": pl.Series(values, dtype=pl.Float32)})
    put("a.parquet", single)
    wide = dict(zip(map(str, single["sample_id"]), single["target"].cast(pl.Float64), strict=True))
    write("a.csv", wide)
    assert blended("a.parquet", output="p.parquet") == blended("a.csv") == numbers("a.csv")


@pytest.mark.usefixtures("size")
@pytest.mark.usefixtures("here")
def test_ids_that_are_not_ascii_or_need_quotes_are_kept():
    names = ["é", "日本", 'a"b', "a,b", "a\nb", "x\\n", "#1", "🙂"]
    put("a.parquet", dict(zip(names, map(float, range(8)), strict=True)))
    put("b.parquet", dict(zip(names[::-1], map(float, range(8)), strict=True)))
    assert command("blend", "a.parquet", "b.parquet", "--output", "s.parquet").code == 0
    assert pl.read_parquet("s.parquet")["sample_id"].to_list() == names
    assert command("blend", "a.parquet", "b.parquet", "--output", "s.csv").code == 0
    assert command("validate", "s.csv", "--template", "a.parquet").code == 0


@pytest.mark.usefixtures("size")
@pytest.mark.usefixtures("here")
def test_several_targets_are_found_by_name():
    Path("pbl.toml").write_text('[contract]\ntargets = ["u", "v"]\n')
    rows = {key: (n / 3, n / 7) for n, key in enumerate(ids(40))}
    write("a.csv", rows, ("sample_id", "u", "v"))
    put("a.parquet", frame(rows, ("sample_id", "u", "v")).select("v", "sample_id", "u"))
    assert blended("a.csv", output="c.parquet") == blended("a.parquet", output="p.parquet") == numbers("a.csv")


@pytest.mark.usefixtures("here")
def test_labels_from_parquet_are_doubles_and_so_is_their_blend():
    put("a.parquet", {"x": 1.0, "y": 2.0})
    write("b.csv", {"x": "1", "y": "2"})
    assert blended("b.csv") == blended("a.parquet")
    assert Path("s.csv").read_text() == "sample_id,target\nx,1.0\ny,2.0\n"


class TestOutput:
    @pytest.mark.usefixtures("both")
    def test_has_the_contract_s_columns_as_text_and_doubles(self):
        blended("p", output="s.parquet")
        assert pl.read_parquet_schema("s.parquet") == {"sample_id": pl.String, "target": pl.Float64}

    @pytest.mark.usefixtures("both")
    def test_has_a_recipe_with_its_hash_and_that_of_its_content(self):
        blended("p", output="s.parquet")
        recipe = json.loads(Path("s.parquet.recipe.json").read_text())
        assert recipe["output"]["sha256"] == hashlib.sha256(Path("s.parquet").read_bytes()).hexdigest()
        rows = pl.read_parquet("s.parquet").rows()
        columns = [
            "".join(f"{key}\n" for key, _ in rows).encode(),
            b"".join(struct.pack("<d", value) for _, value in rows),
        ]
        lines = ["sample_id", "target", *(hashlib.sha256(column).hexdigest() for column in columns)]
        content = hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()
        assert recipe["output"]["content_sha256"] == content

    @pytest.mark.usefixtures("both")
    def test_of_csv_the_recipe_has_no_hash_of_content(self):
        blended("p")
        assert "content" not in Path("s.recipe.json").read_text()

    @pytest.mark.usefixtures("both")
    def test_is_replaced_only_if_pbl_wrote_it(self):
        Path("s.parquet").write_bytes(b"mine")
        assert command("blend", "p", "--output", "s.parquet").code == 2
        assert Path("s.parquet").read_bytes() == b"mine"
        blended("p", output="s.parquet")
        assert command("blend", "p", "--weights", "1", "1", "1", "1", "--output", "s.parquet").code == 0

    @pytest.mark.usefixtures("both")
    def test_may_not_lie_among_the_parts_of_a_pillar(self):
        put_parts("dino", predictions(ids(10), 1), 5)
        before = tree(Path())
        done = command("blend", "dino=dino/", "--output", "dino/s.parquet")
        assert (done.code, "among the parts" in done.talk, tree(Path())) == (2, True, before)
        assert command("blend", "dino=dino/", "--output", "dino/part-0.parquet", "--force").code == 2
        assert tree(Path()) == before

    @pytest.mark.usefixtures("both")
    def test_that_reads_back_otherwise_is_not_written(self, monkeypatch):
        monkeypatch.setattr(_write_parquet, "read_fingerprint", lambda *_: ())
        with pytest.raises(OutputError, match="what was read back is not what was blended"):
            pbl.blend("p", output="s.parquet")
        assert not list(Path().glob("*s.parquet*"))

    @pytest.mark.usefixtures("both")
    def test_is_set_aside_in_its_folder_by_its_recipe(self):
        blended("p", output="p/mine.parquet")
        assert pbl.validate("p").set_aside == ("mine.parquet",)

    @pytest.mark.usefixtures("both")
    def test_of_a_dry_run_is_not_left(self):
        before = tree(Path())
        assert command("blend", "p", "--output", "s.parquet", "--dry-run").code == 0
        assert tree(Path()) == before

    @pytest.mark.usefixtures("both")
    def test_can_be_validated_and_logged(self):
        blended("p", output="s.parquet")
        assert command("validate", "s.parquet", "--template", "p/sample_submission.parquet").code == 0
        done = command("log-run", "s.parquet", "--label", "x", "--cv", "0.5")
        assert done.code == 0, done.talk
        assert "s.parquet" in next(Path("run_logs").glob("*.csv")).read_text()


class TestRecipe:
    def recipe(self, name="s.recipe.json"):
        return json.loads(Path(name).read_text())

    @pytest.fixture
    def parts(self, here):
        put_parts(here / "dino", predictions(ids(30), 1), 10, 20)
        put(here / "b.parquet", predictions(ids(30), 2))
        assert command("blend", "dino=dino/", "b=b.parquet", "--output", "s.csv").code == 0
        return [Path("dino", f"part-{n}.parquet") for n in range(3)]

    def test_lists_the_parts_with_their_hashes(self, parts):
        dino, single = self.recipe()["inputs"]
        assert [(p["path"], p["sha256"], p["bytes"], p["rows"]) for p in dino["parts"]] == [
            (path.name, hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_size, 10) for path in parts
        ]
        lines = "".join(f"{part['sha256']}  {part['path']}\n" for part in dino["parts"])
        assert dino["sha256"] == hashlib.sha256(lines.encode()).hexdigest()
        assert (dino["path"], dino["rows"], dino["bytes"]) == ("dino", 30, sum(p.stat().st_size for p in parts))
        assert (single["path"], "parts" in single) == ("b.parquet", False)

    @pytest.mark.usefixtures("parts")
    def test_makes_the_same_bytes_again(self):
        done = command("blend", "--recipe", "s.recipe.json", "--output", "t.csv")
        assert (done.code, Path("t.csv").read_bytes()) == (0, Path("s.csv").read_bytes())

    @pytest.mark.parametrize("how", ["more", "fewer", "changed", "renamed", "gone"])
    def test_wants_just_these_parts(self, parts, how):
        match how:
            case "more":
                put("dino/part-9.parquet", frame({})[:0])
            case "fewer":
                parts[1].unlink()
            case "changed":
                put(parts[1], predictions(ids(30)[10:20], 8))
            case "renamed":
                parts[1].rename("dino/part-8.parquet")
            case "gone":
                Path("dino").rename("other")
        with pytest.raises(ChangedError, match="dino"):
            pbl.blend(recipe="s.recipe.json", output="t.csv")
        assert not Path("t.csv").exists()

    @pytest.mark.usefixtures("parts")
    def test_finds_the_folder_of_parts_by_hash_elsewhere(self):
        Path("else/where").mkdir(parents=True)
        Path("dino").rename("else/where/moved")
        Path("b.parquet").rename("else/c.parquet")
        done = command("blend", "--recipe", "s.recipe.json", "--inputs", "else", "--output", "t.csv")
        assert (done.code, Path("t.csv").read_bytes()) == (0, Path("s.csv").read_bytes()), done.talk

    @pytest.mark.usefixtures("parts", "monkeypatch")
    def test_of_parquet_compares_what_the_bytes_say(self):
        blended("dino=dino/", "b=b.parquet", output="s.parquet")
        table = self.recipe("s.parquet.recipe.json")
        table["output"] |= {"sha256": "0" * 64, "bytes": 1}  # as if another polars had written it
        Path("old.recipe.json").write_text(json.dumps(table))
        done = command("blend", "--recipe", "old.recipe.json", "--output", "t.parquet")
        assert done.code == 0, done.talk
        assert numbers("t.parquet") == numbers("s.parquet")
        table["output"]["content_sha256"] = "0" * 64
        Path("old.recipe.json").write_text(json.dumps(table))
        assert command("blend", "--recipe", "old.recipe.json", "--output", "u.parquet").code == 2
        assert not Path("u.parquet").exists()

    @pytest.mark.usefixtures("parts")
    def test_of_one_form_is_not_made_in_the_other(self):
        done = command("blend", "--recipe", "s.recipe.json", "--output", "t.parquet")
        assert (done.code, "is CSV" in done.talk, Path("t.parquet").exists()) == (2, True, False)

    @pytest.mark.usefixtures("parts")
    def test_made_again_in_place_is_there_already(self):
        blended("dino=dino/", "b=b.parquet", output="s.parquet")
        assert "already" in command("blend", "--recipe", "s.parquet.recipe.json").talk

    @pytest.mark.usefixtures("parts")
    def test_made_again_in_place_has_the_hash_of_the_file_that_is_there(self):
        blended("dino=dino/", "b=b.parquet", output="s.parquet")
        pl.read_parquet("s.parquet").write_parquet("s.parquet", compression="lz4")  # as another version writes it
        table = self.recipe("s.parquet.recipe.json")
        data = Path("s.parquet").read_bytes()
        there = {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
        Path("s.parquet.recipe.json").write_text(json.dumps(table | {"output": table["output"] | there}))
        done = command("blend", "--recipe", "s.parquet.recipe.json", "--format", "json")
        said = json.loads(done.out)
        assert (done.code, said["already"], Path("s.parquet").read_bytes() == data) == (0, True, True)
        assert {key: said["recipe"]["output"][key] for key in there} == there
