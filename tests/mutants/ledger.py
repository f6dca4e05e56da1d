"""Defects: the log and the program."""

from mutants.mutant import Mutant

MUTANTS = (
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
)
