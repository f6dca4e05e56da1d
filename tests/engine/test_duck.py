"""The engine's door: what it opens, and how much of the machine it takes."""

import os
from pathlib import Path
from threading import Barrier, Lock

import polars as pl
import pytest
from pbl_sql import Sql, join, literal
from support.reading import GOOD, put

from pbl.domain.errors import EngineError
from pbl.domain.limits import Limits
from pbl.engine.duck import open_duck


def test_the_engine_starts_no_more_threads_than_there_are_cores(tmp_path):
    with open_duck({}, Limits(threads=10**5), size=0, spill=tmp_path) as duck:
        asked = duck._connection.execute("SELECT current_setting('threads')").fetchone()  # noqa: SLF001
    assert asked == (os.cpu_count(),)


def test_the_engine_opens_the_files_it_was_handed_and_nothing_else(tmp_path):
    handed, other = put(tmp_path, GOOD), put(tmp_path, GOOD, "other.csv")
    with handed.open("rb") as file, open_duck({file.fileno(): handed}, Limits(), size=0, spill=tmp_path) as duck:
        path = literal(duck._paths[file.fileno()])  # noqa: SLF001
        assert len(duck.rows("files/cells", table=_read(path), columns=join([Sql("*")]))) == 3
        for path in (other, Path("/etc/hosts"), Path("/proc/self/environ"), tmp_path / "*.csv"):
            with pytest.raises(EngineError, match=r"(?i)permission|disabled|access"):
                duck.rows("files/cells", table=_read(literal(str(path))), columns=join([Sql("*")]))
        for setting in (
            "SET enable_external_access = true",
            "SET allowed_paths = ['/']",
            "INSTALL httpfs",
            "LOAD httpfs",
        ):
            with pytest.raises(Exception, match=r"(?i)lock|permission|disabled|access|not be found|allow"):
                duck._connection.execute(setting)  # noqa: SLF001


def _read(path):
    return Sql("(SELECT 1 AS row, content FROM read_text(" + path + "), range(3))")  # noqa: S608 - a quoted literal


def test_progress_may_be_asked_for_when_the_database_is_closed(tmp_path):
    with open_duck({}, Limits(), size=0, spill=tmp_path) as duck:
        pass
    assert duck.part() == 1.0


def _fill(duck, rows):
    with duck.batch(pl.DataFrame({"row": range(rows)})):
        duck.run("files/first_rows", table="numbers")


def test_several_questions_are_answered_at_the_same_time_over_the_tables_that_are_there(tmp_path):
    both = Barrier(2, timeout=20)

    def count(duck):
        both.wait()
        return duck.rows("blend/count", rows="numbers")

    with open_duck({}, Limits(threads=2), size=0, spill=tmp_path, ordered=True) as duck:
        _fill(duck, 3)
        with duck.several() as ask:
            answers = [ask(count) for _ in range(4)]
            assert [each.result() for each in answers] == [[(3,)]] * 4


@pytest.mark.parametrize("limits", [Limits(threads=1), Limits(memory=64 << 20)])
def test_where_threads_or_memory_are_few_one_question_is_answered_after_the_other(tmp_path, limits):
    running = Lock()

    def count(duck):
        assert running.acquire(blocking=False)
        found = duck.rows("blend/count", rows="numbers")
        running.release()
        return found

    with open_duck({}, limits, size=0, spill=tmp_path, ordered=True) as duck:
        _fill(duck, 100_000)
        with duck.several() as ask:
            assert [each.result() for each in [ask(count) for _ in range(20)]] == [[(100_000,)]] * 20


def test_a_question_that_fails_in_the_background_raises_where_its_answer_is_wanted(tmp_path):
    with open_duck({}, Limits(), size=0, spill=tmp_path, ordered=True) as duck, duck.several() as ask:
        wrong = ask(lambda duck: duck.rows("blend/count", rows="not_there"))
        with pytest.raises(EngineError, match="not_there"):
            wrong.result()
