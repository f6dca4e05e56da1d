"""Defects: blending."""

from mutants.mutant import Mutant
from mutants.places import BLEND, FORMULA, METHODS, SUBMISSION

MUTANTS = (
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
        METHODS,
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
    Mutant(
        "the database's text of a number is taken on trust",
        "src/pbl/blending/_write.py",
        "(Sql, exact_text)",
        "(Sql,)",
        "tests/blending/test_closer_look.py",
    ),
    Mutant(
        "small numbers have the text that polars gives them",
        "src/pbl/blending/_number_text.py",
        "_LEAST, _MOST = 1e-4",
        "_LEAST, _MOST = 1e-6",
        "tests/blending/test_number_text.py",
    ),
    Mutant(
        "a recipe may have any shares",
        "src/pbl/domain/recipe.py",
        "divide(weights)):",
        "divide(weights)) and False:",
        "tests/domain/test_recipe.py",
    ),
    Mutant(
        "warnings about the blend stop nothing",
        "src/pbl/blending/blend.py",
        "if fail_on is Severity.WARNING and made.warnings:",
        "if False:",
        "tests/blending/test_constraints.py",
    ),
)
