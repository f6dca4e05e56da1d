"""What `import pbl` offers: the commands as functions that print nothing and return frozen results."""

from pbl.api.ledger import best_run, log_run, runs
from pbl.api.reporting import report
from pbl.api.validating import blend, validate
from pbl.api.weighing import compare, score, tune

__all__ = ["best_run", "blend", "compare", "log_run", "report", "runs", "score", "tune", "validate"]
