"""The README's Python example runs as it stands, on the bundled sample."""

import re
import shutil
from pathlib import Path

import pytest

from emospot.sample import sample_files

README = Path(__file__).resolve().parent.parent / "README.md"


def test_the_python_example_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert len(example.strip().splitlines()) <= 10
    shutil.copy(sample_files().conversation, tmp_path / "talk.wav")
    shutil.copy(sample_files().transcript, tmp_path / "talk.srt")
    monkeypatch.chdir(tmp_path)
    exec(compile(example, str(README), "exec"), {})  # noqa: S102
    said = capsys.readouterr().out
    assert re.search(r"^ANNA: \w+ \(\d+%\)$", said, re.MULTILINE)
    assert re.search(r"words at \d+\.\d s: lexicon, used", said)


def test_first_commands_are_the_two_make_targets() -> None:
    first = re.search(r"```sh\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert [line.split("#")[0].strip() for line in first[1].strip().splitlines()] == [
        "make demo",
        "make test",
    ]
