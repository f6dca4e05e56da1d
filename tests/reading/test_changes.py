"""A file that changes underneath its reader."""

import hashlib
import os
import time
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from support.reading import GOOD, HEADER, put

import pbl
from pbl.domain.contract import Contract
from pbl.domain.errors import ChangedError, OutputError
from pbl.reading import _records as records
from pbl.reading import rows as tokens
from pbl.reading import survey as reading
from pbl.reading.rows import tokenize
from pbl.reading.survey import open_file, open_survey, survey


def change(path, how):
    match how:
        case "longer":
            with path.open("ab") as file:
                file.write(b"c,3\n")
        case "shorter":
            os.truncate(path, len(GOOD) - 6)
        case "same size":
            path.write_bytes(GOOD.replace(b"1.5", b"9.5"))
        case "touched":
            os.utime(path, (1, 1))
        case "same size and time":
            about = path.stat()
            path.write_bytes(GOOD.replace(b"1.5", b"9.5"))
            os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))


@pytest.mark.parametrize("still", [False, True])
@pytest.mark.parametrize("how", ["longer", "shorter", "same size", "touched", "same size and time"])
def test_a_file_that_changes_while_it_is_read_is_an_error(how, still, tmp_path):
    path = put(tmp_path, GOOD)
    before = datetime.now(UTC) + timedelta(minutes=still)
    with open_survey(path, Contract()) as source:
        source.unchanged(before)
        time.sleep(0.02)
        change(path, how)
        with pytest.raises(ChangedError, match="changed while it was being read"):
            source.unchanged(before)


def test_a_file_that_was_written_just_before_is_looked_at_again(tmp_path):
    with open_survey(put(tmp_path, GOOD), Contract()) as source:
        other = replace(source, scan=replace(source.scan, early="of other bytes"))  # as two writes in a tick leave it
        other.unchanged(datetime.now(UTC) + timedelta(minutes=1))
        for before in (None, datetime.now(UTC)):
            with pytest.raises(ChangedError):
                other.unchanged(before)


def test_a_file_that_is_replaced_is_read_to_its_end_as_it_was(tmp_path):
    path = put(tmp_path, GOOD)
    with open_survey(path, Contract()) as source:
        put(tmp_path, HEADER + b"z,9\n", "new.csv").rename(path)
        batches, _ = tokenize(source, None)
        assert [batch[0] for batch in batches] == [["a", "b"]]


def test_two_who_read_one_file_do_not_move_each_other_on(tmp_path, monkeypatch):
    monkeypatch.setattr(records, "_BUFFER", 10)
    monkeypatch.setattr(tokens, "_BATCH_ROWS", 1)
    data = HEADER + b"".join(b"k%d,1\n" % n for n in range(9))
    with closing(open_file(put(tmp_path, data), None)) as file:
        batches, _ = tokenize(survey(file, Contract()), None)
        ids = []
        for batch in batches:
            ids += batch[0]
            again = survey(file, Contract()).scan
            assert (again.rows, again.sha256) == (9, hashlib.sha256(data).hexdigest())
        assert ids == [f"k{n}" for n in range(9)]


@pytest.mark.parametrize("size", [0, len(HEADER), len(GOOD) + 4])
def test_a_file_that_has_another_size_once_it_was_read_has_changed(tmp_path, size):
    path = put(tmp_path, GOOD)
    with closing(open_file(path, None)) as file:
        os.truncate(path, size)
        with pytest.raises(ChangedError):
            survey(file, Contract())


def test_a_submission_that_was_edited_without_changing_its_size_is_not_replaced(tmp_path):
    path, out = put(tmp_path, GOOD), tmp_path / "out.csv"
    pbl.blend(path, output=out)
    edited = out.read_bytes().replace(b"1.5", b"9.5")
    out.write_bytes(edited)
    with pytest.raises(OutputError, match="edited since"):
        pbl.blend(path, output=out)
    assert out.read_bytes() == edited


def test_a_blend_of_a_file_that_changes_under_it_is_refused_and_nothing_is_written(tmp_path, monkeypatch):
    path = put(tmp_path, GOOD)
    real = reading.Survey.unchanged

    def changing(source, before=None):
        path.write_bytes(GOOD.replace(b"1.5", b"9.5"))
        real(source, before)

    monkeypatch.setattr(reading.Survey, "unchanged", changing)
    with pytest.raises(ChangedError):
        pbl.blend(path, output=tmp_path / "out.csv")
    assert [p.name for p in tmp_path.iterdir()] == ["x.csv"]
