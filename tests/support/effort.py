"""How much a run of the tests tries: a sample, or with `PBL_THOROUGH=1` (`make test-thorough`) all that it could."""

import os

THOROUGH = os.environ.get("PBL_THOROUGH") == "1"
