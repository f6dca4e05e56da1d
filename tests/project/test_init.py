import tomllib

import polars as pl
import pytest
from support.making import FOUR, command, four, ids, predictions, process, tree, write

from pbl.domain.errors import OutputError, UsageError
from pbl.project.init import init
from pbl.project.pbl_toml import read_settings

pytestmark = pytest.mark.usefixtures("here")


def test_a_folder_s_pillars_weights_and_template_are_written_so_that_pbl_reads_them(here):
    four(here / "p", 10)
    write(here / "p" / "oof_dino.csv", {"x": 1.0})
    path, selection = init(here / "p")
    assert path == here / "p" / "pbl.toml"
    assert selection.names == FOUR
    settings = read_settings(path)
    assert [(e.name, e.files[0].name, e.weight) for e in settings.pillars] == [
        (name, f"submission_{name}.csv", weight) for name, weight in zip(FOUR, (0.6, 0.2, 0.1, 0.1), strict=True)
    ]
    assert [e.oof[0].name if e.oof else None for e in settings.pillars] == [None, "oof_dino.csv", None, None]
    assert settings.template == here / "p" / "sample_submission.csv"
    assert (settings.clip_min, settings.clip_max, settings.output) == (None, None, None)


def test_blending_with_it_and_without_it_gives_the_same_bytes(here):
    four(here / "p", 10)
    assert command("blend", "p", "-o", "before.csv").code == 0
    assert command("init", "p").code == 0
    assert command("validate", "p").code == 0
    assert command("blend", "p", "-o", "after.csv").code == 0
    assert (here / "before.csv").read_bytes() == (here / "after.csv").read_bytes()


def test_it_is_commented_and_names_every_key_there_is(here):
    write(here / "a.csv", {"x": 1.0})
    text = init(here)[0].read_text()
    assert text.startswith("# ")
    for key in ("id", "targets", "id_pattern", "min", "max", "template", "file", "weight", "oof", "clip_min", "output"):
        assert f"{key} = " in text
    uncommented = "\n".join(line.removeprefix("# ") for line in text.splitlines()[2:])
    assert set(tomllib.loads(uncommented)) == {"contract", "pillars", "blend"}


def test_an_existing_one_is_never_replaced(here):
    write(here / "a.csv", {"x": 1.0})
    for make in ((here / "pbl.toml").touch, lambda: (here / "pbl.toml").symlink_to("nowhere")):
        make()
        before = tree(here)
        with pytest.raises(OutputError, match="never replaces"):
            init(here)
        assert command("init").code == 2
        assert tree(here) == before
        (here / "pbl.toml").unlink()


def test_a_folder_without_prediction_files_gets_none(here):
    with pytest.raises(UsageError, match="no prediction file"):
        init(here)
    assert command("init").code == 2
    assert command("init", "nowhere").code == 2
    assert list(here.iterdir()) == []


def test_columns_are_taken_from_the_first_header_that_has_some(here):
    (here / "a.csv").write_text("rubbish")
    rows = {name: (float(n), 2.0) for n, name in enumerate(ids(3))}
    write(here / "b.csv", rows, ("image", "green", '"dead, dry"'))
    contract = read_settings(init(here)[0]).contract
    assert contract.columns == ("image", "green", "dead, dry")


def test_a_header_that_differs_by_case_gets_a_contract_that_fits(here):
    write(here / "a.csv", predictions(ids(3), 1), ("Sample_ID", "Target"))
    init(here)
    assert command("validate").code == 0


def features(columns=20):
    return pl.DataFrame({"id": ["a", "b"]} | {f"f{n}": [1.5, 2.5] for n in range(columns)})


def test_files_without_the_template_s_columns_are_set_aside_and_not_written(here):
    write(here / "sample_submission.csv", {"a": 0.0, "b": 0.0}, ("id", "price"))
    write(here / "train.csv", {"c": 1.0}, ("id", "price"))
    features().write_parquet(here / "feat.parquet")
    features().write_csv(here / "feat.csv")
    before = tree(here)
    done = command("init")
    assert done.code == 2
    assert "feat.csv (it has no column price), feat.parquet (it has no column price)" in done.talk
    assert tree(here) == before
    write(here / "sites.csv", {"x.png": 1.0}, ("image", "site"))  # two columns, as the template has, and none of its
    for name, header in (("lgb", ("id", "price")), ("xgb", ("ID", "Price")), ("wide", ("id", "price", "note"))):
        write(here / f"{name}.csv", dict.fromkeys("ab", (1.0,) * (len(header) - 1)), header)
    (here / "zip.csv").write_bytes(b"PK\3\4")
    done = command("init")
    aside = (f"{name} (it has no column price)" for name in ("feat.csv", "feat.parquet", "sites.csv"))
    assert f"set aside {', '.join(aside)}, train.csv" in done.talk
    assert [entry.name for entry in read_settings(here / "pbl.toml").pillars] == ["lgb", "wide", "xgb", "zip"]


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("submission_dino.csv", ["sample_id,prediction,fold", "a,3,0", "b,4,1"]),
        ("Submission_x.csv", ["sample_id,prediction,fold", "a,3,0", "b,4,1"]),
        ("dino.csv", ["sample_id,prediction", "a,3", "b,4"]),  # as many columns as the template, so it need not say it
        ("indexed.csv", [",sample_id,prediction", "0,a,3", "1,b,4"]),
    ],
)
def test_predictions_under_another_column_s_name_are_a_pillar_that_validate_explains(here, name, lines):
    write(here / "sample_submission.csv", {"a": 0.0, "b": 0.0})
    write(here / "submission_siglip.csv", {"a": 1.0, "b": 2.0})
    (here / name).write_text("".join(f"{line}\n" for line in lines))
    assert command("init").code == 0
    assert len(read_settings(here / "pbl.toml").pillars) == 2
    for words in (("validate",), ("blend",)):
        done = command(*words)
        assert (done.code, "PBL201" in done.out + done.talk) == (1, True)


def test_a_file_with_some_of_the_template_s_columns_is_a_pillar(here):
    write(here / "sample_submission.csv", dict.fromkeys("ab", (0.0, 0.0)), ("id", "low", "high"))
    write(here / "half.csv", {"a": 1.0, "b": 2.0}, ("id", "low"))
    write(here / "other.csv", {"a": 1.0, "b": 2.0}, ("id", "fold"))
    path, selection = init(here)
    assert [entry.name for entry in read_settings(path).pillars] == ["half"]
    assert selection.set_aside == ("other.csv (it has no column low, high)",)


def test_folds_and_versions_of_one_model_are_told_and_commented(here):
    for seed, name in enumerate(("lgbm_fold0", "lgbm_fold1", "lgbm_fold2", "cat", "cat_v2", "xgb")):
        write(here / f"{name}.csv", predictions(ids(5), seed))
    done = command("init")
    folds = "lgbm_fold0, lgbm_fold1, lgbm_fold2 differ in the number of a fold or seed only, and each counts as a model"
    files = 'files = ["lgbm_fold0.csv", "lgbm_fold1.csv", "lgbm_fold2.csv"]'
    versions = "cat, cat_v2 differ in a version only, and each counts as a model"
    text = (here / "pbl.toml").read_text()
    assert [line.partition(";")[0] for line in done.talk.splitlines() if line.startswith("note")] == [
        f"note     {folds}",
        f"note     {versions}",
    ]
    for said in (folds, files, versions):
        assert said in done.talk
        assert said in text
    advised = text[: text.index("# lgbm_fold0")] + f"[pillars.lgbm]\n{files}\n" + text[text.index("[pillars.xgb]") :]
    (here / "pbl.toml").write_text(advised)
    assert command("validate").code == 0
    assert [entry.name for entry in read_settings(here / "pbl.toml").pillars] == ["cat", "cat_v2", "lgbm", "xgb"]


@pytest.mark.parametrize("name", ['say "hi"', "a.b", "ünï", "back\\slash", "a b", "a\tb", "#x", "\x7f", "[x]", "'"])
def test_strange_names_are_written_so_that_they_read_back(here, name):
    write(here / f"{name}.csv", {"x": 1.0})
    settings = read_settings(init(here)[0])
    assert [(e.name, e.files[0].name) for e in settings.pillars] == [(name, f"{name}.csv")]


def test_says_what_it_wrote_on_stderr(here):
    four(here / "p", 5)
    done = process("init", "p", folder=here)
    assert (done.code, done.out) == (0, "")
    assert "pbl.toml" in done.talk
    assert all(name in done.talk for name in FOUR)
    assert sorted(p.name for p in (here / "p").iterdir() if p.suffix == ".toml") == ["pbl.toml"]
