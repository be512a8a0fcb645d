"""What is withheld is gone for everything that reads; all else stays where it was."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from emospot.batch import Example, collate
from emospot.conversation import Conversation, Tokens, Utterance
from emospot.model.withheld import with_tokens, without_modality

DIMS = {"words": 7, "voice": 5}


@pytest.fixture
def talk() -> Example:
    """Two utterances of three words, each a token with times and letters."""
    turns = tuple(Utterance(f"u{u}", "A", 10.0 * u, 10.0 * u + 3, "oh my word") for u in range(2))
    offsets = np.array([[0, 2], [3, 5], [6, 10]])
    words: list[Tokens | None] = []
    for u in range(2):
        begins = 10.0 * u + np.arange(3.0)
        times = np.column_stack([begins, begins + 1])
        words.append(Tokens(np.arange(21.0).reshape(3, 7) + u, times, offsets))
    voice = [Tokens(np.ones((1, 5))), Tokens(np.ones((1, 5)))]
    return Example(Conversation("t", turns), {"words": words, "voice": voice})


def test_a_modality_is_gone_with_its_letters(make_example: Callable[..., Example]) -> None:
    example = make_example("a", 8, DIMS, missing=0.0)
    batch = collate([without_modality(example, "words")], DIMS)
    assert not batch.present[..., 0].any()
    assert batch.present[..., 1].all()
    assert batch.texts == (("",) * 8,)
    assert collate([without_modality(example, "face")], DIMS).present.all(), "nobody has a face"


def test_tokens_that_are_left_keep_their_times_and_letters(talk: Example) -> None:
    left = with_tokens(talk, "words", {1: np.array([True, False, True])})
    batch, before = collate([left], DIMS), collate([talk], DIMS)
    assert batch.texts == (("oh my word", "oh    word"),)
    own = batch.modalities["words"]
    assert own.mask[0].tolist() == [[True] * 3, [True, True, False]]
    assert own.times[0, 1, :2].tolist() == [0.5, 2.5]
    assert own.values[0, 1, :2].tolist() == before.modalities["words"].values[0, 1, ::2].tolist()
    assert talk.tokens["words"][1].values.shape == (3, 7)


def test_without_its_last_token_an_utterance_has_lost_the_modality(talk: Example) -> None:
    left = with_tokens(talk, "words", {0: np.zeros(3, dtype=bool)})
    assert left.tokens["words"][0] is None
    batch = collate([left], DIMS)
    assert batch.present[0].tolist() == [[False, True], [True, True]]
    assert batch.texts == (("", "oh my word"),)


def test_nothing_withheld_nothing_changed(talk: Example) -> None:
    same = with_tokens(talk, "words", {0: np.ones(3, dtype=bool)})
    assert same.tokens["words"][0] is talk.tokens["words"][0]
    absent = replace(talk, tokens={"words": [None, None]})
    assert with_tokens(absent, "words", {0: np.zeros(3, dtype=bool)}).tokens["words"][0] is None
