"""The rules: all that can be wrong with a prediction file, each with a public code, name and remedy.

A finding refers to one; docs/findings.md lists them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class Severity(StrEnum):
    """How bad a finding is; only an error stops a blend."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One thing that can be wrong with a prediction file; its code and name are public."""

    code: str
    name: str
    hint: str
    severity: Severity = Severity.ERROR


def rule(code: str, name: str, hint: str, severity: Severity = Severity.ERROR) -> Rule:
    """Return a rule; its severity is error unless given."""
    return Rule(code=code, name=name, hint=hint, severity=severity)


def _of_predictions() -> Iterable[Rule]:
    warning, info = Severity.WARNING, Severity.INFO
    yield rule("PBL101", "file-unreadable", "name a regular file that you may read")
    yield rule("PBL102", "empty-file", "export the predictions again; the file holds nothing")
    yield rule("PBL103", "encoding", "save the file as UTF-8; PowerShell: -Encoding utf8")
    yield rule("PBL104", "wrong-delimiter", "export with a comma between the columns and a point in the numbers")
    yield rule("PBL105", "broken-quote", 'quote whole cells only, and double a quote within one: "a ""b"" c"')
    yield rule("PBL106", "nul-byte", "the file is damaged or not text; export it again")
    yield rule("PBL107", "no-rows", "there is a header and nothing else; export the predictions again")
    yield rule("PBL108", "line-endings", "end every line the same way, with LF or with CRLF")
    yield rule("PBL109", "not-csv", "unpack it, or export it as plain CSV; a Parquet file's name ends in .parquet")
    yield rule("PBL110", "not-parquet", "write the file again, whole and not encrypted")
    yield rule(
        "PBL201",
        "missing-column",
        "name the columns in the file and in pbl.toml alike; pbl init FOLDER writes one for a folder's columns",
    )
    yield rule("PBL202", "extra-column", "export the id and the prediction columns only")
    yield rule("PBL203", "duplicate-column", "keep one of the columns of that name")
    yield rule("PBL204", "column-name-mismatch", "rename the column; names are compared letter by letter")
    yield rule("PBL205", "unnamed-column", "a saved index? leave it out; pandas: index=False, R: row.names = FALSE")
    yield rule("PBL206", "no-header", "put the column names in the first row, and nothing above them")
    yield rule("PBL207", "column-order", "read by name, so no harm is done; other tools may not", warning)
    yield rule(
        "PBL208",
        "wrong-type",
        "write ids as text or whole numbers, alike in all parts, and predictions as DOUBLE or FLOAT",
    )
    yield rule("PBL301", "too-few-fields", "the row lacks a cell; was the export cut short?")
    yield rule("PBL302", "too-many-fields", "the row has a cell too many; a comma within a number or id must be quoted")
    yield rule("PBL303", "blank-row", "delete the blank line")
    yield rule("PBL401", "missing-id", "give every row its id")
    yield rule("PBL402", "duplicate-id", "keep one row an id")
    yield rule("PBL403", "id-pattern", "the id isn't of the form that id_pattern in pbl.toml asks for")
    yield rule("PBL404", "id-whitespace", "strip the spaces around the id")
    yield rule("PBL501", "missing-value", "predict every row; pbl never fills a gap")
    yield rule("PBL502", "not-a-number", "write plain decimal numbers, such as 0.25 or 1e-7")
    yield rule("PBL503", "nan", "find out why the model gave NaN; pbl never fills a gap")
    yield rule("PBL504", "infinite", "find out why the model gave an infinite value")
    yield rule("PBL505", "below-min", "below min in pbl.toml; clip in the model, or correct the contract")
    yield rule("PBL506", "above-max", "above max in pbl.toml; clip in the model, or correct the contract")
    yield rule("PBL507", "method-domain", "choose another --method, or correct the model")
    yield rule("PBL551", "constant-target", "every prediction is the same; is it the right file?", warning)
    yield rule(
        "PBL552",
        "class-labels",
        "a mean of class labels is no label: blend the probabilities of each class, or take one pillar",
        warning,
    )
    yield rule("PBL601", "ids-missing", "predict these ids too, or check that the file is of this competition")
    yield rule("PBL602", "ids-unknown", "leave these rows out, or check that the file is of this competition")
    yield rule(
        "PBL603",
        "placeholder-ids",
        "the files cover only a placeholder of the test set: predict inside the scored run, so that each pillar "
        "writes its CSV there, or enter a competition whose test set is visible",
    )
    yield rule("PBL604", "row-order-differs", "rows are matched by id, so no harm is done", info)
    yield rule("PBL605", "id-format-differs", "write the ids letter by letter as the other file does")
    yield rule(
        "PBL606", "identical-predictions", "the same predictions twice; was one file copied by mistake?", warning
    )
    yield rule("PBL607", "scale-differs", "are the predictions of all pillars in the same unit?", warning)
    yield rule("PBL608", "missing-pillar", "put the file there, or take the pillar out of pbl.toml")
    yield rule(
        "PBL609",
        "fold-files",
        "as they are, each counts as a model: make them one pillar by files = [...] in pbl.toml, or name one only",
        warning,
    )
    yield rule("PBL610", "row-sums", "should its rows sum to 1, as those of the other pillars do?", warning)
    yield rule("PBL611", "outside-unit", "should they be probabilities, as those of the other pillars are?", warning)
    yield rule(
        "PBL612",
        "version-files",
        "as they are, each counts as a model: take the old one away, or name both if both are meant",
        warning,
    )
    yield rule("PBL701", "truncated-tail", "the last line has no line end; was the export cut short?", warning)


def _of_features() -> Iterable[Rule]:
    yield rule("PBL801", "features-unreadable", "write the features again, as Parquet or CSV")
    yield rule("PBL802", "sample-twice", "keep one row a sample")
    yield rule("PBL803", "feature-missing", "give every row every feature; pbl never fills a gap")
    yield rule("PBL804", "feature-not-finite", "find out where it comes from; pbl never fills a gap")
    yield rule("PBL805", "samples-without-features", "make the features of these samples too")
    yield rule("PBL806", "features-differ", "make the features as those were made that the pillar was fitted on")
    yield rule("PBL807", "targets-incomplete", "give every sample every target, or leave the sample out of the truth")
    yield rule("PBL808", "fold-splits-group", "put whole groups, and every sample, into one fold each")
    yield rule("PBL811", "image-unreadable", "save it again as one picture of 8 bits, or take it away")
    yield rule("PBL812", "image-name-twice", "rename one: a sample is an image's name without folder and suffix")
    yield rule("PBL813", "probe-differs", "embed on another device or version, or fit the pillar anew with this one")
    yield rule("PBL821", "fitted-unreadable", "fit the pillar again, and copy the file as it is")


RULES = {rule.code: rule for rule in (*_of_predictions(), *_of_features())}
