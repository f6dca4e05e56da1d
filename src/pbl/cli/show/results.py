"""The only printer: results become text, JSON, JUnit or GitHub lines; stdout is data, stderr is talk."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any, assert_never

from pbl.domain.errors import FindingsError, PblError
from pbl.domain.findings import Finding
from pbl.domain.report import SCHEMA_VERSION, Report
from pbl.domain.rules import Severity
from pbl.domain.wording import plural

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from pbl.blending.blend import Blended
    from pbl.cli.formats import ReportFormat
    from pbl.domain.pillars import Selection
    from pbl.domain.recipe import Recipe
    from pbl.domain.weights import Weighing
    from pbl.kaggle.notebook import Written
    from pbl.kaggle.outcome import Packed

_ORDER = "PBL604"
_COLOURS = {Severity.ERROR: "31", Severity.WARNING: "33", Severity.INFO: "36"}


def data(text: str) -> None:
    """Print to stdout, at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def talk(text: str) -> None:
    """Print to stderr."""
    sys.stderr.write(text + "\n")


def failure(command: str, error: PblError, *, json_too: bool) -> None:
    """Tell what could not be done, or what was found."""
    if isinstance(error, FindingsError):
        if json_too:
            as_json({**error.report.to_json(), "command": command})
        else:
            talk("\n".join(_table(error.report, sys.stderr.isatty())))
            talk(f"pbl {command}: {error.undone}")
        return
    talk(f"pbl {command}: {safe(str(error), keep=chr(10))}")
    if json_too:
        failure_json(command, str(error), refused=error.exit_code == 1)


def failure_json(command: str, message: str, *, refused: bool = False) -> None:
    """Print a failure as JSON to stdout; data that was `refused` has its finding, one without a code."""
    failed = {"schema_version": SCHEMA_VERSION, "command": command, "ok": False, "error": message}
    as_json(failed | ({"findings": [{"code": None, "severity": "error", "message": message}]} if refused else {}))


def warnings(found: Report) -> None:
    """Tell the warnings of a report."""
    for finding in found.findings:
        if finding.severity is Severity.WARNING:
            talk("\n".join(_finding(finding, sys.stderr.isatty())))


def close_quietly() -> None:
    """Send what is still to be printed nowhere: the reader has gone, or there is no room."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def report(found: Report, how: ReportFormat) -> None:
    """Print a report of findings to stdout."""
    match how.value:
        case "table":
            data("\n".join(_table(found, sys.stdout.isatty())))
        case "json":
            as_json(found.to_json())
        case "github":
            for line in _github(found):
                data(line)
            talk(found.verdict())
        case "junit":
            data(_junit(found))
            talk(found.verdict())
        case other:
            assert_never(other)


def shares(selection: Selection, weighing: Weighing, *, raw: bool = False) -> None:
    """Tell which pillar has which weight and share, or, `raw`, by which factor it is taken."""
    factors = weighing.weights if raw else weighing.shares
    named = zip(selection.pillars, weighing.weights, factors, strict=True)
    _shares([(p.name, weight, factor, str(p.path)) for p, weight, factor in named], raw=raw)


def recipe_shares(recipe: Recipe) -> None:
    """Tell the same of a recipe."""
    _shares([(i.name, i.weight, i.share, i.path) for i in recipe.inputs], raw=recipe.raw_weights)


def blended(made: Blended) -> None:
    """Tell what a blend came to, and what to type next."""
    warnings(made.report)
    out, recipe = made.recipe.output, made.recipe
    below = ", ".join(f"{safe(name)} in {n:,}" for name, n in made.below.items() if n)
    bound = f" (itself below {recipe.clip_min:g}: {below})" if below else ""
    talk(f"rows     {out.rows:,}, clipped {out.clipped:,}{bound}")
    talk(f"values   min {out.min:.6g}, mean {out.mean:.6g}, max {out.max:.6g}")
    talk(f"sha256   {out.sha256}")
    if made.output is None:
        return
    for path in made.left:
        talk(f"kept     {safe(str(path))}, left by a run that was killed while it wrote")
    talk(f"{'already' if made.already else 'written'}  {safe(str(made.output))}, {safe(str(made.recipe_path))}")
    talk(f"next     pbl log-run {_quoted(str(made.output))} --label LABEL --cv CV")


def blended_json(made: Blended) -> None:
    """Print what a blend came to as JSON."""
    as_json(
        {
            "schema_version": SCHEMA_VERSION,
            "command": "blend",
            "ok": True,
            "output": None if made.output is None else str(made.output),
            "recipe_path": None if made.recipe_path is None else str(made.recipe_path),
            "already": made.already,
            "below": dict(made.below),
            "recipe": made.recipe.to_json(),
            "findings": [f.to_json() for f in made.report.findings],
        }
    )


def initialised(path: Path, pillars: Sequence[str]) -> None:
    """Tell which `pbl.toml` was written, and what to type next."""
    talk(f"written  {safe(str(path))}, for {plural(len(pillars), 'pillar')}: {', '.join(map(safe, pillars))}")
    talk(f"next     look it through, then: pbl validate {_quoted(str(path.parent))}")


def packed(made: Packed) -> None:
    """Tell what was packed, what to know of it, and what to type next."""
    sizes = [sum(f.bytes for f in files) for files in (made.dataset, made.notebook)]
    wheels = [f for f in made.dataset if f.name.endswith(".whl")]
    told = f"{plural(len(made.pillars), 'pillar')} of {plural(made.rows, 'row')}, {plural(len(wheels), 'wheel')}"
    talk(f"dataset   {safe(str(made.path / 'dataset'))}: {made.label.dataset}, {told}, {sizes[0]:,} bytes")
    talk(f"notebook  {safe(str(made.path / 'notebook'))}: {made.label.kernel}, internet off, {sizes[1]:,} bytes")
    for warning in made.warnings:
        talk(f"warning   {warning.code + ' ' if warning.code else ''}{safe(warning.message)}")
    for place, line in enumerate(made.next):
        talk(f"{'' if place else 'next':<10}{safe(line)}")
    talk(f"wait      with the push until this says ready: {made.wait_until_ready}")


def packed_json(made: Packed) -> None:
    """Print what was packed as JSON."""
    as_json({"schema_version": SCHEMA_VERSION, "command": "pack", "ok": True, **made.to_json()})


def noted(made: Written) -> None:
    """Tell where the notebook is."""
    talk(f"{'already' if made.already else 'written'}  {safe(str(made.path))}")


def noted_json(made: Written) -> None:
    """Print where the notebook is as JSON."""
    about = {"path": str(made.path), "bytes": made.bytes, "sha256": made.sha256, "already": made.already}
    as_json({"schema_version": SCHEMA_VERSION, "command": "notebook", "ok": True, "notebook": about})


def safe(text: str, *, keep: str = "") -> str:
    """Return text that can't do anything to a terminal: what isn't printable is escaped."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in keep else c.encode("unicode_escape").decode() for c in text)


def as_json(table: dict[str, Any]) -> None:
    """Print one JSON object to stdout."""
    data(json.dumps(table, indent=2, allow_nan=False))


def _shares(pillars: Sequence[tuple[str, float, float, str]], *, raw: bool) -> None:
    wide = max(len(safe(name)) for name, *_ in pillars)
    talk(f"{'pillar':<{wide}}  weight   {'factor' if raw else 'share '}  file")
    for name, weight, factor, file in pillars:
        talk(f"{safe(name):<{wide}}  {weight:<7.6g}  {_factor(factor):<6}  {safe(file)}")


def _table(found: Report, colour: bool) -> Iterable[str]:
    colour = colour and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    files = [*found.files, *([found.template] if found.template else [])]
    wide = max((len(safe(f.pillar or "template")) for f in files), default=0)
    for file in files:
        mine = [x for x in found.findings if (x.file, x.pillar) == (file.path, file.pillar)]
        counts = [(sum(x.severity is s for x in mine), str(s)) for s in (Severity.ERROR, Severity.WARNING)]
        told = ", ".join(plural(n, word) for n, word in counts if n) or "ok"
        rows = "rows not counted" if file.rows is None else plural(file.rows, "row")
        yield f"{safe(file.pillar or 'template'):<{wide}}  {safe(file.path)}  {rows}: {told}"
        for finding in mine:
            if finding.code != _ORDER:
                yield from _finding(finding, colour, indent="  ")
        if file.not_checked:
            yield f"  not checked: {', '.join(file.not_checked)}"
    yield from _orders(found)
    if found.set_aside:
        yield f"set aside: {', '.join(map(safe, found.set_aside))}"
    yield found.verdict()


def _factor(value: float) -> str:
    """Return a share in four digits, and what would look like nothing or fill the line in its own."""
    small, large = 0.0001, 1000.0
    return f"{value:.4f}" if value == 0 or small <= abs(value) < large else f"{value:.3g}"


def _orders(found: Report) -> Iterable[str]:
    """Tell in one line which files stand in another row order; it is harmless, and common to most files."""
    others = [x for x in found.findings if x.code == _ORDER]
    if others:
        names = ", ".join(safe(x.pillar or "template") for x in others)
        yield f"info {_ORDER} {others[0].rule}: {names}; {others[0].hint}"


def _finding(finding: Finding, colour: bool, indent: str = "") -> Iterable[str]:
    word = f"\x1b[{_COLOURS[finding.severity]}m{finding.severity}\x1b[0m" if colour else str(finding.severity)
    where = f" in {safe(finding.column)}" if finding.column else ""
    who = "" if indent else f"{safe(finding.pillar or 'template')}: "
    yield f"{indent}{word} {finding.code} {finding.rule}{where}: {who}{safe(finding.message)}"
    for example in finding.examples:
        row = "" if example.row is None else f"row {example.row:,}"
        value = "" if example.value is None else repr(example.value[:80])
        parts = [row, safe(example.id) if example.id is not None else "", safe(value)]
        if any(parts):
            yield f"{indent}    {'  '.join(p for p in parts if p)}"
    if finding.examples and finding.count > len(finding.examples):
        yield f"{indent}    and {finding.count - len(finding.examples):,} more"
    if finding.severity is not Severity.INFO:
        yield f"{indent}    -> {safe(finding.hint)}"


def _github(found: Report) -> Iterable[str]:
    for finding in found.findings:
        level = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}[finding.severity]
        title = f"{finding.code} {finding.rule}"
        for example in finding.examples or (None,):
            line = f",line={example.row}" if example and example.row else ""
            cell = f" ({example.id or ''} {example.value!r})" if example and example.value is not None else ""
            named = f" ({example.id})" if example and example.value is None and example.id else ""
            message = f"{finding.message}{cell or named}; {finding.hint}"
            yield f"::{level} file={_property(finding.file)}{line},title={_property(title)}::{_message(message)}"


def _message(text: str) -> str:
    return safe(text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A"))


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")


def _junit(found: Report) -> str:
    from xml.etree import ElementTree as ET

    suites = ET.Element("testsuites")
    files = [*found.files, *([found.template] if found.template else [])]
    suite = ET.SubElement(suites, "testsuite", name="pbl validate", tests=str(len(files)))
    failed = 0
    for file in files:
        case = ET.SubElement(suite, "testcase", classname=_xml(file.pillar or "template"), name=_xml(file.path))
        mine = [x for x in found.findings if (x.file, x.pillar) == (file.path, file.pillar)]
        bad = [x for x in mine if found.fails(x)]
        failed += bool(bad)
        for finding in bad:
            failure = ET.SubElement(
                case, "failure", type=f"{finding.code} {finding.rule}", message=_xml(finding.message)
            )
            failure.text = _xml("\n".join(_finding(finding, colour=False)))
        told = [line for x in mine if x not in bad for line in _finding(x, colour=False)]
        if told:
            ET.SubElement(case, "system-out").text = _xml("\n".join(told))
    suite.set("failures", str(failed))
    ET.indent(suites)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(suites, encoding="unicode")


def _xml(text: str) -> str:
    return safe(text, keep="\n")


def _quoted(text: str) -> str:
    from shlex import quote

    return quote(text)
