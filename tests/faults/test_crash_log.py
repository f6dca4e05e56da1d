"""Death and disk faults at every call of a log-run that changes a file."""

import csv
import io
import shutil

import pytest
from support.crashing import afterwards, content, fresh, run, walk

pytestmark = pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed: faults can't be injected")


def log_run(number):
    return ("log-run", "--label", "l", "--pillar", "p", "--model", "m", "--cv", f"0.{number}", "--logs", "logs")


def the_log(folder):
    """Give the one log's name and bytes, None where there is none."""
    logs = [(name, data) for name, data in content(folder).items() if name.endswith("_l.csv")]
    assert len(logs) <= 1
    return logs[0] if logs else None


def scores(data):
    """Give the scores that a log's rows hold, seeing that each row is whole and the header there once."""
    header, *rows = csv.reader(io.StringIO(data.decode(), newline=""), strict=True)
    assert header[:3] == ["pillar", "model", "processed_cv"]
    assert {len(row) for row in rows} <= {len(header)}
    assert header not in rows
    return [row[2] for row in rows]


@pytest.fixture(scope="module")
def first_log(tmp_path_factory):
    """Give a log with one row, as pbl wrote it."""
    folder = fresh(tmp_path_factory.mktemp("logs") / "f", {})
    assert run(folder, log_run(1)).returncode == 0
    return content(folder)


@pytest.mark.parametrize("start", ["no log", "a log", "a torn log"])
@pytest.mark.parametrize("kind", ["write", "fsync", "link", "rename", "unlink", "ftruncate", "mkdir"])
def test_a_log_keeps_what_was_reported_whatever_call_fails(kind, start, tmp_path, first_log):
    (name, whole) = next(iter(first_log.items()))
    torn = b"p,m,0.9" if start == "a torn log" else b""
    before = {} if start == "no log" else {name: whole + torn}
    folder = tmp_path / "f"
    for what, done, killed in walk(folder, before, log_run(2), kind):
        said = f"{what} exit {done.returncode}: {done.stderr}"
        if done.returncode == 0:
            assert scores(the_log(folder)[1])[-1] == "0.2", said
        elif not killed:
            assert done.returncode == 2, said
            assert kind == "write" or "not logged" in done.stderr or "perhaps logged" in done.stderr, said
            if "not logged" in done.stderr:
                found = the_log(folder)
                aside = b"".join(data for n, data in content(folder).items() if ".torn-" in n)
                logged = found[1] if found else b""
                assert (whole + torn if before else b"") in (logged, logged + aside), said
        again = afterwards(folder, log_run(3))
        assert again.code == 0, f"{said} then {again.talk}"
        rows = scores(the_log(folder)[1])
        expected = ["0.1"] if before else []
        assert rows in ([*expected, "0.3"], [*expected, "0.2", "0.3"]), f"{said} {rows}"
        if done.returncode == 0:
            assert "0.2" in rows, said
        if torn:
            assert any(torn in data for n, data in content(folder).items() if ".torn-" in n), said
        assert not [n for n in content(folder) if n.endswith(".pbl-tmp") and not killed and kind != "unlink"], said
