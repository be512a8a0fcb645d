"""The convex sum that a kernel reader minimises: multinomial logistic regression.

    a_l = b + W s_l [w_p · part p of the letters of i(l)]_p + γᵀ f_l

over lessons l, each of a labelled utterance i(l), where the parts are those of
`turns_around` and f_l are dense features. The letters' parts are never written out: W is
applied to the letters of each utterance, and the answers are averaged over the turns
around.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from emospot.model.turns_around import TurnsAround

ITERATIONS = 60
"""Steps of L-BFGS at most."""
REMEMBERED = 10
"""Steps that it remembers; each takes twice the memory of all weights."""

BLOCK = 2048
"""Lessons whose features are in single precision at a time."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderRegression:
    """What is known of N utterances, in L lessons.

    Args:
        letters: of every utterance, sparse (N × n-grams).
        around: the turns around them.
        weights: w, of the parts.
        rows: s where a lesson is of an utterance and reads its letters, sparse (L × N).
        features: f of the lessons, in half precision, shape (L, F).
        right: their classes, shape (L,).
        classes: K.
    """

    letters: Any
    around: TurnsAround
    weights: tuple[float, ...]
    rows: Any
    features: NDArray[np.float16]
    right: NDArray[np.int64]
    classes: int

    def solution(self) -> tuple[Floats, Floats, Floats]:
        """Find the weights with the least Σ cross-entropy + ‖W‖² / 2 + ‖γ‖² / 2.

        Returns:
            W (parts × n-grams × K), γ (F × K) and b (K).
        """
        size = sum(int(np.prod(shape)) for shape in self._shapes) + self.classes
        # Single precision, and PyTorch's own: SciPy's would take four times the memory.
        flat = nn.Parameter(torch.zeros(size))
        # One buffer for all blocks: a new one each time would leave the memory in pieces.
        buffer = torch.empty(min(BLOCK, len(self.features)), self.features.shape[1])
        search = torch.optim.LBFGS(
            [flat],
            max_iter=ITERATIONS,
            max_eval=2 * ITERATIONS,
            history_size=REMEMBERED,
            line_search_fn="strong_wolfe",
        )

        def loss() -> float:
            value, slope = self._loss(flat.detach().numpy(), buffer)
            flat.grad = torch.from_numpy(slope)
            return value

        search.step(loss)
        return self._cut(flat.detach().numpy())

    @property
    def _shapes(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        letters = (self.around.parts, self.letters.shape[1], self.classes)
        return letters, (self.features.shape[1], self.classes)

    def _loss(self, flat: Floats, buffer: Tensor) -> tuple[float, Floats]:
        """The sum and its slope; `buffer` is for the features of a block."""
        from scipy.special import log_softmax

        letters, features, bias = self._cut(flat)
        said = self.rows @ self.around.weighed([self.letters @ w for w in letters], self.weights)
        said += bias
        slope = flat.copy()
        by_letters, by_features, by_bias = self._cut(slope)
        value = ((letters**2).sum() + (features**2).sum()) / 2
        wrong = np.empty_like(said)
        for first in range(0, len(said), BLOCK):
            own = slice(first, first + BLOCK)
            half = torch.from_numpy(self.features[own])
            known = buffer[: len(half)].copy_(half).numpy()
            log_p = log_softmax(said[own] + known @ features, axis=1)
            right = np.arange(len(log_p)), self.right[own]
            value -= log_p[right].sum()
            np.exp(log_p, out=wrong[own])
            wrong[own][right] -= 1
            by_features += known.T @ wrong[own].astype(np.float32)
        for part, back in zip(
            by_letters, self.around.back(self.rows.T @ wrong, self.weights), strict=True
        ):
            part += self.letters.T @ back
        by_bias[:] = wrong.sum(axis=0)
        return float(value), slope

    def _cut(self, flat: Floats) -> tuple[Floats, Floats, Floats]:
        first, second = (int(np.prod(shape)) for shape in self._shapes)
        letters, features, bias = np.split(flat, [first, first + second])
        return letters.reshape(self._shapes[0]), features.reshape(self._shapes[1]), bias
