"""Pages to look into: parsed without a browser, and input for them whose every text would like to run."""

import re
from html.parser import HTMLParser
from pathlib import Path

from support.making import command, write

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "biomass" / "pillars"
ATTACK = "</script></style><img src=x onerror=alert(1)><script>alert(2)</script>'\"&lt;{{7*7}}]]>-->"
"""It would like to leave a script, a style, an attribute, a template and a comment."""


class Page(HTMLParser):
    """What a page consists of: tags with attributes, and the text of its cells."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.cells, self.ids, self._open = [], [], [], False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.tags.append((tag, attrs))
        if "id" in attrs:
            self.ids.append(attrs["id"])
        if tag in {"td", "th"}:
            self.cells.append("")
            self._open = True

    def handle_endtag(self, tag):
        self._open = self._open and tag not in {"td", "th"}

    def handle_data(self, data):
        if self._open:
            self.cells[-1] += data

    def of(self, tag):
        return [attrs for name, attrs in self.tags if name == tag]


def make_page(folder, *words, code=0):
    """Make a page, and return its text."""
    done = command("report", *words, "--output", Path(folder) / "page.html", "--force")
    assert done.code == code, done.talk
    return (Path(folder) / "page.html").read_text(encoding="utf-8")


def svgs(page):
    """Give the text of each picture of a page."""
    return re.findall(r"<svg.*?</svg>", page, flags=re.DOTALL)


def write_hostile_project(folder):
    """Write pillars, out-of-fold files, a truth and logs in which every text that may be free is an attack."""
    names = [f"a{ATTACK}".replace("/", "\u2215").replace("=", ":"), "b"]  # a name ends at the first =, a file's at no /
    ids = [f'"{n}{ATTACK}'.replace('"&', '""&') + '"' for n in range(30)]
    words = []
    for k, name in enumerate(names):
        for kind in ("submission", "oof"):
            rows = [(each, repr((n * 7 + k * 3) % 11 + n / 10)) for n, each in enumerate(ids)]
            write(folder / f"{kind}_{name}.csv", rows, ("sample_id", "target"))
        words.append(f"{name}={folder / f'submission_{name}.csv'}")
    write(
        folder / "train.csv", [(each, repr(n * 7 % 11 + n / 9)) for n, each in enumerate(ids)], ("sample_id", "target")
    )
    log = '"' + ATTACK.replace('"', '""') + '"'
    header = "pillar,model,processed_cv,full_cv,public_score,private_score,metric,run_id,logged_at,label,notes"
    rows = [f"{log},{log},0.{n}1,,0.{n}2,0.{n},{log},{log},2026-11-0{n + 1}T00:00:00Z,{log},{log}" for n in range(1, 6)]
    write(folder / "logs" / f"scores_2026-11-01_x{ATTACK.replace('/', '')}.csv", [], (header,))
    (folder / "logs" / "scores_2026-11-02_y.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return [*words, "--truth", folder / "train.csv", "--logs", folder / "logs", "--title", ATTACK]


def write_logs(folder, runs=12):
    """Write a log of runs, most of them with scores of both kinds."""
    folder.mkdir(parents=True, exist_ok=True)
    header = "pillar,model,processed_cv,full_cv,public_score,private_score,metric,run_id,logged_at,label"
    lines = [
        f"blend,m{n},0.{7000 + 13 * n},,{'' if n % 5 == 4 else f'0.{6900 + n * 37 % 90}'},"
        f"{f'0.{6800 + n * 29 % 90}' if n % 2 else ''},r2,20261101-{n:04d},2026-11-{n % 27 + 1:02d}T08:00:00Z,label{n}"
        for n in range(runs)
    ]
    (folder / "scores_2026-11-01_runs.csv").write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return folder
