"""Break the code on purpose, one defect at a time, and see that the suite notices: `make mutants`.

A file holds the defects of one part of the code; `__main__` applies each to a copy of the project.
"""

from mutants import blending, engine, large_files, ledger, parquet, project, reading, schema, storage, weights

MUTANTS = (
    *reading.MUTANTS,
    *engine.MUTANTS,
    *large_files.MUTANTS,
    *parquet.MUTANTS,
    *schema.MUTANTS,
    *blending.MUTANTS,
    *project.MUTANTS,
    *storage.MUTANTS,
    *ledger.MUTANTS,
    *weights.MUTANTS,
)
