import re
from pathlib import Path

import pytest

from pbl.domain.contract import Contract
from pbl.domain.errors import ContractError, InputError
from pbl.domain.settings import Entry, MetricSettings, Settings
from pbl.domain.values import NUMBER
from pbl.project.pbl_toml import read_settings


def settings(folder, text):
    path = folder / "pbl.toml"
    path.write_text(text, encoding="utf-8")
    return read_settings(path)


def refusal(folder, text):
    """Say why a pbl.toml is refused; the message begins with the file."""
    with pytest.raises(ContractError) as caught:
        settings(folder, text)
    message = str(caught.value)
    assert message.startswith(f"{folder / 'pbl.toml'}: ")
    assert "\n" not in message
    return message


def test_an_empty_file_means_the_defaults(tmp_path):
    assert settings(tmp_path, "") == Settings(path=tmp_path / "pbl.toml")
    assert Contract().columns == ("sample_id", "target")


def test_every_key_is_read_and_its_paths_are_relative_to_the_file(tmp_path):
    text = """
    [contract]
    id = "image"
    targets = ["green", "dead"]
    id_pattern = "ID[0-9]+"
    id_separator = "/"
    min = -1
    max = 500.0
    template = "sample.csv"

    [pillars.siglip]
    file = "submission_siglip.csv"
    weight = 0.6
    oof = "oof/siglip.csv"

    [pillars."my model"]
    file = "/elsewhere/model.csv"

    [blend]
    clip_min = 0
    clip_max = 300
    output = "out/submission.csv"
    method = "rank"
    negative = true

    [metric]
    name = "weighted-r2"
    greater_is_better = true
    weights = { green = 1, "dead" = 0.5 }
    average = "targets"
    truth = "../train.csv"
    groups = ["State", "Date"]
    label = "kind"
    columns = ["w"]
    """
    assert settings(tmp_path, text) == Settings(
        path=tmp_path / "pbl.toml",
        contract=Contract(id="image", targets=("green", "dead"), id_pattern="ID[0-9]+", min=-1.0, max=500.0),
        template=tmp_path / "sample.csv",
        pillars=(
            Entry(
                name="siglip",
                files=(tmp_path / "submission_siglip.csv",),
                weight=0.6,
                oof=(tmp_path / "oof" / "siglip.csv",),
            ),
            Entry(name="my model", files=(Path("/elsewhere/model.csv"),)),
        ),
        clip_min=0.0,
        clip_max=300.0,
        output=tmp_path / "out" / "submission.csv",
        method="rank",
        negative=True,
        id_separator="/",
        metric=MetricSettings(
            name="weighted-r2",
            greater_is_better=True,
            weights={"green": 1.0, "dead": 0.5},
            average="targets",
            truth=tmp_path / ".." / "train.csv",
            groups=("State", "Date"),
            label="kind",
            columns=("w",),
        ),
    )


@pytest.mark.parametrize(
    ("text", "key", "near"),
    [
        ("[pilars.a]\nfile = 'a.csv'", "pilars", "pillars"),
        ("[contract]\ntarget = ['a']", "contract.target", "targets"),
        ("[contract]\nid_patern = 'a'", "contract.id_patern", "id_pattern"),
        ("[pillars.a]\nfile = 'a.csv'\nwieght = 1", "pillars.a.wieght", "weight"),
        ("[blend]\nclipmin = 0", "blend.clipmin", "clip_min"),
        ("[metric]\nlabels = 'kind'", "metric.labels", "label"),
        ("Contract = 1", "Contract", "contract"),
    ],
)
def test_an_unknown_key_is_named_with_the_nearest_known_one(tmp_path, text, key, near):
    message = refusal(tmp_path, text)
    assert f": {key} is not known" in message
    assert f"did you mean {near!r}?" in message


def test_a_key_that_is_like_none_is_answered_with_all_that_are_known(tmp_path):
    assert "known here: clip_min, clip_max, output" in refusal(tmp_path, "[blend]\nzzz = 1")


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("contract = 1", "contract"),
        ("pillars = []", "pillars"),
        ("blend = 'x'", "blend"),
        ("[contract]\nid = 1", "contract.id"),
        ("[contract]\nid = ''", "contract.id"),
        ('[contract]\nid = "a\\nb"', "contract.id"),
        ("[contract]\ntargets = 'target'", "contract.targets"),
        ("[contract]\ntargets = []", "contract.targets"),
        ("[contract]\ntargets = ['']", "contract.targets"),
        ("[contract]\ntargets = [1]", "contract.targets"),
        ("[contract]\ntargets = ['a', 'a']", "contract.targets"),
        ("[contract]\ntargets = ['a', 'A']", "contract.targets"),
        ("[contract]\ntargets = ['sample_id']", "contract.targets"),
        ("[contract]\nmin = '0'", "contract.min"),
        ("[contract]\nmin = true", "contract.min"),
        ("[contract]\nmin = nan", "contract.min"),
        ("[contract]\nmax = inf", "contract.max"),
        ("[contract]\nmax = -inf", "contract.max"),
        (f"[contract]\nmax = 1{'0' * 400}", "contract.max"),
        ("[contract]\nmin = 2\nmax = 1", "contract.min"),
        ("[contract]\ntemplate = ['a']", "contract.template"),
        ("[contract]\nid_pattern = 1", "contract.id_pattern"),
        ("[blend]\nmethod = 'avg'", "blend.method"),
        ("[blend]\nmethod = ''", "blend.method"),
        ("[pillars]\na = 'a.csv'", "pillars.a"),
        ("[pillars.a]\nweight = 1", "pillars.a.file"),
        ("[pillars.a]\nfile = 1", "pillars.a.file"),
        ("[pillars.a]\nfile = ''", "pillars.a.file"),
        ("[pillars.a]\nfile = 'a.csv'\nweight = -0.1", "pillars.a.weight"),
        ("[pillars.a]\nfile = 'a.csv'\nweight = nan", "pillars.a.weight"),
        ("[pillars.a]\nfile = 'a.csv'\nweight = '1'", "pillars.a.weight"),
        ("[pillars.a]\nfile = 'a.csv'\nweight = true", "pillars.a.weight"),
        ("[pillars.a]\nfile = 'a.csv'\noof = 1", "pillars.a.oof"),
        ("[pillars.'']\nfile = 'a.csv'", "pillars.''"),
        ("[blend]\nclip_min = 'low'", "blend.clip_min"),
        ("[blend]\nclip_max = nan", "blend.clip_max"),
        ("[blend]\nclip_min = 1\nclip_max = 0", "blend.clip_min"),
        ("[blend]\noutput = 1", "blend.output"),
        ("[blend]\nnegative = 1", "blend.negative"),
        ("[contract]\nid_separator = 1", "contract.id_separator"),
        ("metric = 'r2'", "metric"),
        ("[metric]\naverage = 'folds'", "metric.average"),
        ("[metric]\ngreater_is_better = 'yes'", "metric.greater_is_better"),
        ("[metric]\nweights = [1]", "metric.weights"),
        ("[metric]\nweights = { a = 0 }", "metric.weights.a"),
        ("[metric]\nweights = { a = 'x' }", "metric.weights.a"),
        ("[metric]\ngroups = 'State'", "metric.groups"),
        ("[metric]\ncolumns = [1]", "metric.columns"),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused_by_its_key(tmp_path, text, key):
    assert f": {key} " in refusal(tmp_path, text)


@pytest.mark.parametrize("pattern", ["ID(", "[a", "*", "a{2,1}", "(?P<n>a", "\\"])
def test_a_pattern_that_is_no_regular_expression_is_refused(tmp_path, pattern):
    assert "contract.id_pattern is no regular expression" in refusal(tmp_path, f"[contract]\nid_pattern = '{pattern}'")


@pytest.mark.parametrize(
    "pattern", ["(?=ID)ID1", "(?!x)ID1", "(?<=I)D", "(?<!I)D", r"(a)\1", "(?P<x>a)(?P=x)", "a++", "(?>a)b"]
)
def test_a_pattern_that_the_engines_read_otherwise_is_refused(tmp_path, pattern):
    assert "not supported" in refusal(tmp_path, f"[contract]\nid_pattern = '{pattern}'")


@pytest.mark.parametrize(
    "pattern", [r"ID[0-9]+__[A-Za-z_]+", r"a|b", r"(?:a|b)c{2,3}", r"\(\?=", r"é+", r"\\1", r"(?i)id"]
)
def test_a_pattern_that_all_engines_read_alike_is_taken(tmp_path, pattern):
    assert settings(tmp_path, f"[contract]\nid_pattern = '{pattern}'").contract.id_pattern == pattern


@pytest.mark.parametrize("data", [b"[contract", b"a = 1\na = 2", b"\xff\xfe", b"x = \0"])
def test_what_is_not_toml_is_refused_with_the_file_and_the_place(tmp_path, data):
    path = tmp_path / "pbl.toml"
    path.write_bytes(data)
    with pytest.raises(ContractError, match="not valid TOML") as caught:
        read_settings(path)
    assert str(path) in str(caught.value)


def test_a_folder_of_that_name_is_told_and_no_traceback(tmp_path):
    (tmp_path / "pbl.toml").mkdir()
    with pytest.raises(InputError, match="cannot be read"):
        read_settings(tmp_path / "pbl.toml")


@pytest.mark.parametrize(
    "text", ["0", "-0", "+1", "00012", "1.", ".5", "-.5", "1.50", "1e5", "1E-7", "1.e+10", ".1e01"]
)
def test_a_decimal_number_is_one(text):
    assert re.fullmatch(NUMBER, text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " 1",
        "1 ",
        "1\n",
        ".",
        "+",
        "e5",
        ".e5",
        "1e",
        "1e+",
        "1_000",
        "0x10",
        "1,5",
        "nan",
        "inf",
        "1.2.3",
        "--1",
        "\u0661",
        "\uff11",
        "1d5",
        "\u22121",
        "1f",
    ],
)
def test_what_python_or_a_spreadsheet_would_take_besides_is_none(text):
    assert not re.fullmatch(NUMBER, text)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('fitted = "p.npz"', "pillars.p.images is missing; fitted and images go together"),
        ('file = "p.csv"\nimages = "test"', "pillars.p.fitted is missing; fitted and images go together"),
        ('fitted = "p.npz"\nimages = "../test"', "pillars.p.images must be a folder within the competition's"),
        ('fitted = "p.npz"\nimages = "/kaggle/input"', "pillars.p.images must be a folder within the competition's"),
    ],
)
def test_a_fitted_pillar_names_its_images(text, told, tmp_path):
    with pytest.raises(ContractError, match=re.escape(told)):
        settings(tmp_path, f"[pillars.p]\n{text}\n")


def test_a_fitted_pillar_has_its_usual_file(tmp_path):
    [entry] = settings(tmp_path, '[pillars.p]\nfitted = "p.npz"\nimages = "test"\n').pillars
    assert (entry.files, entry.fitted) == ((tmp_path / "submission_p.csv",), tmp_path / "p.npz")
