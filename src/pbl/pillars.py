"""Turn arguments and folders into named files in order, and weights into shares."""

from __future__ import annotations

import math
import os
import re
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pbl.contract import NUMBER, TOML, Contract, Settings, read_settings
from pbl.errors import InputError, UsageError
from pbl.recipe import recipe_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


class Known(NamedTuple):
    """A long-standing pillar: its share of the default blend and its usual files, the preferred one first."""

    weight: float
    files: tuple[str, ...]


TABLE: Mapping[str, Known] = {
    "siglip": Known(0.6, ("submission_siglip.csv", "submission1.csv")),
    "dino": Known(0.2, ("submission_dino.csv", "submission3.csv")),
    "mvp": Known(0.1, ("submission_mvp.csv", "submission2.csv")),
    "dinov2": Known(0.1, ("submission_dinov2.csv", "submission4.csv")),
}
TEMPLATE = "sample_submission.csv"
_SET_ASIDE = ("submission.csv", "oof_*.csv", "scores_*.csv", "train.csv", "test.csv", "truth.csv", "folds.csv")
_NUMBER = re.compile(NUMBER)
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")  # a Path has one slash of the two


@dataclass(frozen=True, kw_only=True)
class Pillar:
    """A model, known by a name, and its prediction file."""

    name: str
    path: Path
    weight: float | None = None
    promised: bool = False
    """Whether `pbl.toml` names the file, so that its absence is a finding."""


@dataclass(frozen=True, kw_only=True)
class Selection:
    """The pillars that a command is about, in order, with the template and the contract that hold for them."""

    pillars: tuple[Pillar, ...]
    settings: Settings = field(default_factory=Settings)
    template: Path | None = None
    set_aside: tuple[str, ...] = ()
    found: tuple[Path, ...] = ()
    """Every file that is a pillar's, also of those that named weights leave aside; none of them is ever written."""

    @property
    def contract(self) -> Contract:
        """Return the contract that holds for every file."""
        return self.settings.contract

    @property
    def names(self) -> tuple[str, ...]:
        """Return the pillars' names in order."""
        return tuple(p.name for p in self.pillars)


def select_pillars(
    paths: Sequence[str | Path] = (),
    *,
    named: Sequence[tuple[str, str | Path]] = (),
    template: str | Path | None = None,
    pillars_dir: str | Path | None = None,
    folder: Path = Path(),
) -> Selection:
    """Find the pillars that `paths` and `named` files mean; raise UsageError or InputError where that is in doubt.

    `paths` are folders, files or `name=file`; `folder` is the working folder, where `pbl.toml` is looked for; a
    `submission_<pillar>.csv` in `pillars_dir` wins over the file found otherwise.
    """
    given = [_argument(path) for path in paths] + [(name, Path(path)) for name, path in named]
    for path in [path for _, path in given] + ([Path(template)] if template is not None else []):
        _there(path)
    settings = _settings([path for name, path in given if name is None and _is_folder(path)], folder)
    if not given:
        if settings.path is None:
            raise UsageError(
                "nothing to do: name a folder of prediction files, or files (there is no pbl.toml here either)"
            )
        given = [(None, settings.path.parent)]
    meant = settings.template if template is None else Path(template)
    scans = [_look(name, path, settings, meant) for name, path in given]
    found = [pillar for scan in scans for pillar in scan.pillars]
    set_aside = [name for scan in scans for name in scan.set_aside]
    templates = [path for scan in scans for path in scan.template]
    if meant is not None:
        set_aside += [path.name for path in templates if not same_file(path, meant)]
    elif len(templates) > 1:
        raise UsageError(f"{templates[0]} and {templates[1]} are both templates; name one with --template")
    elif templates:
        meant = templates[0]
    _unique(found)
    if pillars_dir is not None:
        found = _prefer(found, Path(pillars_dir))
    if not found:
        places = ", ".join(str(path) for _, path in given)
        aside = f" (set aside: {', '.join(set_aside)})" if set_aside else ""
        raise UsageError(f"no prediction file found in {places}; pbl looks for *.csv directly in the folder{aside}")
    return Selection(
        pillars=tuple(found),
        settings=settings,
        template=meant,
        set_aside=tuple(sorted(set_aside)),
        found=tuple(pillar.path for pillar in found),
    )


def is_there(path: Path) -> bool:
    """Say whether there is such a name; in a folder that may not be entered there may be, and who opens it is told."""
    try:
        os.lstat(path)
    except PermissionError:
        return True
    except (OSError, ValueError):
        return False
    return True


def same_file(one: Path, other: Path) -> bool:
    """Say whether two paths lead to the same file; where that can't be looked up, whether they are the same."""
    try:
        return one.samefile(other)
    except OSError:
        return one == other


def pillar_name(path: Path) -> str:
    """Return the name a plain file goes by: the table's, else its stem without a leading `submission_`."""
    for name, known in TABLE.items():
        if path.name in known.files:
            return name
    stem = path.name[:-4] if path.name.lower().endswith(".csv") else path.name
    return stem.removeprefix("submission_") or stem


def number(text: str, what: str) -> float:
    """Return the finite number that the user typed; raise UsageError naming `what` it was for."""
    value = float(text) if _NUMBER.fullmatch(text) else math.nan
    if not math.isfinite(value):
        raise UsageError(f"{what}: {text!r} is not a finite decimal number")
    return value


def weigh(selection: Selection, texts: Sequence[str] = ()) -> Selection:
    """Give each pillar its weight: from `texts`, else `pbl.toml`, else the table, else equal.

    `texts` are numbers in pillar order or `name=number`; each may be a comma list. Names leave the pillars they
    don't name aside. Weights are finite, not negative, and their sum is above 0; else UsageError.
    """
    words = [word.strip() for text in texts for word in text.split(",")]
    if not words:
        weighed = _default_weights(selection)
    elif any("=" in word for word in words):
        weighed = _named_weights(selection, words)
    else:
        weighed = _bare_weights(selection, words)
    if not any(p.weight for p in weighed):
        raise UsageError(f"the weights are all zero; their sum must be above 0. {_shown(selection)}")
    return replace(selection, pillars=tuple(weighed))


def shares(weights: Sequence[float]) -> tuple[float, ...]:
    """Return each weight divided by the sum of all, in double precision.

    The weights are first scaled by a power of two, which changes no digit and keeps the sum finite.
    """
    scale = -math.frexp(max(weights))[1]
    scaled = [math.ldexp(w, scale) for w in weights]
    total = sum(scaled[1:], start=scaled[0])
    return tuple(w / total for w in scaled)


class _Scan(NamedTuple):
    pillars: list[Pillar]
    set_aside: list[str]
    template: list[Path]


def _argument(text: str | Path) -> tuple[str | None, Path]:
    """Split `name=file`, unless the whole is the name of a file that is there."""
    if "://" in str(text) and not os.path.lexists(text):
        raise InputError(f"{text}: no such file; pbl reads local files only, download it first")
    name, equals, rest = str(text).partition("=")
    if isinstance(text, Path) or not equals or not name or "/" in name or os.sep in name:
        return None, Path(text)
    whole, part = os.path.lexists(text), os.path.lexists(rest)
    if whole and part:
        raise UsageError(
            f"{text!r} is a file, and so is {rest!r}: write ./{text} for the first, {name}=./{rest} for the second"
        )
    if whole:
        return None, Path(text)
    if not rest:
        raise UsageError(f"{text!r} names a pillar and no file: write {name}=FILE")
    return name, Path(rest)


def _there(path: Path) -> None:
    if not is_there(path):
        hint = ""
        if _NUMBER.fullmatch(str(path)):
            hint = "; to give weights, write --weights=0.6,0.4"
        elif _URL.match(str(path)):
            hint = "; pbl reads local files only, download it first"
        raise InputError(f"{path}: no such file{hint}")


def _settings(folders: Sequence[Path], folder: Path) -> Settings:
    """Read the `pbl.toml` of the folder given, else of the working folder or a parent up to the repository's root."""
    for place in (*folders, *_upwards(folder)):
        if os.path.lexists(place / TOML):
            return read_settings(place / TOML)
    return Settings()


def _upwards(folder: Path) -> Iterable[Path]:
    above = [folder]
    absolute = folder.absolute()
    for place in (absolute, *absolute.parents):
        if place != absolute:
            above.append(place)
        if (place / ".git").exists():
            return above
    return [folder]


def _look(name: str | None, path: Path, settings: Settings, template: Path | None) -> _Scan:
    """Find what one argument means: a file, the pillars that `pbl.toml` names, or a folder's files."""
    if name is not None or not _is_folder(path):
        return _Scan([Pillar(name=name or pillar_name(path), path=path)], [], [])
    if settings.pillars and settings.path is not None and same_file(settings.path.parent, path):
        named = [Pillar(name=e.name, path=e.file, weight=e.weight, promised=True) for e in settings.pillars]
        return _Scan(sorted(named, key=_rank), [], [path / TEMPLATE] if (path / TEMPLATE).exists() else [])
    return _scan(path, template)


def _scan(folder: Path, template: Path | None) -> _Scan:
    scan = _Scan([], [], [])
    try:
        names = sorted(entry.name for entry in folder.iterdir())
    except OSError as error:
        raise InputError(f"{folder}: cannot be listed: {error.strerror}") from error
    for name in names:
        path = folder / name
        if not name.lower().endswith(".csv") or (template is not None and same_file(path, template)):
            continue
        if name == TEMPLATE:
            scan.template.append(path)
        elif _aside(path):
            scan.set_aside.append(name)
        else:
            scan.pillars.append(Pillar(name=pillar_name(path), path=path))
    return scan._replace(pillars=sorted(scan.pillars, key=_rank))


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except PermissionError:
        return False


def _aside(path: Path) -> bool:
    """Say whether a file in a folder is no pillar by its name, or because the recipe beside it says pbl made it."""
    named = path.name.startswith(".") or any(fnmatchcase(path.name, pattern) for pattern in _SET_ASIDE)
    return named or recipe_path(path).is_file()


def _rank(pillar: Pillar) -> tuple[int, str]:
    order = list(TABLE)
    return (order.index(pillar.name) if pillar.name in TABLE else len(order), pillar.name)


def _unique(pillars: Sequence[Pillar]) -> None:
    seen: dict[str, Path] = {}
    for pillar in pillars:
        if pillar.name in seen:
            raise UsageError(
                f"two files for the pillar {pillar.name!r}: {seen[pillar.name]} and {pillar.path}; "
                "take one away, or name them: first=FILE second=FILE"
            )
        seen[pillar.name] = pillar.path


def _prefer(pillars: Sequence[Pillar], folder: Path) -> list[Pillar]:
    """Take `submission_<pillar>.csv` of the folder where it is there."""
    if not _is_folder(folder):
        raise InputError(f"{folder}: no such folder (--pillars-dir)")
    nearer = [folder / f"submission_{p.name}.csv" for p in pillars]
    return [replace(p, path=near) if is_there(near) else p for p, near in zip(pillars, nearer, strict=True)]


def _default_weights(selection: Selection) -> list[Pillar]:
    pillars = selection.pillars
    missing = [p.name for p in pillars if p.weight is None]
    if len(missing) < len(pillars):
        if missing:
            raise UsageError(
                f"{selection.settings.path}: no weight for {', '.join(missing)}, and others have one; "
                f"give every pillar one, or all with --weights. {_shown(selection)}"
            )
        return list(pillars)
    if set(selection.names) == set(TABLE):
        return [_with(p, TABLE[p.name].weight) for p in pillars]
    return [_with(p, 1.0) for p in pillars]


def _named_weights(selection: Selection, words: Sequence[str]) -> list[Pillar]:
    given: dict[str, float] = {}
    for word in words:
        name, equals, text = word.rpartition("=")
        if not equals:
            raise UsageError(
                f"--weights: {word!r} has no name and others do; write name=number for each. {_shown(selection)}"
            )
        if name not in selection.names:
            raise UsageError(f"--weights: there is no pillar {name!r}. {_shown(selection)}")
        if name in given:
            raise UsageError(f"--weights: {name!r} is given twice. {_shown(selection)}")
        given[name] = _weight(selection, text)
    return [_with(p, given[p.name]) for p in selection.pillars if p.name in given]


def _bare_weights(selection: Selection, words: Sequence[str]) -> list[Pillar]:
    given = [_weight(selection, word) for word in words]
    if len(given) != len(selection.pillars):
        raise UsageError(f"--weights: {len(given)} given for {len(selection.pillars)} pillars. {_shown(selection)}")
    return [_with(p, w) for p, w in zip(selection.pillars, given, strict=True)]


def _weight(selection: Selection, text: str) -> float:
    try:
        value = number(text, "--weights")
    except UsageError as error:
        raise UsageError(f"{error}. {_shown(selection)}") from None
    if value < 0:
        raise UsageError(f"--weights: {text} is negative. {_shown(selection)}")
    return value + 0.0


def _with(pillar: Pillar, weight: float) -> Pillar:
    return replace(pillar, weight=weight)


def _shown(selection: Selection) -> str:
    return f"Pillars found, in order: {', '.join(selection.names)}"
