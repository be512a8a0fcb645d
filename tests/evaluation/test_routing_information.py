"""What the choice of aligners knows, against scikit-learn and made-up routings."""

import numpy as np
import pytest
from sklearn.metrics import mutual_info_score

from emospot.evaluation.routing_information import (
    RoutingWeights,
    emotion_information,
    speaker_information,
    style_information,
)

RANDOM = np.random.default_rng(0)
DIALOGUES = [f"d{n}" for n in range(40) for _ in range(12)]
SPEAKERS = [f"s{u % 3}" for _ in range(40) for u in range(12)]
EMOTIONS = RANDOM.integers(0, 4, size=len(DIALOGUES))


def _chosen(experts: np.ndarray, count: int = 3) -> np.ndarray:
    return np.eye(count)[experts][None]


def test_of_a_hard_choice_it_is_the_mutual_information_of_two_labellings() -> None:
    experts = np.where(RANDOM.random(len(EMOTIONS)) < 0.5, EMOTIONS % 3, 0)
    found = emotion_information(_chosen(experts), EMOTIONS, DIALOGUES)
    assert found.bits == pytest.approx(mutual_info_score(experts, EMOTIONS) / np.log(2))
    assert found.p == pytest.approx(1 / 1001)
    assert found.chance < 0.1 * found.bits
    # The mean over pairs, one of which knows nothing at all.
    both = np.concatenate([_chosen(experts), _chosen(np.zeros_like(experts))])
    assert emotion_information(both, EMOTIONS, DIALOGUES).bits == pytest.approx(found.bits / 2)


def test_a_choice_by_chance_is_not_taken_for_knowledge() -> None:
    random = np.random.default_rng(1)
    ps = []
    for _ in range(20):
        weights = random.dirichlet(np.ones(3), size=len(EMOTIONS))[None]
        found = emotion_information(weights, EMOTIONS, DIALOGUES)
        assert 0 < found.bits < 0.02
        ps.append(found.p)
    assert np.mean(np.array(ps) < 0.05) <= 0.2
    assert 0.3 < np.mean(ps) < 0.7


def test_what_lasts_is_not_taken_for_what_depends_on_each_other() -> None:
    """Routing and emotions that both last over turns, and have nothing to do with each other."""
    random = np.random.default_rng(2)

    def lasting(count: int) -> np.ndarray:
        found = random.integers(0, count, size=len(DIALOGUES))
        for u in range(1, len(found)):
            if u % 12 and random.random() < 0.75:
                found[u] = found[u - 1]
        return found

    ps = [emotion_information(_chosen(lasting(3)), lasting(4), DIALOGUES).p for _ in range(60)]
    # With emotions dealt out freely within a dialogue a quarter of these would be below.
    assert np.mean(np.array(ps) < 0.05) <= 0.13


def test_a_choice_by_dialogue_tells_nothing_of_who_speaks() -> None:
    by_dialogue = np.array([int(d[1:]) % 3 for d in DIALOGUES])
    who = [int(s[1:]) for s in SPEAKERS]
    by_speaker = (by_dialogue + who) % 3
    nothing = speaker_information(_chosen(by_dialogue), SPEAKERS, DIALOGUES)
    assert nothing.bits == pytest.approx(0.0, abs=1e-9)
    assert nothing.p == 1.0
    # Who it is is known within a dialogue alone, where three speakers are log2 3 bits.
    found = speaker_information(_chosen(by_speaker), SPEAKERS, DIALOGUES)
    assert found.bits == pytest.approx(np.log2(3))
    assert found.p < 0.01


def test_styles_are_dealt_out_among_speakers() -> None:
    keys = list(dict.fromkeys(zip(DIALOGUES, SPEAKERS, strict=True)))
    styles = {key: int(n) for key, n in zip(keys, RANDOM.integers(0, 3, len(keys)), strict=True)}
    true = np.array([styles[key] for key in zip(DIALOGUES, SPEAKERS, strict=True)])
    found = style_information(_chosen(true), styles, SPEAKERS, DIALOGUES)
    assert found.bits == pytest.approx(mutual_info_score(true, true) / np.log(2))
    assert found.p < 0.01
    # A choice that each speaker keeps to, and that has to do with nothing: many utterances
    # agree by chance, which dealing out utterances would take for knowledge.
    drawn = np.random.default_rng(3).integers(0, 3, len(keys))
    own = {key: int(n) for key, n in zip(keys, drawn, strict=True)}
    kept = np.array([own[key] for key in zip(DIALOGUES, SPEAKERS, strict=True)])
    assert style_information(_chosen(kept), styles, SPEAKERS, DIALOGUES).p > 0.05


def test_pairs_that_an_utterance_has_not_got_count_for_nothing() -> None:
    experts = EMOTIONS % 3
    weights = _chosen(experts)
    half = np.arange(len(EMOTIONS)) < len(EMOTIONS) // 2
    weights[0, ~half] = 0.0
    found = emotion_information(weights, EMOTIONS, DIALOGUES)
    expected = mutual_info_score(experts[half], EMOTIONS[half]) / np.log(2)
    assert found.bits == pytest.approx(expected)
    assert RoutingWeights().of([("d0", 0)]).shape == (0, 1, 1)
    assert emotion_information(np.zeros((0, len(EMOTIONS), 1)), EMOTIONS, DIALOGUES).bits == 0.0
