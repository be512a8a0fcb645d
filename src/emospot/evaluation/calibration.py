"""Calibration: probabilities that mean what they say, and when to be unsure.

Temperature scaling (Guo et al., 2017) divides the logits by one number, chosen to
maximise the likelihood of held-out data; it changes no prediction. On the same
data the threshold is chosen under which an answer is withheld ("unsure").
"""

import numpy as np
from numpy.typing import NDArray

MIN_WITHHELD = 20
"""Fewest answers that a threshold is based on."""


def softmax(logits: NDArray[np.floating]) -> NDArray[np.floating]:
    """Probabilities of logits over the last axis."""
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    probabilities: NDArray[np.floating] = shifted / shifted.sum(axis=-1, keepdims=True)
    return probabilities


def fit_temperature(logits: NDArray[np.floating], labels: NDArray[np.integer]) -> float:
    """The temperature in [0.05, 20] that maximises the likelihood of `labels`.

    Args:
        logits: shape (N, C).
        labels: index of the true class, shape (N,).

    Returns:
        The temperature; 1 where N is 0.
    """
    from scipy.optimize import minimize_scalar

    if len(labels) == 0:
        return 1.0
    rows = np.arange(len(labels))

    def cost(log_temperature: float) -> float:
        probabilities = softmax(logits.astype(np.float64) / np.exp(log_temperature))
        return float(-np.log(probabilities[rows, labels] + 1e-12).mean())

    bounds = (np.log(0.05), np.log(20.0))
    return float(np.exp(minimize_scalar(cost, bounds=bounds, method="bounded").x))


def unsure_threshold(confidence: NDArray[np.floating], correct: NDArray[np.bool_]) -> float:
    """The confidence under which an answer is more often wrong than right.

    How often answers of a confidence are right is read from an isotonic regression
    (Zadrozny and Elkan, 2002): it never falls as confidence rises.

    Args:
        confidence: probability of the predicted class, shape (N,).
        correct: whether the prediction is right, shape (N,).

    Returns:
        The least confidence with which at least half of the answers are right, just above the
        greatest where there is none; 0 (always answer) where fewer than `MIN_WITHHELD`
        answers lie below it.

    >>> import numpy as np
    >>> confidence = np.linspace(0.2, 0.9, 100)
    >>> round(unsure_threshold(confidence, confidence > 0.4), 2)
    0.41
    """
    from sklearn.isotonic import IsotonicRegression

    if len(confidence) < MIN_WITHHELD:
        return 0.0
    right = IsotonicRegression().fit_transform(confidence, correct.astype(np.float64))
    if (right < 0.5).sum() < MIN_WITHHELD:
        return 0.0
    answered = confidence[right >= 0.5]
    return float(answered.min() if len(answered) else np.nextafter(confidence.max(), np.inf))


def expected_calibration_error(
    confidence: NDArray[np.floating], correct: NDArray[np.bool_], bins: int = 15
) -> float:
    """The mean gap between confidence and accuracy over equal-width bins.

    >>> import numpy as np
    >>> expected_calibration_error(np.array([1.0, 1.0]), np.array([True, False]))
    0.5
    """
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    gap = 0.0
    for index in np.unique(place):
        inside = place == index
        gap += inside.mean() * abs(confidence[inside].mean() - correct[inside].mean())
    return float(gap)
