"""The plain reference: planted peaks are found, flat speech gives none."""

import numpy as np
import pytest

from emospot.conversation import Conversation, Tokens, Utterance
from emospot.features.voice_descriptors import STANDARD
from emospot.hotspots.voice_peaks import PeakHotspots

HOP = 0.01


def speech(seconds=12.0, at=(), silent=(), seed=0):
    """Even speech with a louder and higher second at each of the times."""
    count = round(seconds / HOP)
    random = np.random.default_rng(seed)
    time = np.arange(count) * HOP
    loudness = 1.0 + 0.05 * random.normal(size=count)
    pitch = 24.0 + 0.5 * random.normal(size=count)
    voiced = np.ones(count)
    for start in at:
        loudness[(time >= start) & (time < start + 1)] *= 2.0
        pitch[(time >= start) & (time < start + 1)] += 6.0
    for start in silent:
        voiced[(time >= start) & (time < start + 1)] = 0.0
    values = np.column_stack([loudness, np.where(voiced > 0, pitch, 0), voiced, np.full(count, 4)])
    return Tokens(values, times=np.column_stack([time, time + HOP]), columns=STANDARD)


def found(*tokens, speakers=None):
    names = speakers or ["A"] * len(tokens)
    turns = tuple(Utterance(str(n), name) for n, name in enumerate(names))
    return PeakHotspots().detect(Conversation("c", turns), list(tokens))


def test_planted_moments_are_found():
    (own,) = found(speech(at=(3.0, 8.0)))
    assert [h.fired_by for h in own] == ["loudness and pitch"] * 2
    for hotspot, start in zip(own, (3.0, 8.0), strict=True):
        assert hotspot.start < start + 0.5 < hotspot.end
        assert hotspot.apex == pytest.approx(start + 0.5, abs=0.1)
        assert 0 < hotspot.score <= 1


def test_flat_speech_gives_none():
    assert found(speech()) == [[]]


def test_nobody_speaks():
    assert found(speech(2.0, silent=(0.0, 1.0))) == [[]]
    assert found(None) == [[]]
    one_frame = speech(HOP)
    assert found(one_frame) == [[]]


def test_what_is_usual_is_the_speakers_own():
    """A turn that is loud throughout stands out of the same speaker's others only."""
    calm, loud = speech(6.0), speech(1.0, at=(0.0,), seed=1)
    same = found(calm, loud)
    assert same[0] == []
    assert same[1]
    assert found(calm, loud, speakers=["A", "B"])[1] == []
