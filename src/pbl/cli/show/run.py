"""Print one run, the differences of two runs, or a run that was logged.

`pbl log-run` and the commands under `pbl runs` end here.
"""

from __future__ import annotations

from shlex import join
from typing import TYPE_CHECKING, Any

from pbl.cli.show.columns import measure, pad
from pbl.cli.show.run_table import shorten
from pbl.cli.show.runs import talk_of
from pbl.cli.show.stderr import write as talk
from pbl.cli.show.stdout import write as data
from pbl.cli.show.stdout import write_json as _json
from pbl.domain.report import SCHEMA_VERSION
from pbl.domain.run_row import COLUMNS, KAGGLE
from pbl.domain.wording import plural, safe
from pbl.ledger.run import differences

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pbl.ledger.best_run import Best
    from pbl.ledger.facts import Fact
    from pbl.ledger.file_status import Kept
    from pbl.ledger.history import History
    from pbl.ledger.import_scores import Imported
    from pbl.ledger.log_run import Logged
    from pbl.ledger.run import Run


def print_run(done: Logged) -> None:
    """Print a logged run's id, its file and how to submit it, and print warnings."""
    _tell_logged(done)
    data(f"run     {done.run_id}")
    data(f"file    {safe(str(done.appended.path))}")
    if done.submit:
        data(f"submit  {safe(join(done.submit))}")


def print_run_json(done: Logged) -> None:
    """Print a logged run as JSON."""
    _tell_logged(done)
    _json({"schema_version": SCHEMA_VERSION, "command": "log-run", "ok": True, **done.to_json()})


def _tell_logged(done: Logged) -> None:
    for path in done.kept:
        talk(f"kept    {safe(str(path))}: left by a blend that was cut short")
    for warned in done.warnings:
        talk(f"warning {safe(warned.message)}")
    if done.submission and not done.recipe:
        talk(f"note    {safe(str(done.submission))} has no recipe beside it: its weights and inputs are not known")
    if done.appended.set_aside:
        talk(f"note    the log's torn last bytes are now in {safe(str(done.appended.set_aside))}")
    if done.appended.completed:
        talk("note    the log's last row lacked its line end, and has got it")
    if len(done.rows) > 1:
        talk(f"logged  {plural(len(done.rows), 'row')}")


def one(history: History, found: Sequence[Run], files: Sequence[Kept], *, as_json: bool) -> None:
    """Print everything about one run: its rows, its later scores, its files."""
    run_id = found[0].run_id
    later = [fact for fact in history.facts_of(run_id) if fact.row.is_later_score]
    if as_json:
        _json(
            {
                "schema_version": SCHEMA_VERSION,
                "command": "runs show",
                "ok": True,
                "run_id": run_id,
                "runs": [
                    {**{c: run.value(c) for c in COLUMNS}, **run.to_json(), "row": run.base.number} for run in found
                ],
                "scores": [_later(fact) for fact in later],
                "files": [file.to_json() for file in files],
            }
        )
    else:
        data("\n".join(_everything(found, later, files)))
    talk_of(history, warnings=False)


def print_differences(history: History, first: Sequence[Run], second: Sequence[Run], *, as_json: bool) -> None:
    """Print the differences of two runs."""
    a, b = first[0].run_id, second[0].run_id
    found = differences(first, second)
    if as_json:
        differ = [{"field": field, "a": x, "b": y} for field, x, y in found]
        _json(
            {
                "schema_version": SCHEMA_VERSION,
                "command": "runs diff",
                "ok": True,
                "a": a,
                "b": b,
                "differences": differ,
            }
        )
    elif found:
        rows = [["", a, b], *([field, shorten(field, x), shorten(field, y)] for field, x, y in found)]
        wide = [max(measure(row[n]) for row in rows) for n in range(2)]
        data("\n".join(f"{pad(row[0], wide[0])}  {pad(row[1], wide[1])}  {row[2]}".rstrip() for row in rows))
    else:
        talk(f"{a} and {b} differ in nothing but the time")
    talk_of(history, warnings=False)


def best(history: History, found: Best, *, as_json: bool) -> None:
    """Print the run with the best score, and where its submission was copied to."""
    row = found.run.base.row
    for note in found.notes:
        talk(f"note    {safe(note)}")
    if as_json:
        _json({"schema_version": SCHEMA_VERSION, "command": "runs best", "ok": True, **found.to_json()})
    else:
        way = "higher" if found.greater_is_better else "lower"
        named = f"{safe(found.run.metric.name)}, " if found.run.metric.name else ""
        data(f"run         {safe(found.run.run_id)}  {safe(row.pillar)}  {safe(row.model)}")
        data(f"{found.by:<12}{found.score!r}, the best of {plural(found.of, 'run')} ({named}{way} is better)")
        data(f"log         {safe(str(found.run.base.file))}")
        data(f"submission  {safe(row.submission) if row.submission else 'none was logged'}")
        if found.output:
            data(f"written     {safe(str(found.output.path))}, the bytes of {safe(str(found.output.source))}")
    talk_of(history, warnings=False)


def print_import(done: Imported, command: str, *, as_json: bool) -> None:
    """Print the scores that were appended, and why others were not."""
    for appended in done.appended:
        if appended.set_aside:
            talk(
                f"note     the torn last bytes of {safe(str(appended.path))} are now in {safe(str(appended.set_aside))}"
            )
        if appended.completed:
            talk(f"note     the last row of {safe(str(appended.path))} lacked its line end, and has got it")
    said = {"warning ": (*done.troubles, *done.unread), "no match": done.unmatched, "no score": done.without_score}
    for word, lines in said.items():
        talk("".join(f"{word} {safe(line)}\n" for line in lines).rstrip("\n")) if lines else None
    if done.unmatched:
        talk("note     a score that matched no run can be given by hand: pbl runs score ID --public X")
    if as_json:
        _json({"schema_version": SCHEMA_VERSION, "command": command, "ok": True, **done.to_json()})
        return
    for score in done.scores:
        values = [f"{k} {v!r}" for k, v in (("public", score.public), ("private", score.private)) if v is not None]
        data(f"{score.run_id}  {'  '.join(values)}  -> {safe(str(score.file))}")
    if command == "runs import-scores" and not done.listed:
        talk("no submissions are listed there; nothing was imported")
    elif not done.scores:
        talk("nothing new; the logs stay as they are")
    else:
        talk(f"{plural(len(done.scores), 'score')} appended, {done.already:,} known before")


def _everything(found: Sequence[Run], later: Sequence[Fact], files: Sequence[Kept]) -> Iterable[str]:
    wide = max(map(len, COLUMNS))
    for n, run in enumerate(found):
        if n:
            yield ""
        yield f"{'run_id':<{wide}}  {safe(run.run_id)}"
        yield f"{'file':<{wide}}  {safe(str(run.base.file))}, row {run.base.number:,}"
        for column in (*COLUMNS, "gap"):
            value = run.value(column)
            if isinstance(value, dict):
                for name, each in value.items():
                    yield f"{column:<{wide}}  {safe(str(name))} {each if isinstance(each, str) else repr(each)}"
            elif value is not None and column != "run_id":
                text = (
                    shorten("gap", value)
                    if column == "gap"
                    else str(value).lower()
                    if value is True or value is False
                    else str(value)
                )
                yield f"{column:<{wide}}  {safe(text)}"
    for fact in later:
        said = _later(fact)
        values = [f"{k} {said[k]!r}" for k in ("public_score", "private_score") if said[k] is not None]
        by = f"Kaggle {said['kaggle_ref'] or ''}".rstrip() if said["by"] == KAGGLE else "by hand"
        yield f"{'later':<{wide}}  {'  '.join([said['logged_at'] or '', *values])}  {safe(by)}"
    for file in files:
        where = safe(str(file.path)) if file.path else "where it lay is not known"
        yield f"{file.status:<{wide}}  {safe(file.what)}: {where}"


def _later(fact: Fact) -> dict[str, Any]:
    return {
        "logged_at": fact.when or None,
        "public_score": fact.row.public_score,
        "private_score": fact.row.private_score,
        "by": fact.row.method,
        "kaggle_ref": fact.row.kaggle_ref or None,
        "file": str(fact.file),
        "row": fact.number,
    }
