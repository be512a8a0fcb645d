"""Sound that was heard can be had again until it is forgotten."""

import numpy as np
import pytest

from emospot.live.heard_sound import HeardSound
from emospot.media.audio import SAMPLE_RATE


@pytest.mark.parametrize("size", [1, 700, 16_000, 100_000])
def test_what_lies_between_two_times(size: int) -> None:
    samples = np.arange(3 * SAMPLE_RATE, dtype=np.float32)
    sound = HeardSound()
    for start in range(0, len(samples) if size > 1 else 50, size):
        sound.add(samples[start : start + size])
    heard = round(sound.seconds * SAMPLE_RATE)
    times = ((0.0, 0.5), (0.123, 2.5), (2.9, 9.0), (-1.0, 0.001), (5.0, 6.0), (1.0, 0.5))
    for start, end in times:
        first, last = max(0, round(start * SAMPLE_RATE)), max(0, round(end * SAMPLE_RATE))
        assert np.array_equal(sound.between(start, end), samples[:heard][first:last])


def test_what_is_forgotten_is_not_kept() -> None:
    sound = HeardSound()
    for _ in range(100):
        sound.add(np.ones(SAMPLE_RATE // 10, np.float32))
        sound.forget_before(sound.seconds - 1.0)
        assert sound.kept <= 1.2 * SAMPLE_RATE
    assert sound.seconds == pytest.approx(10.0)
    assert len(sound.between(0.0, 5.0)) == 0
    assert len(sound.between(9.0, 10.0)) == SAMPLE_RATE


def test_a_block_that_is_used_again_changes_nothing() -> None:
    block = np.ones(10, np.float32)
    sound = HeardSound()
    sound.add(block)
    block[:] = 0
    assert sound.between(0.0, 1.0).all()
