import json
import sys

import pytest

from emospot.cli.console import (
    fail,
    harmless,
    note,
    one_line,
    progress,
    say,
    say_json,
    table,
    told,
)
from emospot.errors import ConfigError, MissingExtraError


def test_fail_prints_one_line_and_ends(capsys):
    with pytest.raises(SystemExit) as ended:
        fail("first\n  second", 3)
    assert ended.value.code == 3
    assert capsys.readouterr().err == "emospot: first second\n"


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ConfigError('unknown key "x"'), ('unknown key "x"', 2)),
        (
            MissingExtraError("face features", "face"),
            ("face features need the extra [face]: pip install 'emospot[face]'", 1),
        ),
        (
            OSError(28, "No space left on device"),
            ("No space left on device (run again with --debug to see where)", 1),
        ),
        (
            OSError("odd"),
            ("unexpected OSError: odd (run again with --debug for the traceback)", 1),
        ),
    ],
)
def test_errors_as_they_are_told(error, expected):
    assert told(error) == expected


def test_a_long_unexpected_error_is_cut():
    message, _ = told(RuntimeError("x" * 5000))
    assert len(message) < 400


def test_one_line():
    assert one_line(" a\n\tb ") == "a b"


EVIL = "a\x1b]0;title\x07b\x1b[2J\x9b31m\x00\x08\r\x7f\u202ec\u2066d\ufeff\u200b\U000e0041"
PLAIN = "a]0;titleb[2J31mcd"


def test_what_others_wrote_does_not_steer_the_terminal(capsys):
    say(EVIL)
    note(EVIL)
    assert capsys.readouterr() == (PLAIN + "\n", PLAIN + "\n")
    table(EVIL, [EVIL], [[EVIL]])
    out = capsys.readouterr().out
    assert not set(EVIL) - set(PLAIN) & set(out)
    assert out.count(PLAIN) == 3
    with pytest.raises(SystemExit):
        fail(EVIL, 1)
    assert capsys.readouterr().err == "emospot: a]0;titleb[2J31m cd\n"


@pytest.mark.parametrize(
    "text",
    ["", "two\n\tlines", "Zoë – “so”", "می\u200cخواهم", "\U0001f468\u200d\U0001f469", "שלום"],
)
def test_what_is_read_stays(text):
    assert harmless(text) == text


def test_json_keeps_letters(capsys):
    say_json({"name": "Zoë"})
    out = capsys.readouterr().out
    assert "Zoë" in out
    assert json.loads(out) == {"name": "Zoë"}
    # Machines get every character, the mark of direction too.
    say_json({"a": "\u200fש", "b": 1}, indent=None)
    assert capsys.readouterr().out == '{"a": "\u200fש", "b": 1}\n'


def test_a_table_shows_foreign_text_as_it_is(capsys):
    table("seeds", ["name", "value"], [["[bold]x", "1"]])
    out = capsys.readouterr().out
    assert "seeds" in out
    assert "[bold]x" in out


def test_progress_goes_to_stderr(capsys):
    with progress() as bar:
        bar.update(bar.add_task("work", total=2), completed=1)
    assert capsys.readouterr().out == ""
    with progress(quiet=True) as bar:
        bar.add_task("work", total=1)
    assert capsys.readouterr() == ("", "")


def test_progress_does_not_pile_up_in_a_notebook(capsys, monkeypatch):
    # Jupyter sets it, and what is written there does not overwrite what came before.
    monkeypatch.setenv("FORCE_COLOR", "1")
    with progress() as bar:
        task = bar.add_task("work", total=9)
        for done in range(9):
            bar.update(task, completed=done)
            bar.refresh()
    assert capsys.readouterr() == ("", "")


def test_progress_is_shown_in_a_terminal(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("FORCE_COLOR", "1")
    with progress() as bar:
        bar.update(bar.add_task("the work", total=2), completed=1)
        bar.refresh()
    out, err = capsys.readouterr()
    assert out == ""
    assert "the work" in err
