"""Break the code on purpose, one defect at a time, and see that the suite notices: `make mutants`.

Each defect is applied to a copy of the project and the tests named beside it are run; one that they miss, or that
applies no more, makes the exit code 1. Words on the command line choose defects by their names.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
COPIED = ("src", "schemas", "sql", "tests", "examples", "pyproject.toml")
PATIENCE = 240
"""Seconds after which a defect that makes the tests hang is taken for caught."""
RUNNING: set[subprocess.Popen[str]] = set()
"""The tests at work: whatever ends this run ends them."""


class Mutant(NamedTuple):
    """A defect: the text that it puts in the place of another, what goes wrong then, and the tests that see it."""

    why: str
    file: str
    old: str
    new: str
    tests: str


RECORDS = "src/pbl/reading/_records.py"
TOKENS = "src/pbl/reading/rows.py"
TEMPORARY = "src/pbl/storage/temporary.py"
APPENDING = "src/pbl/storage/append_log.py"
CSV_TEXT = "src/pbl/storage/csv_text.py"
FILES = "src/pbl/storage/files.py"
PILLARS = "src/pbl/project/pillar_files.py"
DUCK = "src/pbl/engine/duck.py"
DECIDE = "src/pbl/checks/_schema.py"
FORMULA = "src/pbl/blending/formula.py"
SUBMISSION = "src/pbl/blending/_write.py"
SCREEN = "src/pbl/reading/_scan.py"
PARQUET = "src/pbl/reading/parquet.py"
PARQUET_COLUMNS = "src/pbl/reading/parquet_columns.py"
ALIGN = "tests/blending/test_align.py tests/blending/test_align_faults.py"
BLEND_PARQUET = "tests/blending/test_parquet.py tests/blending/test_parquet_faults.py"
METHODS = "tests/blending/test_methods.py tests/blending/test_methods_domain.py"
SELECTED = "tests/project/test_pillar_files.py tests/project/test_named_weights.py"
FROM_FILES = "tests/weights/test_from_files.py tests/weights/test_metric_file.py"
BLEND = " ".join(f"tests/blending/test_{part}.py" for part in ("blend", "blend_values", "refusals", "replay"))
VALIDATE = "tests/checks/test_validate.py tests/checks/test_flags.py tests/checks/test_against_each_other.py"
SCHEMA = "schemas/pbl_schemas/prediction.py"

MUTANTS = (
    # Reading
    Mutant(
        "mixed line ends pass",
        SCREEN,
        "and self.crlf in {0, self.lf}",
        "",
        "tests/reading/test_traps.py tests/reading/test_survey.py",
    ),
    Mutant(
        "an engine overlooks a last comma",
        SCREEN,
        "self.commas == lines * (width - 1)\n            and not",
        "not",
        "tests/reading/test_survey.py",
    ),
    Mutant(
        "NULs are not looked for",
        SCREEN,
        'self._nul = self._nul or b"\\0" in rest',
        "pass",
        "tests/reading/test_traps.py",
    ),
    Mutant(
        "quotes are not noticed",
        SCREEN,
        "self._quote = self._quote or b'\"' in rest",
        "pass",
        "tests/checks/test_cases.py",
    ),
    Mutant(
        "a blank line across chunks",
        SCREEN,
        'or b"\\n\\n" in seam or b"\\n\\r\\n" in seam',
        "",
        "tests/reading/test_scan.py tests/reading/test_survey.py",
    ),
    Mutant("rows of no text are handed on", TOKENS, "return not foreign", "return True", "tests/reading/test_rows.py"),
    Mutant(
        "the mark of UTF-8 is taken for text",
        RECORDS,
        "start = len(BOM) if",
        "start = 0 if",
        "tests/checks/test_cases.py",
    ),
    Mutant(
        "columns are taken by position",
        "src/pbl/reading/_header.py",
        "tuple(header.index(name) for name in wanted)",
        "tuple(range(len(wanted)))",
        "tests/checks/test_cases.py tests/fuzz/test_fuzz.py",
    ),
    Mutant(
        "a change underneath is overlooked",
        "src/pbl/reading/survey.py",
        "if not same or not (still or early_hash(file.fd) == early):",
        "if not same and False:",
        "tests/reading/test_changes.py",
    ),
    Mutant(
        "line ends in quotes are no white space",
        "src/pbl/reading/survey.py",
        "return self.scan.spaced or self.scan.quote",
        "return self.scan.spaced",
        "tests/reading/test_traps.py",
    ),
    Mutant(
        "endless lines are read to their end",
        SCREEN,
        "while not scanner.endless and (data",
        "while (data",
        "tests/reading/test_rows.py",
    ),
    # The engine
    Mutant(
        "sniffing on",
        "sql/pbl_sql/files/plain_file.sql",
        "columns = {{every}},\n    delim = ',', quote = '', escape = '',",
        "delim = ',',",
        "tests/reading/test_traps.py",
    ),
    Mutant(
        "the first row is lost",
        "sql/pbl_sql/files/plain_file.sql",
        "skip = 1",
        "skip = 2",
        f"{VALIDATE} {BLEND}",
    ),
    Mutant(
        "empty cells become NULL",
        "sql/pbl_sql/files/plain_file.sql",
        "nullstr = chr(10)",
        "nullstr = ''",
        "tests/reading/test_traps.py",
    ),
    Mutant(
        "the engine opens any file",
        DUCK,
        "SET enable_external_access = false",
        "SET enable_external_access = true",
        "tests/engine/test_duck.py",
    ),
    Mutant(
        "rows are joined by position whatever their ids",
        "src/pbl/blending/_align_sql.py",
        "JOIN {cell} AS {alias} ON {alias}.id = o.id",
        "POSITIONAL JOIN {cell} AS {alias}",
        BLEND,
    ),
    Mutant(
        "an inner join drops ids",
        "src/pbl/blending/_align_sql.py",
        'or {facts["rows"]} != counts or',
        "or",
        f"{BLEND} tests/fuzz/test_properties.py",
    ),
    Mutant(
        "ids beside each other are not compared",
        "src/pbl/blending/_align_frames.py",
        'if not all((part["id"] == parts[0]["id"]).all() for part in parts[1:]):',
        "if False:",
        ALIGN,
    ),
    Mutant(
        "ids need not be unique",
        "src/pbl/blending/_align_sql.py",
        'return bool(duck.rows("blend/different_ids")[0][0] == rows)',
        "return True",
        "tests/reading/test_traps.py",
    ),
    Mutant(
        "NULL is good",
        "sql/pbl_sql/blend/gather.sql",
        "coalesce({good}, false)",
        "coalesce({good}, true)",
        "tests/reading/test_traps.py",
    ),
    Mutant(
        "+-5 is a number",
        "src/pbl/checks/screen_sql.py",
        " AND NOT starts_with({cell}, '+-')",
        "",
        "tests/reading/test_traps.py",
    ),
    Mutant(
        "infinite is finite",
        "src/pbl/checks/screen_sql.py",
        'Sql(f"isfinite({number})")',
        'Sql("true")',
        "tests/reading/test_traps.py",
    ),
    # Large files
    Mutant(
        "rows sorted by hashes need not have the same ids",
        "src/pbl/blending/_match_ids.py",
        'if not (frame["id"].gather(places) == ids).all():',
        "if False:",
        ALIGN,
    ),
    Mutant(
        "large files: ids need not be unique",
        "src/pbl/blending/_align_sql.py",
        "return sum(each.n_unique() for each in hashes) == rows",
        "return True",
        ALIGN,
    ),
    Mutant(
        "large files: infinite is finite",
        "src/pbl/checks/screen_frames.py",
        "cell.is_finite()",
        "cell.is_not_null()",
        ALIGN,
    ),
    Mutant(
        "large files: a block may begin with a mark",
        "src/pbl/reading/blocks.py",
        "if lines.startswith(codecs.BOM_UTF8, 1):",
        "if False:",
        ALIGN,
    ),
    Mutant(
        "large files: ids that repeat far apart",
        DECIDE,
        "if not profile.distinct or not survey.scan.ascii:",
        "if False:",
        ALIGN,
    ),
    Mutant(
        "large files: what was written is not compared",
        SUBMISSION,
        "if draft.sha256() != digest.hexdigest():",
        "if False:",
        ALIGN,
    ),
    Mutant(
        "large files: a number's text is not compared with the number",
        SUBMISSION,
        'text.cast(pl.Float64, strict=False) == blend[f"b{t}"]',
        "text == text",
        ALIGN,
    ),
    Mutant(
        "large files: texts need not stand beside their ids",
        SUBMISSION,
        "if not in_place or not all(",
        "if not all(",
        ALIGN,
    ),
    Mutant("large files: no id is quoted", SUBMISSION, "if not odd.any():", "if True:", ALIGN),
    Mutant(
        "large files: a guess stands whatever comes",
        "src/pbl/reading/blocks.py",
        "if not survey.plain or survey.header != preview.header:",
        "if False:",
        "tests/reading/test_blocks.py",
    ),
    Mutant(
        "large files: one id twice in all",
        "src/pbl/blending/_align_frames.py",
        "if not profile.distinct or not surveys[0].ascii:",
        "if False:",
        ALIGN,
    ),
    Mutant(
        "a pass over the bytes may miss some",
        "src/pbl/reading/survey.py",
        "if file.size and not scan.endless and scan.size != file.size:",
        "if False:",
        "tests/reading/test_changes.py",
    ),
    Mutant(
        "records: who reads a file moves others on",
        RECORDS,
        "data = os.pread(self._fd, len(buffer), self._at)",
        "data = os.read(self._fd, len(buffer))",
        "tests/reading/test_changes.py",
    ),
    Mutant(
        "large files: who reads ahead is not waited for",
        "src/pbl/reading/prefetch.py",
        "pool.shutdown(cancel_futures=True)",
        "pool.shutdown(wait=False, cancel_futures=True)",
        ALIGN,
    ),
    Mutant(
        "a sound file's numbers may have another form",
        SCHEMA,
        "if number is not None and not cast_tells(number):",
        "if False:",
        "tests/fuzz/test_properties.py",
    ),
    Mutant("a sound file may have no rows", SCHEMA, "        pl.len() > 0,\n", "", "tests/fuzz/test_properties.py"),
    # Parquet
    Mutant(
        "Parquet: another type is cast",
        PARQUET_COLUMNS,
        "if kind is not None and not isinstance(kind, pl.Float64 | pl.Float32):",
        "if False:",
        "tests/checks/test_parquet.py",
    ),
    Mutant(
        "Parquet: ids of any type are taken",
        PARQUET_COLUMNS,
        "if not (is_text(kind) or kind.is_integer()):",
        "if False:",
        "tests/checks/test_parquet.py",
    ),
    Mutant(
        "Parquet: parts may have ids of different types",
        PARQUET_COLUMNS,
        "return kind != other and not (is_text(kind) and is_text(other))",
        "return False",
        "tests/checks/test_parquet.py",
    ),
    Mutant(
        "Parquet: only the first part's columns are compared",
        PARQUET_COLUMNS,
        "    for part in file.parts:\n        for fault in",
        "    for part in file.parts[:1]:\n        for fault in",
        "tests/checks/test_parquet.py",
    ),
    Mutant(
        "Parquet: a saved index is a column like any",
        PARQUET_COLUMNS,
        "if _INDEX.fullmatch(name) and not contract.open:",
        "if False:",
        "tests/checks/test_parquet.py",
    ),
    Mutant(
        "Parquet: rows are counted over all parts",
        PARQUET,
        "before = ends[place - 1] if place else 0",
        "before = 0",
        "tests/checks/test_parquet.py",
    ),
    Mutant(
        "Parquet: CSV files among parts are passed over",
        PARQUET,
        "if parts and others:",
        "if False:",
        "tests/checks/test_parquet.py",
    ),
    Mutant(
        "Parquet: a new part is overlooked",
        PARQUET,
        "if self.file.folder and [path.name",
        "if False and [path.name",
        BLEND_PARQUET,
    ),
    Mutant(
        "Parquet: NULL is no reason to look closer in large files",
        "src/pbl/checks/screen_frames.py",
        "if not plain or any(frame.null_count().row(0)) or not _hold(frame, [*texts, *numbers]):",
        "if not _hold(frame, [*texts, *numbers]):",
        BLEND_PARQUET,
    ),
    Mutant(
        "Parquet: the schema sees no cell",
        "src/pbl/checks/_parquet_file.py",
        "self._clean = self.ascii and self._is_clean(frame)",
        "self._clean = True",
        "tests/checks/test_parquet.py",
    ),
    Mutant(
        "Parquet: an id with a NUL passes",
        "src/pbl/checks/_parquet_file.py",
        "*_find_nul(duck, each, table, contract, most), ",
        "",
        "tests/checks/test_parquet.py",
    ),
    Mutant(
        "Parquet: what was written is not read back",
        "src/pbl/blending/_write_parquet.py",
        "if read_fingerprint(draft.path, contract, limits) != content.fingerprint or content.rows != summary.rows:",
        "if False:",
        BLEND_PARQUET,
    ),
    Mutant(
        "Parquet: a blend may lie among a pillar's parts",
        "src/pbl/project/outputs.py",
        "if is_folder(source) and any(is_table(at.name) and same_file(at.parent, source) for at in places):",
        "if False:",
        BLEND_PARQUET,
    ),
    Mutant(
        "Parquet: a blend is written through a link to a part",
        "src/pbl/project/outputs.py",
        "for each in with_parts(source) if",
        "for each in (source,) if",
        BLEND_PARQUET,
    ),
    Mutant(
        "Parquet: a pack takes the place of the parts that it packs",
        "src/pbl/kaggle/_replace.py",
        "if place in (path.resolve(), *path.resolve().parents):",
        "if place in path.resolve().parents[1:]:",
        BLEND_PARQUET,
    ),
    Mutant(
        "runs best: a log may be replaced",
        "src/pbl/ledger/best_run.py",
        "if is_log(output, logs):",
        "if False:",
        "tests/ledger/test_best_run.py",
    ),
    Mutant(
        "Parquet: a replay takes further parts",
        "src/pbl/project/recipe_files.py",
        "if more := sorted(there.keys() - wanted.keys()):",
        "if more := []:",
        BLEND_PARQUET,
    ),
    Mutant(
        "Parquet: a replay doesn't compare what the bytes say",
        "src/pbl/blending/replay.py",
        "if made.written.content is not None and made.written.content == recipe.output.content_sha256:",
        "if made.written.content is not None:",
        BLEND_PARQUET,
    ),
    # The schema
    Mutant(
        "1e400 is a number",
        SCHEMA,
        "numeric & value.is_finite().fill_null(value=False)",
        "numeric",
        "tests/checks/test_cases.py",
    ),
    Mutant(
        "ids may repeat",
        SCHEMA,
        "return pl.LazyFrame({data.key: ~ids.is_duplicated() | blank})",
        "return True",
        "tests/checks/test_cases.py",
    ),
    Mutant("the lower bound is left out", SCHEMA, "value < minimum", "value <= minimum", VALIDATE),
    Mutant(
        "an id pattern need not reach the end",
        SCHEMA,
        'texts.append(pl.col(id).str.contains(rf"\\A(?:{id_pattern})\\z"))',
        'texts.append(pl.col(id).str.contains(rf"\\A(?:{id_pattern})"))',
        VALIDATE,
    ),
    Mutant(
        "a sound file's ids may have white space around them",
        SCHEMA,
        "pl.col(id).str.strip_chars().str.len_bytes() == length",
        "length > 0",
        "tests/reading/test_traps.py tests/checks/test_cases.py",
    ),
    Mutant("a sound file's ids may be empty", SCHEMA, "        length > 0,\n", "", "tests/reading/test_traps.py"),
    Mutant(
        "a sound file's numbers may be infinite",
        SCHEMA,
        "bounds = [pl.col(t).is_finite() for t in targets]",
        "bounds = []",
        "tests/reading/test_traps.py tests/checks/test_cases.py",
    ),
    Mutant(
        "a sound file's ids may repeat",
        SCHEMA,
        "if whole and not _differ(",
        "if False and not _differ(",
        f"{VALIDATE} tests/checks/test_cases.py",
    ),
    Mutant(
        "a sound file's numbers may be out of bounds",
        SCHEMA,
        "if not all(numbers.select(_all(bounds)).row(0)):",
        "if False:",
        VALIDATE,
    ),
    Mutant(
        "Pandera can be switched off",
        DECIDE,
        "config_context(validation_enabled=True, validation_depth=ValidationDepth.SCHEMA_AND_DATA)",
        "config_context()",
        "tests/laws/test_environment.py",
    ),
    # Blending
    Mutant(
        "clips where nobody asked",
        FORMULA,
        'if self.clip.low is None else Sql(f"greatest($clip_min, {inner})")',
        'if self.clip.low is None else Sql(f"greatest(0.0, {inner})")',
        BLEND,
    ),
    Mutant(
        "weights swapped",
        FORMULA,
        'else f"$share{place}")',
        'else f"$share{len(self.factors) - 1 - place}")',
        BLEND,
    ),
    Mutant(
        "findings do not stop a blend",
        "src/pbl/blending/_submission.py",
        "if report.errors():\n        raise FindingsError(report)\n    written",
        "if False:\n        raise FindingsError(report)\n    written",
        f"{BLEND} tests/reading/test_traps.py",
    ),
    Mutant(
        "an infinite blend is written",
        SUBMISSION,
        "if summary.broken:",
        "if False:",
        BLEND,
    ),
    Mutant(
        "a replay makes other bytes unseen",
        "src/pbl/blending/replay.py",
        "if made.written.sha256 != recipe.output.sha256:",
        "if False:",
        BLEND,
    ),
    Mutant(
        "an edited submission passes for ours",
        "src/pbl/project/recipe_files.py",
        "and same_bytes(submission, output.sha256)",
        "",
        "tests/reading/test_changes.py",
    ),
    Mutant(
        "inputs may change meanwhile",
        "src/pbl/checks/open_files.py",
        "            self.survey.unchanged(before)\n",
        "            pass\n",
        "tests/reading/test_changes.py",
    ),
    # Pillars and recipes
    Mutant(
        "the default weights are others",
        "src/pbl/domain/pillars.py",
        '"dino": Known(0.2,',
        '"dino": Known(0.1,',
        SELECTED,
    ),
    Mutant(
        "shares are not divided by their sum",
        "src/pbl/domain/weights.py",
        "return tuple(w / total for w in scaled)",
        "return tuple(scaled)",
        SELECTED,
    ),
    Mutant(
        "negative weights",
        "src/pbl/domain/weights.py",
        "if below is not None and not (negative",
        "if False and not (negative",
        SELECTED,
    ),
    Mutant(
        "ranks of equal numbers are the first one's",
        "src/pbl/blending/whole_columns.py",
        '- 1) / 2.0"',
        '- 1) * 0.0"',
        METHODS,
    ),
    Mutant(
        "ranks are taken over all target names",
        "src/pbl/blending/whole_columns.py",
        '("PARTITION BY name", "PARTITION BY name, n") if formula.by_row else',
        '("", "PARTITION BY n") if formula.by_row else',
        METHODS,
    ),
    Mutant(
        "a geometric mean passes over a zero",
        "src/pbl/blending/_row_sql.py",
        "CASE WHEN {zero} THEN",
        "CASE WHEN false THEN",
        METHODS,
    ),
    Mutant(
        "logit holds nothing back",
        "src/pbl/blending/_row_sql.py",
        '"edge_low": 1e-15',
        '"edge_low": 1e-14',
        METHODS,
    ),
    Mutant(
        "the median takes no mean at exactly a half",
        "src/pbl/blending/_row_sql.py",
        'f"> {0.5 + _HALF!r}"',
        'f">= {0.5 - _HALF!r}"',
        METHODS,
    ),
    Mutant(
        "a number outside a method's domain is blended",
        "src/pbl/blending/method_domain.py",
        "if plan.method not in _DOMAINS:",
        "if True:",
        METHODS,
    ),
    Mutant(
        "totals are clipped, too",
        "src/pbl/blending/_reconcile_sql.py",
        "found[each.total] = Sql(f\"({join([found[part] for part in each.parts], ' + ')})\")",
        "found[each.total] = clip(Sql(f\"({join([found[part] for part in each.parts], ' + ')})\"))",
        "tests/blending/test_constraints.py",
    ),
    Mutant(
        "reconciled numbers are not projected",
        "src/pbl/domain/projection.py",
        "float(Fraction(i == j) - sum(",
        "float(Fraction(i == j) - 0 * sum(",
        "tests/blending/test_constraints.py",
    ),
    Mutant(
        "what the clip broke is the method's fault",
        "src/pbl/blending/residuals.py",
        'return "clip"',
        'return "method"',
        "tests/blending/test_constraints.py",
    ),
    Mutant(
        "weights of a target name go to all",
        FORMULA,
        "ELSE $share{place} END",
        "ELSE $own0_{place} END",
        "tests/blending/test_constraints.py",
    ),
    Mutant(
        "Spearman's ranks take no notice of ties",
        "src/pbl/weights/_pairs.py",
        'rank("average")',
        'rank("ordinal")',
        "tests/weights/test_compare.py tests/weights/test_compare_large.py",
    ),
    Mutant(
        "rows are compared in the order of the first file",
        "src/pbl/blending/rows_by_id.py",
        "self.ascending = ascending\n        return",
        "self.ascending = True\n        return",
        "tests/weights/test_compare_large.py",
    ),
    Mutant(
        "any two pillars are lines of each other",
        "src/pbl/weights/_pairs.py",
        "AFFINE = 1e-6",
        "AFFINE = 1e-4",
        "tests/weights/test_compare.py",
    ),
    Mutant(
        "a blend without a pillar keeps the others' shares",
        "src/pbl/weights/compare.py",
        "factors=divide(others))",
        "factors=others)",
        "tests/weights/test_compare.py",
    ),
    Mutant(
        "two files for one pillar",
        PILLARS,
        "if pillar.name in seen:",
        "if False:",
        SELECTED,
    ),
    Mutant(
        "a recipe of another version is read",
        "src/pbl/domain/recipe.py",
        "if version != RECIPE_VERSION or isinstance(version, bool):",
        "if False:",
        "tests/domain/test_recipe.py",
    ),
    # Writing
    Mutant(
        "a folder being removed is forgotten",
        TEMPORARY,
        "live[gone] = None",
        "pass",
        "tests/storage/test_temporary.py",
    ),
    Mutant(
        "a lock outlives its process",
        TEMPORARY,
        "for fd in _list_inheritable())",
        "for fd in ())",
        "tests/storage/test_temporary.py",
    ),
    Mutant(
        "renamed before it is on the disk",
        "src/pbl/storage/commit.py",
        "            each.sync()\n",
        "",
        "tests/storage/test_commit_faults.py",
    ),
    Mutant(
        "a new submission beside the old recipe",
        "src/pbl/storage/_replace.py",
        "                note.target.rename(aside)\n",
        "                pass\n",
        "tests/storage/test_commit_faults.py",
    ),
    Mutant(
        "temporaries stay",
        "src/pbl/storage/commit.py",
        "        for path in self._paths:\n            drop(path)\n",
        "        for path in self._paths:\n",
        "tests/storage/test_commit.py",
    ),
    Mutant(
        "the log is not locked",
        APPENDING,
        "            lock(fd)\n",
        "            pass\n",
        "tests/storage/test_append_log.py tests/storage/test_append_log_faults.py tests/ledger/test_log_run.py",
    ),
    Mutant(
        "a logged row is not on the disk",
        APPENDING,
        "        os.fsync(log.fd)\n        sync_folder",
        "        sync_folder",
        "tests/storage/test_append_log_faults.py",
    ),
    Mutant(
        "formulas in the log",
        CSV_TEXT,
        'return f"\'{cell}" if cell.startswith',
        "return cell if cell.startswith",
        "tests/storage/test_csv_text.py",
    ),
    Mutant(
        "a lock that another holds is taken for ours",
        "src/pbl/storage/locks.py",
        "        return False\n",
        "        return True\n",
        "tests/storage/test_locks.py",
    ),
    Mutant(
        "a pipe is waited for",
        FILES,
        "os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC",
        "os.O_RDONLY | os.O_CLOEXEC",
        "tests/storage/test_files.py",
    ),
    Mutant(
        "a file is hashed from where it stands",
        FILES,
        "    at = 0\n",
        "    at = os.lseek(fd, 0, os.SEEK_CUR)\n",
        "tests/storage/test_files.py",
    ),
    Mutant(
        "a file is hashed in one piece",
        FILES,
        "os.pread(fd, _CHUNK, at)",
        "os.pread(fd, os.fstat(fd).st_size, at)",
        "tests/storage/test_files.py tests/project/test_recipe_files.py",
    ),
    Mutant(
        "a full disk is said in the system's words",
        "src/pbl/storage/os_errors.py",
        'errno.ENOSPC: "the disk is full",',
        "",
        "tests/storage/test_os_errors.py tests/kaggle/test_pack.py",
    ),
    # The log and the program
    Mutant(
        "an edited submission is logged",
        "src/pbl/ledger/_submission_row.py",
        "if (found.sha256, found.size) != (recipe.output.sha256, recipe.output.bytes):",
        "if False:",
        "tests/ledger/test_log_run.py",
    ),
    Mutant(
        "a label leaves the folder",
        "src/pbl/ledger/log_run.py",
        "if not re.fullmatch(LABEL, label):",
        "if not re.match(LABEL, label):",
        "tests/ledger/test_log_run.py",
    ),
    Mutant(
        "interrupts wait for the engine",
        "src/pbl/__main__.py",
        "    _watch()\n    code",
        "    code",
        "tests/faults/test_signals.py",
    ),
    Mutant(
        "a closed stream's place is taken",
        "src/pbl/__main__.py",
        "code = _run() if _streams() else 2",
        "code = _run()",
        "tests/faults/test_signals.py",
    ),
    # Out-of-fold files, and the weights in pbl.toml
    Mutant(
        "any further column passes in an out-of-fold file",
        "src/pbl/weights/oof.py",
        "of_files = WideContract(**asdict(contract), texts=(FOLD,))",
        "of_files = WideContract(**asdict(contract), texts=(FOLD,), others=True)",
        "tests/weights/test_oof.py",
    ),
    Mutant(
        "ids that the truth lacks pass with --common-rows",
        "src/pbl/checks/against_truth.py",
        'if finding.code != "PBL601"',
        'if finding.code not in {"PBL601", "PBL602"}',
        "tests/weights/test_oof.py",
    ),
    Mutant(
        "predictions stand beside other ids than their own",
        "sql/pbl_sql/weights/ordered.sql",
        "ORDER BY id",
        "ORDER BY row",
        "tests/weights/test_oof.py",
    ),
    Mutant(
        "an empty fold is a fold",
        "src/pbl/weights/_columns.py",
        'frame.filter(frame[at].str.strip_chars() == "")',
        'frame.filter(frame[at].str.strip_chars() == "?")',
        "tests/weights/test_oof.py",
    ),
    Mutant(
        "an edited pbl.toml is not read back",
        "src/pbl/project/edit_toml.py",
        "if tomllib.loads(text) != expected:",
        "if False:",
        "tests/project/test_edit_toml.py",
    ),
    Mutant(
        "pbl.toml's CRLF line ends become LF",
        "src/pbl/project/edit_toml.py",
        'return "\\r\\n" if',
        'return "\\n" if',
        "tests/project/test_edit_toml.py",
    ),
    Mutant(
        "the best run is the one with the greatest score",
        "src/pbl/ledger/best_run.py",
        "return metric.merit(score) if metric.sense and not metric.assumed else",
        "return score if metric.sense and not metric.assumed else",
        "tests/ledger/test_best_run.py",
    ),
    Mutant(
        "members count alike, whatever their shares",
        "src/pbl/domain/pillars.py",
        "given = shares or [1.0] * len(files)",
        "given = [1.0] * len(files)",
        "tests/blending/test_members.py",
    ),
    Mutant(
        "large files: members are blended by the first file's share",
        "src/pbl/blending/members.py",
        "zip(terms, pillar.shares, strict=True)]\n                columns",
        "zip(terms, pillar.shares[:1] * len(terms), strict=True)]\n                columns",
        "tests/blending/test_members.py",
    ),
    Mutant(
        "a recipe doesn't need every member",
        "src/pbl/domain/recipe.py",
        "for n, each in enumerate(self.members, 1)}",
        "for n, each in enumerate(self.members[:1], 1)}",
        "tests/blending/test_members.py",
    ),
    Mutant(
        "weights are written though the advice is to use none",
        "src/pbl/cli/commands/tune.py",
        "if write and written is None:",
        "if False:",
        FROM_FILES,
    ),
)


def misfits() -> list[str]:
    """Name the defects whose text doesn't stand exactly once in its file."""
    return [m.why for m in MUTANTS if (ROOT / m.file).read_text(encoding="utf-8").count(m.old) != 1]


def verdict(mutant: Mutant) -> tuple[bool, str]:
    """Apply a defect to a copy and run its tests; say whether they caught it, and how."""
    with tempfile.TemporaryDirectory(prefix="pbl-mutant-") as name:
        copy = Path(name)
        for part in COPIED:
            source = ROOT / part
            if source.is_dir():
                shutil.copytree(source, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, copy / part)
        target = copy / mutant.file
        target.write_text(target.read_text(encoding="utf-8").replace(mutant.old, mutant.new), encoding="utf-8")
        return tried(copy, mutant.tests)


def tried(copy: Path, tests: str, *, at_once: int = 0) -> tuple[bool, str]:
    """Run tests of a copy of the project; say whether any failed, and the first that did."""
    roots = os.pathsep.join(str(copy / part) for part in ("src", "schemas", "sql"))
    env = {k: v for k, v in os.environ.items() if k not in {"PBL_THOROUGH", "PBL_TRAPS"}}
    env |= {"PYTHONPATH": roots, "PYTHONDONTWRITEBYTECODE": "1", "PBL_FUZZ_COUNT": "800"}
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-n", str(at_once), "-p", "no:cacheprovider", *tests.split()]
    process = subprocess.Popen(
        command, cwd=copy, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True
    )
    RUNNING.add(process)
    try:
        said, _ = process.communicate(timeout=PATIENCE * (1 + at_once))
    except subprocess.TimeoutExpired:
        return True, "the tests hang"
    finally:
        end_group(process)
    first = next((line for line in said.splitlines() if line.startswith(("FAILED", "ERROR"))), "")
    return process.returncode != 0, first or said[-300:]


def end_group(process: subprocess.Popen[str]) -> None:
    """End tests with all that they started: a test that hangs, or an interrupt, leaves nothing at work."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    RUNNING.discard(process)


def main() -> int:
    words = sys.argv[1:]
    chosen = [m for m in MUTANTS if not words or any(word in m.why for word in words)]
    stale = misfits()
    for why in stale:
        print(f"no longer applies: {why}")
    began = time.monotonic()
    if not chosen:
        print("no defect has such a name")
        return 1
    every = " ".join(sorted({test for mutant in chosen for test in mutant.tests.split()}))
    failed, first = tried(ROOT, every, at_once=os.cpu_count() or 2)
    if failed:
        print(f"without any defect: {first}")
        return 1
    caught = 0
    fit = [m for m in chosen if m.why not in stale]
    pool = ThreadPoolExecutor(max_workers=os.cpu_count() or 2)
    try:
        for mutant, (seen, how) in zip(fit, pool.map(verdict, fit), strict=True):
            caught += seen
            print(f"{'caught' if seen else 'MISSED'}  {mutant.why}  ({mutant.file})  {how[:110]}", flush=True)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        for process in [*RUNNING]:
            end_group(process)
    print(f"{caught} of {len(chosen)} caught in {time.monotonic() - began:.0f} s")
    return 0 if caught == len(chosen) and not stale else 1


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    sys.exit(main())
