"""What the files of a folder are taken for."""

import pytest
from support.making import ids, predictions, write

from pbl.domain.errors import UsageError


def models(folder, *names, seed=0):
    for name in names:
        write(folder / name, predictions(ids(10), f"{name}{seed}"))
    return folder


def refused(call, kind=UsageError):
    with pytest.raises(kind) as caught:
        call()
    return str(caught.value)
