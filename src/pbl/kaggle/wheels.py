"""Make wheels of pbl and of the libraries that Kaggle lacks: pure Python, small, the same bytes each time.

`pack` puts them into the dataset, and the notebook installs them without internet.
"""

from __future__ import annotations

import base64
import hashlib
import io
import re
import zipfile
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from pbl.domain.errors import InputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

LIMIT = 2_000_000
"""The most bytes of all wheels together."""
OURS = "pillar-blend"
_PACKAGES = ("pbl", "pbl_schemas", "pbl_sql")
_ON_KAGGLE = {"duckdb", "packaging", "polars", "pydantic", "typeguard", "typer", "typing-extensions"}
_INSTALLERS = {"INSTALLER", "RECORD", "RECORD.jws", "RECORD.p7s", "REQUESTED", "direct_url.json", "uv_cache.json"}
_COMPILED = (".so", ".pyd", ".dll", ".dylib")
_PURE = re.compile(r"(?P<name>[A-Za-z0-9_.]+)-[^-]+(-[0-9][^-]*)?-[^-]+-none-any\.whl")
_WAYS_OUT = "give wheels with --wheels DIR, or none with --no-wheels"


@dataclass(frozen=True, kw_only=True)
class Wheel:
    """A wheel's file name and its bytes."""

    name: str
    data: bytes


def build_wheels() -> tuple[Wheel, ...]:
    """Make wheels of pbl and of its requirements that Kaggle lacks, as installed; raise UsageError if it can't.

    Equal installed files give equal bytes: the archive has a fixed date and order, and no facts about this machine.
    """
    wheels = sorted((_rebuild(name) for name in _list_needed()), key=lambda wheel: wheel.name)
    _check_size(sum(len(wheel.data) for wheel in wheels), "the wheels made of what is installed here")
    return tuple(wheels)


def read_wheels(folder: Path) -> tuple[Wheel, ...]:
    """Read the wheels of a folder; raise InputError or UsageError if one can't be used on Kaggle."""
    try:
        paths = sorted(path for path in folder.iterdir() if path.name.endswith(".whl"))
    except OSError as error:
        raise InputError(f"{folder}: cannot be listed: {error.strerror} (--wheels)") from error
    if not paths:
        raise UsageError(f"--wheels: {folder} has no *.whl; pack without wheels by --no-wheels")
    owners: dict[str, Path] = {}
    for path in paths:
        pure = _PURE.fullmatch(path.name)
        if not pure:
            raise UsageError(f"--wheels: {path} is not pure Python (its name doesn't end in -none-any.whl)")
        name = _normalise(pure["name"])
        if name in owners:
            raise UsageError(f"--wheels: {owners[name]} and {path} are both wheels of {name}; take one away")
        if not path.is_file() or not zipfile.is_zipfile(path):
            raise InputError(f"--wheels: {path} is no wheel (not a zip archive)")
        owners[name] = path
    _check_size(sum(path.stat().st_size for path in paths), f"--wheels: the wheels in {folder}")
    return tuple(Wheel(name=path.name, data=path.read_bytes()) for path in paths)


def has_pbl(wheels: Iterable[Wheel]) -> bool:
    """Say whether pbl itself is among the wheels."""
    return any(_normalise(wheel.name.partition("-")[0]) == OURS for wheel in wheels)


def _list_needed() -> Sequence[str]:
    """Name pbl and all its requirements, direct and indirect, except those that Kaggle has."""
    found: list[str] = []
    waiting = [OURS]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.append(name)
        for line in _find_distribution(name).requires or ():
            requirement, _, marker = line.partition(";")
            other = _normalise(re.match(r"[A-Za-z0-9._-]+", requirement.strip())[0])  # type: ignore[index] # a requirement begins with a name
            if "extra" not in marker and other not in _ON_KAGGLE and (not marker or _is_installed(other)):
                waiting.append(other)
    return found


def _normalise(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _is_installed(name: str) -> bool:
    try:
        distribution(name)
    except PackageNotFoundError:
        return False
    return True


def _find_distribution(name: str) -> Distribution:
    try:
        return distribution(name)
    except PackageNotFoundError:
        raise UsageError(f"no wheel of {name} can be made: it isn't installed here; {_WAYS_OUT}") from None


def _rebuild(name: str) -> Wheel:
    """Make again the wheel from which a distribution was installed."""
    installed = _find_distribution(name)
    listed = [PurePosixPath(file) for file in installed.files or ()]
    folder = next((path.parts[0] for path in listed if path.parts[0].endswith(".dist-info")), None)
    tags = re.findall(r"^Tag: *(\S+)-none-any\s*$", installed.read_text("WHEEL") or "", re.MULTILINE)
    if folder is None or not tags or any(path.name.lower().endswith(_COMPILED) for path in listed):
        raise UsageError(f"no wheel of {name} can be made: it isn't installed from a pure-Python wheel; {_WAYS_OUT}")
    kept = [path for path in listed if _belongs(path, folder)]
    if any(path.parts[0] != folder for path in kept):
        files = {str(path): _read(Path(str(installed.locate_file(path))), name) for path in kept}
    elif name == OURS:
        files = {str(path): _read(Path(str(installed.locate_file(path))), name) for path in kept} | _read_source()
    else:
        raise UsageError(f"no wheel of {name} can be made: it is installed for editing; {_WAYS_OUT}")
    return Wheel(
        name=f"{folder.removesuffix('.dist-info')}-{'.'.join(dict.fromkeys(tags))}-none-any.whl",
        data=_archive(files, folder),
    )


def _belongs(path: PurePosixPath, folder: str) -> bool:
    """Say whether a file is from the wheel; the installer adds others."""
    if path.is_absolute() or ".." in path.parts or "__pycache__" in path.parts or path.suffix in {".pyc", ".pth"}:
        return False
    return path.parts[0] != folder or path.name not in _INSTALLERS


def _read_source() -> dict[str, bytes]:
    """Read pbl's packages where they are edited."""
    files: dict[str, bytes] = {}
    for package in _PACKAGES:
        spec = find_spec(package)
        for place in (spec and spec.submodule_search_locations) or ():
            for path in sorted(Path(place).rglob("*")):
                inner = PurePosixPath(package, path.relative_to(place).as_posix())
                hidden = any(part.startswith(".") for part in inner.parts)
                if path.is_file() and not hidden and _belongs(inner, ""):
                    files[str(inner)] = _read(path, OURS)
    return files


def _read(path: Path, name: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"no wheel of {name} can be made: {path}: {error.strerror}; {_WAYS_OUT}") from error


def _archive(files: dict[str, bytes], folder: str) -> bytes:
    order = sorted(files, key=lambda path: (path.startswith(f"{folder}/"), path))
    record = "".join(f"{_quote(path)},sha256={_hash(files[path])},{len(files[path])}\n" for path in order)
    record += f"{folder}/RECORD,,\n"
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for path, data in [*((path, files[path]) for path in order), (f"{folder}/RECORD", record.encode())]:
            about = zipfile.ZipInfo(path, (1980, 1, 1, 0, 0, 0))
            about.create_system, about.external_attr = 3, 0o100644 << 16
            archive.writestr(about, data, zipfile.ZIP_DEFLATED, 9)
    return content.getvalue()


def _quote(path: str) -> str:
    return f'"{path}"' if "," in path else path


def _hash(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def _check_size(size: int, what: str) -> None:
    if size > LIMIT:
        raise UsageError(f"{what} have {size:,} bytes together, more than {LIMIT:,}; take away what Kaggle has anyway")
