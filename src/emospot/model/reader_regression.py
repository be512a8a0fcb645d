"""The convex sum that a kernel reader minimises: multinomial logistic regression.

    a_i = b + W s_i [w_p · part p of the letters of i]_p + γᵀ f_i

over the labelled utterances i, where the parts are those of `turns_around` and f_i are
dense features. The letters' parts are never written out: W is applied to the letters of
each utterance, and the answers are averaged over the turns around.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emospot.model.turns_around import TurnsAround

ITERATIONS = 60
"""Steps of L-BFGS at most."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderRegression:
    """What is known of N utterances, L of them labelled.

    Args:
        letters: of every utterance, sparse (N × n-grams).
        around: the turns around them.
        weights: w, of the parts.
        scale: s, what an utterance's letters are multiplied by, shape (N,).
        features: f of the labelled utterances, shape (L, F).
        labelled: which they are, shape (L,).
        right: their classes, shape (L,).
        classes: K.
    """

    letters: Any
    around: TurnsAround
    weights: tuple[float, ...]
    scale: Floats
    features: Floats
    labelled: NDArray[np.intp]
    right: NDArray[np.int64]
    classes: int

    def solution(self) -> tuple[Floats, Floats, Floats]:
        """Find the weights with the least Σ cross-entropy + ‖W‖² / 2 + ‖γ‖² / 2.

        Returns:
            W (parts × n-grams × K), γ (F × K) and b (K).
        """
        from scipy.optimize import minimize

        size = sum(int(np.prod(shape)) for shape in self._shapes) + self.classes
        options = {"maxiter": ITERATIONS}
        found = minimize(self._loss, np.zeros(size), jac=True, method="L-BFGS-B", options=options)
        return self._cut(found.x)

    @property
    def _shapes(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        letters = (self.around.parts, self.letters.shape[1], self.classes)
        return letters, (self.features.shape[1], self.classes)

    def _loss(self, flat: Floats) -> tuple[float, Floats]:
        from scipy.special import log_softmax

        letters, features, bias = self._cut(flat)
        said = self.around.weighed([self.letters @ part for part in letters], self.weights)
        said = (said * self.scale[:, None])[self.labelled] + self.features @ features + bias
        log_p = log_softmax(said, axis=1)
        right = np.eye(self.classes)[self.right]
        wrong = np.exp(log_p) - right
        back = np.zeros((len(self.scale), self.classes))
        back[self.labelled] = wrong * self.scale[self.labelled, None]
        slopes = [self.letters.T @ part for part in self.around.back(back, self.weights)]
        value = -(log_p * right).sum() + ((letters**2).sum() + (features**2).sum()) / 2
        slope = (
            (np.stack(slopes) + letters).ravel(),
            (self.features.T @ wrong + features).ravel(),
            wrong.sum(axis=0),
        )
        return float(value), np.concatenate(slope)

    def _cut(self, flat: Floats) -> tuple[Floats, Floats, Floats]:
        first, second = (int(np.prod(shape)) for shape in self._shapes)
        letters, features, bias = np.split(flat, [first, first + second])
        return letters.reshape(self._shapes[0]), features.reshape(self._shapes[1]), bias
