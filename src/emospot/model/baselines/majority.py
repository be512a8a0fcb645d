"""Majority: the most frequent class of the training data, whatever is said.

    logit_c = log((n_c + 1) / Σ (n_c' + 1)),  n_c: training utterances of class c

The floor that any model must pass, and the share that guessing would reach.
Nothing is learned by gradient: `training.closed_form` counts and sets the bias
of the head, so that saving, loading and scoring are those of every other model.
"""

from torch import Tensor, nn

from emospot.model.baselines.utterance_model import UtteranceVectors


class Majority(nn.Module):
    """The same number, 1, for every utterance: the head's weight and bias say it all."""

    width = 1

    def forward(self, inputs: UtteranceVectors) -> Tensor:
        """Ones, shape (B, U, 1)."""
        return next(iter(inputs.vectors.values())).new_ones(*inputs.mask.shape, 1)
