"""The tutorials run from their first cell to their last, offline, and say what they should.

What is stored in the notebooks is not compared with what they print now: figures may differ
between machines. What is asked of both is that the right things stand in them.
"""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import nbformat
import pytest
from nbclient.exceptions import CellExecutionError

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER = ROOT / "docs" / "tutorials"
LARGEST = 100_000

SAID = {
    "analyze": (
        r"^0:18\.9  ANNA  \w+ +\d+%  words: “so tired and sad”",
        r"warning: the voice of this recording lies outside",
        r"measured, not used",
        r"read by the model +so angry",
    ),
    "train": (
        r"imported talks into store",
        r"dev w-F1",
        r"speakers are in more than one split",
        r"w-F1 +│ 0\.[6-9]",  # chance is 0.25; what is to be learned is easy
        r"^ +–    Ann  (happiness|unsure) ",
        r"^ +–    Bob  (anger|unsure) ",
    ),
    "detector": (
        r"^\d{2,} found by loud, \d+ by phrases",
        r"3 marked spans in 1 recording",
        r"recall +│ 0\.00 │ +1\.00",
    ),
    "diagnosis": (
        r"^fine \(sure\): words contributes",
        r"the gate of voice cannot be tested",
        r"^problem \(\w+\): voice does harm",  # it is noise
        r"try: ",
    ),
    "smoke": (
        r"^emospot, majority|emospot, majority, ",
        r"\| majority \| 1 \|",
        r"2 of 2 runs gave exactly the figures of part/results\.json",
    ),
}
"""Tutorial → what must be printed, as regular expressions."""
NEVER = (r"Traceback", r"\x1b\[", r"Error\b", str(ROOT), r"\bnan\b")


def tutorials() -> ModuleType:
    """The script that runs and keeps them."""
    spec = importlib.util.spec_from_file_location("tutorials", ROOT / "scripts/tutorials.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def wrong(printed: str, name: str) -> list[str]:
    """What is missing of what must be said, and what is said but must not be."""
    missing = [say for say in SAID[name] if not re.search(say, printed, re.MULTILINE)]
    return missing + [say for say in NEVER if re.search(say, printed)]


def test_every_tutorial_is_looked_at():
    assert {path.stem for path in FOLDER.glob("*.ipynb")} == set(SAID)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(SAID))
def test_it_runs_and_says_what_it_should(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    # Nothing may be fetched: what asks for the network fails.
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    for proxy in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(proxy, "http://127.0.0.1:9")
    script = tutorials()
    made = script.run(FOLDER / f"{name}.ipynb", tmp_path)
    printed = script.printed(script.kept(made))
    assert not wrong(printed, name), printed


@pytest.mark.parametrize("name", sorted(SAID))
def test_what_is_stored_is_small_and_says_it_too(name: str):
    path = FOLDER / f"{name}.ipynb"
    assert path.stat().st_size < LARGEST
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert not wrong(tutorials().printed(notebook), name)


def test_wrong_output_is_seen():
    good = "3 found by loud, 2 by phrases"
    assert wrong(f"{good}\nTraceback (most recent call last)", "detector")[-1] == "Traceback"
    assert r"3 marked spans in 1 recording" in wrong(good, "detector")


def test_a_command_that_fails_fails_the_tutorial(tmp_path: Path):
    cell = nbformat.v4.new_code_cell("%%bash\nemospot analyze nothing.wav")
    path = tmp_path / "broken.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path)
    with pytest.raises(CellExecutionError, match="nothing.wav"):
        tutorials().run(path, tmp_path)
