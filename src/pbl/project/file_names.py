"""Tell by a file's name what it is: a template, an output, a copy of another file, one fold of a model.

`pillar_files` uses it for the files of a folder that no `pbl.toml` lists.
"""

from __future__ import annotations

import re
import unicodedata
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from pbl.domain.endings import CSV, ENDINGS, PARQUET, is_parquet, is_table
from pbl.domain.pillars import TABLE
from pbl.domain.wording import restore_utf8

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

TEMPLATE = tuple(f"sample_submission{ending}" for ending in ENDINGS)
TEMPLATES = frozenset(
    {
        "entryformat",
        "exampleentry",
        "exampleprediction",
        "examplesolution",
        "examplesubmission",
        "gendersubmission",
        "randomsubmission",
        "sample",
        "sampleanswer",
        "sampleentry",
        "sampleoutput",
        "sampleprediction",
        "sampleresult",
        "samplesolution",
        "samplesub",
        "samplesubmission",
        "samplesubmit",
        "solutionformat",
        "submissionexample",
        "submissionformat",
        "submissionsample",
        "submissiontemplate",
        "submitexample",
        "submitsample",
        "template",
        "templatesubmission",
    }
)
"""Names of sample submissions in competitions: in small letters, without `_`, `-`, blanks and a plural's `s`."""

_SET_ASIDE = (
    *("submission.csv", "oof.csv", "oof_*.csv", "*_oof.csv", "scores_*.csv"),
    *("train.csv", "test.csv", "truth.csv", "folds.csv"),
)
_OUTPUT = re.compile(r"(?:submissions?|blend(?:s|ed|ing)?|ensembl(?:e|es|ed|ing)|final|merged|combined|averaged)+")
_BLENDED = re.compile(r"(?<![^\W\d_])(?:blend(?:s|ed|ing)?|ensembl(?:e|es|ed|ing))(?![^\W\d_])")
"""A blend by a whole word of its name, whatever else stands there: lgb_xgb_blend.csv, blend-60-40.csv."""
_PRAISE = re.compile(r"(?:my|best|new|old|last|latest|the)[ _.-]*")
"""Words before `submission` that name no model."""
_COPY = r"(?:copy|kopie|copie|copia|backup|bak)"
_COPIED = re.compile(
    rf"[ _.-]*\(\d+\)|[ _.-]*\[\d+\]|[ _.-]+{_COPY}(?:[ _]*(?:\(\d+\)|\d+))?"
    rf"|[ _.-]*\((?:another |\d+(?:st|nd|rd|th) )?{_COPY}\)"
)
_COPY_OF = re.compile(rf"{_COPY}[ _-]+(?:\(\d+\)[ _-]+)?(?:of|von|de)[ _-]+")
_VERSION = re.compile(r"[ _.-]*v(?:er(?:sion)?)?[ _.-]?\d+(?:\.\d+)*|[ _.-]*\d+")
_MODEL_VERSION = re.compile(r"[ _.-]+v(?:er(?:sion)?)?[ _.-]?\d+(?:\.\d+)*")
_STAGE = re.compile(r"[ _-]*stage[ _-]?\d+[ _-]*")
_AGE = re.compile(r"[ _-]+(?:new|old|updated|fixed|corrected|latest)")
_FOLD = re.compile(
    r"(?<![^\W\d_])(?:k?fold|fld|seed|split|cv|rs)[ _-]?\d+(?![^\W_])|(?<=[ _.-])[fs][ _-]?\d+(?![^\W_])"
    r"|^[fs]\d+(?=[ _-][^\W\d])",
    re.IGNORECASE,
)
_TABLES = (
    *(".tsv", ".tab", ".txt", ".dat", ".data", ".json", ".jsonl", ".ndjson", ".xls", ".xlsx", ".xlsb", ".ods"),
    *(".parquet", ".pq", ".feather", ".arrow", ".ipc", ".orc", ".avro", ".npy", ".npz", ".pkl", ".pickle", ".joblib"),
    *(".h5", ".hdf5", ".hdf", ".mat", ".rds", ".rdata", ".sqlite", ".db", ".gz", ".bz2", ".xz", ".zst", ".zip", ".7z"),
    *(".tar", ".tgz", ".csv~", ".csv.bak", ".csv.tmp", ".csv.old", ".csv.part", ".csv.crdownload"),
)
_NO_TABLES = (
    *("*.recipe.json", "*-metadata.json", "*.tar.gz", "requirements*.txt", "constraints*.txt"),
    *("readme*", "licen[cs]e*", "notes*", "changelog*", "package*.json", "config*.json", "params*.json"),
)


def is_template(name: str) -> bool:
    """Say whether a name is a template's, ignoring case, separators, and a mark of a copy or version."""
    stem = _join(_strip(_STAGE.sub(" ", _stem(name)).strip(), _COPIED, _VERSION, _AGE))
    return stem.removesuffix("s") in TEMPLATES


def is_output(name: str) -> bool:
    """Say whether a name is only words for an output (final, my submission), ignoring marks, or has one for a blend.

    A number or version after `submission` alone is a pillar's: submission5.csv, submission_v2.csv.
    """
    bare = _strip(_stem(name), _COPIED)
    if _BLENDED.search(bare):
        return True
    praised = _PRAISE.match(bare)
    bare = bare[praised.end() :] if praised and praised.end() < len(bare) else bare
    if _join(bare) in {"submission", "submissions"}:
        return True
    shorter = _join(_strip(bare, _VERSION, _AGE))
    return bool(_OUTPUT.fullmatch(shorter)) and shorter not in {"submission", "submissions"}


def original(name: str) -> str | None:
    """Return the beginning of the name that was copied, in the form of `spelling`; None if the name is no copy's."""
    stem = _stem(name)
    shorter = _strip(stem, _COPIED)
    return None if shorter == stem else _join(shorter)


def spelling(name: str) -> str:
    """Return a name in the form in which names are compared: small letters, no ending, no separators."""
    return _join(_stem(name))


def same_name(name: str) -> str:
    """Return the common form of names that differ only in case and in the kind of separators."""
    return re.sub(r"[\W_]+", "_", _stem(name)).strip("_")


def says_submission(name: str) -> bool:
    """Say whether a name begins as a pillar's usually does: submission_siglip.csv."""
    return name.lower().startswith("submission_")


def is_like_template(name: str) -> bool:
    """Say whether a name has a template's in it, and more: csiro_sample_submission.csv."""
    return "samplesubmission" in spelling(name) and not is_template(name)


def is_set_aside(name: str) -> bool:
    """Say whether a name is that of another file than a pillar's: hidden, a lock, out-of-fold, scores, training."""
    if name.startswith((".", "~$")):
        return True
    name = _as_csv(name)
    source = f"{_strip(_stem(name), _COPIED)}.csv"
    known = any(fnmatchcase(name, pattern) for pattern in _SET_ASIDE)
    return known or (source != "submission.csv" and any(fnmatchcase(source, pattern) for pattern in _SET_ASIDE))


def could_be_predictions(name: str) -> bool:
    """Say whether a file that isn't read may hold a model's predictions, by its ending."""
    lower = name.lower()
    return not (name.startswith(".") or any(fnmatchcase(lower, each) for each in _NO_TABLES)) and lower.endswith(
        _TABLES
    )


def group_folds(names: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    """Return the groups of pillars whose names differ in the number of a fold or seed only."""
    groups: dict[str, list[str]] = {}
    for name in names:
        key = _FOLD.sub("#", name)
        if key != name:
            groups.setdefault(key.casefold(), []).append(name)
    return tuple(tuple(group) for group in groups.values() if len(group) > 1)


def group_versions(names: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    """Return the groups of pillars whose names differ in a version only: lgb, lgb_v2, lgb_old."""
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(same_name(_strip(_stem(name), _MODEL_VERSION, _AGE)), []).append(name)
    return tuple(tuple(group) for group in groups.values() if len(group) > 1)


def pillar_name(name: str) -> str:
    """Return the pillar that a plain file's name means: the table's, else its stem without a leading `submission_`."""
    for pillar, known in TABLE.items():
        if _as_csv(name) in known.files:
            return pillar
    stem = _as_csv(name)[: -len(CSV)] if is_table(name) else name
    return stem.removeprefix("submission_") or stem


def name_pillar(path: Path) -> str:
    """Return the name of a plain file's pillar, as text that other programs can read."""
    return restore_utf8(pillar_name(path.name))


def _stem(name: str) -> str:
    text = unicodedata.normalize("NFKC", restore_utf8(name)).casefold().strip()
    return text.removesuffix(CSV).removesuffix(PARQUET).strip()


def _as_csv(name: str) -> str:
    """Return the name that the file had if it were CSV."""
    return name[: -len(PARQUET)] + CSV if is_parquet(name) else name


def _strip(stem: str, *marks: re.Pattern[str]) -> str:
    """Remove marks from the end of a name, and `copy of` from its beginning, while something is left."""
    again = True
    while again:
        again = False
        for mark in marks:
            found = re.search(rf"(?:{mark.pattern})$", stem)
            if found and found.start():
                stem, again = stem[: found.start()], True
        if _COPIED in marks and (begins := _COPY_OF.match(stem)) and begins.end() < len(stem):
            stem, again = stem[begins.end() :], True
    return stem


def _join(stem: str) -> str:
    return re.sub(r"[\W_]+", "", stem)
