"""The options that several commands share, and what their text means.

Commands take text; the functions here make values of it, or raise UsageError.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from pbl.domain.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from enum import StrEnum

    from pbl.domain.limits import Limits
    from pbl.domain.pillars import Selection
    from pbl.domain.settings import Settings

_TABLE = "Models of the default weights table"

Paths = Annotated[
    list[str] | None,
    typer.Argument(metavar="PATH", help="Folders, files or name=file; default: what pbl.toml lists."),
]
Template = Annotated[
    str | None, typer.Option("--template", metavar="FILE", help="The sample submission: its ids, its order.")
]
PillarsDir = Annotated[
    str | None,
    typer.Option("--pillars-dir", metavar="DIR", help="submission_<pillar>.csv in here wins over the file found."),
]
PerTarget = Annotated[bool, typer.Option("--per-target", help="Use the weights by target in pbl.toml.")]
Reconcile = Annotated[bool, typer.Option("--reconcile", help="Hold each sample to the constraints of pbl.toml.")]
Siglip = Annotated[
    str | None,
    typer.Option("--siglip", metavar="FILE", help="SigLIP's predictions.", rich_help_panel=_TABLE),
]
Dino = Annotated[
    str | None,
    typer.Option("--dino", metavar="FILE", help="DINO's predictions.", rich_help_panel=_TABLE),
]
Mvp = Annotated[
    str | None,
    typer.Option("--mvp", metavar="FILE", help="MVP's predictions.", rich_help_panel=_TABLE),
]
Dinov2 = Annotated[
    str | None,
    typer.Option("--dinov2", metavar="FILE", help="Dinov2-L's predictions.", rich_help_panel=_TABLE),
]
Threads = Annotated[str | None, typer.Option("--threads", metavar="N", help="Threads to use; default: all cores.")]
Memory = Annotated[
    str | None,
    typer.Option("--memory-limit", metavar="SIZE", help="Memory to use, such as 1GB; default: half of the machine's."),
]
TempDir = Annotated[str | None, typer.Option("--temp-dir", metavar="DIR", help="Where to put what memory cannot hold.")]

Choice = TypeVar("Choice", bound="StrEnum")


def path(text: str | None, flag: str) -> Path | None:
    """Return the path that was given; raise UsageError for an empty one."""
    if text == "":
        raise UsageError(f"{flag}: the path is empty")
    return None if text is None else Path(text)


def file(text: str | None, flag: str) -> Path | None:
    """Return the path of a file to write; raise UsageError for an empty one, or one that says it is a folder."""
    if text and text.endswith(("/", os.sep)):
        raise UsageError(f"{flag}: {text} is a folder; name a file in it")
    return path(text, flag)


def real(text: str | None, flag: str) -> float | None:
    """Return the finite number that was given; raise UsageError for anything else."""
    from pbl.domain.values import number

    return None if text is None else number(text, flag)


def whole(text: str, flag: str, *, least: int) -> int:
    """Return the whole number that was given; raise UsageError for anything else, or for less than `least`."""
    if not (text.isascii() and text.isdigit() and int(text[:9]) >= least) or len(text) > 9:  # noqa: PLR2004 - digits of an int
        raise UsageError(f"{flag}: {text!r} is not a whole number of {least} or more")
    return int(text)


def words(texts: list[str] | None, flag: str) -> list[str]:
    """Return the words of comma lists; raise UsageError for an empty one."""
    found = [word.strip() for text in texts or [] for word in text.split(",")]
    if "" in found:
        raise UsageError(f"{flag}: a name is empty")
    return found


def choice(kind: type[Choice], text: str, flag: str) -> Choice:
    """Return the choice that was named; raise UsageError that lists all choices for any other text."""
    try:
        return kind(text)
    except ValueError:
        raise UsageError(f"{flag}: {text!r} is not one of {', '.join(kind)}") from None


def selection(
    ctx: typer.Context,
    given: list[str] | None,
    *,
    template: str | None,
    pillars_dir: str | None,
    weights: list[str] | None = None,
    **files: str | None,
) -> Selection:
    """Return the pillars that the arguments mean, and print notes on how they were found to stderr.

    `files` are --siglip, --dino, --mvp and --dinov2; `weights` as they were typed.
    """
    from pbl.cli.show import stderr
    from pbl.domain.weights import names_in_weights
    from pbl.domain.wording import safe
    from pbl.project.pillar_files import select_pillars

    order: list[str] = ctx.meta.get("pbl.flags", [])
    twice = next((name for name in files if order.count(f"--{name}") > 1), None)
    if twice is not None:
        raise UsageError(f"--{twice} is given twice; a pillar has one file")
    named = [(name, file) for name, file in files.items() if file is not None]
    named.sort(key=lambda item: order.index(f"--{item[0]}") if f"--{item[0]}" in order else len(order))
    for name, file in named:
        path(file, f"--{name}")
    found = select_pillars(
        _none_empty(given),
        named=named,
        template=path(template, "--template"),
        pillars_dir=path(pillars_dir, "--pillars-dir"),
        wanted=names_in_weights(weights),
    )
    for note in found.notes:
        stderr.write(f"note     {safe(note)}")
    return found


def tell_left(found: Selection) -> None:
    """Print which files of a folder are no pillars, for commands without a report, which lists them itself."""
    from pbl.cli.show import stderr
    from pbl.domain.wording import safe

    for what, names in (("set aside", found.set_aside), ("not read", found.not_read)):
        if names:
            stderr.write(f"note     {what}: {', '.join(map(safe, names))}")


def tell_notes(notes: Iterable[str]) -> None:
    """Print notes, a line each."""
    from pbl.cli.show import stderr
    from pbl.domain.wording import safe

    for note in notes:
        stderr.write(f"note     {safe(note)}")


def own_template(settings: Settings) -> tuple[Path | None, list[str]]:
    """Return the template that `pbl.toml` names, if it does, and notes; raise InputError if it isn't there."""
    from pbl.project.pillar_files import template_of

    found = template_of(settings)
    return found, [] if found is None else [f"the template is {found}, as {settings.path} says"]


def bare_weights_fit(files: dict[str, str | None], flags: list[str], weights: list[str]) -> None:
    """Raise UsageError if plain weights are given with pillar flags in another order than the table's."""
    from pbl.domain.pillars import TABLE

    given = [name for name in dict.fromkeys(flag.removeprefix("--") for flag in flags) if files.get(name) is not None]
    if weights and not any("=" in w for w in weights) and given != [name for name in TABLE if name in given]:
        raise UsageError(
            f"the flags stand in the order {', '.join(given)}, the weights are meant in the order "
            f"{', '.join(n for n in TABLE if n in given)}: write --weights {','.join(f'{n}=...' for n in given)}"
        )


def limits(threads: str | None, memory: str | None, temp_dir: str | None) -> Limits:
    """Return how much of the machine may be used; raise UsageError for an invalid number, size or folder."""
    from pbl.domain.limits import Limits, parse_memory

    folder = path(temp_dir, "--temp-dir")
    if folder is not None and not folder.is_dir():
        raise UsageError(f"--temp-dir: {folder} is not a folder")
    number = None if threads is None else whole(threads, "--threads", least=1)
    if number is not None:
        os.environ["POLARS_MAX_THREADS"] = str(min(number, os.cpu_count() or 1))  # it is read once, when polars loads
    return Limits(
        threads=number,
        memory=None if memory is None else parse_memory(memory),
        temp_dir=folder,
    )


@contextmanager
def cores(number: int | None) -> Iterator[None]:
    """Keep this thread and those that it starts to so many cores, if the system can; libraries start some unasked."""
    every = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    if number is None or number >= len(every):
        yield
        return
    first = os.getpid() % len(every)  # not always the same ones
    with suppress(OSError):
        os.sched_setaffinity(0, [*every[first:], *every[:first]][:number])
    try:
        yield
    finally:
        with suppress(OSError):
            os.sched_setaffinity(0, every)


def temporary_folder() -> Path:
    """Return the system's folder for temporary files; a variable that names no folder is ignored."""
    named = [os.environ.get(name, "") for name in ("TMPDIR", "TEMP")]
    places = (Path(text) for text in (*named, "/tmp", "/var/tmp") if text)  # noqa: S108 - a private folder is made in it
    return next((place for place in places if place.is_dir() and os.access(place, os.W_OK)), Path())


def _none_empty(texts: list[str] | None) -> list[str]:
    if texts and "" in texts:
        raise UsageError("a path is empty; is a shell variable unset?")
    return texts or []


def codes(texts: Sequence[str]) -> frozenset[str]:
    """Return the codes that comma lists of codes, prefixes (`PBL5`) or names mean; raise UsageError for others."""
    from pbl.domain.rules import RULES

    by_name = {rule.name: rule.code for rule in RULES.values()}
    found: set[str] = set()
    for word in (w.strip() for text in texts for w in text.split(",")):
        if not word:
            continue
        code = by_name.get(word.lower())
        matches = {code} if code else {c for c in RULES if c.startswith(word.upper())}
        if not matches or (not code and not word.upper().startswith("PBL")):
            raise UsageError(f"{word!r} is no finding: give a code (PBL502), a prefix (PBL5) or a name (not-a-number)")
        found |= matches
    return frozenset(found)
