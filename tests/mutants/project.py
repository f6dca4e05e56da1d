"""Defects: pillars and recipes."""

from mutants.mutant import Mutant
from mutants.places import FORMULA, METHODS

PILLARS = "src/pbl/project/pillar_files.py"
SELECTED = "tests/project/test_pillar_files.py tests/project/test_named_weights.py"

MUTANTS = (
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
)
