"""What all baselines share: from tokens to one vector an utterance, and from there to answers.

The published models read one vector an utterance and modality. Each baseline is
therefore a *network* over utterance vectors, which says nothing of tokens, heads
or masks of tasks:

    tokens ─ standardise ─ pool ─ network ─ a linear layer a head

A modality with one token an utterance (pooled features) passes the pooling
unchanged. On request the numbers of `model.timing` stand beside the vector of every
modality that is present, and `model.kernel_reader` adds what it reads.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, cast

import torch
from torch import Tensor, nn

from emospot.batch import ConversationBatch
from emospot.model.attention import AttentionPool
from emospot.model.emotion_model import EmotionModel, EmotionOutput
from emospot.model.inputs import InputNormalisation
from emospot.model.kernel_reader import KernelReader, add_readings
from emospot.model.row_groups import rows_by_length
from emospot.model.timing import timing_of


@dataclass(frozen=True, slots=True)
class UtteranceVectors:
    """What a baseline's network reads.

    Args:
        vectors: modality → shape (B, U, d_m), zeros where absent and in padding.
        present: which utterance has which modality, shape (B, U, M).
        mask: which utterances are there, shape (B, U); always a prefix.
        speakers: index of the speaker within the conversation, shape (B, U).
    """

    vectors: Mapping[str, Tensor]
    present: Tensor
    mask: Tensor
    speakers: Tensor

    @property
    def known(self) -> Tensor:
        """Which utterances have any modality, shape (B, U)."""
        return self.present.any(dim=-1)

    def joined(self) -> Tensor:
        """The vectors of all modalities side by side, shape (B, U, Σ d_m)."""
        return torch.cat(list(self.vectors.values()), dim=-1)


class UtteranceNetwork(Protocol):
    """A baseline proper: an `nn.Module` over utterance vectors."""

    width: int
    """Numbers an utterance that `forward` gives."""

    def __call__(self, inputs: UtteranceVectors) -> Tensor:
        """What the heads read, shape (B, U, width)."""
        ...


class MeanPool(nn.Module):
    """The mean of the tokens."""

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Pool `x` (N, T, d) where `mask` (N, T) is True; zeros where nothing is."""
        count = mask.sum(dim=1, keepdim=True).clamp(min=1)
        return (x * mask.unsqueeze(-1)).sum(dim=1) / count


class UtteranceModel(EmotionModel):
    """A baseline behind the recognizer's interface.

    Args:
        network: the baseline; an `nn.Module` that is an `UtteranceNetwork`.
        dims: modality → numbers a token, in the order of the batch.
        heads: head → number of its outputs.
        attention: pool by learned attention instead of the mean.
        input_dropout: probability of dropping an input number.
        timing: whether each vector is followed by the timing's numbers; the
            network then reads so many more a modality.
        readers: head → kernel reader whose answers are added.
    """

    def __init__(
        self,
        network: nn.Module,
        dims: Mapping[str, int],
        heads: Mapping[str, int],
        *,
        attention: bool = False,
        input_dropout: float = 0.0,
        timing: bool = False,
        readers: Mapping[str, KernelReader] | None = None,
    ) -> None:
        super().__init__(readers)
        self.timing = timing
        self.normalisation = nn.ModuleDict(
            {m: InputNormalisation(dim, input_dropout) for m, dim in dims.items()}
        )
        self.pool = nn.ModuleDict(
            {m: AttentionPool(dim) if attention else MeanPool() for m, dim in dims.items()}
        )
        self.network = network
        width = cast(UtteranceNetwork, network).width
        self.heads = nn.ModuleDict({name: nn.Linear(width, n) for name, n in heads.items()})
        for name, outputs in heads.items():
            self.register_buffer(f"prior_{name}", torch.zeros(outputs))

    @property
    def modalities(self) -> tuple[str, ...]:
        """The modalities in the order of the batch."""
        return tuple(self.normalisation)

    def set_input_statistics(self, modality: str, mean: Tensor, deviation: Tensor) -> None:
        """Standardise a modality by the training data's mean and deviation, shape (d,)."""
        normalisation = cast(InputNormalisation, self.normalisation[modality])
        normalisation.mean.copy_(mean)
        normalisation.deviation.copy_(deviation)

    def utterance_vectors(self, batch: ConversationBatch) -> UtteranceVectors:
        """What the network reads of a batch."""
        present = batch.present & batch.mask.unsqueeze(-1)
        groups = rows_by_length(batch)
        vectors = {
            m: self._vectors(m, batch, present[:, :, number], groups)
            for number, m in enumerate(self.modalities)
        }
        if self.timing:
            vectors = _followed_by(timing_of(batch), vectors, present)
        return UtteranceVectors(vectors, present, batch.mask, batch.speakers)

    def forward(self, batch: ConversationBatch) -> EmotionOutput:
        """Recognise the emotions of a batch."""
        inputs = self.utterance_vectors(batch)
        features = self.network(inputs)
        known = inputs.known.unsqueeze(-1)
        logits = {
            name: torch.where(known, head(features), self.get_buffer(f"prior_{name}"))
            for name, head in self.heads.items()
        }
        if not self.training:
            logits = add_readings(logits, self.readers, batch)
        return EmotionOutput(logits)

    def _vectors(
        self, modality: str, batch: ConversationBatch, present: Tensor, groups: Sequence[Tensor]
    ) -> Tensor:
        """Standardise and pool; rows of similar length together, so that padding costs little."""
        tensors = batch.modalities[modality]
        mask = (tensors.mask & present.unsqueeze(-1)).flatten(0, 1)
        values = tensors.values.flatten(0, 1)
        pooled = []
        for rows in groups:
            own = mask[rows]
            T = max(1, int(own.sum(dim=1).max()))
            own = own[:, :T]
            standardised: Tensor = self.normalisation[modality](values[rows, :T])
            # NaN in the padding must not spread.
            x = standardised.masked_fill(~own.unsqueeze(-1), 0.0)
            pooled.append(x[:, 0] if T == 1 else self.pool[modality](x, own))
        joined = torch.cat(pooled)
        flat = joined.new_zeros(len(mask), joined.shape[-1])
        return flat.index_copy(0, torch.cat(list(groups)), joined).view(*present.shape, -1)


def _followed_by(
    timing: Tensor, vectors: Mapping[str, Tensor], present: Tensor
) -> dict[str, Tensor]:
    """Each modality's vectors with the timing beside them, where it is present."""
    return {
        m: torch.cat([x, timing.to(x.dtype) * present[:, :, number : number + 1]], dim=-1)
        for number, (m, x) in enumerate(vectors.items())
    }
