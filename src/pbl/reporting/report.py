"""Make a report once from the functions of the other commands; give it as a page, pictures, JSON or a notebook's card.

The function behind `pbl report` and `pbl.report`.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from pbl.domain.card import make_card
from pbl.domain.errors import UsageError
from pbl.domain.limits import Limits
from pbl.domain.progress import Progress
from pbl.domain.report import SCHEMA_VERSION
from pbl.domain.values import finite
from pbl.domain.wording import make_displayable, restore_utf8
from pbl.reporting import of_blend, of_numbers, of_runs, of_scores
from pbl.reporting.charts.rows import NARROW, WIDE
from pbl.reporting.drawing import as_file, as_png
from pbl.reporting.material import gather
from pbl.reporting.rendering import Words, picture_of, render
from pbl.reporting.saving import mark_page, mark_png, mark_svg, refuse_page_name, save
from pbl.reporting.sections import SECTIONS, NotShown, Origin, Section
from pbl.reporting.theme import THEMES, config, literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import altair as alt

    from pbl.domain.pillars import Selection
    from pbl.reporting.material import Asked, Material
    from pbl.reporting.saving import Written
    from pbl.reporting.sections import Picture
    from pbl.reporting.theme import Theme

Form = Literal["html", "svg", "png"]
_MAKERS: Mapping[str, Callable[[Material], Section | NotShown]] = {
    "verdict": of_blend.make_verdict,
    "blend": of_blend.make_blend,
    "scores": of_scores.make_scores,
    "folds": of_scores.make_folds,
    "predictions": of_numbers.make_predictions,
    "correlation": of_numbers.make_correlation,
    "disagreements": of_numbers.make_disagreements,
    "clipping": of_blend.make_clipping,
    "leave_one_out": of_blend.make_leave_one_out,
    "residuals": of_scores.make_residuals,
    "history": of_runs.make_history,
    "runs": of_runs.make_runs,
}
_CARD_PICTURES, _CARD_BYTES, _CARD_WIDTH = 3, 40_000, 330
_NAMED = 4
_FINDINGS = "the files have findings"


@dataclass(frozen=True, kw_only=True)
class Reported:
    """A report; `sections` are those that have their data, in the page's order."""

    words: Words
    sections: tuple[Section, ...]
    not_shown: tuple[NotShown, ...]
    origin: Origin
    selection: Selection | None

    @property
    def ok(self) -> bool:
        """Say whether no check found an error."""
        return not self.words.failed

    def html(self, theme: Theme | None = None) -> bytes:
        """Return the page, its first line the hash of the rest; `theme` is the one it opens with, None the reader's."""
        hidden = () if self.words.failed else self.not_shown
        return mark_page(render(self.words, self.sections, hidden, self.origin, theme).encode())

    def pictures(self, form: Literal["svg", "png"], theme: Theme | None = None) -> dict[str, bytes]:
        """Return a file for each chart and theme, by name."""
        found = {}
        for picture in self._pictures():
            svg = picture_of(picture, picture.small or WIDE, titled=True)
            for each in THEMES if theme is None else (theme,):
                text = as_file(svg, each)
                found[f"{picture.name}-{each}.{form}"] = mark_svg(text) if form == "svg" else mark_png(as_png(text))
        return found

    def readme_lines(self, folder: str, form: Literal["svg", "png"], theme: Theme | None = None) -> Iterator[str]:
        """Yield the HTML that shows each picture in a README, the dark one to readers with a dark theme."""
        from html import escape

        for picture in self._pictures():
            alt_text = escape(make_displayable(f"{picture.title}. {picture.description}"))
            place = escape(make_displayable(f"{folder}/{picture.name}"))
            if theme is not None:
                yield f'<img src="{place}-{theme}.{form}" alt="{alt_text}">'
                continue
            dark = f'<source media="(prefers-color-scheme: dark)" srcset="{place}-dark.{form}">'
            yield f'<picture>{dark}<img src="{place}-light.{form}" alt="{alt_text}"></picture>'

    def save(
        self,
        output: str | Path = "report.html",
        *,
        format: Form = "html",  # noqa: A002 - the flag's name
        theme: Theme | None = None,
        force: bool = False,
    ) -> tuple[Written, ...]:
        """Write the page, or a folder of pictures; raise OutputError for what pbl didn't write, unless `force`."""
        if theme is not None and theme not in THEMES:
            raise UsageError(f"theme: {theme!r} is not one of {', '.join(THEMES)}")
        path = Path(output)
        if format == "html":
            refuse_page_name(path)
            return save({path: self.html(theme)}, self.selection, force=force)
        if format not in {"svg", "png"}:
            raise UsageError(f"format: {format!r} is not one of html, svg, png")
        made = self.pictures(format, theme)
        if not made:
            raise UsageError("there is no picture to write: no section that is shown has one")
        return save({path / name: data for name, data in made.items()}, self.selection, folder=path, force=force)

    def chart(self, name: str) -> alt.Chart:
        """Return a section's chart, to restyle it; its colours are those of the light theme."""
        import altair as alt

        of_section = [picture for each in self.sections if each.name == name for picture in each.pictures]
        own = [picture for picture in of_section if picture.name == name] or of_section
        own = own or [picture for picture in self._pictures() if picture.name == name]
        if not own:
            names = dict.fromkeys([*(s.name for s in self.sections if s.pictures), *(p.name for p in self._pictures())])
            raise UsageError(f"there is no chart {name!r}; there are {', '.join(names) or 'none'}")
        charts = [picture.draw(picture.small or WIDE) for picture in own]
        chart: Any = charts[0]
        if len(charts) > 1:
            for each in charts:
                each.config = alt.Undefined
            chart = alt.concat(*charts, columns=2).configure(**config())
        made: Any = alt.Chart.from_json(literal(json.dumps(chart.to_dict()), "light"))
        return cast("alt.Chart", made)

    def to_json(self, written: Sequence[Written] = ()) -> dict[str, Any]:
        """Return the report in the public form."""
        table = {
            "schema_version": SCHEMA_VERSION,
            "command": "report",
            "ok": self.ok,
            "sections": {each.name: each.data for each in self.sections},
            "not_shown": [each.to_json() for each in self.not_shown],
            "written": [each.to_json() for each in written],
        }
        known: dict[str, Any] = finite(restore_utf8(table))
        return known

    def _repr_html_(self) -> str:
        """Return a small card for a notebook, under 40 kB."""
        pictures: list[tuple[str, str]] = []
        size = 0
        for picture in self._pictures():
            svg = as_file(picture_of(picture, min(picture.small or NARROW, _CARD_WIDTH), titled=True), "light")
            data = base64.b64encode(svg.encode()).decode()
            if len(pictures) < _CARD_PICTURES and size + len(data) < _CARD_BYTES * 3 // 4:
                pictures.append((data, f"{picture.title}. {picture.description}"))
                size += len(data)
        numbers = [(name, f"{value} ({detail})") for name, value, detail in self.words.numbers]
        return make_card(self.words.title, self.words.verdict, numbers, pictures)

    def _pictures(self) -> list[Picture]:
        return [picture for section in self.sections for picture in section.pictures]


def make_report(
    asked: Asked,
    command: Sequence[str],
    *,
    spill: Path,
    limits: Limits = Limits(),
    progress: Progress = Progress(),
) -> Reported:
    """Make a report; `command` is what makes it again beside its files.

    If there are findings, it has nothing else. Raises the errors of the functions that it calls, and UsageError for an
    unknown section, or if no section has its data.
    """
    unknown = sorted(asked.only - set(SECTIONS))
    if unknown:
        raise UsageError(f"--only: there is no section {unknown[0]!r}; there are {', '.join(SECTIONS)}")
    made = gather(asked, spill=spill, limits=limits, progress=progress)
    wanted = [name for name in SECTIONS if not asked.only or name in asked.only or (made.failed and name == "verdict")]
    if made.failed:
        others = [n for n in wanted if n != "verdict"]
        found: list[Section | NotShown] = [of_blend.make_verdict(made)]
        found += [NotShown(section=n, why=_FINDINGS, hint="mend what the findings name") for n in others]
    else:
        progress.stage("drawing", lambda: 0.0)
        found = [_MAKERS[name](made) for name in wanted]
    sections = tuple(each for each in found if isinstance(each, Section))
    not_shown = tuple(each for each in found if isinstance(each, NotShown))
    if not sections:
        told = [f"{each.section}: {each.why} -> {each.hint}" for each in not_shown]
        raise UsageError("\n".join(["nothing to report, as no section that is wanted has its data", *told]))
    return Reported(
        words=Words(
            title=asked.title or _title(made),
            verdict=made.report.verdict() if made.report else "",
            failed=made.failed,
            numbers=of_blend.headline(made),
        ),
        sections=sections,
        not_shown=not_shown,
        origin=Origin(command=tuple(command), version=asked.version, inputs=made.inputs()),
        selection=asked.selection,
    )


def _title(made: Material) -> str:
    names = made.names
    if not names:
        return "Logged runs"
    if len(names) > _NAMED:
        return f"Blend of {len(names)} pillars"
    return f"Blend of {', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else f"The pillar {names[0]}"
