"""Intensity scores against published figures, other formulas, and their edges."""

import numpy as np
import pytest
from scipy.stats import pearsonr
from sklearn.metrics import accuracy_score, f1_score, mean_absolute_error

from emospot.errors import ShapeError
from emospot.evaluation.intensity import intensity_scores, number_scores

TRUE = np.array([2, 7, 0, -5, -4, 7.5, -4.5, 6, 5, 0, -4, -4, -4, -1, 0, 1]) / 3
FOUND = np.array(
    [-0.7, 1.0, 0.0, 0.5, -2.3, 1.3, -1.9, 1.4, 1.1, -0.1, -2.8, -1.2, -0.8, -0.1, -1.2, -0.2]
)


def test_equal_to_what_mmsa_prints_for_the_same_numbers() -> None:
    scores = intensity_scores(TRUE, FOUND)
    # Printed by `MetricsTop` of MMSA (regression) for these sixteen utterances.
    assert scores.metrics() == pytest.approx(
        {
            "mae": 0.8,
            "correlation": 0.7725,
            "concordance": scores.concordance,
            "acc7": 0.4375,
            "acc5": 0.4375,
            "acc2_negative_nonnegative": 0.6875,
            "f1_negative_nonnegative": 0.6838,
            "acc2_negative_positive": 0.7692,
            "f1_negative_positive": 0.7664,
        },
        abs=6e-5,
    )
    assert scores.support == 16


@pytest.mark.parametrize("seed", range(4))
def test_equal_to_scikit_learn_and_scipy(seed: int) -> None:
    random = np.random.default_rng(seed)
    true = np.round(random.uniform(-3, 3, 80) * 3) / 3 * (random.random(80) < 0.8)
    found = true * 0.7 + random.normal(size=80)
    scores = intensity_scores(true, found)
    assert scores.mae == pytest.approx(mean_absolute_error(true, found))
    assert scores.correlation == pytest.approx(pearsonr(true, found)[0])
    for limit, accuracy in ((3, scores.acc7), (2, scores.acc5)):
        rounded = [np.rint(np.clip(x, -limit, limit)).astype(int) for x in (true, found)]
        assert accuracy == pytest.approx(accuracy_score(*rounded))
    everything = true >= 0, found >= 0
    assert scores.acc2_negative_nonnegative == pytest.approx(accuracy_score(*everything))
    assert scores.f1_negative_nonnegative == pytest.approx(
        f1_score(*everything, average="weighted")
    )
    decided = true[true != 0] > 0, found[true != 0] > 0
    assert scores.acc2_negative_positive == pytest.approx(accuracy_score(*decided))
    assert scores.f1_negative_positive == pytest.approx(f1_score(*decided, average="weighted"))


def test_the_two_conventions_differ_where_the_truth_is_neutral() -> None:
    true, found = np.array([-1.0, 0.0, 0.0, 1.0]), np.array([-1.0, -0.1, -0.1, 1.0])
    scores = intensity_scores(true, found)
    assert scores.acc2_negative_nonnegative == 0.5
    assert scores.acc2_negative_positive == 1.0


def test_halves_round_to_the_even_neighbour() -> None:
    assert intensity_scores(np.array([0.5, 1.5, 2.5]), np.array([0.0, 2.0, 2.0])).acc7 == 1.0


def test_concordance_by_hand_and_what_it_adds_to_correlation() -> None:
    true = np.array([1.0, 2.0, 3.0, 4.0])
    # Variances 1.25 and 5, covariance 2.5, means 2.5 and 7.
    scores = number_scores(true, 2 * true + 2)
    assert scores.correlation == pytest.approx(1.0)
    assert scores.concordance == pytest.approx(2 * 2.5 / (1.25 + 5 + 4.5**2))
    assert number_scores(true, true).concordance == pytest.approx(1.0)


@pytest.mark.parametrize("found", [[0.1, 0.1, 0.1], [1.0, 2.0, 3.0]])
def test_no_spread_gives_zero_and_not_nan(found: list[float]) -> None:
    scores = number_scores(np.full(3, 0.1), np.array(found))
    assert (scores.correlation, scores.concordance) == (0.0, 0.0)


def test_only_neutral_truth_leaves_nothing_for_negative_positive() -> None:
    scores = intensity_scores(np.zeros(3), np.array([0.0, 1.0, -1.0]))
    assert (scores.acc2_negative_positive, scores.f1_negative_positive) == (0.0, 0.0)


def test_perfect_and_wrong() -> None:
    true = np.array([-2.0, -1.0, 1.0, 2.0])
    perfect, wrong = intensity_scores(true, true), intensity_scores(true, -true)
    assert perfect.mae == 0
    assert min(list(perfect.metrics().values())[1:]) == pytest.approx(1.0)
    assert wrong.correlation == pytest.approx(-1.0)
    assert wrong.acc7 == wrong.acc2_negative_positive == wrong.f1_negative_nonnegative == 0.0


@pytest.mark.parametrize("count", [0, 3])
def test_empty_or_unequal_input_is_refused(count: int) -> None:
    with pytest.raises(ShapeError, match="at least one"):
        number_scores(np.zeros(count), np.zeros(0))
