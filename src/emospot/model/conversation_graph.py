"""The conversation as a typed graph: who said what, when, in which modality.

A node is (modality, utterance). Its edges come from

- utterances of the same modality within a window of P past and F future ones
  ("P past": an utterance reads the P before it), typed past / same / future;
- the other modalities of the same utterance, typed by the ordered pair.

With M modalities that makes 3·M + M·(M − 1) relations; speaker typing splits
past and future into same and other speaker. An absent node has no edges.

A relational convolution (Schlichtkrull et al., 2018, mean over each relation)

    h'_i = W_root h_i + Σ_r W_r · mean_{j ∈ N_r(i)} h_j + b

is followed by a graph transformer (Shi et al., 2021), a head at a time

    g_i = W_1 h'_i + Σ_{j ∈ N(i)} softmax_j((W_3 h'_i)ᵀ(W_4 h'_j) / √d) · W_2 h'_j

With `placed`, + b(j − i, same speaker) in the softmax for temporal neighbours, learned:
typed edges alone tell past from future, and not the turn before from the tenth before.

Because the temporal edges form a band, neighbours are read block by block (`blocks`):
no edge list is built, and time and memory are linear in the length.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from emospot.model.blocks import Blocks
from emospot.model.dropout import Dropout
from emospot.model.neighbours import Neighbours, strongest_neighbours


def window(x: Tensor, past: int, future: int) -> Tensor:
    """Each utterance's neighbours from −past to +future.

    Args:
        x: shape (B, U, ...).
        past: utterances before.
        future: utterances after.

    Returns:
        Shape (B, U, past + 1 + future, ...); zeros beyond the ends. Element
        [b, i, w] is x[b, i − past + w].

    >>> window(torch.tensor([[1, 2, 3]]), past=1, future=0)
    tensor([[[0, 1],
             [1, 2],
             [2, 3]]])
    """
    padding = [0, 0] * (x.ndim - 2) + [past, future]
    padded = F.pad(x, padding)
    return padded.unfold(1, past + 1 + future, 1).movedim(-1, 2)


class Neighbourhood:
    """Which edges exist in one batch, by kind; those in time by blocks, see `blocks`.

    Args:
        present: which nodes exist, shape (B, U, M).
        speakers: index of the speaker, shape (B, U).
        past: utterances before that are read.
        future: utterances after that are read.
        cross_modal: whether modalities of an utterance are joined.
        speaker_typed: whether past and future are split by speaker.
    """

    def __init__(
        self,
        present: Tensor,
        speakers: Tensor,
        *,
        past: int,
        future: int,
        cross_modal: bool,
        speaker_typed: bool,
    ) -> None:
        self.past, self.future = past, future
        self.present = present
        self.blocks = Blocks(present.shape[1], past, future)
        # (S, K): who reads, and what is read.
        self.offsets = self.blocks.offsets(present.device)
        near = (self.offsets >= -past) & (self.offsets <= future)
        # (B, n, S, K, M): both ends of the edge exist.
        self.temporal = (
            self.blocks.alone(present).unsqueeze(3)
            & self.blocks.around(present).unsqueeze(2)
            & near.unsqueeze(-1)
        )
        M = present.shape[-1]
        other = ~torch.eye(M, dtype=torch.bool, device=present.device)
        # (B, U, M, M'): node M reads node M' of the same utterance.
        self.across = present.unsqueeze(-1) & present.unsqueeze(-2) & other & cross_modal
        # (B, n, S, K).
        asking, read = self.blocks.alone(speakers), self.blocks.around(speakers)
        self.same_speaker = same = asking.unsqueeze(3) == read.unsqueeze(2)
        self.kinds = [(self.offsets == 0).expand_as(same)]
        for exists, side in ((past, self.offsets < 0), (future, self.offsets > 0)):
            if exists and speaker_typed:
                self.kinds += [side & same, side & ~same]
            elif exists:
                self.kinds.append(side.expand_as(same))


def temporal_kinds(past: int, future: int, speaker_typed: bool) -> int:
    """How many temporal relations a modality has: same, and past and future if read.

    >>> temporal_kinds(past=3, future=0, speaker_typed=False)
    2
    """
    return 1 + ((past > 0) + (future > 0)) * (2 if speaker_typed else 1)


class RelationalConvolution(nn.Module):
    """A linear map for each relation, applied to the mean of its neighbours."""

    def __init__(self, width: int, modalities: int, kinds: int) -> None:
        super().__init__()
        self.root = nn.Linear(width, width)
        scale = width**-0.5
        self.temporal = nn.Parameter((torch.rand(modalities, kinds, width, width) * 2 - 1) * scale)
        # [j, k]: what modality j reads of modality k; the diagonal is not used.
        pairs = modalities * (modalities - 1)
        self.across = nn.Parameter((torch.rand(pairs, width, width) * 2 - 1) * scale)

    def forward(self, x: Tensor, edges: Neighbourhood) -> Tensor:
        """Convolve nodes `x` (B, U, M, D)."""
        out: Tensor = self.root(x)
        # (B, n, S, K, R, M): the weight of each neighbour in the mean of its relation.
        weight = torch.stack(edges.kinds, dim=-1).unsqueeze(-1) & edges.temporal.unsqueeze(-2)
        weight = weight.to(x.dtype)
        mean = weight / weight.sum(dim=3, keepdim=True).clamp(min=1)
        around = edges.blocks.around(x)
        means = torch.einsum("bnskrm,bnkmd->bnsmrd", mean, around)
        out = out + torch.einsum("bumrd,mrde->bume", edges.blocks.joined(means), self.temporal)
        # One node for each relation across modalities: its mean is itself.
        M = x.shape[2]
        pairs = [(j, k) for j in range(M) for k in range(M) if j != k]
        for number, (j, k) in enumerate(pairs):
            read = (x[:, :, k] @ self.across[number]) * edges.across[:, :, j, k, None]
            out = out + F.pad(read.unsqueeze(2), (0, 0, j, M - 1 - j))
        return out


class GraphTransformer(nn.Module):
    """Attention of each node over its neighbours.

    Args:
        width: D, of what is read.
        heads: of the attention.
        dropout: of its weights.
        neighbours: places of the window, each with a bias of its own, a head and whether
            the same speaker speaks there (at its own place that is always so); 0: none,
            the places are all alike.
        head_width: numbers of a head; None: D / heads, so that the output is D wide.
    """

    def __init__(
        self,
        width: int,
        heads: int,
        dropout: float,
        neighbours: int = 0,
        head_width: int | None = None,
    ) -> None:
        super().__init__()
        self.heads = heads
        self.offset_bias = nn.Parameter(torch.zeros(2, heads, neighbours)) if neighbours else None
        out = width if head_width is None else heads * head_width
        self.to_query = nn.Linear(width, out)
        # No bias: it would move all logits of a node alike.
        self.to_key = nn.Linear(width, out, bias=False)
        self.to_value = nn.Linear(width, out)
        self.skip = nn.Linear(width, out)
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor, edges: Neighbourhood) -> Tensor:
        """Transform nodes `x` (B, U, M, D) to (B, U, M, heads · head width)."""
        blocks = edges.blocks
        value = self.to_value(x).unflatten(-1, (self.heads, -1))
        weights = self.dropout(self._weights(x, edges))
        K = blocks.keys
        read = torch.einsum("bnmhsk,bnkmhd->bnsmhd", weights[..., :K], blocks.around(value))
        others = blocks.joined(weights[..., K:].permute(0, 1, 4, 2, 3, 5))
        read = blocks.joined(read) + torch.einsum("bumhk,bukhd->bumhd", others, value)
        out: Tensor = self.skip(x) + read.flatten(3)
        return out

    def shares(self, x: Tensor, edges: Neighbourhood) -> Tensor:
        """How much each utterance reads of those around it: where its nodes look.

        The mean of the attention over heads and the utterance's present nodes. What they
        read of the utterance itself, and of its other modalities, is its own share.

        Args:
            x: nodes, shape (B, U, M, D).
            edges: of the nodes.

        Returns:
            Shape (B, U, past + 1 + future): [b, i, w] is the share of utterance
            i − past + w. It sums to 1; zeros where no node is present.
        """
        blocks, K = edges.blocks, edges.blocks.keys
        weights = self._weights(x, edges).mean(dim=3)
        places = torch.arange(edges.past + 1 + edges.future, device=x.device)
        # The window of row s begins at what the block reads as its s-th.
        window = torch.arange(blocks.size, device=x.device).unsqueeze(1) + places
        in_time = weights[..., :K].gather(-1, window.expand(*weights.shape[:3], -1, -1))
        own = (places == edges.past).to(x.dtype) * weights[..., K:].sum(dim=-1, keepdim=True)
        nodes = blocks.joined((in_time + own).transpose(2, 3))
        there = edges.present.sum(dim=-1, keepdim=True).clamp(min=1)
        found: Tensor = nodes.sum(dim=2) / there
        return found

    def _weights(self, x: Tensor, edges: Neighbourhood) -> Tensor:
        """The attention, shape (B, n, M, H, S, keys in time and then the other modalities).

        Zeros for nodes without an edge.
        """
        blocks = edges.blocks
        query, key = (
            part(x).unflatten(-1, (self.heads, -1)) for part in (self.to_query, self.to_key)
        )
        query = query * query.shape[-1] ** -0.5
        in_time = torch.einsum("bnsmhd,bnkmhd->bnmhsk", blocks.alone(query), blocks.around(key))
        if self.offset_bias is not None:
            in_time = in_time + self._places(edges, self.offset_bias)
        across = blocks.alone(torch.einsum("bumhd,bukhd->bumhk", query, key))
        logits = torch.cat((in_time, across.permute(0, 1, 3, 4, 2, 5)), dim=-1)
        beside = blocks.alone(edges.across).transpose(2, 3)
        there = torch.cat((edges.temporal.permute(0, 1, 4, 2, 3), beside), dim=-1).unsqueeze(3)
        some = there.any(dim=-1, keepdim=True)
        weights = torch.softmax(logits.masked_fill(~(there | ~some), float("-inf")), dim=-1)
        return weights * some

    @staticmethod
    def _places(edges: Neighbourhood, bias: Tensor) -> Tensor:
        """What was learned of the places, shape (B, n, 1, H, S, K)."""
        place = (edges.offsets + edges.past).clamp(0, bias.shape[-1] - 1)
        same, other = bias[:, :, place]
        return torch.where(edges.same_speaker[:, :, None, None], same, other)


class ConversationGraph(nn.Module):
    """Relational convolution, then graph transformer, over the typed graph.

    Args:
        width: D.
        modalities: number of modalities, M.
        heads: heads of the graph transformer.
        dropout: as everywhere.
        past: utterances before that are read, P.
        future: utterances after that are read, F.
        cross_modal: whether modalities of an utterance are joined.
        temporal: whether neighbouring utterances are joined.
        speaker_typed: whether past and future are split by speaker.
        placed: whether the graph transformer knows how far away a neighbour is.
    """

    def __init__(
        self,
        width: int,
        modalities: int,
        *,
        heads: int,
        dropout: float,
        past: int,
        future: int,
        cross_modal: bool = True,
        temporal: bool = True,
        speaker_typed: bool = False,
        placed: bool = False,
    ) -> None:
        super().__init__()
        self.past = past if temporal else 0
        self.future = future if temporal else 0
        self.cross_modal = cross_modal
        self.speaker_typed = speaker_typed
        kinds = temporal_kinds(self.past, self.future, speaker_typed)
        self.convolution = RelationalConvolution(width, modalities, kinds)
        self.norm = nn.LayerNorm(width)
        self.dropout = Dropout(dropout)
        neighbours = self.past + 1 + self.future if placed else 0
        self.transformer = GraphTransformer(width, heads, dropout, neighbours)

    @property
    def before(self) -> int:
        """Utterances before one that its answer depends on: both layers look back."""
        return 2 * self.past

    def forward(self, x: Tensor, present: Tensor, speakers: Tensor) -> Tensor:
        """Transform nodes.

        Args:
            x: shape (B, U, M, D).
            present: which nodes exist, shape (B, U, M).
            speakers: index of the speaker, shape (B, U).

        Returns:
            G: the nodes of an utterance concatenated, shape (B, U, M · D),
            zeros for absent nodes.
        """
        edges = self._neighbourhood(present, speakers)
        there = present.unsqueeze(-1)
        x = self.dropout(F.gelu(self.norm(self.convolution(x * there, edges)))) * there
        nodes: Tensor = self.transformer(x, edges) * there
        return nodes.flatten(2)

    def edge_count(self, present: Tensor, speakers: Tensor) -> int:
        """How many edges there are, those from a node to itself among them.

        Args:
            present: which nodes exist, shape (B, U, M).
            speakers: index of the speaker, shape (B, U).
        """
        edges = self._neighbourhood(present, speakers)
        return int(edges.temporal.sum() + edges.across.sum())

    @contextmanager
    def watched(self, count: int) -> Iterator[list[Neighbours]]:
        """Within the block, add to the list what is looked at, of every pass.

        It is computed for whoever watches alone.

        Args:
            count: how many other utterances are named for each, at most.
        """
        found: list[Neighbours] = []

        def look(transformer: GraphTransformer, arguments: tuple[Tensor, Neighbourhood]) -> None:
            found.append(strongest_neighbours(transformer.shares(*arguments), self.past, count))

        handle = self.transformer.register_forward_pre_hook(look)
        try:
            yield found
        finally:
            handle.remove()

    def _neighbourhood(self, present: Tensor, speakers: Tensor) -> Neighbourhood:
        return Neighbourhood(
            present,
            speakers,
            past=self.past,
            future=self.future,
            cross_modal=self.cross_modal,
            speaker_typed=self.speaker_typed,
        )


class MovingAverage(nn.Module):
    """The mean of each modality over a window of utterances: a control in the graph's place.

    It smooths over the same utterances as the graph reads, and knows nothing of who speaks,
    what came first, or what the other modalities say: what the graph gives beyond it is
    structure.

    Args:
        width: D.
        past: utterances before that are read.
        future: utterances after that are read.
    """

    def __init__(self, width: int, past: int, future: int) -> None:
        super().__init__()
        self.past, self.future = past, future
        self.out = nn.Linear(width, width)

    @property
    def before(self) -> int:
        """Utterances before one that its answer depends on."""
        return self.past

    def forward(self, x: Tensor, present: Tensor, speakers: Tensor) -> Tensor:
        """Average nodes `x` (B, U, M, D) where `present` (B, U, M).

        Returns:
            Shape (B, U, M · D), zeros for absent nodes.
        """
        there = present.unsqueeze(-1)
        total = window(x * there, self.past, self.future).sum(dim=2)
        count = window(present, self.past, self.future).sum(dim=2).clamp(min=1)
        nodes: Tensor = self.out(total / count.unsqueeze(-1)) * there
        return nodes.flatten(2)
