"""Large files whose first bytes need a closer look are blended and compared as small ones are."""

import json
from pathlib import Path

import pytest
from support.large import small_sizes
from support.making import command

from pbl.domain import limits

pytestmark = pytest.mark.usefixtures("here")

SAMPLES = 70
NAMES = ("a", "b", "total")
KINDS = ("plain", "quoted", "one quoted", "mark", "accents")
TOMLS = {
    "mean": "",
    "members": "[pillars.x]\nfiles = ['x.csv', 'y.csv']\nshares = [3, 1]\n[pillars.z]\nfile = 'z.csv'\n",
    "per target": "".join(f"[pillars.{n}]\nfile = '{n}.csv'\n" for n in "xyz") + "[per_target.b]\nx = 1\nz = 2\n",
    "constraints": "[[constraints]]\ntotal = 'total'\nparts = ['a', 'b']\n",
}
WORDS = {"per target": ("--per-target",), "constraints": ("--reconcile",)}
METHODS = {"mean": ("mean", "rank", "median"), "members": ("mean", "rank")}
CASES = [(toml, method) for toml in TOMLS for method in METHODS.get(toml, ("mean",))]


def put(kind):
    """Write three pillars and their template, the ids as the kind has them."""
    for place, name in enumerate(("x", "y", "z", "sample_submission")):
        lines = ["sample_id,target"]
        for n in range(SAMPLES):
            for t, target in enumerate(NAMES):
                key = f"{'é' if kind == 'accents' else 'i'}{n:03}__{target}"
                quoted = kind == "quoted" or (kind == "one quoted" and (n, t) == (0, 0))
                lines.append((f'"{key}"' if quoted else key) + f",{(n * 7919 + t * 31 + place * 101) % 997 / 8!r}")
        data = "".join(f"{line}\n" for line in lines)
        Path(f"{name}.csv").write_text(data, encoding="utf-8-sig" if kind == "mark" else "utf-8")


@pytest.mark.parametrize(("toml", "method"), CASES)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_the_blend_is_that_of_small_files(kind, toml, method, ending, monkeypatch):
    put(kind)
    Path("pbl.toml").write_text(TOMLS[toml])
    words = ("blend", ".", "--method", method, *WORDS.get(toml, ()))
    small = command(*words, "--output", f"small.{ending}")
    monkeypatch.setattr(limits, "SIZES", small_sizes(512))
    large = command(*words, "--output", f"large.{ending}")
    assert (small.code, large.code) == (0, 0), large.talk
    assert Path(f"large.{ending}").read_bytes() == Path(f"small.{ending}").read_bytes()


@pytest.mark.parametrize("kind", KINDS)
def test_all_rows_are_compared(kind, monkeypatch):
    put(kind)
    small = command("compare", ".", "--format", "json")
    monkeypatch.setattr(limits, "SIZES", small_sizes(512))
    large = command("compare", ".", "--format", "json")
    assert (small.code, large.code, json.loads(large.out)["rows"]) == (0, 0, SAMPLES * len(NAMES))
    assert json.loads(large.out) == json.loads(small.out)


ODD = [2.0**81, -(2.0**91), 2.0**807, 0.5, 1e-7]


def test_numbers_whose_text_the_database_gets_wrong_are_written_right(monkeypatch):
    for name in "ab":
        Path(f"{name}.csv").write_text("sample_id,target\n" + "".join(f"i{n},{x!r}\n" for n, x in enumerate(ODD)))
    for name in ("small", "large"):
        done = command("blend", "a.csv", "b.csv", "--output", f"{name}.csv")
        assert done.code == 0, done.talk
        monkeypatch.setattr(limits, "SIZES", small_sizes(512))
    lines = Path("small.csv").read_text().splitlines()[1:]
    assert [float(line.partition(",")[2]) for line in lines] == ODD
    assert Path("large.csv").read_bytes() == Path("small.csv").read_bytes()
