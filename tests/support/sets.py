"""Sets of pillars made by chance, sound or with a fault: what is meant, before `roads` puts it into files."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

ODD = [
    *(0.0, -0.0, 5e-324, -5e-324, 2.0**-1022, 1e-7, 1e-5, 0.1, 1 / 3, -1.5, 1e16, 2.0**53 - 1, 123456.789, 1e22, 1e23),
    *(2.0**63, 2.0**81, -(2.0**91), 2.0**807, 1e300),
]
NAMES = ("a", "b", "total")
SUMS = "[[constraints]]\ntotal = 'total'\nparts = ['a', 'b']\n"
OWN = "[per_target.b]\np0 = 1\n"
CONTRACTS = ("min = 0.0\nmax = 1.0", "min = -2.5", "max = 80.0", "id_pattern = 'i[0-9]+(__[a-z]+)?'")
METHODS = ("mean", "mean", "rank", "median", "geometric", "logit")
NUMBERS = ("plain", "plain", "share", "odd", "few", "labels", "single", "whole", "classes")
IDS = ("plain", "names", "names", "commas", "quotes", "accents", "digits", "noughts", "words", "lines", "mixed")
FAULTS = {
    "cell": ("nan", "inf", "-inf", "empty"),
    "id": ("twice", "no id", "lost", "more", "other", "blank", "case"),
    "template": ("template lacks one", "template has one more", "template has another", "template twice"),
    "odd": ("constant", "copy", "scaled", "outside", "sums"),
}
WORDS = ("nan", "NULL", "true", "1e5", "-1", "0x1F", "1.0", "inf", "null", "-0", "+1", "NaN", "None", "1_0", "id", "t0")


@dataclass(frozen=True)
class Set:
    """Files' rows, each an id and its numbers, None where there is none; and how they are to be blended."""

    files: list[list[tuple]]
    targets: tuple[str, ...]
    template: list[str] | None
    ids: str
    numbers: str
    faults: tuple[str, ...] = ()
    where: int = 0
    """The file with the last fault."""
    contract: str = ""
    """More lines of the contract."""
    toml: str = ""
    gone: str = ""
    """The pillar without an out-of-fold file."""
    members: bool = False
    """Whether the last two files are one pillar's."""
    how: dict = field(default_factory=dict)

    @property
    def names(self):
        return tuple(f"p{n}" for n in range(len(self.files) - self.members))

    def members_of(self, pillar):
        last = len(self.files) if self.members and pillar == len(self.names) - 1 else pillar + 1
        return range(pillar, last)

    def __str__(self):
        rows = "".join(f"\n  file {n}: {file[:8]}{' ...' * (len(file) > 8)}" for n, file in enumerate(self.files))
        about = f"ids {self.ids}, numbers {self.numbers}, targets {self.targets}, faults {self.faults} in {self.where}"
        blend = f"{self.how} {self.contract!r} {self.toml!r} members {self.members}"
        return f"{about}, {blend}, template {self.template}{rows}"


def make_set(chance, *, faults=0.5, rows=(1, 2, 3, 7, 15, 30)):
    """Make a set of one of so many rows; `faults` says how often it is broken."""
    numbers, kind = chance.choice(NUMBERS), chance.choice(IDS)
    keys, by_name = make_ids(chance, kind, chance.choice(rows)), kind == "names"
    width = 3 if numbers == "classes" else 1 if by_name else chance.choice((1, 1, 2, 3))
    targets = NAMES[:width] if width == 3 else tuple(f"t{n}" for n in range(width))
    count = chance.randint(1, 5)
    files = [[(key, *make_numbers(chance, numbers, width)) for key in keys] for _ in range(count)]
    template = chance.sample(keys, len(keys)) if chance.random() < 0.4 else None
    made = Set(files, targets, template, kind, numbers, members=count > 2 and chance.random() < 0.2)
    made = replace(made, **make_how(chance, made, by_name=by_name))
    while chance.random() < faults and len(made.faults) < 2:
        made, faults = break_it(chance, made), faults / 2
    return made


def make_ids(chance, kind, rows):
    """Make ids that all differ."""
    if kind == "names":
        return [f"i{n // 3:03}__{NAMES[n % 3]}" for n in range(3 * max(rows // 3, 1))]
    forms = {
        "plain": lambda n: f"i{n:03}",
        "commas": lambda n: f"i,{n}",
        "quotes": lambda n: f'i"{n}"',
        "accents": lambda n: f"{'é日🙂'[n % 3]}{n}",
        "digits": str,
        "noughts": lambda n: f"{n:04}",
        "lines": lambda n: f"i\n{n}",
        "words": lambda n: WORDS[n] if n < len(WORDS) else f"{n}e{n}",
    }
    numbered = range(rows)
    if kind == "mixed":
        found = [forms[chance.choice([*forms])](n) for n in numbered]
        return list({key.casefold(): key for key in found}.values())
    return list({key.casefold(): key for key in map(forms[kind], numbered)}.values())


def make_numbers(chance, kind, width):
    """Make the numbers of a row."""
    if kind == "classes":
        first, second = sorted((chance.randint(0, 64), chance.randint(0, 64)))
        return first / 64, (second - first) / 64, 1 - second / 64
    make = {
        "plain": lambda: chance.uniform(0.5, 90),
        "share": lambda: chance.choice((chance.random(), chance.random(), 0.0, 1.0)),
        "odd": lambda: chance.choice(ODD),
        "few": lambda: chance.randint(-3, 3) / 4,
        "labels": lambda: float(chance.randint(0, 2)),
        "single": lambda: chance.randint(0, 2**20) / 2**18,
        "whole": lambda: float(chance.randint(-5, 300)),
    }[kind]
    return tuple(make() for _ in range(width))


def make_how(chance, made, *, by_name):
    """Choose how to blend."""
    how = {"method": chance.choice(METHODS)}
    toml, contract = "", chance.choice(CONTRACTS) if chance.random() < 0.2 else ""
    if chance.random() < 0.3:
        how["weights"] = [chance.choice((0.0, 1.0, 0.3, 7.0)) for _ in made.names[1:]] + [chance.choice((1.0, 0.1))]
    if chance.random() < 0.3:
        how["clip_min"] = chance.choice((0.0, 0.25))
        how["clip_max"] = chance.choice((1.0, 50.0))
    if (by_name or made.targets == NAMES) and chance.random() < 0.6:
        toml = SUMS if chance.random() < 0.7 else OWN
        how |= {"reconcile": chance.random() < 0.5} if toml == SUMS else {"per_target": True}
    return {"how": how, "toml": toml, "contract": contract}


def break_it(chance, made):
    """Put one fault into one file."""
    kind = chance.choice([*FAULTS])
    fault, where = chance.choice(FAULTS[kind]), chance.randrange(len(made.files))
    made = replace(made, faults=(*made.faults, fault), where=where)
    if kind == "template":
        template = made.template or [row[0] or "zz8" for row in made.files[0]]
        at = chance.randrange(len(template))
        changed = {
            "template lacks one": template[:at] + template[at + 1 :],
            "template has one more": [*template, "zz9"],
            "template has another": [*template[:at], "zz9", *template[at + 1 :]],
            "template twice": [*template, template[at]],
        }[fault]
        return replace(made, template=changed)
    rows = made.files[where]
    if rows:
        rows = BREAKS[kind](fault, rows, chance.randrange(len(rows)), made)
    return replace(made, files=[rows if n == where else file for n, file in enumerate(made.files)])


def _break_cell(fault, rows, at, made):
    place = 1 + at % len(made.targets)
    row = list(rows[at])
    row[place] = None if fault == "empty" else float(fault)
    return [*rows[:at], tuple(row), *rows[at + 1 :]]


def _break_id(fault, rows, at, _):
    key, *numbers = rows[at]
    if fault == "lost":
        return rows[:at] + rows[at + 1 :]
    if fault in {"twice", "more"}:
        return [*rows[:at], *([rows[at]] if fault == "twice" else [("zz9", *numbers)]), *rows[at:]]
    changed = {"no id": None, "other": "zz9", "blank": f"{key} ", "case": str(key).swapcase()}[fault]
    return [*rows[:at], (changed, *numbers), *rows[at + 1 :]]


def _make_odd(fault, rows, at, made):
    if fault == "constant":
        return [(row[0], *rows[0][1:]) for row in rows]
    if fault == "copy":
        return list(made.files[(made.where + 1) % len(made.files)])
    if fault == "scaled":
        return [(row[0], *(x * 1024.0 if x and math.isfinite(x * 1024.0) else x for x in row[1:])) for row in rows]
    key, *numbers = rows[at]
    changed = [(numbers[0] or 0.0) + (7.0 if fault == "outside" else 0.25), *numbers[1:]]
    return [*rows[:at], (key, *changed), *rows[at + 1 :]]


BREAKS = {"cell": _break_cell, "id": _break_id, "odd": _make_odd}
