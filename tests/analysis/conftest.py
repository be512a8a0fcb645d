"""One analysis of the bundled sample for all tests, and small recordings."""

import wave
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from emospot.analysis.analyze import analyze
from emospot.analysis.models import load
from emospot.analysis.types import Analysis
from emospot.bench.sample_video import write_sample_video
from emospot.model.pretrained import PretrainedModel
from emospot.sample import sample_files


@pytest.fixture(scope="session")
def bundled() -> PretrainedModel:
    return load()


@pytest.fixture(scope="session")
def sample_analysis(bundled: PretrainedModel) -> Analysis:
    return analyze(sample_files().conversation, sample_files().transcript, model=bundled)


@pytest.fixture
def write_srt(tmp_path: Path) -> Callable[..., Path]:
    """Writes cues of (start, end, text) in seconds."""

    def clock(seconds: float) -> str:
        ms = round(seconds * 1000)
        return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02},{ms % 1000:03}"

    def write(*cues: tuple[float, float, str], name: str = "talk.srt") -> Path:
        lines = [
            f"{n}\n{clock(start)} --> {clock(end)}\n{text}\n"
            for n, (start, end, text) in enumerate(cues, 1)
        ]
        path = tmp_path / name
        path.write_text("\n".join(lines), encoding="utf-8")
        return path

    return write


@pytest.fixture(scope="session")
def silence(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seconds of digital silence."""
    path = tmp_path_factory.mktemp("silence") / "silence.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(bytes(2 * 3 * 16_000))
    return path


@pytest.fixture(scope="session")
def silent_video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundled face with a silent sound track."""
    path = tmp_path_factory.mktemp("video") / "silent.mkv"
    with av.open(str(sample_files().face)) as face, av.open(str(path), "w") as joined:
        source = face.streams.video[0]
        pictures = joined.add_stream_from_template(source)
        sound = joined.add_stream("pcm_s16le", rate=16_000)
        for packet in face.demux(source):
            if packet.dts is not None:
                packet.stream = pictures
                joined.mux(packet)
        frame = av.AudioFrame.from_ndarray(
            np.zeros((1, 6 * 16_000), np.int16), format="s16", layout="mono"
        )
        frame.rate = 16_000
        joined.mux(sound.encode(frame))
        joined.mux(sound.encode(None))
    return path


@pytest.fixture(scope="session")
def cut_off(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample with sound and pictures, of which the second half is missing."""
    folder = tmp_path_factory.mktemp("cut")
    write_sample_video(folder / "whole.mkv")
    content = (folder / "whole.mkv").read_bytes()
    (folder / "cut.mkv").write_bytes(content[: len(content) // 2])
    return folder / "cut.mkv"
