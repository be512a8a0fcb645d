import os
import signal
import subprocess
import sys

import pytest

import emospot as package
from emospot.analysis import models as model_files
from emospot.cli import main
from emospot.errors import ModelError


def test_version(emospot):
    assert emospot("--version").out == f"emospot {package.__version__}\n"


@pytest.mark.parametrize(
    "command",
    [
        (),
        ("analyze",),
        ("bench", "analyze"),
        ("corpus", "describe"),
        ("corpus", "import", "table"),
        ("demo",),
        ("evaluate",),
        ("models",),
        ("models", "add"),
        ("models", "remove"),
        ("models", "show"),
        ("train",),
    ],
)
def test_every_command_has_help_with_an_example(emospot, command):
    ran = emospot(*command, "--help")
    assert ran.status == 0
    assert "Example: emospot" in " ".join(ran.out.split())


@pytest.mark.parametrize("arguments", [("nothing",), ("analyze",), ("analyze", "x.srt", "--nope")])
def test_wrong_use_is_status_2(emospot, arguments):
    ran = emospot(*arguments)
    assert (ran.status, ran.out) == (2, "")
    assert "Usage: emospot" in ran.err


def failing(error):
    def fail():
        raise error

    return fail


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ModelError("a model\nis missing"), "emospot: a model is missing"),
        (PermissionError(13, "Permission denied", "x.json"), "emospot: x.json: Permission denied"),
        (
            ZeroDivisionError("division by zero"),
            "emospot: unexpected ZeroDivisionError: division by zero "
            "(run again with --debug for the traceback)",
        ),
    ],
)
def test_any_failure_is_one_line(emospot, monkeypatch, error, line):
    monkeypatch.setattr(model_files, "known_models", failing(error))
    ran = emospot("models")
    assert (ran.status, ran.out, ran.err) == (1, "", f"{line}\n")


@pytest.mark.parametrize("arguments", [["--debug", "models"], ["models", "--debug"]])
def test_debug_gives_the_traceback_wherever_it_stands(monkeypatch, arguments):
    monkeypatch.setattr(model_files, "known_models", failing(ModelError("gone")))
    monkeypatch.setattr(sys, "argv", ["emospot", *arguments])
    with pytest.raises(ModelError, match="gone"):
        main.run()


def test_stopping_is_told_and_is_status_130(emospot, monkeypatch):
    monkeypatch.setattr(model_files, "known_models", failing(KeyboardInterrupt()))
    ran = emospot("models")
    assert (ran.status, ran.error_lines) == (130, ["emospot: stopped; what was finished is kept"])


def start(program: str, **environment: str) -> subprocess.Popen:
    """`emospot models` in a process of its own; `program` replaces what it lists."""
    code = (
        # What a shell starts in the background ignores Ctrl+C, and so do its children.
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "import sys, time; import emospot.analysis.models as models\n"
        "from emospot.cli.console import say; from emospot.cli.main import run\n"
        f"{program}\n"
        "models.known_models = cards; sys.argv = ['emospot', 'models']; run()"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_terminal_without_the_letters_costs_nothing():
    process = start("def cards(): say('ZOË'); return {}", PYTHONIOENCODING="ascii")
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (0, "ZO\\xcb\n", "")


@pytest.mark.skipif(os.name != "posix", reason="needs signals")
def test_ctrl_c_ends_a_process_with_one_line():
    process = start("def cards(): print('begun', flush=True); time.sleep(60)")
    assert process.stdout.readline() == "begun\n"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err.strip()) == (
        130,
        "emospot: stopped; what was finished is kept",
    )
