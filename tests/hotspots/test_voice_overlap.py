"""Two voices at once: silence for both, and for nobody else."""

import numpy as np

from emospot.conversation import Conversation, Tokens, Utterance
from emospot.features.voice_descriptors import LOUDNESS, STANDARD, VOICED
from emospot.hotspots.registry import panel
from emospot.hotspots.voice_overlap import without_overlap

HOP = 0.01


def tokens(start, end):
    count = round((end - start) / HOP)
    first = start + HOP * np.arange(count)
    values = np.column_stack([np.full(count, c) for c in (2.0, 30.0, 1.0, 4.0)])
    return Tokens(values, times=np.column_stack([first, first + HOP]), columns=STANDARD)


def talk(*turns):
    utterances = tuple(Utterance(str(n), who, a, b) for n, (who, a, b) in enumerate(turns))
    return Conversation("c", utterances), [tokens(a, b) for _, a, b in turns]


def voiced_seconds(own):
    return round(float(own.column(VOICED).sum()) * HOP, 2)


def test_what_both_say_is_silent():
    conversation, own = talk(("A", 0.0, 4.0), ("B", 3.0, 6.0), ("A", 6.0, 7.0))
    first, second, third = without_overlap(conversation, own)
    assert (voiced_seconds(first), voiced_seconds(second)) == (3.0, 2.0)
    assert first.column(LOUDNESS)[-1] == 0
    assert own[0].column(LOUDNESS)[-1] == 2.0  # the measurement itself is not changed
    assert third is own[2]


def test_a_speaker_does_not_overlap_with_himself():
    conversation, own = talk(("A", 0.0, 4.0), ("A", 3.0, 6.0))
    assert without_overlap(conversation, own) == own


def test_what_cannot_be_silenced_stays():
    conversation, own = talk(("A", 0.0, 4.0), ("B", 3.0, 6.0))
    embedding = Tokens(np.ones((1, 3)), times=np.array([[0.0, 4.0]]))
    untimed = Tokens(own[1].values, columns=STANDARD)
    assert without_overlap(conversation, [embedding, untimed]) == [embedding, untimed]
    assert without_overlap(conversation, [None, None]) == [None, None]


def test_a_second_voice_is_no_hotspot():
    """A loud stretch fires, and does not where somebody else speaks."""
    conversation, own = talk(("A", 0.0, 12.0), ("B", 5.0, 6.0))
    loud = np.array(own[0].values)
    random = np.random.default_rng(0)
    loud[:, 0] = 1 + 0.05 * random.normal(size=len(loud))
    loud[:, 1] += 0.5 * random.normal(size=len(loud))
    during = (own[0].times[:, 0] >= 5) & (own[0].times[:, 0] < 6)
    loud[during, 0] *= 3
    loud[during, 1] += 8
    mixed = Tokens(loud, times=own[0].times, columns=STANDARD)
    alone = Conversation("c", conversation.utterances[:1])
    peaks = panel("peaks")
    assert any(h.start < 5.5 < h.end for h in peaks.detect(alone, {"basic": [mixed]})[0])
    together = peaks.detect(conversation, {"basic": [mixed, own[1]]})
    assert together == [[], []]
