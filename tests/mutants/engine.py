"""Defects: the engine."""

from mutants.mutant import Mutant
from mutants.places import ALIGN, BLEND, VALIDATE

DUCK = "src/pbl/engine/duck.py"

MUTANTS = (
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
        "JOIN {cells[n]} AS {aliases[n]} ON {aliases[n]}.id = o.id",
        "POSITIONAL JOIN {cells[n]} AS {aliases[n]}",
        BLEND,
    ),
    Mutant(
        "an inner join drops ids",
        "src/pbl/blending/_align_sql.py",
        "or {found.rows} != counts or",
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
    Mutant(
        "rows of a later step forget what was not clean",
        "src/pbl/blending/_align_sql.py",
        'Sql("o.good" if begin else "true")',
        'Sql("true")',
        "tests/blending/test_many_files.py",
    ),
)
