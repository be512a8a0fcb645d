import random

import pytest

from emospot.corpora.overlaps import Overlaps


@pytest.mark.parametrize("seed", range(10))
def test_the_same_as_looking_at_all(seed):
    chance = random.Random(seed)  # noqa: S311
    times = [round(chance.uniform(0, 20), 1) for _ in range(60)]
    spans = [(a, round(a + chance.choice([0.1, 1.0, 9.0]), 1)) for a in times]
    spans[3:5] = [(None, None), (2.0, None)]
    overlaps = Overlaps(spans)
    for start in times:
        end = start + chance.uniform(0.05, 3)
        expected = [
            place
            for place, (a, b) in enumerate(spans)
            if a is not None and b is not None and a < end and start < b
        ]
        assert overlaps.meeting(start, end) == expected


def test_nothing():
    assert Overlaps([]).meeting(0.0, 1.0) == []
    assert Overlaps([(0.0, 1.0)]).meeting(None, 1.0) == []
    assert Overlaps([(0.0, 1.0), (2.0, 3.0)]).meeting(1.0, 2.0) == []  # touching is no sharing
