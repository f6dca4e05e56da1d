"""Make prediction files, sound ones and broken ones, from a seeded chance."""

from __future__ import annotations

import csv
import io
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

    from support.oracle import Wanted

BLANKS = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
"""White space as Unicode has it: an id has none around it."""
_WORDS = """
NULL null NA N/A nan None inf true TRUE 0 -0 00 001 1 1.0 1e5 100000 1_000 0x10 1e999 2024-1-2 2024-01-02 12:30 $1 1%
é É ß SS ss ﬁ fi K k İ i̇ 日本語 🙂 👩‍👩‍👧 مرحبا שלום
=1+1 =cmd|'/C'!A0 +1 -1 @x ' '' ` \\ \\n \\" \\N / ../x %s %00 {} {0} ${x}
; -- /* ';-- | : # #a ~ ^ * ? [a] ( ) a;b a|b row id t0 sample_id
target Q QQ
"""
NAUGHTY = (
    *_WORDS.split(),
    *(
        "e\u0301",
        "\u212a",
        "\u0131",
        "\u202eabc",
        "\u200b",
        "a\u200bb",
        "\ufeff",
        "\ufeffa",
        "a b",
        "a  b",
        "a\tb",
        "\x01",
        "\x07",
    ),
    *("\x1b[31m", "\x7f", "\x1c", "\ue000", "\ufffd", "\U0010ffff", "a\x85b", "a\u2028b", "a\u2029b", "a\vb", "a\fb"),
    *("'; DROP TABLE p0; --", "x" * 300, "é" * 200),
)
QUOTABLE = ("a,b", ",", ",,", 'a"b', '"', '""', 'say "hi"', "a\nb", "a\r\nb", "a\rb", ".\n\n.", '",\n"x', 'a,"b"\n,c')
EDGED = (" a", "a ", "\ta", "a\t", "\xa0a", "a\u3000", "\u2003a", "a\u2028", "\x85a", "a\n", "\ra", "\n")
_NUMBERS = """
0 -0 +0 0.0 -0.0 1 -1 +1 1. .5 -.5 +.5 5. 1e5 1E5 1e+5 1e-5 1.e5 .5e1 0.1 0.2 0.3 1e22 1e23 9007199254740993 8.5
9007199254740992.999 1e-400 0e999999999 1e-99999999999 5e-324 4.9e-324 2.4703282292062327e-324 2.4703282292062328e-324
2.2250738585072011e-308 2.2250738585072014e-308 1.7976931348623157e308 1.7976931348623158e308 0.30000000000000004
1e00000001 123456789012345678901234567890 2.5e-8 1e15 1e16 3.4028236e38 6.103515625e-05 00012 -00.50 1e0005 1e-0005
1.00000000000000011102230246251565 1.00000000000000011102230246251566
0.500000000000000166533453693773481063544750213623046875
"""
HARD = (
    *_NUMBERS.split(),
    *("179769313486231570" + "0" * 291, "0." + "0" * 320 + "1", "1" + "0" * 400 + "e-400", "0." + "3" * 400),
)
_NO_NUMBERS = """
nan NaN NAN -nan +nan inf -inf +Infinity infinity iNF 1e309 -1e400 1.7976931348623159e308 NULL NA None abc 1_000
0x10 0b1 1,5 1,000.5 --1 +-1 +-.5 -+1 ++1 1- 1e e5 1e5.5 1e+ . + - -. .e5 1..2 1.2.3 1f 1d 1L $1 1% '1' true 1/2
½ ∞ 1e5e5 0x1p3
nann infin 1'000 (1) 1j NaN(0) #N/A İnf
"""
WRONG = (
    *_NO_NUMBERS.split(),
    *("", " ", "\t", "\xa0", "1 000", " 1", "1 ", "1\t", "\n1", "1\n", "1\r", "\r1", "1\u00a0", "1\x00", "\u200b1"),
    *("\uff11", "\u0663", "\u22121", "1e\u22125", "\u0131nf", "9" * 400),
)
NOISE = (
    *(
        b",",
        b"\n",
        b'"',
        b"\r\n",
        b"\r",
        b"a",
        b"1",
        b".",
        b" ",
        b"5",
        b"e",
        b"-",
        b'""',
        b'","',
        b'"\n"',
        b"\n\n",
        b"\\",
        b"\t",
        b";",
    ),
    *(
        b"\0",
        b"\xff",
        b"\xc3\xa9",
        b"\xef\xbb\xbf",
        b"nan",
        b"sample_id",
        b"target",
        b"sample_id,target",
        b"\xed\xa0\x80",
        b"id1,0.5\n",
    ),
    *(
        b"\xf0\x9f\x99\x82",
        b"\xe2\x80\xa8",
        b"\xc2\x85",
        b"\x0b",
        b"\x0c",
        b"\x1a",
        b"PAR1",
        b"\x1f\x8b",
        b"|",
        b"'",
        b"+",
        b"0",
        b"a,1\n",
    ),
)


def file(chance: Random, wanted: Wanted) -> bytes:
    """Return the bytes of one file: sound in about a third of the cases."""
    kind = chance.random()
    if kind < 0.12:
        return noise(chance, wanted)
    many = chance.choice((0, 1, 1, 2, 3, 3, 4, 6))
    rows = [[an_id(chance, wanted), *(a_number(chance, wanted) for _ in wanted.targets)] for _ in range(many)]
    if chance.random() < 0.9:
        rows = list({row[0]: row for row in rows}.values())
    table = [[wanted.id, *wanted.targets], *rows]
    if chance.random() < 0.15:
        order = chance.sample(range(len(table[0])), len(table[0]))
        table = [[row[n] for n in order] for row in table]
    faults = 0 if kind < 0.5 else chance.choice((1, 1, 1, 2))
    for _ in range(faults):
        if chance.random() < 0.45:
            spoil_cell(chance, table)
    data = written(chance, table)
    for _ in range(faults):
        if chance.random() < 0.55:
            data = spoilt(chance, data)
    return data


def an_id(chance: Random, wanted: Wanted) -> str:
    if wanted.id_pattern is not None and chance.random() < 0.95:
        return f"ID{chance.randrange(10**6)}__GDM_g"
    return chance.choice(
        (
            lambda: f"ID{chance.randrange(10**6)}__GDM_g",
            lambda: str(chance.randrange(30)),
            lambda: chance.choice(NAUGHTY),
            lambda: chance.choice(QUOTABLE) if chance.random() < 0.4 else chance.choice(NAUGHTY),
            lambda: (
                "".join(chance.choice("abcAB01 ._-é🙂\u0301\"',;\n") for _ in range(chance.randrange(1, 9))).strip()
                or "z"
            ),
        )
    )()


def a_number(chance: Random, wanted: Wanted) -> str:
    if (wanted.min, wanted.max) != (None, None) and chance.random() < 0.95:
        return repr(chance.uniform(wanted.min or 0, 0.5))
    return chance.choice(
        (
            lambda: repr(chance.gauss(0, 50)),
            lambda: repr(chance.uniform(0, 1)),
            lambda: chance.choice(HARD),
            lambda: f"{chance.uniform(-1e3, 1e3):.{chance.randrange(20)}e}",
            lambda: repr(a_double(chance)),
            lambda: (
                f"{chance.randrange(10 ** chance.randrange(1, 40))}.{chance.randrange(10 ** chance.randrange(1, 40))}"
            ),
        )
    )()


def a_double(chance: Random) -> float:
    """Return any finite double, by its bits."""
    bits = chance.getrandbits(64)
    value: float = struct.unpack("<d", struct.pack("<Q", bits))[0]
    return value if abs(value) <= 1.7976931348623157e308 else 0.5


def written(chance: Random, table: list[list[str]]) -> bytes:
    """Write the table as strict CSV, in one of the ways that the dialect has."""
    end = chance.choice(("\n", "\n", "\n", "\r\n"))
    quoting = chance.choice((csv.QUOTE_MINIMAL, csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC))
    text = io.StringIO()
    csv.writer(text, lineterminator=end, quoting=quoting).writerows(table)
    whole = text.getvalue()
    if chance.random() < 0.1:
        whole = whole.removesuffix(end)
    return chance.choice((b"", b"", b"", b"\xef\xbb\xbf")) + whole.encode("utf-8", "surrogatepass")


def spoil_cell(chance: Random, table: list[list[str]]) -> None:
    """Break one cell, one header name, one row's length or an id's uniqueness."""
    row = chance.choice(table)
    if not row:
        row.append("x")
    at = chance.randrange(len(row))
    choice = chance.randrange(12)
    if row is table[0]:
        name = row[at]
        row[at] = chance.choice(
            (name.upper(), f" {name}", f"{name} ", name + "_1", "", f"{name}{name}", row[0], "Unnamed: 0", f'"{name}"')
        )
    elif choice < 5:
        row[at] = chance.choice(WRONG)
    elif choice < 7:
        row[at] = chance.choice(EDGED)
    elif choice == 7:
        row.append(chance.choice(("", "1", "x")))
    elif choice == 8:
        row.pop()
    elif choice == 9:
        table.insert(chance.randrange(len(table) + 1), list(row))
    elif choice == 10:
        table.insert(chance.randrange(len(table) + 1), [])
    else:
        row[0] = chance.choice((row[0].upper(), row[0].lower(), row[0] + "\u0301", f" {row[0]}"))


def spoilt(chance: Random, data: bytes) -> bytes:
    """Damage bytes: put some in, take some out, cut the end off, change line ends, encoding or delimiter."""
    at = chance.randrange(len(data) + 1)
    spans = [n for n, byte in enumerate(data) if byte in b'\n,"']
    near = chance.choice(spans) if spans and chance.random() < 0.6 else at
    return chance.choice(
        (
            lambda: data[:near] + chance.choice(NOISE) + data[near:],
            lambda: data[: near + 1] + chance.choice(NOISE) + data[near + 1 :],
            lambda: data[:near] + data[near + 1 :],
            lambda: data[:near] + bytes([chance.randrange(256)]) + data[near + 1 :],
            lambda: data[:at],
            lambda: data.replace(b"\n", b"\r\n", 1),
            lambda: data.replace(b"\r\n", b"\n", 1),
            lambda: data.replace(b"\r\n", b"\n").replace(b"\n", b"\r"),
            lambda: data.replace(b",", chance.choice((b";", b"\t", b"|", b", ", b",,"))),
            lambda: (
                data + chance.choice((b"\n", b"\r\n", b"\r", b",", b'"', b"\n\n", b" ", b"\0", b"\x1a", b",\n", b" \n"))
            ),
            lambda: chance.choice((b"\n", b"\r\n", b"\xef\xbb\xbf", b" ", b'"', b"#c\n", b"sep=,\n", b",")) + data,
            lambda: data.partition(b"\n")[2],
            lambda: data.decode("utf-8", "replace").encode(
                chance.choice(("utf-16", "utf-16-le", "utf-16-be", "utf-32")), "replace"
            ),
            lambda: data.decode("utf-8", "replace").encode("cp1252", "replace"),
            lambda: data + data,
        )
    )()


def noise(chance: Random, wanted: Wanted) -> bytes:
    body = b"".join(chance.choice(NOISE) for _ in range(chance.randrange(1, 25)))
    header = ",".join((wanted.id, *wanted.targets)).encode()
    return (header + chance.choice((b"\n", b"\n", b"\r\n")) + body) if chance.random() < 0.8 else body
