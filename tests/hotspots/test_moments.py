"""One moment, one hotspot."""

import pytest

from emospot.conversation import Hotspot
from emospot.hotspots.moments import overlap, united


def face(start, end, score, name="x"):
    return Hotspot("face", start, end, score, name)


def test_more_than_half_in_common_is_one_moment():
    a, b, c = face(0, 2, 0.9, "a"), face(0.5, 2, 0.5, "b"), face(1.5, 4, 0.4, "c")
    found = united(enumerate([c, b, a]))
    assert [(h.start, h.end, h.score, h.fired_by) for h in found] == [
        (0, 2, 0.9, "a, b"), (1.5, 4, 0.4, "c"),
    ]  # fmt: skip


def test_exactly_half_is_not():
    assert len(united(enumerate([face(0, 2, 0.9), face(0, 1, 0.5)]))) == 2


def test_who_may_not_be_joined_is_not():
    same = [(0, face(0, 2, 0.9)), (0, face(0, 2, 0.5))]
    assert len(united(same, lambda a, b: a != b)) == 2
    assert united([]) == []


def test_overlap():
    assert overlap(face(0, 2, 1), face(1, 3, 1)) == pytest.approx(1 / 3)
    assert overlap(face(0, 1, 1), face(1, 2, 1)) == 0
    words = Hotspot("words", None, None, 1.0, "x", 0, 4)
    assert overlap(words, Hotspot("words", None, None, 1.0, "x", 2, 4)) == 0.5
    assert overlap(words, face(0, 4, 1)) == 0
    untimed = Hotspot("face", None, None, 1.0, "x")
    assert overlap(untimed, untimed) == 0
