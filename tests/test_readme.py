"""The Python examples of the README and of the page on live answers run as they stand."""

import re
import shutil
from pathlib import Path

import pytest

from emospot.sample import sample_files

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"


@pytest.fixture
def examples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The README's, where the files that they name lie."""
    shutil.copy(sample_files().conversation, tmp_path / "talk.wav")
    shutil.copy(sample_files().transcript, tmp_path / "talk.srt")
    monkeypatch.chdir(tmp_path)
    return re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)


def test_the_python_example_runs(examples: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert len(examples[0].strip().splitlines()) <= 10
    exec(compile(examples[0], str(README), "exec"), {})  # noqa: S102
    said = capsys.readouterr().out
    assert re.search(r"^ANNA: \w+ \(\d+%\)$", said, re.MULTILINE)
    assert re.search(r"words at \d+\.\d s: lexicon, used", said)


def test_the_pipeline_and_the_frame_of_the_example_say_what_they_should(
    examples: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert len(examples) == 2
    exec(compile(examples[1], str(README), "exec"), {})  # noqa: S102
    said = capsys.readouterr().out
    assert re.match(r"\[\[?\{'label': '(happiness|excited)', 'score': 0\.\d+", said)
    assert re.search(r"^0 .*ANNA", said, re.MULTILINE)


def test_the_live_example_runs(capsys: pytest.CaptureFixture[str]) -> None:
    page = (ROOT / "docs" / "live.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    exec(compile(example, "live.md", "exec"), {})  # noqa: S102
    assert re.match(r"\w+ \d+% 0\.\d+ s$", capsys.readouterr().out.strip())


def test_first_commands_are_the_two_make_targets() -> None:
    first = re.search(r"```sh\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert [line.split("#")[0].strip() for line in first[1].strip().splitlines()] == [
        "make demo",
        "make test",
    ]
