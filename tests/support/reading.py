"""One file, read alone: put on the disk, surveyed and taken apart."""

from contextlib import closing
from pathlib import Path

import pbl
from pbl.domain.contract import Contract
from pbl.reading.rows import explain_offences, tokenize
from pbl.reading.survey import open_file, open_survey, survey

HEADER = b"sample_id,target\n"
GOOD = HEADER + b"a,1.5\nb,2.5\n"


def put(folder, data, name="x.csv"):
    path = Path(folder) / name
    path.write_bytes(data)
    return path


def surveyed(path, contract=Contract(), **how):  # noqa: B008 - frozen
    """Survey a file and close it."""
    with closing(open_file(path, None)) as file:
        return survey(file, contract, **how)


def rows(path, contract=Contract()):  # noqa: B008 - frozen
    """Take a file apart and give its rows and the codes of what is broken."""
    with open_survey(path, contract) as source:
        batches, offences = tokenize(source, 3)
        found = [row for batch in batches for row in zip(*batch, strict=True)]
        return found, {f.code for f in explain_offences(source, offences)}


def codes(path):
    return {f.code for f in pbl.validate(path).findings}
