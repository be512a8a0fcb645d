"""From a film of two people to the face of whoever speaks, through the whole analysis."""

import importlib.util
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from emospot.analysis.analyze import analyze
from emospot.analysis.inputs import read_inputs
from emospot.analysis.measure import measure
from emospot.analysis.spot import find_hotspots
from emospot.conversation import FACE, Conversation, Utterance
from emospot.corpora.talking_faces import RATE, SIDE, film, portrait
from emospot.features.registry import face_extractor
from emospot.media.decode import video_frames
from emospot.model.pretrained import PretrainedModel
from emospot.sample import sample_files
from emospot.speakers.speaking_faces import UNCLEAR

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("mediapipe") is None, reason="needs the extra [face]"
)

TURNS = (("0", 0.2, 1.9), ("1", 2.2, 3.9), ("NARRATOR", 4.2, 5.4), ("0", 5.6, 6.8))
SECONDS = 7.0


def clock(seconds: float) -> str:
    return f"00:00:{seconds:06.3f}".replace(".", ",")


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A film of two people with its transcript; a third one is heard and not seen."""
    folder = tmp_path_factory.mktemp("film")
    person = portrait(list(video_frames(sample_files().face, max_fps=RATE))[:12])
    utterances = tuple(Utterance(str(n), *turn) for n, turn in enumerate(TURNS))
    frames = film([person, person.mirrored()], Conversation("talk", utterances), SECONDS)
    video, transcript = folder / "talk.mp4", folder / "talk.srt"
    with av.open(str(video), "w") as container:
        stream = container.add_stream("libx264", rate=int(RATE), options={"preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = 2 * SIDE, SIDE, "yuv420p"
        for number, (_, image) in enumerate(frames):
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), "rgb24")
            picture.pts, picture.time_base = number, Fraction(1, int(RATE))
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    names = {"0": "ANNA", "1": "BEN"}
    cues = (
        f"{n}\n{clock(start)} --> {clock(end)}\n{names.get(who, who)}: I see.\n"
        for n, (who, start, end) in enumerate(TURNS, 1)
    )
    transcript.write_text("\n".join(cues), encoding="utf-8")
    return video, transcript


def test_each_utterance_reads_the_face_that_talks(talk: tuple[Path, Path]) -> None:
    read = read_inputs(*talk)
    extractor = face_extractor()
    found = measure(read.conversation, read.info, {FACE: extractor.describe()})
    tokens = found.features[FACE]
    assert tokens[2] is None
    speaking = [own for own in tokens if own is not None]
    assert len(speaking) == 3
    # Whoever does not talk keeps the mouth still.
    assert all(np.ptp(own.column("mouth opening")) > 0.08 for own in speaking)
    # One is the mirror image of the other: heads are turned the other way.
    first, second, third = (float(np.median(own.column("roll"))) for own in speaking)
    assert abs(first - third) < 0.5 * abs(first - second)
    assert found.why == {(FACE, 2): UNCLEAR}
    assert found.notices == [f"no face in 1 utterance: {UNCLEAR}"]


def test_the_analysis_says_where_it_is_not_clear(
    talk: tuple[Path, Path], bundled: PretrainedModel
) -> None:
    analysis = analyze(*talk, model=bundled)
    faces = [one.modalities[FACE] for one in analysis.utterances]
    assert [face.present for face in faces] == [True, True, False, True]
    assert faces[2].reason == UNCLEAR
    assert f"no face in 1 utterance: {UNCLEAR}" in analysis.warnings


def test_hotspots_alone_say_it_too(talk: tuple[Path, Path]) -> None:
    found = find_hotspots(*talk)
    assert f"no face in 1 utterance: {UNCLEAR}" in found.notices
    assert not [h for h in found.hotspots[2] if h.modality == FACE]
