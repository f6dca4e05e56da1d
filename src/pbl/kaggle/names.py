"""Know Kaggle's rules for names, titles and licences, so that pbl can hold to them before Kaggle does."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from difflib import get_close_matches

from pbl.domain.errors import UsageError

LICENCES = (
    *("CC0-1.0", "CC-BY-3.0", "CC-BY-3.0-IGO", "CC-BY-4.0", "CC-BY-SA-3.0", "CC-BY-SA-4.0"),
    *("CC-BY-NC-4.0", "CC-BY-NC-SA-3.0-IGO", "CC-BY-NC-SA-4.0", "CC-BY-ND-4.0", "CC-BY-NC-ND-4.0"),
    *("GPL-2.0", "GPL-3.0", "LGPL-3.0", "AGPL-3.0", "FDL-1.3", "apache-2.0"),
    *("ODbL-1.0", "DbCL-1.0", "ODC-BY-1.0", "PDDL", "CDLA-Permissive-1.0", "CDLA-Sharing-1.0"),
    *("US-Government-Works", "EU-ODP-Legal-Notice", "copyright-authors", "other", "unknown"),
)
"""What Kaggle's documentation of dataset-metadata.json lists; spelt exactly so."""
_LENGTH = range(6, 51)
_SUBTITLE = range(20, 81)
_OWNER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_COMPETITION = re.compile(r"[A-Za-z0-9]+([-_][A-Za-z0-9]+)*")


@dataclass(frozen=True, kw_only=True)
class Ref:
    """What Kaggle knows a dataset or a notebook by: `owner/slug`."""

    owner: str
    slug: str

    def __str__(self) -> str:
        return f"{self.owner}/{self.slug}"


def parse_ref(text: str, flag: str) -> Ref:
    """Return the owner and slug of `OWNER/SLUG`; raise UsageError for what Kaggle would refuse."""
    owner, slash, slug = text.partition("/")
    if not slash or not _OWNER.fullmatch(owner):
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
        raise UsageError(f"{flag}: the slug {slug!r} has {len(slug)} characters; Kaggle takes 6 to 50")
    return Ref(owner=owner, slug=slug)


def parse_competition(text: str, flag: str) -> str:
    """Return the competition's slug; raise UsageError for what can't be one."""
    if not _COMPETITION.fullmatch(text):
        raise UsageError(f"{flag}: {text!r} is not a competition's name in its address: kaggle.com/competitions/NAME")
    return text


def notebook_of(dataset: Ref) -> Ref:
    """Return the name of the notebook that goes with a dataset, unless the user names another."""
    return Ref(owner=dataset.owner, slug=f"{dataset.slug}-inference"[: _LENGTH[-1]].rstrip("-"))


def title_of(slug: str) -> str:
    """Return the slug with spaces and capitals; its slug is the slug again."""
    return " ".join(word[:1].upper() + word[1:] for word in slug.split("-"))


def checked_title(title: str, slug: str, flag: str) -> str:
    """Return the title; raise UsageError if Kaggle would refuse it or make another slug of it."""
    if len(title) not in _LENGTH or not title.isprintable():
        raise UsageError(f"{flag}: {title!r} has {len(title)} characters; Kaggle takes 6 to 50, all printable")
    if slugify(title) != slug:
        raise UsageError(
            f"{flag}: Kaggle makes {slugify(title)!r} of the title {title!r}, and the slug is {slug!r}; "
            f"choose a title such as {title_of(slug)!r}, or that slug"
        )
    return title


def checked_subtitle(subtitle: str | None, flag: str) -> str | None:
    """Return the subtitle; raise UsageError if Kaggle would refuse it."""
    if subtitle is not None and (len(subtitle) not in _SUBTITLE or not subtitle.isprintable()):
        raise UsageError(f"{flag}: {subtitle!r} has {len(subtitle)} characters; Kaggle takes 20 to 80, all printable")
    return subtitle


def checked_licence(licence: str, flag: str) -> str:
    """Return the licence; raise UsageError if Kaggle hasn't it, suggesting the nearest."""
    if licence not in LICENCES:
        folded = {each.casefold(): each for each in LICENCES}
        near = get_close_matches(licence.casefold(), folded, n=1)
        hint = f"did you mean {folded[near[0]]}?" if near else f"it has {', '.join(LICENCES)}"
        raise UsageError(f"{flag}: Kaggle has no licence {licence!r}; {hint}")
    return licence


def slugify(title: str) -> str:
    """Return the slug that Kaggle makes of a title: letters without their accents, words joined by hyphens."""
    plain = unicodedata.normalize("NFKD", title.replace("'", "-"))
    plain = "".join(c for c in plain if not unicodedata.combining(c)).lower()
    plain = re.sub(r"(?<=[0-9]),(?=[0-9])", "", plain)
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
