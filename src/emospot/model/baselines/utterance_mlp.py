"""A multi-layer perceptron on the utterance alone: early fusion without context.

    h⁰ = [x_1 ; … ; x_M],   h^l = dropout(ReLU(W^l h^{l−1} + b^l))

What features say by themselves; everything that a model of conversations gains
is the distance to this one. It is common property of the field, and no
publication fixes its sizes: one hidden layer of 256 and dropout 0.5 here.
"""

from collections.abc import Mapping
from itertools import pairwise

from torch import Tensor, nn

from emospot.model.baselines.utterance_model import UtteranceVectors
from emospot.model.dropout import Dropout

WIDTH = 256
LAYERS = 1
DROPOUT = 0.5


class UtteranceMLP(nn.Module):
    """Hidden layers over the vectors of all modalities side by side.

    Args:
        dims: modality → numbers of its vector.
        width: numbers of a hidden layer; None: 256.
        layers: hidden layers; None: 1.
        dropout: after each; None: 0.5.
    """

    def __init__(
        self,
        dims: Mapping[str, int],
        *,
        width: int | None = None,
        layers: int | None = None,
        dropout: float | None = None,
    ) -> None:
        super().__init__()
        self.width = WIDTH if width is None else width
        sizes = [sum(dims.values())] + [self.width] * (LAYERS if layers is None else layers)
        self.layers = nn.Sequential()
        for inputs, outputs in pairwise(sizes):
            self.layers.extend(
                [
                    nn.Linear(inputs, outputs),
                    nn.ReLU(),
                    Dropout(DROPOUT if dropout is None else dropout),
                ]
            )

    def forward(self, inputs: UtteranceVectors) -> Tensor:
        """Shape (B, U, width)."""
        hidden: Tensor = self.layers(inputs.joined())
        return hidden
