"""Nods and shakes are found and told apart; turns, glances and stillness are none."""

import numpy as np
import pytest

from emospot.conversation import Conversation, Tokens, Utterance
from emospot.corpora.face_films import films
from emospot.errors import FeatureError
from emospot.evaluation.spotting import Span, SpottedRecording, spotting_scores
from emospot.features.face_geometry import FACE_COLUMNS
from emospot.hotspots.face_gestures import GestureHotspots

RATE = 15.0


def head(seconds=8.0, **angles):
    """A head whose angles are functions of time; the others keep still."""
    start = np.arange(int(seconds * RATE)) / RATE
    values = np.zeros((len(start), len(FACE_COLUMNS)))
    noise = np.random.default_rng(0)
    for name in ("yaw", "pitch", "roll"):
        own = angles.get(name, lambda t: 0 * t)(start)
        values[:, FACE_COLUMNS.index(name)] = own + noise.normal(0, 0.3, len(start))
    return Tokens(values, times=np.column_stack([start, start + 1 / RATE]), columns=FACE_COLUMNS)


def found(*tokens):
    talk = Conversation("c", tuple(Utterance(str(n), "A") for n in range(len(tokens))))
    return GestureHotspots().detect(talk, list(tokens))


def swing(start, end, hertz=2.0, size=6.0):
    def angle(t):
        return np.where(
            (t >= start) & (t < end), size * np.sin(2 * np.pi * hertz * (t - start)), 0
        )

    return angle


@pytest.mark.parametrize(("column", "name"), [("pitch", "nod"), ("yaw", "shake")])
@pytest.mark.parametrize("hertz", [1.2, 2.0, 3.0])
def test_to_and_fro_is_found_and_named(column, name, hertz):
    (own,) = found(head(**{column: swing(3.0, 5.0, hertz)}))
    (gesture,) = own
    assert gesture.fired_by == name
    assert gesture.start == pytest.approx(3.0, abs=0.4)
    assert gesture.end == pytest.approx(5.0, abs=0.4)
    assert gesture.start <= gesture.apex <= gesture.end + 0.1
    assert 0.5 < gesture.score <= 1.0


@pytest.mark.parametrize(
    "angle",
    [
        lambda t: 0 * t,
        lambda t: np.where(t > 4, 25.0, 0.0),  # turned away for good
        lambda t: 20 * np.exp(-((t - 4) ** 2)),  # a slow look
        lambda t: 12 * np.exp(-(((t - 4) / 0.2) ** 2)),  # one quick glance
        lambda t: 8 * np.sin(2 * np.pi * 0.2 * t),  # swaying
        lambda t: 1.0 * np.sin(2 * np.pi * 2 * t),  # trembling
    ],
    ids=["still", "turned", "look", "glance", "swaying", "trembling"],
)
def test_what_is_no_gesture(angle):
    assert found(head(pitch=angle, yaw=angle)) == [[]]


def test_no_gesture_across_a_gap():
    tokens = head(pitch=swing(3.5, 4.5, 2.0))
    kept = (tokens.times[:, 0] < 3.8) | (tokens.times[:, 0] > 4.3)
    parted = Tokens(tokens.values[kept], times=tokens.times[kept], columns=FACE_COLUMNS)
    assert found(parted, None) == [[], []]


def test_times_are_needed():
    with pytest.raises(FeatureError, match="need token times"):
        found(Tokens(np.zeros((3, len(FACE_COLUMNS))), columns=FACE_COLUMNS))


def test_nods_of_drawn_faces_that_also_talk():
    recordings = []
    for film in films(range(6), each=4):
        (own,) = found(film.tokens)
        assert all(h.fired_by == "nod" for h in own)
        spans = tuple(Span(h.start, h.end, h.score, h.apex) for h in own)
        recordings.append(SpottedRecording(spans, tuple(Span(*nod) for nod in film.nods)))
    scores = spotting_scores(recordings, draws=10)
    assert scores["f1"].value > 0.8
