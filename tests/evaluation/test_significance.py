"""Intervals and p against enumeration, slow literal versions and known answers."""

import itertools

import numpy as np
import pytest
from scipy.stats import kstest
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score

from emospot.emotions import Task
from emospot.errors import UsageError
from emospot.evaluation import significance
from emospot.evaluation.predictions import Predictions
from emospot.evaluation.significance import (
    bootstrap_interval,
    compare,
    difference_interval,
    holm,
    swap_test,
)

TASK = Task("mood", "single", ("a", "b", "c"))
LITERAL = {
    "weighted_f1": lambda t, p: f1_score(t, p, average="weighted", zero_division=0),
    "macro_f1": lambda t, p: f1_score(t, p, labels=[0, 1, 2], average="macro", zero_division=0),
    "accuracy": accuracy_score,
    "uar": balanced_accuracy_score,
}


def _world(
    seed: int, dialogues: int, skills: tuple[float, ...], seeds: int = 2, length: int = 8
) -> list[Predictions]:
    """One model a skill; utterances of a dialogue share how hard they are."""
    random = np.random.default_rng(seed)
    count = dialogues * length
    names = tuple(f"d{i // length}" for i in range(count))
    true = random.integers(3, size=count)
    models = []
    for skill in skills:
        hard = np.repeat(random.normal(0, 0.15, (seeds, dialogues)), length, axis=1)
        right = random.random((seeds, count)) < skill + hard
        found = np.where(right, true, random.integers(3, size=(seeds, count)))
        models.append(Predictions(TASK, names, true, found))
    return models


def _literal_difference(a: np.ndarray, b: np.ndarray, true: np.ndarray, metric: str) -> float:
    score = LITERAL[metric]
    return float(np.mean([score(true, p) for p in a]) - np.mean([score(true, p) for p in b]))


@pytest.mark.parametrize("metric", LITERAL)
def test_all_swaps_of_few_dialogues_equal_a_literal_enumeration(metric: str) -> None:
    model, reference = _world(3, dialogues=6, skills=(0.7, 0.5))
    observed = _literal_difference(model.predicted, reference.predicted, model.true, metric)
    extreme = 0
    for chosen in itertools.product([False, True], repeat=6):
        swapped = np.repeat(chosen, 8)
        a = np.where(swapped, reference.predicted, model.predicted)
        b = np.where(swapped, model.predicted, reference.predicted)
        extreme += abs(_literal_difference(a, b, model.true, metric)) >= abs(observed) - 1e-9
    found = swap_test(model, reference, metric)
    assert found.exact
    assert found.draws == 64
    assert found.difference == pytest.approx(observed)
    assert found.p == extreme / 64


def test_drawn_swaps_come_near_the_exact_p_and_count_the_observed_one() -> None:
    model, reference = _world(8, dialogues=9, skills=(0.7, 0.55))
    exact = swap_test(model, reference)
    drawn = swap_test(model, reference, draws=500)
    assert exact.exact
    assert not drawn.exact
    assert 0.02 < exact.p < 0.5
    assert drawn.p == pytest.approx(exact.p, abs=0.06)
    assert (drawn.p * 501) == pytest.approx(round(drawn.p * 501))


def test_identical_models_give_uniform_p() -> None:
    found = [
        swap_test(*_world(seed, 16, (0.6, 0.6)), draws=199, seed=seed).p for seed in range(300)
    ]
    assert kstest(found, "uniform").pvalue > 0.01
    assert np.mean(np.array(found) <= 0.05) < 0.09


def test_equal_predictions_give_one() -> None:
    (model,) = _world(0, 20, (0.6,))
    found = swap_test(model, model, draws=300)
    assert (found.difference, found.p) == (0.0, 1.0)
    interval = difference_interval(model, model, draws=300)
    assert (interval.value, interval.low, interval.high) == (0.0, 0.0, 0.0)


def test_a_clear_winner_gives_the_smallest_p_either_way() -> None:
    model, reference = _world(1, 20, (0.9, 0.3))
    won = compare(model, reference, draws=999)
    lost = compare(reference, model, draws=999)
    assert won.p == lost.p == 1 / 1000
    assert 0 < won.low < won.difference < won.high
    assert lost.difference == pytest.approx(-won.difference)
    assert (won.seeds, won.notice, won.exact) == ((2, 2), "", False)


def test_numbers_and_several_labels_can_be_compared_too() -> None:
    random = np.random.default_rng(0)
    names = tuple(f"d{i // 5}" for i in range(60))
    task = Task("valence", "number", ("valence",))
    true = random.normal(size=60)
    near, far = (
        Predictions(task, names, true, true + random.normal(0, s, (2, 60))) for s in (0.1, 2.0)
    )
    found = compare(near, far, "mae")
    assert found.difference < 0
    assert found.p == pytest.approx(2 / 4096)
    assert found.high < 0


def test_unequal_numbers_of_seeds_are_all_used_and_said() -> None:
    model, _ = _world(4, 12, (0.62, 0.5), seeds=3)
    reference = _world(4, 12, (0.62, 0.5), seeds=2)[1]
    reference = Predictions(TASK, model.dialogues, model.true, reference.predicted)
    found = compare(model, reference, "accuracy")
    expected = (model.predicted == model.true).mean() - (reference.predicted == model.true).mean()
    assert found.difference == pytest.approx(expected)
    assert found.seeds == (3, 2)
    assert found.notice.startswith("3 seeds against 2")
    # Accuracy is a sum, so the swapped mean is known whatever the seeds are paired with.
    gain = np.array(
        [
            (
                (model.predicted == model.true).mean(0)
                - (reference.predicted == model.true).mean(0)
            )[np.array(model.dialogues) == d].sum()
            for d in model.dialogue_ids
        ]
    )
    signs = np.array(list(itertools.product([-1, 1], repeat=12)))
    extreme = np.abs(signs @ gain) >= abs(gain.sum()) - 1e-9
    assert found.p == pytest.approx(extreme.mean())


@pytest.mark.parametrize("metric", LITERAL)
def test_bootstrap_equals_a_slow_literal_one(metric: str) -> None:
    (model,) = _world(2, dialogues=7, skills=(0.6,))
    found = bootstrap_interval(model, metric, draws=300, seed=11)
    random = np.random.default_rng(11)
    place = np.array([model.dialogue_ids.index(d) for d in model.dialogues])
    values = []
    for _ in range(300):
        times = random.multinomial(7, np.full(7, 1 / 7))
        rows = np.concatenate([np.flatnonzero(place == d).repeat(n) for d, n in enumerate(times)])
        scores = [LITERAL[metric](model.true[rows], p[rows]) for p in model.predicted]
        values.append(np.mean(scores))
    assert [found.low, found.high] == pytest.approx(np.quantile(values, [0.025, 0.975]))
    whole = np.mean([LITERAL[metric](model.true, p) for p in model.predicted])
    assert found.value == pytest.approx(whole)


def test_the_interval_covers_as_often_as_it_says() -> None:
    # The truth is the accuracy over very many dialogues of the same kind.
    truth = np.mean([(p.predicted == p.true).mean() for p in _world(0, 4000, (0.6,))])
    inside = 0
    for seed in range(200):
        interval = bootstrap_interval(_world(seed + 1, 30, (0.6,))[0], "accuracy", draws=300)
        inside += interval.low <= truth <= interval.high
    assert 0.88 <= inside / 200 <= 0.99


def test_dialogues_widen_the_interval_where_their_utterances_depend_on_each_other() -> None:
    random = np.random.default_rng(0)
    good = np.repeat(random.random(20) < 0.5, 15)
    true = random.integers(3, size=300)
    found = np.where(good, true, (true + 1) % 3)[None]
    by_dialogue, by_utterance = (
        bootstrap_interval(Predictions(TASK, names, true, found), "accuracy", draws=500)
        for names in (tuple(f"d{i // 15}" for i in range(300)), tuple(map(str, range(300))))
    )
    assert by_dialogue.high - by_dialogue.low > 3 * (by_utterance.high - by_utterance.low)


def test_chunks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    model, reference = _world(6, 16, (0.6, 0.5))
    whole = compare(model, reference, draws=400)
    monkeypatch.setattr(significance, "CHUNK_NUMBERS", 2000)
    assert compare(model, reference, draws=400) == whole


def test_models_of_other_utterances_are_not_compared() -> None:
    model, _ = _world(0, 5, (0.6, 0.6))
    (other,) = _world(0, 6, (0.6,))
    for call in (swap_test, difference_interval, compare):
        with pytest.raises(UsageError, match="40 utterances of 5 dialogues and 48 of 6"):
            call(model, other)


def test_holm_by_hand() -> None:
    # 4 · 0.005, 3 · 0.01, 2 · 0.03, then not below the one before.
    given = {"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.005}
    assert holm(given) == pytest.approx({"a": 0.03, "b": 0.06, "c": 0.06, "d": 0.02})
    assert list(holm(given)) == list(given)
    assert holm({"a": 0.6, "b": 0.7}) == {"a": 1.0, "b": 1.0}
    assert holm({"a": 0.2}) == {"a": 0.2}
    assert holm({}) == {}


@pytest.mark.parametrize("seed", range(3))
def test_holm_rejects_what_the_step_down_rule_rejects(seed: int) -> None:
    p = {str(i): float(x) for i, x in enumerate(np.random.default_rng(seed).beta(0.3, 3, size=9))}
    rejected = set()
    for rank, name in enumerate(sorted(p, key=p.get)):
        if p[name] > 0.05 / (9 - rank):
            break
        rejected.add(name)
    assert {name for name, value in holm(p).items() if value <= 0.05} == rejected
    assert rejected
