"""Short ways to blend and to validate, and to say what came of it."""

import hashlib
import json

from support.making import command, read, write

import pbl


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def rows_of(path="submission.csv"):
    return read(path)[1]


def values(path="submission.csv"):
    return [row[1] for row in rows_of(path)]


def blended(*models, **how):
    """Blend models given as mappings, and return the submission's rows."""
    names = [f"m{n}.csv" for n in range(len(models))]
    for name, model in zip(names, models, strict=True):
        write(name, model)
    pbl.blend(*names, output="submission.csv", force=True, **how)
    return dict(rows_of())


def told(report):
    """Tell a report's findings in short: code, pillar, count."""
    return [(f.code, f.pillar, f.count) for f in report.findings]


def only(report, code):
    (found,) = [f for f in report.findings if f.code == code]
    return found


def places(found):
    return [(e.row, e.id, e.value) for e in found.examples]


def as_json(*words):
    done = command("validate", *words, "--format", "json")
    return done.code, json.loads(done.out)


def two(first, second, header=("sample_id", "target")):
    write("a.csv", first, header)
    write("b.csv", second, header)
    return pbl.validate("a.csv", "b.csv")
