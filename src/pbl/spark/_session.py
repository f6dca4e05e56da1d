"""Ask the user's session, and turn its errors into messages without secrets.

All other modules of this room reach Spark through here; pyspark is never imported, as the session brings it.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from pbl.domain.errors import EngineError, PblError
from pbl.domain.wording import safe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pbl_sql import Sql

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")
_BRINGERS = ("pyspark", "py4j", "grpc")
_CONDITION = re.compile(r"\[([A-Z][A-Z0-9_]+(?:\.[A-Z][A-Z0-9_]*)*)\]")
_PARAMETER = re.compile(r"\$([a-z][a-z0-9_]*)")
_IN_URI = re.compile(r"(?<=//)(?:[^/\s]*@|[^/\s:]+:(?!\d+/)\S*@)|[?#;]\S*")
"""User and password, also with an @ or a / in them, and the part after the path."""
_CONTAINER = re.compile(r"(?:abfs|wasb)s?://[^/\s:@]+@")
"""On Azure this place has no user."""
_SECRET = re.compile(r"(?i)([\w.-]*(?:password|passwd|pwd|secret|token|credential|key|user|sig)[\w.-]*\s*[=:]\s*)\S+")
_LONGEST = 200
_STRICT = {"spark.sql.files.ignoreCorruptFiles": "false", "spark.sql.files.ignoreMissingFiles": "false"}


class SparkError(Exception):
    """Spark could not do it: its condition, such as PATH_NOT_FOUND, and a message without secrets."""

    def __init__(self, condition: str, told: str, text: str) -> None:
        self.condition = condition
        self.told = told
        self.text = text
        """Spark's full text: to be searched, never to be shown."""
        super().__init__(told)


def frame_of(spark: Any, sql: Sql, values: Mapping[str, Any], frames: Mapping[str, Any]) -> Any:
    """Return the frame of a question of `pbl_sql`; `$x` is written `:x`, and {p0}, {p1}, ... are the frames."""
    with spark_errors():
        return spark.sql(_PARAMETER.sub(r":\1", sql), args=dict(values), **frames)


def rows_of(
    spark: Any,
    sql: Sql,
    values: Mapping[str, Any] | None = None,
    frames: Mapping[str, Any] | None = None,
) -> list[dict[str, Any]]:
    """Return the rows of a question's answer, of which there must be few."""
    with spark_errors():
        return [row.asDict() for row in frame_of(spark, sql, values or {}, frames or {}).collect()]


def drop_cause(work: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Make a function raise PblErrors without their cause: that is Spark's, and may hold secrets."""

    @wraps(work)
    def run(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        try:
            return work(*args, **kwargs)
        except PblError as error:
            raised = error
        raised.__cause__ = raised.__context__ = None
        raise raised

    return run


@contextmanager
def spark_errors() -> Iterator[None]:
    """Turn Spark's errors into SparkError, without a cause that may show secrets."""
    try:
        yield
    except Exception as error:
        if not type(error).__module__.startswith(_BRINGERS):
            raise
        text = str(error)
        found = _CONDITION.search(text)
        condition = found[1] if found else type(error).__name__
    else:
        return
    raise SparkError(condition, _tell(condition, text), text)


@contextmanager
def engine_errors() -> Iterator[None]:
    """Raise EngineError if Spark fails for a reason other than the data."""
    try:
        yield
    except SparkError as error:
        told = f"Spark could not do it: {error.told}"
    else:
        return
    raise EngineError(told)


@contextmanager
def strict_settings(spark: Any, **others: str) -> Iterator[None]:
    """Let the session skip no damaged or vanished file; its own settings are put back afterwards."""
    wanted = _STRICT | {f"spark.sql.{name}": value for name, value in others.items()}
    with spark_errors():
        before = {name: spark.conf.get(name) for name in wanted}
    differ = [name for name, value in wanted.items() if before[name] != value]
    try:
        for name in differ:
            with spark_errors():
                spark.conf.set(name, wanted[name])
        yield
    finally:
        for name in differ:
            with spark_errors():
                spark.conf.set(name, before[name])


def without_secrets(uri: str) -> str:
    """Return a path or an address without user, password and the part after a `?`."""
    return safe(_clean(uri))


def _clean(text: str) -> str:
    kept = [(each.start(), each.end()) for each in _CONTAINER.finditer(text)]
    return _IN_URI.sub(lambda part: part[0] if any(a < part.start() and part.end() == b for a, b in kept) else "", text)


def _tell(condition: str, text: str) -> str:
    line = next((line for line in text.splitlines() if condition in line), text.partition("\n")[0])
    cleaned = _SECRET.sub(r"\1...", _clean(safe(line)))
    return f"{cleaned[:_LONGEST]} ..." if len(cleaned) > _LONGEST else cleaned
