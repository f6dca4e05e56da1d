import csv
import json

import pytest
from support.ledger import CASES, FIRST, NOW, SECOND, blended, bring, bytes_of, export, history, log, one, put, runs

from pbl.ledger.import_scores import score_run
from pbl.ledger.log_run import Scores


def test_an_import_appends_what_matches_and_lists_what_does_not(wild):
    before = bytes_of(wild)
    done = bring(wild, "new_client.csv")
    assert [(s.run_id, s.public, s.private, s.ref) for s in done.scores] == [
        (FIRST, 0.70001, 0.60001, "40000002"),
        (FIRST, 0.72431, 0.61002, "40000003"),
        (SECOND, 0.71, None, "40000004"),
    ]
    assert [line.split()[1] for line in done.unmatched] == ["39999998", "39999999", "40000000"]
    assert [line.split()[1] for line in done.without_score] == ["40000001"]
    after = bytes_of(wild)
    own = "scores_2026-01-05_blend.csv"
    assert {name for name in after if after[name] != before.get(name)} == {own}
    assert after[own].startswith(before[own])
    with (wild / "run_logs" / own).open(encoding="utf-8", newline="") as file:
        added = list(csv.DictReader(file))[2:]
    assert [(r["pillar"], r["model"], r["processed_cv"]) for r in added] == [
        ("blend", "siglip=0.6 dino=0.2 mvp=0.1 dinov2=0.1", "")
    ] * 3
    mine = one(wild, FIRST)
    assert (mine.scores["public_score"], mine.scores["private_score"]) == (0.72431, 0.61002)
    assert mine.scores["gap"] == 0.7885 - 0.72431


@pytest.mark.parametrize("name", ["new_client.csv", "new_client.json", "old_client.csv"])
def test_importing_twice_changes_nothing(wild, name):
    assert bring(wild, name).scores
    before = bytes_of(wild)
    again = bring(wild, name)
    assert not again.scores
    assert again.already
    assert bytes_of(wild) == before


def test_the_same_facts_from_another_client_are_known(wild):
    bring(wild, "old_client.csv")
    before = bytes_of(wild)
    assert not bring(wild, "new_client.json").scores
    assert bytes_of(wild) == before


def test_the_newest_by_kaggle_s_own_date_wins_then_the_one_imported_last(wild):
    old, new = f"2026-01-06 08:00:00,{FIRST},0.70,0.60", f"2026-01-07 08:00:00,{FIRST},0.72,"
    export(wild, new)
    export(wild, old)
    assert (one(wild, FIRST).scores["public_score"], one(wild, FIRST).scores["private_score"]) == (0.72, 0.60)
    export(wild, f"2026-01-07 08:00:00,{FIRST},0.73,")  # Kaggle scored the same submission again
    assert one(wild, FIRST).scores["public_score"] == 0.73
    export(wild, old, new)
    assert one(wild, FIRST).scores["public_score"] == 0.73


def test_a_score_by_hand_counts_until_kaggle_tells_of_a_newer_one(wild):
    def by_hand(public):
        return score_run(FIRST[:12], public=public, private=None, logs=wild / "run_logs", now=NOW, spill=wild)

    export(wild, f"2026-01-06 08:00:00,{FIRST},0.70,0.60")
    assert by_hand(0.75).scores
    assert one(wild, FIRST).scores["public_score"] == 0.75
    before = bytes_of(wild)
    assert not by_hand(0.75).scores
    export(wild, f"2026-01-06 08:00:00,{FIRST},0.70,0.60")
    assert bytes_of(wild) == before
    export(wild, f"2026-01-07 08:00:00,{FIRST},0.71,")
    assert (one(wild, FIRST).scores["public_score"], one(wild, FIRST).scores["private_score"]) == (0.71, 0.60)


def test_what_kaggle_says_counts_more_than_what_was_logged_before(tmp_path):
    run_id = log(tmp_path, scores=Scores(public=0.5)).run_id
    export(tmp_path, f"2026-01-06 08:00:00,{run_id},0.70,")
    assert one(tmp_path, run_id).scores["public_score"] == 0.70


def test_an_old_run_s_score_goes_to_a_log_that_can_take_it(wild):
    old = next(r for r in history(wild).runs if r.value("model") == "fold0").run_id
    before = bytes_of(wild)
    score_run(old, public=0.5, private=None, logs=wild / "run_logs", now=NOW, spill=wild)
    assert {name: data for name, data in bytes_of(wild).items() if name in before} == before
    assert "scores_2026-11-23_dino.csv" in bytes_of(wild)
    (mine,) = history(wild).find(old)
    assert (mine.scores["processed_cv"], mine.scores["public_score"]) == (0.701, 0.5)
    assert mine.base.file.name == "scores_2025-12-30_dino.csv"


def test_a_run_of_many_rows_gets_its_score_on_the_submission_s(tmp_path):
    table = tmp_path / "table.csv"
    table.write_text("pillar,model,processed_cv\nsiglip,a,0.7\n", encoding="utf-8")
    run_id = log(tmp_path, submission=blended(tmp_path), table=table).run_id
    export(tmp_path, f"2026-01-06 08:00:00,{run_id},0.70,")
    scores = {r.value("pillar"): r.scores["public_score"] for r in history(tmp_path).find(run_id)}
    assert scores == {"blend": 0.70, "siglip": None}


def test_the_command_puts_data_on_stdout_and_talk_on_stderr(wild):
    done = runs("import-scores", str(CASES / "listings" / "new_client.csv"), cwd=wild)
    assert (
        done.stdout.splitlines()[0]
        == f"{FIRST}  public 0.70001  private 0.60001  -> run_logs/scores_2026-01-05_blend.csv"
    )
    assert done.stderr.count("no match") == 3
    told = json.loads(runs("score", FIRST, "--public", "0.8", "--format", "json", cwd=wild).stdout)
    assert told["imported"][0]["public_score"] == 0.8
    assert "--public" in runs("score", FIRST, cwd=wild, code=2).stderr


def undated(*facts):
    """Give a listing without dates of `ref, run id, public[, private]`."""
    rows = [f"{ref},pbl:{who},{','.join(map(str, (*scores, '')[:2]))}" for ref, who, *scores in facts]
    return "\n".join(["ref,description,publicScore,privateScore", *rows, ""])


def public(folder, run_id=FIRST):
    return one(folder, run_id).scores["public_score"]


@pytest.mark.parametrize("newest_first", [True, False])
@pytest.mark.parametrize("at_once", [True, False])
def test_without_dates_the_greater_ref_is_the_newer(wild, newest_first, at_once):
    facts = sorted([(9, FIRST, 0.55), (10, FIRST, 0.71)], reverse=newest_first)
    for text in [undated(*facts)] if at_once else [undated(fact) for fact in facts]:
        put(wild, text)
    assert public(wild) == 0.71


def test_a_listing_with_a_spreadsheet_s_dates_goes_by_ref_and_adds_nothing_twice(wild):
    text = "\n".join(
        [
            "ref,fileName,date,description,status,publicScore,privateScore",
            f"40000012,s.csv,22/11/2026 09:00,pbl:{FIRST},SubmissionStatus.COMPLETE,0.71,",
            f"40000011,s.csv,03/12/2026 09:00,pbl:{FIRST},SubmissionStatus.COMPLETE,0.55,",
            "",
        ]
    )
    done = put(wild, text)
    assert len(done.scores) == 2
    assert "22/11/2026 09:00" in done.unread[0]
    assert public(wild) == 0.71
    before = bytes_of(wild)
    assert put(wild, text).already == 2
    assert bytes_of(wild) == before


def test_one_ref_is_one_fact_whether_it_is_dated_or_not(wild):
    dated = f"ref,date,description,publicScore\n7,2026-01-06 08:00:00,pbl:{FIRST},0.7\n"
    for first, second in (
        (dated, undated((7, FIRST, 0.7))),
        (undated((8, FIRST, 0.7)), dated.replace("7,2026", "8,2026")),
    ):
        put(wild, first)
        before = bytes_of(wild)
        assert put(wild, second).already == 1
        assert bytes_of(wild) == before


def test_a_ref_as_number_or_text_is_the_same_one(wild):
    for ref in (7, "7", "7.0"):
        put(wild, json.dumps([{"ref": ref, "description": f"pbl:{FIRST}", "publicScore": 0.7}]))
    assert len([fact for fact in history(wild).facts if fact.row.kaggle_ref]) == 1


def test_what_kaggle_s_client_prints_with_chosen_fields_is_a_listing(wild):
    text = json.dumps([{"ref": 7, "description": f"pbl:{FIRST} blend", "publicScore": "0.7"}])
    assert put(wild, f"Using competition: csiro-biomass\n{text}\n").scores[0].public == 0.7


def test_a_ref_that_is_scored_again_has_its_new_score_and_an_old_listing_takes_nothing_back(wild):
    put(wild, undated((7, FIRST, 0.7)))
    put(wild, undated((7, FIRST, 0.8)))
    assert public(wild) == 0.8
    assert put(wild, undated((7, FIRST, 0.7))).already == 1
    assert public(wild) == 0.8


def test_a_private_score_that_arrives_later_is_a_fact_and_its_public_half_is_none(wild):
    put(wild, undated((7, FIRST, 0.7)))
    put(wild, undated((7, FIRST, 0.7, 0.6)))
    assert one(wild, FIRST).scores["private_score"] == 0.6
    assert put(wild, undated((7, FIRST, 0.7))).already == 1
    put(wild, undated((7, SECOND, 0.7, 0.6)))
    assert put(wild, undated((7, SECOND, 0.7))).already == 1
    assert put(wild, undated((7, SECOND, "", 0.6))).already == 1


def test_what_is_dated_is_never_beaten_by_what_is_not(wild):
    export(wild, f"2026-01-06 08:00:00,{FIRST},0.70,")
    put(wild, undated((99, FIRST, 0.9), (10**17, FIRST, 0.91)))
    assert public(wild) == 0.70
    put(wild, undated((98, SECOND, 0.9)))
    export(wild, f"2026-01-06 08:00:00,{SECOND},0.70,")
    assert public(wild, SECOND) == 0.70


def test_a_score_with_neither_ref_nor_date_is_taken_if_it_is_the_only_one(wild):
    export(wild, f"22/11/2026,{FIRST},0.7,")
    assert public(wild) == 0.7
    done = export(wild, f"23/11/2026,{FIRST},0.8,", f"23/11/2026,{SECOND},0.6,", f"24/11/2026,{SECOND},0.5,")
    assert not done.scores
    assert f"newest score of run {FIRST}; if it is: pbl runs score {FIRST} --public 0.8" in "".join(done.unread)
    assert len([line for line in done.unread if SECOND in line]) == 2
    assert public(wild, SECOND) is None


def test_an_error_page_is_called_what_it_is_not_however_long_its_lines(wild):
    page = f"<html>\n<script>{'x' * 200_000}</script>\n"
    told = runs("import-scores", "-", cwd=wild, feed=page, code=2).stderr
    assert "is no list of submissions: it begins with '<html>" in told


def test_where_a_score_matches_no_run_the_way_by_hand_is_named(wild):
    told = runs("import-scores", "-", cwd=wild, feed=undated((7, "nobody", 0.7))).stderr
    assert "no match submission 7" in told
    assert "pbl runs score ID" in told
    assert "pbl runs score" not in runs("import-scores", "-", cwd=wild, feed=undated((7, FIRST, 0.7))).stderr
    assert (
        "lacks the column publicScore" in runs("import-scores", "-", cwd=wild, feed="ref,description\n", code=2).stderr
    )
    assert "no such file" in runs("import-scores", "none.csv", cwd=wild, code=2).stderr
    assert "nothing was imported" in runs("import-scores", "-", cwd=wild, feed="").stderr


def test_a_run_is_scored_by_its_label_or_as_the_last_one(wild):
    told = json.loads(runs("score", "last", "--public", "0.8", "--format", "json", cwd=wild).stdout)
    assert told["imported"][0]["run_id"] == SECOND
