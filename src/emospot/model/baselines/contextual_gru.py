"""Contextual GRU: a recurrent network reads the dialogue both ways (bc-LSTM family).

Poria, Cambria, Hazarika, Majumder, Zadeh and Morency: "Context-Dependent
Sentiment Analysis in User-Generated Videos", ACL 2017. Layer l over the
utterances i of a dialogue, h⁰_i the vectors of all modalities side by side:

    h^l_i = dropout([→GRU^l(h^{l−1})_i ; ←GRU^l(h^{l−1})_i])
    z_i   = dropout(ReLU(W h^L_i + b))

With a speaker path, a second pair of GRUs runs over the turns of each speaker
alone, with the same weights for all speakers, and its states join h^l_i: the
cheapest way of telling own past from the other's (the idea of DialogueRNN's party
states without its attention).

Sizes as in the field's common implementation: 2 layers, 100 units each way, a
dense layer of 100, dropout 0.25. Departures: GRU for LSTM; the modalities join
before the context instead of each having a context of its own first; utterances
with no modality at all are skipped.
"""

from collections.abc import Mapping
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from emospot.model.baselines.utterance_model import UtteranceVectors
from emospot.model.dropout import Dropout
from emospot.model.recurrence import run_over_groups

WIDTH = 100
LAYERS = 2
DROPOUT = 0.25


class ContextualGRU(nn.Module):
    """Bidirectional GRUs over the dialogue, and over each speaker's own turns.

    Args:
        dims: modality → numbers of its vector.
        width: units of each GRU each way, and of the dense layer; None: 100.
        layers: None: 2.
        dropout: after each layer; None: 0.25.
        speaker_path: add the GRUs over each speaker's own turns.
    """

    def __init__(
        self,
        dims: Mapping[str, int],
        *,
        width: int | None = None,
        layers: int | None = None,
        dropout: float | None = None,
        speaker_path: bool = False,
    ) -> None:
        super().__init__()
        self.width = WIDTH if width is None else width
        joined = 2 * self.width * (2 if speaker_path else 1)
        inputs = [sum(dims.values())] + [joined] * ((LAYERS if layers is None else layers) - 1)
        self.dialogue = nn.ModuleList(self._gru(size) for size in inputs)
        self.own = nn.ModuleList(self._gru(size) for size in inputs if speaker_path)
        self.dense = nn.Linear(joined, self.width)
        self.dropout = Dropout(DROPOUT if dropout is None else dropout)

    def _gru(self, size: int) -> nn.GRU:
        return nn.GRU(size, self.width, batch_first=True, bidirectional=True)

    def forward(self, inputs: UtteranceVectors) -> Tensor:
        """Shape (B, U, width)."""
        x, known, speakers = inputs.joined(), inputs.known, inputs.speakers
        everyone = torch.zeros_like(speakers)
        for layer, dialogue in enumerate(self.dialogue):
            paths = [run_over_groups(cast(nn.GRU, dialogue), x, known, everyone)]
            if self.own:
                paths.append(run_over_groups(cast(nn.GRU, self.own[layer]), x, known, speakers))
            x = self.dropout(torch.cat(paths, dim=-1))
        hidden: Tensor = self.dropout(F.relu(self.dense(x)))
        return hidden
