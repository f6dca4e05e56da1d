"""Defects: out-of-fold files, and the weights in pbl.toml."""

from mutants.mutant import Mutant

FROM_FILES = "tests/weights/test_from_files.py tests/weights/test_metric_file.py"

MUTANTS = (
    Mutant(
        "squares of large numbers are infinite",
        "src/pbl/weights/_formulas.py",
        "squares = (numbers if size == 1 else numbers * size) ** 2",
        "squares, size = numbers**2, 1.0",
        "tests/weights/test_metrics.py",
    ),
    Mutant(
        "fits score large numbers by their infinite squares",
        "src/pbl/weights/_forms.py",
        "if metric.name in _OF_ERRORS:",
        "if False:",
        "tests/weights/test_metrics.py",
    ),
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
    Mutant(
        "weights of a fit are scored on its own rows",
        "src/pbl/weights/_plans.py",
        "plans[1] = _find_fitted(plans[1], plans)",
        "pass",
        "tests/weights/test_tune.py",
    ),
)
