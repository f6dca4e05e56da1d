"""The command line as a user's shell and scripts see it; what a process of its own can show, one shows."""

import json
import re

import pytest
from support.hostile import write_hostile_files
from support.making import FOUR, agree, command, four, process, read, tree, write

import pbl

pytestmark = pytest.mark.usefixtures("here")

COMMANDS = ("validate", "blend", "init", "log-run", "runs", "pack", "notebook")


class TestTheLongStandingCommandLine:
    WORDS = "--siglip A --dino B --mvp C --dinov2 D --weights 0.6 0.2 0.1 0.1 --clip-min 0 --output submission.csv"

    @pytest.mark.parametrize("template", [True, False])
    def test_works_word_for_word_on_files_in_four_row_orders(self, here, template):
        made = four(here / "p", 60, template=template)
        for letter, path in zip("ABCD", made.paths.values(), strict=True):
            path.rename(here / letter)
        more = ["--template", "p/sample_submission.csv"] if template else []
        done = process("blend", *self.WORDS.split(), *more, folder=here)
        assert (done.code, done.out) == (0, "")
        header, rows = read(here / "submission.csv")
        assert header == ("sample_id", "target")
        assert agree(rows, made.expected((0.6, 0.2, 0.1, 0.1), low=0))
        order = made.order if template else [row[0] for row in read(here / "A")[1]]
        assert [row[0] for row in rows] == order
        for name, share in zip(FOUR, ("0.6000", "0.2000", "0.1000", "0.1000"), strict=True):
            assert re.search(rf"^{name} .*{share}", done.talk, re.MULTILINE)
        assert "rows     60" in done.talk
        assert (here / "submission.recipe.json").exists()

    def test_lets_the_weights_stand_anywhere(self, here):
        four(here / "p", 10)
        for n, words in enumerate(
            (
                ["--weights", "3", "2", "1", "1", "p"],
                ["p", "--weights=3,2,1", "--weights=1"],
                ["p", "--weights", "3,", "2,1", "1", "--clip-min", "-1000"],
                ["-w", "3", "2", "1", "1", "--", "p"],
            )
        ):
            assert command("blend", "-o", f"{n}.csv", *words).code == 0, words
        assert len({(here / f"{n}.csv").read_bytes() for n in range(4)}) == 1

    def test_says_what_to_write_where_weights_were_taken_for_files(self, here):
        four(here / "p", 10)
        done = command("blend", "p", "0.6", "0.4")
        assert done.code == 2
        assert "--weights=" in done.talk


class TestStreamsAndExitCodes:
    def test_clean_files_are_0_findings_1_and_what_could_not_be_done_2(self, here):
        four(here / "p", 10)
        assert process("validate", "p", folder=here).code == 0
        write(here / "p" / "extra.csv", [("x", "nan")])
        done = process("validate", "p", folder=here)
        assert done.code == 1
        assert "PBL503" in done.out
        assert done.talk == ""
        done = process("validate", "q", folder=here)
        assert (done.code, done.out) == (2, "")
        assert done.talk == "pbl validate: q: no such file\n"

    def test_blend_s_findings_are_talk_and_nothing_is_on_stdout(self, here):
        write("a.csv", [("x", "nan")])
        done = process("blend", "a.csv", folder=here)
        assert (done.code, done.out) == (1, "")
        assert "PBL503 nan" in done.talk
        assert "row 2" in done.talk
        assert "nothing was written" in done.talk

    def test_a_submission_can_be_piped(self, here):
        write("a.csv", {"x": 1.5})
        done = process("blend", "a.csv", "--output", "-", folder=here)
        assert (done.code, done.data) == (0, b"sample_id,target\nx,1.5\n")
        assert "sha256" in done.talk

    @pytest.mark.parametrize(
        ("words", "code"),
        [
            (["validate", "good.csv"], 0),
            (["validate", "bad.csv"], 1),
            (["validate", "gone.csv"], 2),
            (["validate"], 2),
            (["validate", "empty"], 2),
            (["validate", "good.csv", "--select", "nothing"], 2),
            (["validate", "good.csv", "--max-examples", "x"], 2),
            (["validate", "good.csv", "--no-such-flag"], 2),
            (["validate", "good.csv", "--template"], 2),
            (["validate", "good.csv", "--failures", "good.csv"], 2),
            (["blend", "good.csv"], 0),
            (["blend", "bad.csv"], 1),
            (["blend", "gone.csv"], 2),
            (["blend", "good.csv", "-w", "nan"], 2),
            (["blend", "good.csv", "--output", "no/such/place.csv"], 2),
            (["blend", "good.csv", "--output", "-"], 2),
            (["blend", "good.csv", "--no-such-flag"], 2),
            (["blend", "--recipe", "gone.json"], 2),
        ],
    )
    def test_with_json_stdout_is_one_object_and_nothing_else_on_failure_too(self, here, words, code):
        (here / "empty").mkdir()
        write("good.csv", {"x": 1.0})
        write("bad.csv", [("x", "nan")])
        for how in (["--format", "json"], ["--format=json"]):
            done = command(words[0], *how, *words[1:])
            assert done.code == code
            table = json.loads(done.out)
            assert (table["schema_version"], table["command"]) == (1, words[0])
            assert table["ok"] is (code == 0)
            if code == 1:
                assert [f["code"] for f in table["findings"]] == ["PBL503"]
            if code == 2:
                assert table["error"]
                assert done.talk
            (here / "submission.csv").unlink(missing_ok=True)

    def test_json_is_one_object_in_a_process_of_its_own_too(self, here):
        write("bad.csv", [("x", "nan")])
        done = process("validate", "bad.csv", "--format", "json", folder=here)
        assert done.code == 1
        assert json.loads(done.data)["findings"][0]["code"] == "PBL503"
        assert done.talk == ""
        done = process("blend", "bad.csv", "--threads", "x", "--format", "json", folder=here)
        assert done.code == 2
        assert "--threads" in json.loads(done.data)["error"]

    def test_no_failure_a_user_can_cause_shows_a_traceback(self, here):
        write_hostile_files(here)
        for words in (
            ["validate", "bad"],
            ["blend", "bad"],
            ["blend", "bad", "-w", "1"],
            ["init", "bad"],
            ["validate", "\udcff"],
        ):
            done = command(*words)
            assert done.code in {0, 1, 2}
            assert "Traceback" not in done.talk


class TestTheProgramItself:
    def test_tells_its_version(self):
        done = process("--version")
        assert (done.code, done.out, done.talk) == (0, f"pbl {pbl.__version__}\n", "")

    @pytest.mark.parametrize("name", COMMANDS)
    def test_each_command_s_help_ends_with_examples(self, name):
        done = command(name, "--help")
        assert done.code == 0
        _, _, examples = done.out.partition("Examples:\n")
        lines = examples.strip("\n").splitlines()
        assert lines
        assert all(f"pbl {name}" in line for line in lines)
        assert command(name, "-h").out == done.out

    def test_help_names_every_command(self):
        out = command("--help").out
        assert all(name in out for name in COMMANDS)

    def test_an_unknown_command_is_exit_2_and_said_on_stderr(self):
        done = command("blnd")
        assert (done.code, done.out) == (2, "")
        assert "blnd" in done.talk

    def test_no_command_shows_the_help(self):
        done = command()
        assert "validate" in done.out + done.talk
        assert done.code in {0, 2}

    @pytest.mark.parametrize(
        ("shell", "words", "wanted"),
        [
            ("bash", "pbl bl", "blend"),
            ("bash", "pbl blend --clip", "--clip-min"),
            ("zsh", "pbl val", "validate"),
            ("fish", "pbl val", "validate"),
        ],
    )
    def test_shells_complete_commands_and_flags(self, shell, words, wanted):
        env = {
            "_PBL_COMPLETE": f"complete_{shell}",
            "COMP_WORDS": words,
            "COMP_CWORD": str(len(words.split()) - 1),
            "_TYPER_COMPLETE_ARGS": words,
            "_TYPER_COMPLETE_FISH_ACTION": "get-args",
        }
        done = process(env=env)
        assert wanted in done.out

    def test_a_file_that_looks_like_a_flag_can_be_named(self, here):
        write(here / "--x.csv", {"x": 1.0})
        assert command("validate", "--", "--x.csv").code == 0
        assert command("validate", "./--x.csv").code == 0


def test_reading_leaves_no_trace(here):
    four(here / "p", 10)
    before = tree(here)
    for words in (
        ["validate", "p"],
        ["blend", "p", "-o", "-"],
        ["--version"],
        ["blend", "--help"],
        ["validate", "gone"],
    ):
        command(*words)
    assert tree(here) == before
