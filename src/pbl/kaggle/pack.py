"""Pack checked prediction files as a dataset, with the notebook that blends it: both whole, or neither.

The function behind `pbl pack`, which gives a weighed selection. `checks` checks the files first; an error ends it.
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from pbl_sql import join, name

from pbl.checks.open_files import open_files
from pbl.checks.report import make_report
from pbl.checks.validate import check_files
from pbl.checks.wording import PLACEHOLDER_ROWS, PLACEHOLDER_SAMPLES
from pbl.domain.endings import CSV, PARQUET, is_parquet
from pbl.domain.errors import ChangedError, FindingsError, UsageError
from pbl.domain.limits import Limits
from pbl.domain.rules import RULES, Severity
from pbl.domain.wording import plural
from pbl.engine.duck import open_duck
from pbl.kaggle._join_parts import join_parts
from pbl.kaggle._metadata import DATASET_META, NOTEBOOK_META, dump_dataset_metadata, dump_notebook_metadata
from pbl.kaggle._packed_settings import BLEND_FLAGS, dump_settings, fitted_names, verify_settings
from pbl.kaggle._replace import protect_edits, protect_inputs
from pbl.kaggle.names import SAMPLE_SUBMISSION
from pbl.kaggle.notebook import SUMS, Purpose, make_notebook
from pbl.kaggle.outcome import Packed, PackedFile, Warned
from pbl.kaggle.wheels import Wheel, has_pbl
from pbl.project.find_toml import TOML
from pbl.project.pillar_files import is_there
from pbl.reading.parquet import PartsFile
from pbl.storage.atomic_folder import fill, new_folder
from pbl.storage.files import read_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from pbl.checks.open_files import CheckedFile
    from pbl.domain.contract import Contract
    from pbl.domain.pillars import Pillar, Selection
    from pbl.domain.report import Report
    from pbl.domain.settings import Settings
    from pbl.domain.weights import Weighing
    from pbl.engine.duck import Duck
    from pbl.kaggle.names import Label
    from pbl.reading.survey import OpenFile

_TARGETS_AT_MOST = 50
_UNFIT = re.compile(r'[/\\:*?"<>|]')
_NAME_LIMIT = 200
_CHUNK = 1 << 20


def pack(
    selection: Selection,
    weighing: Weighing,
    label: Label,
    *,
    output: Path,
    wheels: Sequence[Wheel],
    here: Path,
    per_target: bool = False,
    reconcile: bool = False,
    force: bool = False,
    limits: Limits = Limits(),
) -> Packed:
    """Write `output`/dataset and `output`/notebook for weighed pillars; equal inputs give equal bytes.

    `here` is the folder where the user works; nothing above it is replaced. The notebook's blend takes `per_target`
    and `reconcile`, whose tables in `pbl.toml` are the caller's to check. Raises FindingsError (nothing written) if
    a check finds an error, UsageError for a pillar whose name no file can have, OutputError if the folder must not be
    replaced or can't be written, and what `validate` raises.
    """
    fitted = _fitted_pillars(selection)
    checked = _leave_out(selection, fitted)
    names = _name_files(checked)
    flags = [flag for flag, asked in (("--per-target", per_target), ("--reconcile", reconcile)) if asked]
    read = [
        *(path for p in selection.pillars for path in p.files),
        *fitted.values(),
        *filter(None, (selection.template, selection.settings.path)),
    ]
    protect_inputs(output, read, here)
    if not force:
        protect_edits(output)
    with (
        open_files(checked) as inputs,
        open_duck(inputs.paths, limits, size=inputs.size, spill=output.parent) as duck,
    ):
        files = check_files(duck, inputs, selection.contract, limits)
        report = make_report(files, checked)
        if report.errors():
            raise FindingsError(report)
        pillars = [file for file in files if file.input.pillar]
        rows = (pillars[0].rows or 0) if pillars else 0
        placeholder = bool(pillars) and _is_placeholder(
            duck, pillars[0].table or "", rows, selection.settings.id_separator
        )
        with new_folder(output) as folder:
            dataset, kernel = folder / "dataset", folder / "notebook"
            dataset.mkdir()
            kernel.mkdir()
            contract = selection.contract
            packed = [_copy(file, dataset / to, contract) for file, to in zip(pillars, names, strict=True)]
            for file in files:
                file.unchanged()
            packed += [_write(dataset / to, read_bytes(fitted[name])) for name, to in fitted_names(fitted).items()]
            packed.append(
                _write(dataset / TOML, dump_settings(selection, weighing, names, fitted, checked.names).encode())
            )
            verify_settings(dataset / TOML, selection, weighing, checked.names, output)
            if flags:
                packed.append(_write(dataset / BLEND_FLAGS, "".join(f"{flag}\n" for flag in flags).encode()))
            packed += [_write(dataset / wheel.name, wheel.data) for wheel in wheels]
            sums = _write_sums(dataset, packed)
            packed += [sums, _write(dataset / DATASET_META, dump_dataset_metadata(label))]
            written = _write_notebook(kernel, label, selection.template, pack=sums.sha256)
    return Packed(
        label=label,
        path=output,
        dataset=tuple(sorted(packed, key=lambda file: file.name)),
        notebook=tuple(sorted(written, key=lambda file: file.name)),
        pillars=dict(zip(selection.names, weighing.weights, strict=True)),
        rows=rows,
        placeholder=placeholder,
        flags=tuple(flags),
        warnings=(
            *_find_unasked(selection.settings, flags),
            *_warnings(report, rows, wheels, placeholder=placeholder),
        ),
    )


def _write_sums(dataset: Path, packed: Iterable[PackedFile]) -> PackedFile:
    """Write the list of all packed files' hashes, by name."""
    lines = [f"{file.sha256}  {file.name}\n" for file in sorted(packed, key=lambda file: file.name)]
    return _write(dataset / SUMS, "".join(lines).encode())


def _write_notebook(kernel: Path, label: Label, template: Path | None, *, pack: str) -> list[PackedFile]:
    """Write the notebook and its metadata; `pack` is the hash of the list of the dataset's files."""
    metadata = dump_notebook_metadata(label)
    purpose = Purpose(
        dataset=label.dataset,
        competition=label.competition,
        template=template.name if template else SAMPLE_SUBMISSION,
        pack=pack,
        kernel=hashlib.sha256(metadata).hexdigest(),
    )
    return [
        _write(kernel / f"{label.kernel.slug}.ipynb", make_notebook(purpose)),
        _write(kernel / NOTEBOOK_META, metadata),
    ]


def _fitted_pillars(selection: Selection) -> dict[str, Path]:
    """Return the fitted pillars of a selection by name."""
    entries = {entry.name: entry for entry in selection.settings.pillars}
    return {name: entry.fitted for name in selection.names if (entry := entries.get(name)) and entry.fitted}


def _leave_out(selection: Selection, fitted: Mapping[str, Path]) -> Selection:
    """Return the selection without the pillars that have no file yet: the notebook predicts them."""
    there = tuple(p for p in selection.pillars if p.name not in fitted or any(map(is_there, p.files)))
    return replace(selection, pillars=there)


def _name_files(selection: Selection) -> list[str]:
    """Name the pillars' files in the dataset; raise UsageError for a pillar whose name no file can have."""
    seen: dict[str, str] = {}
    for pillar in selection.names:
        if _UNFIT.search(pillar) or not pillar.isprintable() or len(pillar.encode()) > _NAME_LIMIT:
            raise UsageError(
                f"the pillar {pillar!r} can't be packed: no file can be named after it; rename it: name=FILE"
            )
        other = seen.setdefault(pillar.casefold(), pillar)
        if other != pillar:
            raise UsageError(
                f"the pillars {other!r} and {pillar!r} differ by case only, and so would their files; rename one"
            )
    names = [name for each in selection.pillars for name in _file_names(each)]
    twice = next((name for n, name in enumerate(names) if name.casefold() in map(str.casefold, names[:n])), None)
    if twice is not None:
        raise UsageError(f"two files would be packed as {twice}; rename a pillar")
    return names


def _file_names(pillar: Pillar) -> list[str]:
    """Name a pillar's files in the dataset; several are numbered."""
    numbers = [f".{n}" for n in range(1, len(pillar.members) + 1)] or [""]
    endings = [PARQUET if is_parquet(path.name) or path.is_dir() else CSV for path in pillar.files]
    return [f"submission_{pillar.name}{number}{ending}" for number, ending in zip(numbers, endings, strict=True)]


def _is_placeholder(duck: Duck, table: str, rows: int, separator: str) -> bool:
    """Say whether the pillars cover a handful of samples: ids before the separator, if every sample has all targets."""
    if rows <= PLACEHOLDER_ROWS:
        return True
    if not separator or rows > PLACEHOLDER_SAMPLES * _TARGETS_AT_MOST:
        return False
    cells = duck.rows("files/cells", table=table, columns=join([name("id")]))
    parts = [str(id_).rpartition(separator) for (id_,) in cells]
    samples, targets = {sample for sample, _, _ in parts}, {target for _, _, target in parts}
    named = all(sample and target.isidentifier() for sample, _, target in parts)
    return named and len(samples) <= PLACEHOLDER_SAMPLES and len(samples) * len(targets) == rows


def _find_unasked(settings: Settings, flags: Sequence[str]) -> Iterator[Warned]:
    """Yield a warning for each table of pbl.toml that changes a blend if it is asked for, and isn't."""
    if settings.per_target and "--per-target" not in flags:
        yield Warned(
            code="per-target-unused",
            message="pbl.toml has [per_target], and the notebook blends without it; --per-target blends with it",
        )
    if settings.constraints and "--reconcile" not in flags:
        yield Warned(
            code="constraints-unused",
            message="pbl.toml has [[constraints]], and the notebook holds no sample to them; --reconcile does",
        )


def _warnings(report: Report, rows: int, wheels: Sequence[Wheel], *, placeholder: bool) -> Iterator[Warned]:
    if placeholder:
        yield Warned(
            code="PBL603",
            message=f"the pillars have {plural(rows, 'row')} only; if that is the placeholder of a hidden test set, "
            f"the scored run will stop: {RULES['PBL603'].hint}",
        )
    for finding in report.findings:
        if finding.severity is Severity.WARNING:
            yield Warned(code=finding.code, message=f"{report.who(finding)}: {finding.message}; {finding.hint}")
    if wheels and not has_pbl(wheels):
        yield Warned(code=None, message="no wheel of pillar-blend (pbl) is packed; the notebook needs pbl on Kaggle")


def _copy(file: CheckedFile, to: Path, contract: Contract) -> PackedFile:
    """Copy the very bytes that were checked; parts become one file, as a dataset on Kaggle has no folders."""
    source = file.input.file
    if isinstance(source, PartsFile):
        if source.folder:
            size, digest = join_parts(source, to, contract)
            return PackedFile(name=to.name, bytes=size, sha256=digest)
        source = source.parts[0].file
    packed = _put(to, _read_chunks(source))
    if not file.survey or packed.sha256 != file.survey.sha256:
        raise ChangedError(
            f"{file.input.path}: changed while it was being packed; wait until it is whole, then try again"
        )
    return packed


def _read_chunks(file: OpenFile | None) -> Iterator[bytes]:
    at = 0
    while file and (chunk := os.pread(file.fd, _CHUNK, at)):
        yield chunk
        at += len(chunk)


def _write(to: Path, data: bytes) -> PackedFile:
    return _put(to, [data])


def _put(to: Path, chunks: Iterable[bytes]) -> PackedFile:
    size, digest = fill(to, chunks)
    return PackedFile(name=to.name, bytes=size, sha256=digest)
