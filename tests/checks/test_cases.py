"""Each file under `cases/files` beside what pbl must find in it: `NAME.csv` and `NAME.findings.json`.

To add a case, add both files; what is between files (PBL6) isn't asked here. A folder with a `pbl.toml` is a contract.
"""

import json
from pathlib import Path

import pytest
from support.making import command, process

FILES = Path(__file__).parents[1].joinpath("cases") / "files"
FOLDERS = sorted({path.parent for path in FILES.rglob("*.csv")})


def told(folder):
    """Give what one run of pbl finds in each of a folder's files, in short."""
    done = process("validate", folder, "--format", "json", "--ignore", "PBL6", "--max-examples", "100")
    assert done.talk == ""
    report = json.loads(done.out)
    assert done.code == (0 if report["ok"] else 1)
    found = {Path(file["path"]).stem: [] for file in report["files"]}
    for each in report["findings"]:
        kept = {name: each[name] for name in ("code", "severity", "column", "count") if each[name] is not None}
        examples = [[e["row"], e["id"], e["value"]] for e in each["examples"]]
        found[Path(each["file"]).stem].append({**kept, "row, id, value": examples})
    return found


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_each_file_gives_exactly_its_findings(folder):
    expected = {path.stem: json.loads(path.with_suffix(".findings.json").read_text()) for path in folder.glob("*.csv")}
    found = told(folder)
    assert set(found) == set(expected)
    wrong = {name: (found[name], expected[name]) for name in expected if found[name] != expected[name]}
    assert not wrong


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_file_alone_gives_what_it_gives_among_others(folder, monkeypatch):
    monkeypatch.chdir(folder)
    for path in sorted(folder.glob("*.csv")):
        done = command("validate", f"alone={path.name}", "--format", "json")
        wanted = {each["code"] for each in json.loads(path.with_suffix(".findings.json").read_text())}
        assert {each["code"] for each in json.loads(done.out)["findings"]} == wanted, path
