"""Defects: reading."""

from mutants.mutant import Mutant
from mutants.places import RECORDS

TOKENS = "src/pbl/reading/rows.py"
SCREEN = "src/pbl/reading/_scan.py"

MUTANTS = (
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
    Mutant(
        "lines with CR are left to a parser",
        SCREEN,
        r"""_TELLING = (b'"', b"\0", b"\r", *_SPACES)""",
        r"""_TELLING = (b'"', b"\0", *_SPACES)""",
        "tests/reading/test_blocks.py",
    ),
    Mutant(
        "rows are counted by a parser that need not read all cells",
        "src/pbl/reading/blocks.py",
        "all_cells = width ==",
        "all_cells = True or width ==",
        "tests/reading/test_blocks.py",
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
)
