"""The files that defects of several parts are put into, and the tests that see them."""

ALIGN = "tests/blending/test_align.py tests/blending/test_align_faults.py"
BLEND = " ".join(f"tests/blending/test_{part}.py" for part in ("blend", "blend_values", "refusals", "replay"))
DECIDE = "src/pbl/checks/_schema.py"
FORMULA = "src/pbl/blending/formula.py"
METHODS = "tests/blending/test_methods.py tests/blending/test_methods_domain.py"
RECORDS = "src/pbl/reading/_records.py"
SCHEMA = "schemas/pbl_schemas/prediction.py"
SUBMISSION = "src/pbl/blending/_write.py"
VALIDATE = "tests/checks/test_validate.py tests/checks/test_flags.py tests/checks/test_against_each_other.py"
