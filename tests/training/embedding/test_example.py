"""The page on a pillar of one's own: its commands run as they stand, and end in a submission that validates."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from support.making import process

ROOT = Path(__file__).parents[3]


def test_the_page_s_commands_run(here):
    page = (ROOT / "examples/digits/README.md").read_text()
    [block] = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)
    first, *lines = block.splitlines()
    assert first == "python examples/digits/make.py digits && cd digits"
    subprocess.run([sys.executable, ROOT / "examples/digits/make.py", here / "digits"], check=True, capture_output=True)
    for line in lines:
        _, *words = shlex.split(line)
        done = process(*words, folder=here / "digits")
        assert done.code == 0, done.talk
    made, beside = (here / "digits" / name for name in ("submission_tiny.csv", "pillars/submission_tiny.csv"))
    assert made.read_bytes() == beside.read_bytes()
    scores = (here / "digits/pillars/scores_tiny.csv").read_text()
    stack, means = (float(re.search(rf"{model},(.*)", scores)[1]) for model in ("stack", "baseline"))
    assert stack < 0.7 * means
    shutil.rmtree(here / "digits")
