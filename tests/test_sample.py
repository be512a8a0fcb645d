"""The bundled sample is what its README says."""

import importlib.util
import json
import re
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from emospot.conversation import Conversation, Utterance
from emospot.media.decode import probe, video_frames
from emospot.sample import sample_files

REPOSITORY = Path(__file__).resolve().parent.parent
MOST_BYTES = 400_000
CUE = re.compile(r"(\d+)\n(\d+):(\d+):(\d+),(\d+) --> (\d+):(\d+):(\d+),(\d+)\n([A-Z]+): (.+)\n")

needs_face = pytest.mark.skipif(
    importlib.util.find_spec("mediapipe") is None, reason="needs the extra [face]"
)


@pytest.fixture(scope="module")
def sound() -> tuple[np.ndarray, int]:
    """Samples in [-1, 1] and their rate, decoded without emospot."""
    with av.open(str(sample_files().conversation)) as container:
        rate = container.streams.audio[0].rate
        frames = [frame.to_ndarray()[0] for frame in container.decode(audio=0)]
    return np.concatenate(frames), rate


def cues() -> list[tuple[float, float, str, str]]:
    found = []
    for match in CUE.finditer(sample_files().transcript.read_text(encoding="utf-8")):
        clock = [int(part) for part in match.groups()[1:9]]
        start, end = (3600 * h + 60 * m + s + ms / 1000 for h, m, s, ms in (clock[:4], clock[4:]))
        found.append((start, end, match[10], match[11]))
    return found


def test_all_files_are_there_and_small() -> None:
    paths = sample_files()
    for path in (paths.conversation, paths.transcript, paths.face, paths.face_truth):
        assert path.is_file()
    folder = paths.face.parent
    assert (folder / "README.md").is_file()
    assert (folder / "face.LICENSE.txt").is_file()
    assert sum(path.stat().st_size for path in folder.glob("*.*")) < MOST_BYTES


def test_conversation_has_two_speakers_and_ten_turns() -> None:
    turns = cues()
    assert len(turns) == 10
    assert {speaker for _, _, speaker, _ in turns} == {"ANNA", "BEN"}
    assert all(start < end for start, end, _, _ in turns)
    starts_after = [later[0] - earlier[1] for earlier, later in pairwise(turns)]
    assert min(starts_after) > 0.2


def test_sound_is_neither_clipped_nor_faint(sound: tuple[np.ndarray, int]) -> None:
    samples, rate = sound
    assert 30 < len(samples) / rate < 45
    assert 0.5 < np.abs(samples).max() < 1.0
    levels = [
        20 * np.log10(np.sqrt((samples[int(a * rate) : int(b * rate)] ** 2).mean()))
        for a, b, _, _ in cues()
    ]
    assert min(levels) > -32
    # Anger (turn 4) and joy (8) are louder than sadness (5 and 6).
    assert min(levels[3], levels[7]) > max(levels[4], levels[5]) + 8


def test_transcript_lies_on_the_speech(sound: tuple[np.ndarray, int]) -> None:
    samples, rate = sound
    hop = rate // 100
    blocks = samples[: len(samples) // hop * hop].reshape(-1, hop)
    energy = np.sqrt((blocks**2).mean(1))
    seconds = np.arange(len(energy)) / 100
    between = 0.0
    for start, end, _, _ in cues():
        near = (seconds > start - 0.2) & (seconds < end + 0.2)
        loud = seconds[near & (energy > 0.03 * energy[near].max())]
        assert loud[0] == pytest.approx(start, abs=0.1)
        assert loud[-1] == pytest.approx(end, abs=0.1)
        pause = energy[(seconds > between + 0.1) & (seconds < start - 0.1)]
        assert pause.max(initial=0.0) < 0.003
        between = end


def test_face_video_is_a_plain_video() -> None:
    info = probe(sample_files().face)
    assert info.duration == pytest.approx(6.0, abs=0.1)
    frames = list(video_frames(sample_files().face, max_fps=30))
    assert len(frames) == 150
    assert frames[0][1].shape == (320, 320, 3)


@needs_face
def test_planted_expressions_are_found_in_the_face() -> None:
    from emospot.features.face_mesh import FaceMesh
    from emospot.hotspots.face_expression import ExpressionHotspots

    truth = json.loads(sample_files().face_truth.read_text(encoding="utf-8"))
    frames = list(video_frames(sample_files().face, max_fps=15))
    [(_, tokens)] = FaceMesh().extract(frames, [(0.0, 6.0)])
    assert tokens is not None
    assert len(tokens) >= 0.98 * len(frames)
    conversation = Conversation("face", (Utterance("u", "A", 0.0, 6.0),))
    [spots] = ExpressionHotspots().detect(conversation, [tokens])
    assert [spot.fired_by for spot in spots] == [t["fired_by"] for t in truth["hotspots"]]
    for spot, planted in zip(spots, truth["hotspots"], strict=True):
        assert spot.start == pytest.approx(planted["onset"], abs=truth["tolerance"])
        assert spot.end == pytest.approx(planted["offset"], abs=truth["tolerance"])
        assert spot.start < planted["apex_start"] < planted["apex_end"] < spot.end
        assert spot.score > 0.35


@needs_face
def test_the_planted_blink_is_seen_by_the_mesh() -> None:
    from emospot.features.face_mesh import FaceMesh

    truth = json.loads(sample_files().face_truth.read_text(encoding="utf-8"))
    [(_, tokens)] = FaceMesh().extract(video_frames(sample_files().face, max_fps=25), [(0.0, 6.0)])
    assert tokens is not None
    assert tokens.times is not None
    eyes = tokens.column("eye opening left") + tokens.column("eye opening right")
    shut = tokens.times[int(eyes.argmin()), 0]
    [blink] = truth["blinks"]
    assert blink["onset"] <= shut <= blink["offset"]


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="needs the program espeak-ng")
@pytest.mark.skipif(importlib.util.find_spec("skimage") is None, reason="needs scikit-image")
@needs_face
def test_the_script_makes_the_same_sample(tmp_path: Path) -> None:
    script = REPOSITORY / "scripts" / "make_sample.py"
    subprocess.run([sys.executable, str(script), str(tmp_path)], check=True, capture_output=True)
    bundled = sample_files()
    for path in (bundled.transcript, bundled.face_truth):
        assert (tmp_path / path.name).read_bytes() == path.read_bytes()
    # Other versions of the encoders may give other bytes, but no other pictures.
    for (_, made), (_, kept) in zip(
        video_frames(tmp_path / bundled.face.name, max_fps=2),
        video_frames(bundled.face, max_fps=2),
        strict=True,
    ):
        assert np.abs(made.astype(int) - kept.astype(int)).mean() < 2.0


def test_import_brings_nothing_heavy() -> None:
    program = (
        "import sys, emospot.sample; "
        "print([m for m in ('torch', 'av', 'cv2', 'mediapipe') if m in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"
