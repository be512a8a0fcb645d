"""CORECT: a relational temporal graph beside pairwise cross-modal attention.

Nguyen, Mai, The, Kieu and Le: "Conversation Understanding using Relational
Temporal Graph Neural Networks with Auxiliary Cross-Modality Interaction", EMNLP
2023. With u_m the vectors of modality m and s the embedding of the speaker:

    x_words = W · TransformerEncoder(u_words) + b + s
    x_m     = ReLU(W_2 ReLU(W_1 u_m + b_1) + b_2) + s           other modalities
    G       = the nodes of `relational_graph` over (modality, utterance), relations:
              past, future, same (a modality each), ordered pairs of modalities
    Z⁰_{k→j} = √d · x_j,  then layers of
    Z ← Z + Attention(query LN(Z), source LN(√d · x_k));  Z ← Z + W_4 ReLU(W_3 LN(Z))
    M_j     = the same layers, each reading itself, over √d' · [LN(Z_{k→j}), k ≠ j]
    out     = dropout(ReLU(W_5 [G_1 ; … ; LN(M_1) ; …] + b_5))

Sizes as in the published code and its training script: d = 100, 2 layers in the
text encoder and in the cross-modal stacks, 3 in the memories, 2 heads there and 7
in the graph, dropout 0.5 in the text encoder and before the answer, none
elsewhere. At inputs of 100 / 768 / 512 numbers and six classes: 17.7 million
parameters. The head that follows is linear, as published.

What the published code does and a reader of the paper would not expect:

- It masks no padding: the text encoder and the attention read it as utterances,
  so that answers change with the batch. `masked=False` does the same. With
  `masked=True`, the default, padding and absent modalities are never read, and an
  absent node has no edges.
- It has no positions; only the graph knows the order.
- It reads the window the wrong way round, and one short: its script's "11 past, 5
  future" lets an utterance read 4 earlier and 11 later ones. `past` and `future`
  here are what is read, so that their published values are 4 and 11; for the
  paper's words set 11 and 5.

Departures: the speaker is known by order of appearance (published: by sex); keys
have no bias, which the softmax ignores; two linear layers that the published code
never uses are left out; without words the first modality takes their place; one
modality has no cross-modal part, as published.
"""

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from emospot.errors import ConfigError
from emospot.model.baselines.context_transformer import ContextTransformer, leading_modality
from emospot.model.baselines.cross_modal_transformer import CrossModalLayer
from emospot.model.baselines.relational_graph import RelationalGraph
from emospot.model.baselines.speaker_order import SpeakerEmbedding
from emospot.model.baselines.utterance_model import UtteranceVectors
from emospot.model.conversation_graph import Neighbourhood, temporal_kinds
from emospot.model.dropout import Dropout

WIDTH = 100
LAYERS = 2
GRAPH_HEADS = 7
STACK_HEADS = 2
DROPOUT = 0.5
PAST = 4
FUTURE = 11


class AttentionStack(nn.Module):
    """Cross-modal or self-attention layers without positions or dropout.

    Args:
        width: of the sequence.
        layers: number of layers.
    """

    def __init__(self, width: int, layers: int) -> None:
        super().__init__()
        self.scale = width**0.5
        self.layers = nn.ModuleList(
            CrossModalLayer(width, STACK_HEADS, 0.0) for _ in range(layers)
        )
        self.norm = nn.LayerNorm(width)
        for name, module in self.named_modules():
            if isinstance(module, nn.Linear):
                # Queries, keys and values are published as one (3d × d) matrix.
                fused = name.endswith(("to_query", "to_key", "to_value"))
                nn.init.xavier_uniform_(module.weight, gain=0.5**0.5 if fused else 1.0)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def forward(self, x: Tensor, source: Tensor | None, readable: Tensor) -> Tensor:
        """Transform a sequence.

        Args:
            x: shape (B, U, width).
            source: what it reads, shape (B, U, width); None: itself.
            readable: which utterances may be read, shape (B, U).

        Returns:
            Shape (B, U, width).
        """
        x = x * self.scale
        source = None if source is None else source * self.scale
        for layer in self.layers:
            x = layer(x, source, readable)
        normed: Tensor = self.norm(x)
        return normed


class CrossModalPart(nn.Module):
    """A stack for every ordered pair of modalities, a memory for every modality.

    Args:
        modalities: their names, at least two.
        width: of a modality's sequence.
        layers: of a pair's stack; a memory has one more.
    """

    def __init__(self, modalities: tuple[str, ...], width: int, layers: int) -> None:
        super().__init__()
        self.modalities = modalities
        self.width = width * (len(modalities) - 1) * len(modalities)
        self.pairs = nn.ModuleDict(
            {
                f"{k}->{j}": AttentionStack(width, layers)
                for j in modalities
                for k in modalities
                if k != j
            }
        )
        memory = width * (len(modalities) - 1)
        self.memories = nn.ModuleDict({j: AttentionStack(memory, layers + 1) for j in modalities})

    def forward(self, x: Mapping[str, Tensor], readable: Mapping[str, Tensor]) -> Tensor:
        """Join the memories.

        Args:
            x: modality → shape (B, U, width).
            readable: modality → which utterances may be read, shape (B, U).

        Returns:
            Shape (B, U, self.width).
        """
        any_readable = torch.stack(list(readable.values())).any(dim=0)
        memories = []
        for j in self.modalities:
            read = [
                self.pairs[f"{k}->{j}"](x[j], x[k], readable[k]) for k in self.modalities if k != j
            ]
            memories.append(self.memories[j](torch.cat(read, dim=-1), None, any_readable))
        return torch.cat(memories, dim=-1)


class CORECT(nn.Module):
    """Unimodal encoders, then the graph and the cross-modal part side by side.

    Args:
        dims: modality → numbers of its vector.
        width: d; None: 100.
        layers: of the text encoder and the cross-modal stacks (memories have one
            more); None: 2.
        heads: of the graph transformer, each of `width` numbers; None: 7.
        dropout: in the text encoder and before the answer; None: 0.5.
        past: earlier utterances that the graph reads; None: 4.
        future: later utterances that the graph reads; None: 11.
        masked: never read padding and absent modalities; False: as published.

    Raises:
        ConfigError: if `width` is odd: the cross-modal stacks have two heads.
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
        self.width = WIDTH if width is None else width
        self.past = PAST if past is None else past
        self.future = FUTURE if future is None else future
        self.masked = masked
        depth = LAYERS if layers is None else layers
        rate = DROPOUT if dropout is None else dropout
        graph_heads = GRAPH_HEADS if heads is None else heads
        if len(dims) > 1 and self.width % STACK_HEADS:
            raise ConfigError(
                f"corect: width {self.width} must be a multiple of the {STACK_HEADS} heads "
                "of its cross-modal stacks: set model.width"
            )
        self.context = leading_modality(dims)
        self.encoders = nn.ModuleDict(
            {
                m: ContextTransformer(size, self.width, layers=depth, dropout=rate)
                if m == self.context
                else _dense(size, self.width)
                for m, size in dims.items()
            }
        )
        self.speakers = SpeakerEmbedding(self.width)
        kinds = temporal_kinds(self.past, self.future, speaker_typed=False)
        self.graph = RelationalGraph(self.width, len(dims), kinds=kinds, heads=graph_heads)
        joined = graph_heads * self.width * len(dims)
        self.cross = None
        if len(dims) > 1:
            self.cross = CrossModalPart(tuple(dims), self.width, depth)
            joined += self.cross.width
        self.dense = nn.Linear(joined, self.width)
        self.dropout = Dropout(rate)

    def forward(self, inputs: UtteranceVectors) -> Tensor:
        """Shape (B, U, width)."""
        # As published, every utterance has every modality, and padding is only
        # kept out of the graph.
        present, readable = inputs.present, inputs.present
        if not self.masked:
            present = inputs.mask.unsqueeze(-1).expand_as(present)
            readable = torch.ones_like(present)
        reads = dict(zip(self.encoders, readable.unbind(dim=-1), strict=True))
        speaker = self.speakers(inputs.speakers, inputs.mask)
        x = {
            m: self._encode(m, vectors, reads[m]) + speaker
            for m, vectors in inputs.vectors.items()
        }
        edges = Neighbourhood(
            present,
            inputs.speakers,
            past=self.past,
            future=self.future,
            cross_modal=True,
            speaker_typed=False,
        )
        parts = [self.graph(torch.stack(list(x.values()), dim=2), edges).flatten(2)]
        if self.cross is not None:
            parts.append(self.cross(x, reads))
        hidden: Tensor = self.dropout(F.relu(self.dense(torch.cat(parts, dim=-1))))
        return hidden

    def _encode(self, modality: str, vectors: Tensor, readable: Tensor) -> Tensor:
        encoder = self.encoders[modality]
        encoded: Tensor = (
            encoder(vectors, readable) if modality == self.context else encoder(vectors)
        )
        return encoded


def _dense(size: int, width: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(size, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU())
