"""The graph part that COGMEN and CORECT share, over a banded neighbourhood.

A relational convolution (Schlichtkrull et al., 2018), a graph transformer whose H
heads are each as wide as the input (Shi et al., 2021), batch normalisation over
the nodes and a leaky ReLU:

    h'_i = W_root h_i + Σ_r W_r · mean_{j ∈ N_r(i)} h_j + b
    g_i  = ‖_head [W_1 h'_i + Σ_{j ∈ N(i)} softmax_j((W_3 h'_i)ᵀ(W_4 h'_j) / √D) · W_2 h'_j]
    out  = LeakyReLU(BatchNorm(g))

The equations of both layers stand in `emospot.model.conversation_graph` too; here
are the sizes and initial values of the published models (Glorot for the
relations). Which edges there are is each model's own choice.
"""

from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from emospot.model.conversation_graph import (
    GraphTransformer,
    Neighbourhood,
    RelationalConvolution,
)


class TypedConvolution(RelationalConvolution):
    """`RelationalConvolution` from Glorot's initial values.

    Args:
        width: D.
        modalities: number of modalities, M.
        kinds: temporal relations a modality.
    """

    def __init__(self, width: int, modalities: int, kinds: int) -> None:
        super().__init__(width, modalities, kinds)
        reach = (3 / width) ** 0.5
        for weight in (self.temporal, self.across, self.root.weight):
            nn.init.uniform_(weight, -reach, reach)
        nn.init.zeros_(self.root.bias)
        if modalities == 1:
            # A parameter without elements would never get a gradient.
            self.register_parameter("across", None)


class NodeNorm(nn.Module):
    """Batch normalisation over those nodes that exist.

    A training batch of a single node has no deviation; there the running
    statistics are used.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(width)

    def forward(self, x: Tensor, present: Tensor) -> Tensor:
        """Normalise `x` (..., D) where `present` (...); zeros elsewhere."""
        nodes = x[present]
        if len(nodes) > 1 or not self.training:
            normed = self.norm(nodes)
        else:
            norm = self.norm
            mean, variance = cast(Tensor, norm.running_mean), cast(Tensor, norm.running_var)
            normed = F.batch_norm(nodes, mean, variance, norm.weight, norm.bias, eps=norm.eps)
        return torch.zeros_like(x).index_put((present,), normed)


class RelationalGraph(nn.Module):
    """Convolution, graph transformer and normalisation.

    Args:
        width: D.
        modalities: number of modalities, M.
        kinds: temporal relations a modality.
        heads: H.
    """

    def __init__(self, width: int, modalities: int, *, kinds: int, heads: int) -> None:
        super().__init__()
        self.convolution = TypedConvolution(width, modalities, kinds)
        self.transformer = GraphTransformer(width, heads, dropout=0.0, head_width=width)
        self.norm = NodeNorm(heads * width)

    def forward(self, x: Tensor, edges: Neighbourhood) -> Tensor:
        """Transform nodes.

        Args:
            x: shape (B, U, M, D).
            edges: which edges and nodes exist.

        Returns:
            Shape (B, U, M, H · D); zeros for absent nodes.
        """
        there = edges.present.unsqueeze(-1)
        x = self.convolution(x * there, edges) * there
        nodes: Tensor = self.norm(self.transformer(x, edges), edges.present)
        return F.leaky_relu(nodes)
