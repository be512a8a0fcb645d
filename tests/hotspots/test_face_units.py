"""Expressions from action units: against the person's own neutral, blinks aside."""

import numpy as np

from emospot.conversation import Conversation, Tokens, Utterance
from emospot.corpora.ravdess import ACTION_UNITS
from emospot.hotspots.face_units import ActionUnitHotspots

RATE = 10.0


def _found(columns_at):
    """Hotspots of six seconds in which units have courses of their own."""
    times = np.arange(60) / RATE
    values = np.full((60, len(ACTION_UNITS)), 0.5, dtype=np.float32)
    for unit, (start, end, value) in columns_at.items():
        inside = (times >= start) & (times < end)
        values[inside, ACTION_UNITS.index(unit)] = value
    tokens = Tokens(values, np.column_stack([times, times + 1 / RATE]), columns=ACTION_UNITS)
    conversation = Conversation("c", (Utterance("1", "A", 0.0, 6.0),))
    (found,) = ActionUnitHotspots().detect(conversation, [tokens])
    return found


def test_a_smile_and_how_strong_it_is():
    (weak,) = _found({"AU12_r": (2.0, 4.0, 1.75)})
    (strong,) = _found({"AU12_r": (2.0, 4.0, 3.0)})
    assert (strong.fired_by, strong.modality) == ("AU12", "face")
    assert abs(strong.start - 2.0) < 0.15
    assert abs(strong.end - 4.0) < 0.15
    assert 0.4 < weak.score < 0.55 < strong.score <= 1.0


def test_neutral_blinks_and_presences_do_not_fire():
    assert _found({}) == []
    assert _found({"AU45_r": (2.0, 4.0, 5.0)}) == []
    assert _found({"AU12_c": (2.0, 4.0, 1.0)}) == []
    assert _found({"AU12_r": (2.0, 2.2, 5.0)}) == []  # too short to be meant
