"""Defects: parquet."""

from mutants.mutant import Mutant

PARQUET = "src/pbl/reading/parquet.py"
PARQUET_COLUMNS = "src/pbl/reading/parquet_columns.py"
BLEND_PARQUET = "tests/blending/test_parquet.py tests/blending/test_parquet_faults.py"

MUTANTS = (
    Mutant(
        "Parquet: parts are read in another order",
        PARQUET,
        "key=lambda entry: entry.name)",
        "key=lambda entry: entry.name, reverse=True)",
        "tests/fuzz/test_roads.py",
    ),
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
)
