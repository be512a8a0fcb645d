"""COGMEN: a transformer for the whole dialogue, a relational graph for the near turns.

Joshi, Bhat, Jain, Singh and Modi: "COGMEN: COntextualized GNN based Multimodal
Emotion recognitioN", NAACL 2022. With u the vectors of all modalities side by
side, one node an utterance:

    x   = W · TransformerEncoder(u) + b
    G   = `relational_graph` over the utterances within a window
    out = dropout(ReLU(W_1 G + b_1))

An edge's relation says who speaks at both ends and whether it comes from an
earlier utterance; the utterance itself counts with the later ones.

Sizes are the defaults of the published code: d = 100, 2 transformer layers, one
head in the graph, 5 utterances to each side, dropout 0.5 in the transformer and
before the answer. At an input of 1,380 numbers: 27 million parameters, nearly all
in the transformer. The head that follows is linear, as published.

What the published code does: it masks no padding in the transformer, so that
answers change with the batch; `masked=False` does the same. `masked=True`, the
default, never reads padding or an utterance without any modality. It has no
positions. Its window is the wrong way round; with the same number on both sides
that changes nothing, and here `past` and `future` are what is read.

Departures: relations say the same or another speaker (published: each ordered
pair of two speakers named by sex), four relations for eight, so that any number
of speakers works; keys have no bias, which the softmax ignores; an embedding, an
attention and two linear layers that the published code never uses are left out.
"""

from collections.abc import Mapping

import torch.nn.functional as F
from torch import Tensor, nn

from emospot.model.baselines.context_transformer import ContextTransformer
from emospot.model.baselines.relational_graph import RelationalGraph
from emospot.model.baselines.utterance_model import UtteranceVectors
from emospot.model.conversation_graph import Neighbourhood
from emospot.model.dropout import Dropout

WIDTH = 100
LAYERS = 2
HEADS = 1
DROPOUT = 0.5
PAST = 5
FUTURE = 5


def speaker_relations(past: int, future: int) -> int:
    """How many relations there are.

    >>> speaker_relations(past=5, future=5), speaker_relations(past=5, future=0)
    (4, 3)
    """
    return 2 * (past > 0) + (2 if future else 1)


def speaker_neighbourhood(
    present: Tensor, speakers: Tensor, *, past: int, future: int
) -> Neighbourhood:
    """Edges typed by direction and by whether the speaker is the same.

    Args:
        present: which utterances are nodes, shape (B, U).
        speakers: index of the speaker, shape (B, U).
        past: earlier utterances that are read.
        future: later utterances that are read.

    Returns:
        One modality; its kinds are earlier by the same speaker, by another, later
        (or the utterance itself) by the same speaker, by another.
    """
    edges = Neighbourhood(
        present.unsqueeze(-1),
        speakers,
        past=past,
        future=future,
        cross_modal=False,
        speaker_typed=True,
    )
    itself, *others = edges.kinds
    if future:
        *earlier, later, later_other = others
        edges.kinds = [*earlier, later | itself, later_other]
    else:
        edges.kinds = [*others, itself]
    return edges


class COGMEN(nn.Module):
    """Context transformer, then the relational graph.

    Args:
        dims: modality → numbers of its vector.
        width: d; None: 100.
        layers: of the transformer; None: 2.
        heads: of the graph transformer, each of `width` numbers; None: 1.
        dropout: in the transformer and before the answer; None: 0.5.
        past: earlier utterances that the graph reads; None: 5.
        future: later utterances that the graph reads; None: 5.
        masked: never read padding; False: as published.
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
        rate = DROPOUT if dropout is None else dropout
        graph_heads = HEADS if heads is None else heads
        self.context = ContextTransformer(
            sum(dims.values()),
            self.width,
            layers=LAYERS if layers is None else layers,
            dropout=rate,
        )
        kinds = speaker_relations(self.past, self.future)
        self.graph = RelationalGraph(self.width, 1, kinds=kinds, heads=graph_heads)
        self.dense = nn.Linear(graph_heads * self.width, self.width)
        self.dropout = Dropout(rate)

    def forward(self, inputs: UtteranceVectors) -> Tensor:
        """Shape (B, U, width)."""
        nodes = inputs.known if self.masked else inputs.mask
        x: Tensor = self.context(inputs.joined(), nodes if self.masked else None)
        edges = speaker_neighbourhood(nodes, inputs.speakers, past=self.past, future=self.future)
        graph = self.graph(x.unsqueeze(2), edges).flatten(2)
        hidden: Tensor = self.dropout(F.relu(self.dense(graph)))
        return hidden
