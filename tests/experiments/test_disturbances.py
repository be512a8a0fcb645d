"""Worse test conversations: what is added and withheld, and that it is the same for all."""

import numpy as np
import pytest

from emospot.batch import Example
from emospot.conversation import Conversation, Tokens, Utterance
from emospot.experiments.disturbances import (
    Disturbance,
    Disturbances,
    disturbances_of,
    disturbed,
)

DIMS = {"words": 4, "face": 3}


def _examples(missing: float = 0.2) -> list[Example]:
    random = np.random.default_rng(0)
    found = []
    for number in range(20):
        turns = tuple(Utterance(f"u{u}", "A") for u in range(12))
        tokens = {
            m: [
                None
                if random.random() < missing
                else Tokens(
                    random.normal(size=(random.integers(1, 6), dim)) * [*range(1, dim + 1)]
                )
                for _ in turns
            ]
            for m, dim in DIMS.items()
        }
        found.append(Example(Conversation(f"c{number}", turns), tokens, [() for _ in turns]))
    return found


def _values(examples: list[Example], modality: str) -> np.ndarray:
    return np.concatenate(
        [t.values for e in examples for t in e.tokens[modality] if t is not None]
    )


def test_noise_has_the_deviation_that_is_asked_for() -> None:
    examples = _examples()
    worse = disturbed(examples, Disturbance("noise", 2.0), tuple(DIMS))
    for m in DIMS:
        before, after = _values(examples, m).astype(float), _values(worse, m).astype(float)
        added = (after - before).std(axis=0)
        assert added == pytest.approx(2.0 * before.std(axis=0), rel=0.1)
        assert abs((after - before).mean()) < 0.2
    for one, other in zip(examples, worse, strict=True):
        assert one.conversation == other.conversation
        assert one.hotspots == other.hotspots
        assert [t is None for t in one.tokens["face"]] == [t is None for t in other.tokens["face"]]


def test_every_model_is_asked_about_the_same() -> None:
    examples = _examples()
    disturbance = Disturbance("noise", 1.0)
    all_of_them = disturbed(examples, disturbance, tuple(DIMS))
    again = disturbed(examples, disturbance, tuple(DIMS))
    for one, other in zip(all_of_them, again, strict=True):
        for m in DIMS:
            for a, b in zip(one.tokens[m], other.tokens[m], strict=True):
                assert (a is None) == (b is None)
                assert a is None or np.array_equal(a.values, b.values)
    # Levels are drawn apart, and so are conversations.
    thin, thinner = (
        disturbed(examples, Disturbance("missing", s), tuple(DIMS)) for s in (0.4, 0.5)
    )
    gone = [[t is None for e in worse for t in e.tokens["words"]] for worse in (thin, thinner)]
    assert gone[0] != gone[1]


def test_what_is_missing_never_leaves_an_utterance_empty() -> None:
    examples = _examples(0.3)
    for share in (0.5, 1.0):
        worse = disturbed(examples, Disturbance("missing", share), tuple(DIMS))
        for before, after in zip(examples, worse, strict=True):
            for u in range(len(before.conversation.utterances)):
                there = [m for m in DIMS if before.tokens[m][u] is not None]
                kept = [m for m in DIMS if after.tokens[m][u] is not None]
                assert set(kept) <= set(there)
                assert bool(kept) == bool(there)
                if share == 1.0:
                    assert len(kept) == min(1, len(there))
    full = _examples(0.0)
    worse = disturbed(full, Disturbance("missing", 0.5), tuple(DIMS))
    lost = np.mean([t is None for e in worse for m in DIMS for t in e.tokens[m]])
    # Half of them, less those that were spared: 0.5 - 0.25 / 2.
    assert lost == pytest.approx(0.375, abs=0.06)


def test_what_a_model_does_not_read_spares_it_nothing() -> None:
    worse = disturbed(_examples(0.0), Disturbance("missing", 1.0), ("face",))
    assert all(set(e.tokens) == {"face"} for e in worse)
    assert all(t is not None for e in worse for t in e.tokens["face"])


def test_a_modality_is_withheld() -> None:
    worse = disturbed(_examples(), Disturbance("without", "face"), tuple(DIMS))
    assert all(set(e.tokens) == {"words"} for e in worse)


def test_disturbances_are_named() -> None:
    asked = Disturbances(noise=(0.5, 2.0), missing=(0.3,), without=True)
    names = [d.name for d in disturbances_of(asked, ("words", "face"))]
    assert names == ["noise 0.5", "noise 2", "missing 0.3", "without words", "without face"]
    # With one modality there is nothing to withhold.
    assert [d.name for d in disturbances_of(asked, ("words",))] == ["noise 0.5", "noise 2"]


@pytest.mark.parametrize("wrong", [{"noise": [0.0]}, {"missing": [1.5]}, {"missing": [0.0]}])
def test_levels_that_make_no_sense_are_refused(wrong: dict[str, list[float]]) -> None:
    with pytest.raises(ValueError, match="found"):
        Disturbances.model_validate(wrong)
