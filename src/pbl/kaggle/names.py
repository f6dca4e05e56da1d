"""Kaggle's rules for names, titles and licences.

The commands check what the user typed here, before anything is read or written.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from difflib import get_close_matches
from typing import NamedTuple

from pbl.domain.errors import UsageError
from pbl.domain.wording import plural

SAMPLE_SUBMISSION = "sample_submission.csv"
"""The usual name of the template in a competition."""
LICENCES = (
    *("CC0-1.0", "CC-BY-3.0", "CC-BY-3.0-IGO", "CC-BY-4.0", "CC-BY-SA-3.0", "CC-BY-SA-4.0"),
    *("CC-BY-NC-4.0", "CC-BY-NC-SA-3.0-IGO", "CC-BY-NC-SA-4.0", "CC-BY-ND-4.0", "CC-BY-NC-ND-4.0"),
    *("GPL-2.0", "GPL-3.0", "LGPL-3.0", "AGPL-3.0", "FDL-1.3", "apache-2.0"),
    *("ODbL-1.0", "DbCL-1.0", "ODC-BY-1.0", "PDDL", "CDLA-Permissive-1.0", "CDLA-Sharing-1.0"),
    *("US-Government-Works", "EU-ODP-Legal-Notice", "copyright-authors", "other", "unknown"),
)
"""The licences in Kaggle's documentation of dataset-metadata.json, in its spelling."""
_LENGTH = range(6, 51)
_SUBTITLE = range(20, 81)
_OWNER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_COMPETITION = re.compile(r"[A-Za-z0-9]+([-_][A-Za-z0-9]+)*")
_MODEL_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_MODEL_PARTS = 5
_HOST = re.compile(r"(https?://)?(www\.)?kaggle\.com/+", re.IGNORECASE)
_PAGE = re.compile(r"[a-z-]+")


class _Kind(NamedTuple):
    """A kind of address: its first parts on Kaggle, and the number of parts that name the thing itself."""

    what: str
    first: tuple[str, ...]
    parts: int


_DATASET = _Kind("dataset", ("datasets",), 2)
_NOTEBOOK = _Kind("notebook", ("code", "kernels"), 2)
_CONTEST = _Kind("competition", ("competitions", "c"), 1)
_KINDS = (_DATASET, _NOTEBOOK, _CONTEST)


@dataclass(frozen=True, kw_only=True)
class Ref:
    """The name of a dataset or a notebook on Kaggle: `owner/slug`."""

    owner: str
    slug: str

    def __str__(self) -> str:
        return f"{self.owner}/{self.slug}"


@dataclass(frozen=True, kw_only=True)
class Label:
    """The names of a pack on Kaggle, each in the form that Kaggle accepts."""

    dataset: Ref
    title: str
    subtitle: str | None
    licence: str
    kernel: Ref
    competition: str
    models: tuple[str, ...] = ()
    """Models on Kaggle that the notebook needs: `owner/slug/framework/variation/version`."""
    gpu: bool = False


def parse_dataset(text: str, flag: str) -> Ref:
    """Return a dataset's owner and slug; takes `OWNER/SLUG`, `datasets/OWNER/SLUG` or its address.

    Raises UsageError for what Kaggle would refuse.
    """
    return _parse_ref(text, _DATASET, flag)


def parse_notebook(text: str, flag: str) -> Ref:
    """Return a notebook's owner and slug; takes `OWNER/SLUG`, `code/OWNER/SLUG` or its address.

    Raises UsageError for what Kaggle would refuse.
    """
    return _parse_ref(text, _NOTEBOOK, flag)


def parse_competition(text: str, flag: str) -> str:
    """Return a competition's slug; takes `SLUG`, `competitions/SLUG` or its address.

    Raises UsageError for what can't be one.
    """
    slug = "/".join(_split(text, _CONTEST, flag))
    if not _COMPETITION.fullmatch(slug) or slug in _CONTEST.first:
        raise UsageError(f"{flag}: {text!r} is not a competition's name in its address: kaggle.com/competitions/NAME")
    return slug


def parse_model(text: str, flag: str) -> str:
    """Return a model's source as Kaggle writes it; takes `OWNER/SLUG/FRAMEWORK/VARIATION/VERSION` or its address.

    Raises UsageError for what can't be one.
    """
    parts = re.sub(r"^models/", "", _HOST.sub("", text.strip())).strip("/").split("/")
    if len(parts) != _MODEL_PARTS or not all(_MODEL_PART.fullmatch(part) for part in parts) or not parts[-1].isdigit():
        raise UsageError(f"{flag}: {text!r} is no model's OWNER/SLUG/FRAMEWORK/VARIATION/VERSION")
    return "/".join(parts)


def name_notebook(dataset: Ref) -> Ref:
    """Return the name of the notebook that goes with a dataset, unless the user names another."""
    return Ref(owner=dataset.owner, slug=f"{dataset.slug}-inference"[: _LENGTH[-1]].rstrip("-"))


def make_title(slug: str) -> str:
    """Return the slug with spaces and capitals; its slug is the slug again."""
    return " ".join(word[:1].upper() + word[1:] for word in slug.split("-"))


def check_title(title: str, slug: str, flag: str) -> str:
    """Return the title; raise UsageError if Kaggle would refuse it or make another slug of it."""
    if len(title) not in _LENGTH or not title.isprintable():
        raise UsageError(
            f"{flag}: {title!r} has {plural(len(title), 'character')}; Kaggle takes 6 to 50, all printable"
        )
    if slugify(title) != slug:
        raise UsageError(
            f"{flag}: Kaggle makes {slugify(title)!r} of the title {title!r}, and the slug is {slug!r}; "
            f"choose a title such as {make_title(slug)!r}, or that slug"
        )
    return title


def check_subtitle(subtitle: str | None, flag: str) -> str | None:
    """Return the subtitle; raise UsageError if Kaggle would refuse it."""
    if subtitle is not None and (len(subtitle) not in _SUBTITLE or not subtitle.isprintable()):
        raise UsageError(
            f"{flag}: {subtitle!r} has {plural(len(subtitle), 'character')}; Kaggle takes 20 to 80, all printable"
        )
    return subtitle


def check_licence(licence: str, flag: str) -> str:
    """Return the licence; raise UsageError, which suggests the nearest, if Kaggle doesn't have it."""
    if licence not in LICENCES:
        folded = {each.casefold(): each for each in LICENCES}
        near = get_close_matches(licence.casefold(), folded, n=1)
        hint = f"did you mean {folded[near[0]]}?" if near else f"it has {', '.join(LICENCES)}"
        raise UsageError(f"{flag}: Kaggle has no licence {licence!r}; {hint}")
    return licence


def check_template_name(name: str, flag: str) -> str:
    """Return the name of a template in a competition's folder; raise UsageError if it is a path."""
    if name in {"", ".", ".."} or "/" in name:
        raise UsageError(
            f"{flag}: {name!r} is not a file's name alone, such as sample_submission.csv; "
            "the notebook looks for it in the competition's folder"
        )
    return name


def slugify(title: str) -> str:
    """Return the slug that Kaggle makes of a title: letters without their accents, words joined by hyphens."""
    plain = unicodedata.normalize("NFKD", title.replace("'", "-"))
    plain = "".join(c for c in plain if not unicodedata.combining(c)).lower()
    plain = re.sub(r"(?<=[0-9]),(?=[0-9])", "", plain)
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


def _parse_ref(text: str, kind: _Kind, flag: str) -> Ref:
    owner, _, slug = "/".join(_split(text, kind, flag)).partition("/")
    if not slug or not _OWNER.fullmatch(owner) or owner in kind.first:
        raise UsageError(
            f"{flag}: {text!r} is not OWNER/SLUG, your Kaggle user name and a name, such as ann/my-pillars"
        )
    if not _SLUG.fullmatch(slug):
        near = slugify(slug)
        hint = f", such as {owner}/{near}" if len(near) in _LENGTH else ""
        raise UsageError(
            f"{flag}: the slug {slug!r} is not small letters and digits, in words joined by a hyphen{hint}"
        )
    if len(slug) not in _LENGTH:
        raise UsageError(f"{flag}: the slug {slug!r} has {plural(len(slug), 'character')}; Kaggle takes 6 to 50")
    return Ref(owner=owner, slug=slug)


def _split(text: str, kind: _Kind, flag: str) -> list[str]:
    """Return the parts that name a thing of this kind: an address without host, kind, page and query.

    Raises UsageError for the address of another kind of thing.
    """
    host = _HOST.match(text)
    path = re.split(r"[?#]", text[host.end() :])[0] if host else text
    parts = path.rstrip("/").split("/")
    other = next((each for each in _KINDS if each is not kind and parts[0] in each.first), None)
    if other and (host or len(parts) > kind.parts):
        raise UsageError(f"{flag}: {text!r} is a {other.what}, not a {kind.what}")
    if parts[0] in kind.first and len(parts) > kind.parts:
        parts = parts[1:]
        if host and len(parts) == kind.parts + 1 and _PAGE.fullmatch(parts[-1]):  # such as /data or /overview
            parts.pop()
    elif host and kind is _CONTEST:
        raise UsageError(f"{flag}: {text!r} is no competition's address: kaggle.com/competitions/NAME")
    return parts
