import pytest
from support.hostile import HOSTILE, is_harmless
from support.making import command, write

pytestmark = pytest.mark.usefixtures("here")


def test_hostile_text_does_not_reach_the_terminal_from_a_blend_or_its_refusal():
    nasty = HOSTILE.replace("\x00", "")
    write(f"a{nasty}.csv", {"x": -1.0})
    for words in (
        [],
        ["-w", nasty],
        ["-w", f"{nasty}=1"],
        ["--clip-min", nasty],
        ["-o", f"no{nasty}/x.csv"],
        ["--clip-min", "0"],
    ):
        done = command("blend", f"a{nasty}.csv", *words, "--force")
        assert is_harmless(done.talk), words
        assert done.out == ""
    for words in (["validate", nasty], ["init", nasty], ["blend", "--recipe", nasty]):
        done = command(*words)
        assert done.code == 2
        assert is_harmless(done.talk), words


def test_hostile_text_does_not_reach_the_terminal_from_pbl_toml(here):
    write("a.csv", {"x": 1.0})
    for text in (
        '[contract]\n"\\u001b[2J" = 1',
        '[contract]\nid = "\\u001b[2J"',
        '[pillars."\\u001b[2J"]\nfile = "a.csv"',
    ):
        (here / "pbl.toml").write_text(text)
        done = command("validate", "--fail-on", "warning")
        assert is_harmless(done.out + done.talk)
