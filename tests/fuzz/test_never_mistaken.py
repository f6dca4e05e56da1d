"""Arguments that look like one thing and are another: each is refused, set aside or kept apart."""

from __future__ import annotations

import csv

import pytest
from support.making import FOUR, command, ids, predictions, read, write

import pbl
from pbl.domain.errors import OutputError
from pbl.domain.weights import weigh
from pbl.project.pillar_files import select_pillars


@pytest.fixture
def folder(here):
    for seed, name in enumerate(FOUR):
        write(f"p/submission_{name}.csv", predictions(ids(20), seed))
    return here / "p"


@pytest.mark.usefixtures("folder")
def test_an_earlier_blend_in_the_folder_is_no_pillar():
    pbl.blend("p", output="p/blend.csv")
    chosen, weighing = weigh(select_pillars(["p"]))
    assert chosen.names == FOUR
    assert weighing.weights == (0.6, 0.2, 0.1, 0.1)
    assert chosen.set_aside == ("blend.csv",)
    pbl.blend("p", output="again.csv")
    assert read("again.csv") == read("p/blend.csv")


@pytest.mark.usefixtures("folder")
def test_an_earlier_blend_named_as_a_file_is_a_pillar():
    pbl.blend("p", output="p/blend.csv")
    assert select_pillars(["p/blend.csv", "p/submission_dino.csv"]).names == ("blend", "dino")


def test_a_pillar_that_the_weights_leave_aside_is_never_written_over(folder):
    before = (folder / "submission_mvp.csv").read_bytes()
    with pytest.raises(OutputError, match="is an input"):
        pbl.blend("p", weights={"siglip": 1}, output="p/submission_mvp.csv", force=True)
    assert (folder / "submission_mvp.csv").read_bytes() == before


@pytest.mark.usefixtures("folder")
def test_a_pillar_flag_given_twice_is_refused():
    one, other = "p/submission_siglip.csv", "p/submission_dino.csv"
    done = command("blend", "--siglip", one, "--siglip", other, "-o", "x.csv")
    assert done.code == 2
    assert "--siglip is given twice" in done.talk


@pytest.mark.usefixtures("folder")
def test_an_option_is_no_weight():
    done = command("blend", "p", "-w", "-o", "x.csv")
    assert done.code == 2
    assert "--weights" in done.talk


@pytest.mark.usefixtures("folder")
def test_a_pillar_s_own_score_says_nothing_of_a_submission_that_lies_there(here):
    pbl.blend("p", output="submission.csv")
    assert command("log-run", "--label", "own", "--pillar", "siglip", "--model", "stack", "--cv", "0.5").code == 0
    (log,) = (here / "run_logs").iterdir()
    (row,) = csv.DictReader(log.read_text().splitlines())
    assert (row["pillar"], row["model"], row["processed_cv"]) == ("siglip", "stack", "0.5")
    assert not any(row[name] for name in ("weights", "inputs", "submission", "submission_sha256"))


@pytest.mark.usefixtures("here")
def test_an_id_spelt_otherwise_is_shown_as_it_stands():
    write("a.csv", [("1", "0.5"), ("2", "0.6")])
    write("b.csv", [("001", "0.5"), ("002", "0.6")])
    (found,) = (f for f in pbl.validate("a.csv", "b.csv").findings if f.code == "PBL605")
    assert [(e.row, e.id, e.value) for e in found.examples] == [(2, "001", "001"), (3, "002", "002")]
    assert "'001' here, '1' there" in found.message
