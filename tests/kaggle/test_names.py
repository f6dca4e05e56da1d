"""Names, titles and addresses: what Kaggle would refuse is refused before, and what is meant is understood."""

from pathlib import Path

import pytest
from support.packing import as_json, files_of, pack, parameters_of

from pbl.domain.errors import UsageError
from pbl.kaggle.names import (
    LICENCES,
    Ref,
    make_title,
    name_notebook,
    parse_competition,
    parse_dataset,
    parse_notebook,
    slugify,
)

REFUSED = {
    "a short slug": ("--dataset", "ann/short"),
    "a long slug": ("--dataset", "ann/" + "x" * 51),
    "capitals in the slug": ("--dataset", "ann/My-Pillars"),
    "two hyphens in the slug": ("--dataset", "ann/my--pillars"),
    "a hyphen at the end of the slug": ("--dataset", "ann/my-pillars-"),
    "no owner": ("--dataset", "my-pillars"),
    "a version in the slug": ("--dataset", "ann/my-pillars/2"),
    "a path for an owner": ("--dataset", "../my-pillars"),
    "an address for a competition": ("--competition", "https://example.org/csiro-biomass"),
    "a short title": ("--dataset", "ann/pillars", "--title", "pilla"),
    "a long title": ("--title", "My Pillars" + "!" * 41),
    "a title of another slug": ("--title", "My Columns"),
    "a short subtitle": ("--subtitle", "nineteen characters"),
    "a long subtitle": ("--subtitle", "x" * 81),
    "an unknown licence": ("--license", "CC0"),
    "a short notebook": ("--kernel", "ann/blend"),
    "a notebook without an owner": ("--kernel", "blend-it"),
}


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("line", REFUSED.values(), ids=REFUSED)
def test_what_kaggle_would_refuse_is_refused_and_nothing_is_written(here, line):
    done = pack("pillars", *line, "--format", "json", status=2)
    assert as_json(done)["ok"] is False
    assert line[-2] in done.stderr
    assert sorted(p.name for p in here.iterdir()) == ["pillars"]


DATASETS = (
    "ann/my-pillars",
    "ann/my-pillars/",
    "datasets/ann/my-pillars",
    "datasets/ann/my-pillars/",
    "kaggle.com/datasets/ann/my-pillars",
    "www.kaggle.com/ann/my-pillars",
    "http://kaggle.com/datasets/ann/my-pillars/",
    "https://www.kaggle.com/datasets/ann/my-pillars",
    "https://www.kaggle.com/datasets/ann/my-pillars/?select=submission_dino.csv",
    "https://www.kaggle.com/datasets/ann/my-pillars/data",
    "https://www.kaggle.com/datasets/ann/my-pillars?resource=download#top",
    "HTTPS://WWW.KAGGLE.COM/datasets/ann/my-pillars",
)
COMPETITIONS = (
    "csiro-biomass",
    "csiro-biomass/",
    "competitions/csiro-biomass",
    "c/csiro-biomass",
    "kaggle.com/c/csiro-biomass",
    "https://www.kaggle.com/competitions/csiro-biomass",
    "https://www.kaggle.com/competitions/csiro-biomass/overview",
    "https://www.kaggle.com/competitions/csiro-biomass/data?select=train.csv",
)
NOTEBOOKS = (
    "ann/blend-it",
    "code/ann/blend-it",
    "https://www.kaggle.com/code/ann/blend-it",
    "https://www.kaggle.com/code/ann/blend-it/edit",
    "https://www.kaggle.com/code/ann/blend-it?scriptVersionId=123#Blend",
)


@pytest.mark.parametrize("text", DATASETS)
def test_a_dataset_s_address_means_its_owner_and_slug(text):
    assert parse_dataset(text, "--dataset") == Ref(owner="ann", slug="my-pillars")


@pytest.mark.parametrize("text", COMPETITIONS)
def test_a_competition_s_address_means_its_slug(text):
    assert parse_competition(text, "--competition") == "csiro-biomass"


@pytest.mark.parametrize("text", NOTEBOOKS)
def test_a_notebook_s_address_means_its_owner_and_slug(text):
    assert parse_notebook(text, "--kernel") == Ref(owner="ann", slug="blend-it")


@pytest.mark.parametrize(
    ("parse", "text"),
    [
        (parse_dataset, "datasets/my-pillars"),
        (parse_dataset, "datasets//my-pillars"),
        (parse_dataset, "https://www.kaggle.com/datasets/ann"),
        (parse_dataset, "https://www.kaggle.com/datasets/ann/my-pillars/versions/3"),
        (parse_dataset, "datasets/ann/my-pillars/3"),
        (parse_dataset, "https://www.kaggle.com/"),
        (parse_dataset, "https://example.org/datasets/ann/my-pillars"),
        (parse_dataset, "https://kaggle.com.example.org/datasets/ann/my-pillars"),
        (parse_dataset, "https://www.kaggle.com/datasets/ann/My-Pillars"),
        (parse_competition, "competitions"),
        (parse_competition, "https://www.kaggle.com/competitions"),
        (parse_competition, "https://www.kaggle.com/csiro-biomass"),
        (parse_competition, "https://www.kaggle.com/competitions/csiro-biomass/discussion/12"),
        (parse_competition, "competitions/csiro-biomass/data"),
        (parse_competition, ""),
        (parse_notebook, "code/ann"),
    ],
)
def test_an_address_that_may_mean_something_else_is_refused(parse, text):
    with pytest.raises(UsageError, match="--flag"):
        parse(text, "--flag")


@pytest.mark.parametrize(
    ("parse", "text", "said"),
    [
        (parse_dataset, "https://www.kaggle.com/code/ann/my-pillars", "is a notebook, not a dataset"),
        (parse_dataset, "code/ann/my-pillars", "is a notebook, not a dataset"),
        (parse_dataset, "https://www.kaggle.com/competitions/my-pillars", "is a competition, not a dataset"),
        (parse_notebook, "datasets/ann/my-pillars", "is a dataset, not a notebook"),
        (parse_competition, "https://www.kaggle.com/datasets/ann/my-pillars", "is a dataset, not a competition"),
    ],
)
def test_the_address_of_another_kind_of_thing_is_called_that(parse, text, said):
    with pytest.raises(UsageError, match=said):
        parse(text, "--flag")


@pytest.mark.usefixtures("here")
def test_a_pack_of_addresses_is_the_pack_of_names():
    pack("pillars", "--kernel", NOTEBOOKS[0])
    named = files_of("pack")
    pack("pillars", "--dataset", DATASETS[-1], "--competition", COMPETITIONS[-1], "--kernel", NOTEBOOKS[-1])
    assert files_of("pack") == named
    told = parameters_of(Path("pack/notebook/blend-it.ipynb").read_bytes())
    assert (told["DATASET"], told["COMPETITION"]) == ("ann/my-pillars", "csiro-biomass")


def test_slugs_and_titles_are_those_of_kaggle():
    assert slugify("  Année 1,000's & more__x  ") == "annee-1000-s-more-x"
    assert make_title("my-2nd-try-3") == "My 2nd Try 3"
    assert slugify(make_title("a-1-b2-c")) == "a-1-b2-c"
    assert str(name_notebook(Ref(owner="ann", slug="x" * 39 + "-y"))) == "ann/" + "x" * 39 + "-y-inferenc"
    assert len(name_notebook(Ref(owner="ann", slug="x" * 49)).slug) == 49
    assert "CC0-1.0" in LICENCES
