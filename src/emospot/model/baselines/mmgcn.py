"""MMGCN: one deep graph convolution over all utterances and modalities.

Hu, Liu, Zhao and Jin: "MMGCN: Multimodal Fusion via Deep Graph Convolution Network
for Emotion Recognition in Conversation", ACL 2021. With u_m the vectors of modality
m and s the embedding of the speaker:

    x_words = BiLSTM(W u_words + b) + s,    x_m = W_m u_m + b_m    other modalities

A node is (modality, utterance). All utterances of a dialogue are joined within a
modality, and all modalities within an utterance. An edge weighs as much as its
ends are alike, in angle; the weights are normalised by both ends' sums D:

    A_ij = 1 − arccos(0.99999 · cos(x_i, x_j)) / π,    P = D^(−1/2) A D^(−1/2)

Layers l = 1 … L with initial residual and identity mapping (GCNII, Chen et al.,
2020), θ_l = log(λ/l + 1), α = 0.1, λ = 0.5, dropout before each:

    h⁰ = ReLU(W_0 dropout(x) + b_0)
    h^l = ReLU(θ_l [P h^(l−1) ; h⁰] W_l + (1 − θ_l)((1 − α) P h^(l−1) + α h⁰))
    out = ReLU(dropout([x_1 ; h^L_1 ; x_2 ; h^L_2 ; …]))

Sizes: h of 100, x of 200 numbers, a two-layer BiLSTM of 100 each way, dropout 0.4
everywhere, as in the published code and script; L = 4, as in the paper and the
script, though the published code builds 64 layers whatever the script says
(`layers=64` does the same). The head that follows is linear, as published.

What the published code does: its BiLSTM runs over the padding too, so that answers
change with the batch; `masked=False` does the same. `masked=True`, the default,
keeps padding out of the BiLSTM, and absent nodes out of the graph.

Departures: the speaker is known by order of appearance (published: by index); the
embedding is added to the words only, as the published code does (in the paper all
modalities have it); without words the first modality takes their place; any number
of modalities (published: two or three); `past` and `future` can narrow the graph
to a window.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from emospot.model.baselines.context_transformer import leading_modality
from emospot.model.baselines.speaker_order import SpeakerEmbedding
from emospot.model.baselines.utterance_model import UtteranceVectors
from emospot.model.dropout import Dropout

WIDTH = 100
LAYERS = 4
CONTEXT_LAYERS = 2
DROPOUT = 0.4
ALPHA = 0.1
LAMBDA = 0.5
NEARLY_ONE = 0.99999
"""Keeps the arc cosine's slope finite where two nodes are the same."""
SMALLEST_NORM = 1e-6


def angular_similarity(cosine: Tensor) -> Tensor:
    """1 for the same direction, 1/2 for a right angle, 0 for the opposite.

    >>> angular_similarity(torch.tensor([0.0, -1.0])).round(decimals=2)
    tensor([0.5000, 0.0000])
    """
    return 1 - torch.arccos(NEARLY_ONE * cosine) / math.pi


@dataclass(frozen=True, slots=True)
class SimilarityGraph:
    """Weighted edges within and across modalities.

    Args:
        within: weights among a modality's utterances, shape (B, M, U, U).
        across: weights among an utterance's modalities, shape (B, U, M, M).
        scale: D^(−1/2), shape (B, U, M).
    """

    within: Tensor
    across: Tensor
    scale: Tensor

    def read(self, x: Tensor) -> Tensor:
        """P x for nodes `x` (B, U, M, D)."""
        scale = self.scale.unsqueeze(-1)
        x = x * scale
        out = torch.einsum("bmuv,bvmd->bumd", self.within, x)
        return (out + torch.einsum("bumn,bund->bumd", self.across, x)) * scale


def similarity_graph(
    x: Tensor, present: Tensor, *, past: int | None = None, future: int | None = None
) -> SimilarityGraph:
    """Join nodes by how alike they are.

    Args:
        x: nodes, shape (B, U, M, D).
        present: which nodes exist, shape (B, U, M).
        past: earlier utterances that are read; None: all.
        future: later utterances that are read; None: all.
    """
    U, M = present.shape[1:]
    normed = F.normalize(x, dim=-1, eps=SMALLEST_NORM)
    place = torch.arange(U, device=x.device)
    offset = place - place.unsqueeze(-1)
    near = offset >= (-U if past is None else -past)
    near &= offset <= (U if future is None else future)
    nodes = present.transpose(1, 2)
    there = nodes.unsqueeze(-1) & nodes.unsqueeze(-2) & near
    within = angular_similarity(torch.einsum("bumd,bvmd->bmuv", normed, normed)) * there
    other = ~torch.eye(M, dtype=torch.bool, device=x.device)
    there = present.unsqueeze(-1) & present.unsqueeze(-2) & other
    across = angular_similarity(torch.einsum("bumd,bund->bumn", normed, normed)) * there
    degree = within.sum(dim=-1).transpose(1, 2) + across.sum(dim=-1)
    scale = torch.where(present, degree, 1.0).rsqrt() * present
    return SimilarityGraph(within, across, scale)


class ResidualConvolution(nn.Module):
    """One layer of GCNII with weights of their own for the initial residual.

    Args:
        width: of a node.
        depth: l, counted from 1.
    """

    def __init__(self, width: int, depth: int) -> None:
        super().__init__()
        self.theta = math.log(LAMBDA / depth + 1)
        self.weight = nn.Parameter((torch.rand(2 * width, width) * 2 - 1) * width**-0.5)

    def forward(self, read: Tensor, initial: Tensor) -> Tensor:
        """From P h and h⁰, both (..., width), to the next h before its ReLU."""
        mapped = torch.cat((read, initial), dim=-1) @ self.weight
        kept = (1 - ALPHA) * read + ALPHA * initial
        return self.theta * mapped + (1 - self.theta) * kept


class MMGCN(nn.Module):
    """Encoders, then the deep convolution over the similarity graph.

    Args:
        dims: modality → numbers of its vector.
        width: of a node in the convolution; encoders give twice as many; None: 100.
        layers: of the convolution; None: 4.
        heads: without effect (the model has no attention); it stands here so that
            all graph baselines are built alike.
        dropout: None: 0.4.
        past: earlier utterances that the graph reads; None: all.
        future: later utterances that the graph reads; None: all.
        masked: never read padding and absent modalities; False: as published.
    """

    def __init__(
        self,
        dims: Mapping[str, int],
        *,
        width: int | None = None,
        layers: int | None = None,
        heads: int | None = None,
        dropout: float | None = None,
        past: int | None = None,
        future: int | None = None,
        masked: bool = True,
    ) -> None:
        super().__init__()
        D = WIDTH if width is None else width
        depth = LAYERS if layers is None else layers
        rate = DROPOUT if dropout is None else dropout
        self.past, self.future, self.masked = past, future, masked
        self.width = 3 * D * len(dims)
        self.context = leading_modality(dims)
        self.encoders = nn.ModuleDict({m: nn.Linear(size, 2 * D) for m, size in dims.items()})
        self.lstm = nn.LSTM(
            2 * D, D, CONTEXT_LAYERS, batch_first=True, bidirectional=True, dropout=rate
        )
        self.speakers = SpeakerEmbedding(2 * D)
        self.enter = nn.Linear(2 * D, D)
        self.convolutions = nn.ModuleList(ResidualConvolution(D, n + 1) for n in range(depth))
        self.dropout = Dropout(rate)

    def forward(self, inputs: UtteranceVectors) -> Tensor:
        """Shape (B, U, width)."""
        present = inputs.present
        if not self.masked:
            present = inputs.mask.unsqueeze(-1).expand_as(present)
        x = torch.stack([self._encode(m, inputs) for m in inputs.vectors], dim=2)
        graph = similarity_graph(x, present, past=self.past, future=self.future)
        x = self.dropout(x)
        h = initial = F.relu(self.enter(x))
        for convolution in self.convolutions:
            h = F.relu(convolution(graph.read(self.dropout(h)), initial))
        joined = torch.cat((x, self.dropout(h)), dim=-1) * present.unsqueeze(-1)
        out: Tensor = F.relu(self.dropout(joined.flatten(2)))
        return out

    def _encode(self, modality: str, inputs: UtteranceVectors) -> Tensor:
        x: Tensor = self.encoders[modality](inputs.vectors[modality])
        if modality != self.context:
            return x
        speaker: Tensor = self.speakers(inputs.speakers, inputs.mask)
        return self._context(x, inputs.mask) + speaker

    def _context(self, x: Tensor, mask: Tensor) -> Tensor:
        if not self.masked:
            padded: Tensor = self.lstm(x)[0]
            return padded
        lengths = mask.sum(dim=1).clamp(min=1).cpu()
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        read: Tensor
        read, _ = pad_packed_sequence(
            self.lstm(packed)[0], batch_first=True, total_length=x.shape[1]
        )
        return read
