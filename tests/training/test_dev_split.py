"""Dev is spread over strata, seeded, and never empty."""

from collections import Counter

import pytest

from emospot.conversation import Conversation, Utterance
from emospot.errors import UsageError
from emospot.training.dev_split import dev_ids, stratum


def _corpus() -> list[Conversation]:
    return [
        Conversation(
            f"Ses{session:02d}_{kind}{number:02d}",
            (Utterance("a", f"S{session}_F"), Utterance("b", f"S{session}_M")),
        )
        for session in range(1, 5)
        for kind in ("impro", "script")
        for number in range(15)
    ]


@pytest.mark.parametrize("seed", range(5))
def test_stratified_takes_the_same_share_of_every_stratum(seed: int) -> None:
    corpus = _corpus()
    held_out = dev_ids(corpus, "stratified", 0.1, seed)
    share = Counter(stratum(c) for c in corpus if c.id in held_out)
    assert len(held_out) == 12
    assert len(share) == 8
    assert set(share.values()) <= {1, 2}


def test_first_takes_the_first_tenth_in_sorted_order() -> None:
    corpus = _corpus()
    expected = sorted(c.id for c in corpus)[:12]
    assert dev_ids(list(reversed(corpus)), "first", 0.1) == frozenset(expected)


def test_the_seed_decides_and_the_order_does_not() -> None:
    corpus = _corpus()
    assert dev_ids(corpus, "stratified", 0.1, 1) != dev_ids(corpus, "stratified", 0.1, 2)
    backwards = dev_ids(corpus[::-1], "stratified", 0.1, 1)
    assert dev_ids(corpus, "stratified", 0.1, 1) == backwards


def test_two_conversations_leave_one_to_learn_from() -> None:
    assert len(dev_ids(_corpus()[:2], "stratified", 0.4)) == 1


def test_one_conversation_is_not_enough() -> None:
    with pytest.raises(UsageError, match="at least 2"):
        dev_ids(_corpus()[:1], "stratified", 0.1)
