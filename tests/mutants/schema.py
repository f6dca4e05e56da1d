"""Defects: the schema."""

from mutants.mutant import Mutant
from mutants.places import DECIDE, SCHEMA, VALIDATE

MUTANTS = (
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
        'cell.str.contains(rf"\\A(?:{id_pattern})\\z")]',
        'cell.str.contains(rf"\\A(?:{id_pattern})")]',
        VALIDATE,
    ),
    Mutant(
        "a sound file's ids may have white space around them",
        SCHEMA,
        "cell.str.strip_chars().str.len_bytes() == length",
        "length > 0",
        "tests/reading/test_traps.py tests/checks/test_cases.py",
    ),
    Mutant("a sound file's ids may be empty", SCHEMA, "[length > 0, cell", "[cell", "tests/reading/test_traps.py"),
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
        "if whole and id is not None and not _differ(",
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
)
