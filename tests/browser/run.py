"""Make pages, and have a real Chromium with axe-core look at them; step aside, saying why, where there is none.

`make browser` runs it, and `.ci/run` does. Chromium is Debian's, axe-core and puppeteer-core are npm's.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PLACE = ROOT / ".browser"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
sys.path.insert(0, str(HERE.parent))


def main():
    chromium = find_chromium()
    if chromium is None:
        return step_aside("there is no Chromium here, and it could not be installed")
    if shutil.which("node") is None or shutil.which("npm") is None:
        return step_aside("there is no node with npm here")
    if not installed():
        return step_aside("npm could not install puppeteer-core and axe-core")
    with tempfile.TemporaryDirectory() as folder:
        pages = make_pages(Path(folder))
        words = ["node", str(HERE / "check.mjs"), chromium, *(f"{kind}={path}" for kind, path in pages)]
        return subprocess.run(words, env=os.environ | {"PBL_BROWSER": str(PLACE)}, check=False).returncode


def step_aside(why):
    print(f"make browser steps aside: {why}")
    return 0


def find_chromium():
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None and hasattr(os, "getuid") and os.getuid() == 0 and shutil.which("apt-get"):
        calm = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"]
        for words in (["timeout", "120", "apt-get", "update", "-qq"], ["timeout", "400", *install]):
            subprocess.run(words, env=calm, capture_output=True, check=False)
        found = shutil.which("chromium")
    return found


def installed():
    PLACE.mkdir(exist_ok=True)
    wanted = (HERE / "package.json").read_text(encoding="utf-8")
    mark = PLACE / "installed.json"
    if mark.exists() and mark.read_text(encoding="utf-8") == wanted:
        return True
    (PLACE / "package.json").write_text(wanted, encoding="utf-8")
    words = [
        "npm",
        "install",
        "--prefix",
        str(PLACE),
        "--no-audit",
        "--no-fund",
        "--ignore-scripts",
        "--no-package-lock",
    ]
    done = subprocess.run([*words, "--silent"], stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=300)
    if done.returncode == 0:
        mark.write_text(wanted, encoding="utf-8")
    return done.returncode == 0


def make_pages(folder):
    """Make the example's page, one with runs, one with findings, and hostile ones, escaped and not."""
    import jinja2  # noqa: PLC0415 - what follows needs the libraries of a report; stepping aside doesn't
    from support.pages import EXAMPLE, make_page, write_hostile_project, write_logs  # noqa: PLC0415 - as above

    made = []

    def keep(kind, name, *words, code=0):
        make_page(folder, *words, code=code)
        made.append((kind, (folder / "page.html").rename(folder / f"{name}.html")))

    write_logs(folder / "logs")
    (folder / "none").mkdir()
    judged = (EXAMPLE, "--truth", EXAMPLE / "train.csv")
    keep("print", "example", *judged, "--logs", folder / "none")
    keep("page", "runs", *judged, "--logs", folder / "logs")
    keep("page", "findings", EXAMPLE.parent / "broken", "--logs", folder / "none", code=1)
    hostile = write_hostile_project(folder / "hostile")
    keep("page", "hostile", *hostile)
    real = jinja2.Environment
    jinja2.Environment = lambda **how: real(**how | {"autoescape": False})
    try:
        keep("open", "unescaped", *hostile)
    finally:
        jinja2.Environment = real
    return made


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # an engine talks while it is torn down
