"""Text that would like to do something to a terminal, and files full of it."""

import unicodedata

from support.making import write

HOSTILE = "\x1b[2J\x1b]0;owned\x07\x9b31m\u202e\u200b\r\b\x00"


def is_harmless(text):
    """Say whether text can only be read: no control or format character reaches the terminal but the line end."""
    return all(c == "\n" or unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Co", "Cn"} for c in text)


def write_hostile_files(here):
    """Write files whose names, headers, ids and cells would all like to do something to a terminal."""
    folder = here / "bad"
    nasty = HOSTILE.replace("\x00", "").replace("\r", "")
    cells = [(f'"{nasty}{n}"', f'"{nasty}"') for n in range(3)]
    write(folder / f"a{nasty}.csv", cells)
    write(folder / "header.csv", {"x": 1.0}, ("sample_id", f"target{nasty}"))
    (folder / "nul.csv").write_bytes(f"sample_id,target\nx{HOSTILE},1\n".encode())
    (folder / "bytes.csv").write_bytes(b"sample_id,target\n\xff\x1b[31m,1\n\xc2\x9b,2\n")
    write(folder / "x,y%0A::error::z.csv", [("::error::x", "::set-output name=a::b"), ("%0A", "%25")])
    return folder
