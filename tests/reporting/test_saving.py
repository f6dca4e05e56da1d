"""What pbl didn't write is never replaced; pictures are files of their own; Python and notebooks have the same."""

import base64
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import altair as alt
import pytest
from support.making import command, tree, write
from support.pages import ATTACK, EXAMPLE

import pbl
from pbl.domain.errors import OutputError

ROOT = Path(__file__).resolve().parents[2]
JUDGED = (EXAMPLE, "--truth", EXAMPLE / "train.csv")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return pbl.report(EXAMPLE, truth=EXAMPLE / "train.csv", logs=tmp_path_factory.mktemp("logs"))


@pytest.mark.parametrize("spoil", [lambda _: b"mine", lambda data: data + b" ", lambda data: b"\n" + data])
def test_a_foreign_or_edited_page_stays(tmp_path, made, spoil):
    path = tmp_path / "report.html"
    path.write_bytes(spoil(made.html()))
    before = tree(tmp_path)
    with pytest.raises(OutputError, match="--force"):
        made.save(path)
    assert tree(tmp_path) == before
    made.save(path, force=True)
    assert path.read_bytes() == made.html()
    made.save(path)


@pytest.mark.parametrize("form", ["svg", "png"])
def test_a_foreign_picture_stays_and_none_is_written(tmp_path, form):
    shown = pbl.report(EXAMPLE, only=["blend"], logs=tmp_path)
    shown.save(tmp_path / "x", format=form)
    again = tree(tmp_path / "x")
    assert sorted(again) == [f"blend-dark.{form}", f"blend-light.{form}"]
    shown.save(tmp_path / "x", format=form)
    assert tree(tmp_path / "x") == again
    path = tmp_path / "x" / f"blend-dark.{form}"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(OutputError):
        shown.save(tmp_path / "x", format=form)


def test_a_picture_has_its_own_colours(tmp_path):
    done = command("report", *JUDGED, "--format", "svg", "--only", "scores", "-o", tmp_path / "x", "--logs", tmp_path)
    assert done.code == 0
    light, dark = ((tmp_path / "x" / f"scores-{theme}.svg").read_text() for theme in ("light", "dark"))
    assert light != dark
    assert "var(" not in light + dark
    assert done.out.count("<picture>") == 1
    assert 'alt="Scores on rows' in done.out
    ET.fromstring(light.partition("\n")[2])  # noqa: S314 - ours


def test_the_readme_s_pictures_are_what_is_drawn(tmp_path):
    command("report", *JUDGED, "--format", "svg", "--only", "scores,disagreements", "-o", tmp_path / "x")
    assert tree(tmp_path / "x") == tree(ROOT / "docs" / "pictures")


@pytest.mark.parametrize("name", ["report.pdf", "report.png", "report.csv", "report.html.gz", "new/"])
def test_a_page_is_written_under_a_name_of_html_only(tmp_path, monkeypatch, made, name):
    monkeypatch.chdir(tmp_path)
    for form in ("html", "json"):
        done = command("report", *JUDGED, "--format", form, "-o", name, "--force")
        said = "is a folder; name a file in it" if name == "new/" else "name a file that ends in .html or .htm"
        assert (done.code, said in done.talk) == (2, True)
    if name != "new/":
        with pytest.raises(OutputError, match="written as HTML"):
            made.save(name)
    assert not tree(tmp_path)
    assert made.save("Report.HTM")


def test_an_input_is_never_the_output(tmp_path):
    (tmp_path / "a.csv").write_text("sample_id,target\ni,1\n")
    done = command("report", f"a={tmp_path / 'a.csv'}", "-o", tmp_path / "a.csv", "--force", "--logs", tmp_path)
    assert (done.code, (tmp_path / "a.csv").read_text()) == (2, "sample_id,target\ni,1\n")


def test_python_gives_the_command_s_page(tmp_path, made):
    (tmp_path / "none").mkdir()
    done = command("report", *JUDGED, "--logs", tmp_path / "none", "-o", "-")
    blank = re.compile(rb"sha256:[0-9a-f]{64}|--logs \S+?<")
    assert blank.sub(b"", done.data) == blank.sub(b"", made.html())
    assert "scores" in made.to_json()["sections"]


@pytest.mark.parametrize("name", ["blend", "scores", "folds", "predictions", "correlation", "residuals"])
def test_a_chart_can_be_restyled(made, name):
    chart = made.chart(name)
    assert isinstance(chart, alt.TopLevelMixin)
    assert "var(" not in chart.configure_axis(labelFontSize=20).to_json()


def test_a_chart_that_is_not_there_is_named(made):
    with pytest.raises(pbl.PblError, match="there is no chart 'nope'; there are blend, "):
        made.chart("nope")


def test_a_notebook_s_card_is_small_and_runs_nothing(made):
    card = made._repr_html_()
    assert len(card.encode()) < 40_000
    assert card.count("<img ") == 3
    assert not re.search(r"<script|<style|<svg| style=", card)
    for data in re.findall(r"base64,([^\"]+)", card):
        ET.fromstring(base64.b64decode(data))  # noqa: S314 - ours


def test_other_results_have_a_card_too(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.csv").write_text("sample_id,target\ni,1\nj,2\n")
    hurt = tmp_path / f"b{ATTACK.replace('/', '')}.csv"
    hurt.write_text("sample_id,target\ni,x\nj,2\n")
    recipe = pbl.blend("a.csv", output="s.csv")
    logged = pbl.log_run("s.csv", label="one", cv=0.5)
    cards = [pbl.validate("a.csv", hurt), recipe, logged, pbl.runs().runs[0]]
    texts = [each._repr_html_() for each in cards]
    for text in texts:
        ET.fromstring(text)  # noqa: S314 - ours
        assert "<img" not in text
    assert "PBL502" in texts[0]
    assert "1.5000" in texts[1]
    assert "0.5000" in texts[2]
    assert logged.run_id in texts[3]


def test_the_command_of_a_pillar_of_several_files_is_that_of_its_pbl_toml(here):
    for n in range(3):
        write(here / f"m{n}.csv", {f"a{k}": float(k * n % 7) for k in range(30)})
    (here / "pbl.toml").write_text('[pillars.a]\nfile = "m0.csv"\n[pillars.b]\nfiles = ["m1.csv", "m2.csv"]\n')
    assert command("report", "-o", "r.html").code == 0
    page = (here / "r.html").read_text()
    assert "pbl report" in page
    assert "b=m1.csv" not in page
