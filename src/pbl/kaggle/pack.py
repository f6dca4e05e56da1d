"""Pack checked prediction files for Kaggle: a dataset and a notebook that only infers, whole or not at all."""

from __future__ import annotations

import os
import re
import tomllib
from typing import TYPE_CHECKING

from pbl_sql import listed, name

from pbl.checks.validate import examine
from pbl.domain.errors import ChangedError, ContractError, FindingsError, InputError, UsageError
from pbl.domain.limits import Limits
from pbl.domain.rules import RULES, Severity
from pbl.domain.wording import plural
from pbl.kaggle._metadata import (
    DATASET_META,
    NOTEBOOK_META,
    SUMS,
    Packed,
    PackedFile,
    Warned,
    allow_replacing,
    dataset_metadata,
    notebook_metadata,
    spare,
)
from pbl.kaggle.notebook import notebook
from pbl.kaggle.wheels import Wheel, has_pbl
from pbl.project.find_toml import TOML
from pbl.project.pbl_toml import read_settings
from pbl.project.toml_text import toml_text
from pbl.storage.atomic_folder import fill, new_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from pbl.checks._checked import Checked
    from pbl.domain.pillars import Selection
    from pbl.kaggle._metadata import Label
from pbl.checks.validate import Examination

PLACEHOLDER_SAMPLES = 10
"""PBL603 in `pack`: so many samples, or fewer, are taken for the placeholder of a hidden test set ..."""
PLACEHOLDER_ROWS = 50
"""... and so many rows, or fewer."""
_TARGETS_AT_MOST = 50
_UNFIT = re.compile(r'[/\\:*?"<>|]')
_NAME_LIMIT = 200
_CHUNK = 1 << 20


def pack(
    selection: Selection,
    label: Label,
    *,
    output: Path,
    wheels: Sequence[Wheel],
    here: Path,
    force: bool = False,
    limits: Limits = Limits(),
) -> Packed:
    """Write `output`/dataset and `output`/notebook for weighed pillars; equal inputs give equal bytes.

    `here` is the folder where the user works; nothing above it is replaced.
    Raises FindingsError (nothing written) if a check finds an error, UsageError for a pillar whose name no file can
    bear, OutputError if the folder must not be replaced or can't be written, and what `validate` raises.
    """
    names = _file_names(selection.names)
    read = [*(p.path for p in selection.pillars), *filter(None, (selection.template, selection.settings.path))]
    spare(output, read, here)
    if not force:
        allow_replacing(output)
    with examine(selection, spill=output.parent, limits=limits, max_examples=5, trusting=True) as examination:
        if examination.report.errors():
            raise FindingsError(examination.report)
        rows = examination.pillars[0].rows or 0
        placeholder = _is_placeholder(examination, rows)
        with new_folder(output) as folder:
            dataset, kernel = folder / "dataset", folder / "notebook"
            dataset.mkdir()
            kernel.mkdir()
            packed = [_copy(file, dataset / to) for file, to in zip(examination.pillars, names, strict=True)]
            examination.unchanged()
            packed.append(_write(dataset / TOML, _settings(selection, names).encode()))
            _verify_settings(dataset / TOML, selection, output)
            packed += [_write(dataset / wheel.name, wheel.data) for wheel in wheels]
            packed.sort(key=lambda file: file.name)
            sums = "".join(f"{file.sha256}  {file.name}\n" for file in packed)
            packed.append(_write(dataset / SUMS, sums.encode()))
            packed.append(_write(dataset / DATASET_META, dataset_metadata(label)))
            code = kernel / f"{label.kernel.slug}.ipynb"
            made = [_write(code, notebook(label.dataset, label.competition))]
            made.append(_write(kernel / NOTEBOOK_META, notebook_metadata(label)))
    return Packed(
        label=label,
        path=output,
        dataset=tuple(sorted(packed, key=lambda file: file.name)),
        notebook=tuple(sorted(made, key=lambda file: file.name)),
        pillars={pillar.name: pillar.weight or 0.0 for pillar in selection.pillars},
        rows=rows,
        placeholder=placeholder,
        warnings=tuple(_warnings(examination, rows, wheels, placeholder=placeholder)),
    )


def _file_names(pillars: Sequence[str]) -> list[str]:
    """Name the pillars' files in the dataset; raise UsageError for a pillar after which none can be named."""
    seen: dict[str, str] = {}
    for pillar in pillars:
        if _UNFIT.search(pillar) or not pillar.isprintable() or len(pillar.encode()) > _NAME_LIMIT:
            raise UsageError(
                f"the pillar {pillar!r} can't be packed: no file can be named after it; rename it: name=FILE"
            )
        other = seen.setdefault(pillar.casefold(), pillar)
        if other != pillar:
            raise UsageError(
                f"the pillars {other!r} and {pillar!r} differ by case only, and so would their files; rename one"
            )
    return [f"submission_{pillar}.csv" for pillar in pillars]


def _is_placeholder(examination: Examination, rows: int) -> bool:
    """Say whether the pillars cover a handful of samples: ids before their `__<target>`, if every sample has all."""
    if rows <= PLACEHOLDER_ROWS:
        return True
    if rows > PLACEHOLDER_SAMPLES * _TARGETS_AT_MOST:
        return False
    cells = examination.duck.rows("files/cells", table=examination.pillars[0].table, columns=listed([name("id")]))
    parts = [str(id_).rpartition("__") for (id_,) in cells]
    samples, targets = {sample for sample, _, _ in parts}, {target for _, _, target in parts}
    named = all(sample and target.isidentifier() for sample, _, target in parts)
    return named and len(samples) <= PLACEHOLDER_SAMPLES and len(samples) * len(targets) == rows


def _warnings(examination: Examination, rows: int, wheels: Sequence[Wheel], *, placeholder: bool) -> Iterator[Warned]:
    if placeholder:
        yield Warned(
            code="PBL603",
            message=f"the pillars have {plural(rows, 'row')} only; if that is the placeholder of a hidden test set, "
            f"the scored run will stop: {RULES['PBL603'].hint}",
        )
    for finding in examination.report.findings:
        if finding.severity is Severity.WARNING:
            who = finding.pillar or "template"
            yield Warned(code=finding.code, message=f"{who}: {finding.message}; {finding.hint}")
    if wheels and not has_pbl(wheels):
        yield Warned(code=None, message="no wheel of pillar-blend (pbl) is packed; the notebook needs pbl on Kaggle")


def _copy(file: Checked, to: Path) -> PackedFile:
    """Copy the very bytes that were checked."""
    packed = _put(to, _chunks(file.source.fd))
    if packed.sha256 != file.source.sha256:
        raise ChangedError(f"{file.path}: changed while it was being packed; wait until it is whole, then try again")
    return packed


def _chunks(fd: int | None) -> Iterator[bytes]:
    at = 0
    while fd is not None and (chunk := os.pread(fd, _CHUNK, at)):
        yield chunk
        at += len(chunk)


def _write(to: Path, data: bytes) -> PackedFile:
    return _put(to, [data])


def _put(to: Path, chunks: Iterable[bytes]) -> PackedFile:
    size, digest = fill(to, chunks)
    return PackedFile(name=to.name, bytes=size, sha256=digest)


def _settings(selection: Selection, names: Sequence[str]) -> str:
    """Write the packed pbl.toml: the project's contract and blend as they are, but the template, and the pillars."""
    project = selection.settings.path
    try:
        table = tomllib.loads(project.read_bytes().decode()) if project else {}
    except (OSError, ValueError) as error:
        raise InputError(f"{project}: cannot be read: {error}") from error
    carried = {part: dict(table[part]) for part in ("contract", "blend") if part in table}
    carried.get("contract", {}).pop("template", None)
    pillars = {
        pillar.name: {"file": file, "weight": pillar.weight or 0.0}
        for pillar, file in zip(selection.pillars, names, strict=True)
    }
    return toml_text({part: inner for part, inner in carried.items() if inner} | {"pillars": pillars})


def _verify_settings(packed: Path, selection: Selection, output: Path) -> None:
    """Raise ContractError if the packed pbl.toml doesn't read back as what was meant."""
    read = read_settings(packed)
    meant = selection.settings
    weights = {entry.name: entry.weight for entry in read.pillars}
    same = (read.contract, read.clip_min, read.clip_max) == (meant.contract, meant.clip_min, meant.clip_max)
    if not same or weights != {pillar.name: pillar.weight for pillar in selection.pillars}:
        raise ContractError(f"{output}: not written: pbl.toml changed meanwhile, or can't be carried over; try again")
