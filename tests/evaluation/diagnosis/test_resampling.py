"""Intervals and differences over dialogues against literal versions and known answers."""

import numpy as np
import pytest
from scipy.stats import ttest_ind

from emospot.errors import ShapeError
from emospot.evaluation.diagnosis.resampling import (
    bootstrap,
    mean_difference,
    mean_interval,
    places,
)


def test_places_count_by_first_appearance():
    assert places(["d2", "d1", "d2", "d3"]).tolist() == [0, 1, 0, 2]


def test_the_bootstrap_equals_a_literal_one():
    random = np.random.default_rng(1)
    dialogues = [random.normal(3, 1, size=n) for n in random.integers(2, 9, size=25)]
    sums = np.array([[own.sum(), len(own)] for own in dialogues])
    found = bootstrap(sums, lambda s: s[..., 0] / s[..., 1], draws=4000)
    means = []
    for _ in range(4000):
        drawn = [dialogues[i] for i in random.integers(25, size=25)]
        means.append(np.concatenate(drawn).mean())
    assert found.value == pytest.approx(np.concatenate(dialogues).mean())
    assert [found.low, found.high] == pytest.approx(np.quantile(means, [0.025, 0.975]), abs=0.03)


def test_chunks_change_nothing(monkeypatch):
    sums = np.random.default_rng(2).normal(size=(7, 3))
    whole = bootstrap(sums, lambda s: s.sum(axis=-1), draws=100)
    monkeypatch.setattr("emospot.evaluation.diagnosis.resampling._CHUNK_NUMBERS", 1)
    again = bootstrap(sums, lambda s: s.sum(axis=-1), draws=100)
    assert (again.low, again.high) == pytest.approx((whole.low, whole.high))


def test_one_utterance_a_dialogue_is_the_usual_t_interval():
    from scipy.stats import t

    values = np.random.default_rng(3).normal(size=12)
    found = mean_interval(values, np.arange(12))
    low, high = t.interval(0.95, 11, values.mean(), values.std(ddof=1) / 12**0.5)
    assert (found.low, found.high) == pytest.approx((low, high))


def test_a_mean_stays_within_its_bounds():
    found = mean_interval(np.array([0.0, 0.0, 1.0]), np.arange(3), least=0.0, greatest=1.0)
    assert (found.low, found.high) == (0.0, 1.0)
    alone = mean_interval(np.array([0.0, 1.0]), np.array([4, 4]))
    assert (alone.value, alone.low, alone.high) == (0.5, 0.5, 0.5)


def test_a_difference_of_independent_values_is_nearly_welchs():
    random = np.random.default_rng(4)
    values, inside = random.normal(size=400), np.arange(400) % 2 == 0
    values[inside] += 0.25
    found = mean_difference(values, inside, np.arange(400))
    welch = ttest_ind(values[inside], values[~inside], equal_var=False)
    assert found.difference.value == pytest.approx(values[inside].mean() - values[~inside].mean())
    assert found.p == pytest.approx(welch.pvalue, rel=0.1)
    interval = welch.confidence_interval()
    assert (found.difference.low, found.difference.high) == pytest.approx(
        (interval.low, interval.high), rel=0.05
    )


def test_a_group_in_few_dialogues_is_not_taken_for_many():
    from scipy.stats import t

    values = np.random.default_rng(6).normal(size=60)
    found = mean_difference(values, np.arange(60) < 6, np.arange(60))
    reach = found.difference.high - found.difference.value
    error = reach / t.ppf(0.975, 5)
    assert found.p == pytest.approx(2 * t.sf(abs(found.difference.value) / error, 5))
    group = values[:6].var() / 6 + values[6:].var() / 54
    assert error == pytest.approx(group**0.5 * (60 / 59) ** 0.5)


def test_dependent_values_of_a_dialogue_do_not_count_as_many():
    """Groups of whole dialogues that differ by chance alone are rarely told apart."""
    random = np.random.default_rng(5)
    dialogues, inside = np.repeat(np.arange(20), 30), np.repeat(np.arange(20) < 10, 30)
    naive = honest = 0
    for _ in range(200):
        values = np.repeat(random.normal(size=20), 30) + random.normal(size=600)
        naive += ttest_ind(values[inside], values[~inside]).pvalue < 0.05
        honest += mean_difference(values, inside, dialogues).p < 0.05
    assert honest <= 20
    assert naive > 60


def test_without_spread_a_difference_is_certain_and_none_is_none():
    dialogues, inside = np.arange(4), np.array([True, True, False, False])
    assert mean_difference(inside.astype(float), inside, dialogues).p == 0.0
    assert mean_difference(np.ones(4), inside, dialogues).p == 1.0


def test_a_side_of_one_dialogue_is_refused():
    with pytest.raises(ShapeError, match=r"two dialogues on both sides, found \[1, 2\]"):
        mean_difference(np.ones(3), np.array([True, False, False]), np.arange(3))
