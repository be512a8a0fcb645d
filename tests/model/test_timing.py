"""The numbers of a turn's time against hand calculation, and what they must not read."""

from dataclasses import replace
from math import log

import pytest
import torch

from emospot.batch import Example, collate
from emospot.conversation import Conversation, Tokens, Utterance
from emospot.model.timing import TIMING_WIDTH, timing_of

DIMS = {"words": 2, "voice": 2}


def _example(*utterances: Utterance, words: bool = True) -> Example:
    tokens = [Tokens(torch.ones(1, 2).numpy()) for _ in utterances]
    there = tokens if words else [None] * len(tokens)
    return Example(Conversation("c", utterances), {"words": there, "voice": tokens})


def _turn(name: str, start: float | None, end: float | None, text: str = "") -> Utterance:
    return Utterance(name, "A", start, end, text)


TALK = (
    _turn("0", 10.0, 12.0, "one two three four"),
    _turn("1", 11.5, 12.5, "five"),
    _turn("2", 14.0, 114.0, "six seven"),
    _turn("3", None, None, "eight nine"),
    _turn("4", 130.0, 130.1, "ten eleven twelve"),
)


def test_equals_hand_calculation() -> None:
    (found,) = timing_of(collate([_example(*TALK)], DIMS))
    expected = torch.tensor(
        [
            [log(2.0) - 1, log(5) - 2, 4 / 2 - 2.5, 0.0, 0, 1],
            [log(1.0) - 1, log(2) - 2, 1 / 1 - 2.5, -0.5, 1, 1],
            # At most 60 seconds; 1.5 seconds after the end before.
            [log(60.0) - 1, log(3) - 2, 2 / 60 - 2.5, 1.5, 0, 1],
            [0, log(3) - 2, 0, 0, 0, 0],
            # At least 0.3 seconds; the turn before has no times; ten words a second.
            [log(0.3) - 1, log(4) - 2, 10 - 2.5, 0, 0, 1],
        ]
    )
    torch.testing.assert_close(found, expected)
    assert found.shape[-1] == TIMING_WIDTH


def test_a_clock_that_starts_anywhere_gives_the_same() -> None:
    later = [
        replace(u, start=u.start + 1.7e9, end=u.end + 1.7e9) if u.start is not None else u
        for u in TALK
    ]
    a, b = (timing_of(collate([_example(*talk)], DIMS)) for talk in (TALK, later))
    torch.testing.assert_close(a, b, atol=1e-5, rtol=0)


def test_padding_and_other_conversations_change_nothing() -> None:
    alone = timing_of(collate([_example(*TALK[:2])], DIMS))
    together = timing_of(collate([_example(*TALK), _example(*TALK[:2])], DIMS))
    assert torch.equal(together[1, :2], alone[0])
    assert not together[1, 2:].any()


def test_the_future_is_not_read() -> None:
    whole = timing_of(collate([_example(*TALK)], DIMS))
    for count in range(1, len(TALK)):
        part = timing_of(collate([_example(*TALK[:count])], DIMS))
        assert torch.equal(part[0], whole[0, :count])


@pytest.mark.parametrize("dims", [DIMS, {"voice": 2}])
def test_withheld_words_are_not_counted(dims: dict[str, int]) -> None:
    found = timing_of(collate([_example(*TALK, words=False)], dims))
    assert not found[..., 1:3].any()
    assert found[0, 0, 0] == pytest.approx(log(2.0) - 1)
