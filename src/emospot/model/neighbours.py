"""Which other utterances the conversation graph looked at for an utterance.

The last layer of the graph is attention (`conversation_graph`): each node weighs the
utterances in its window, by itself and every time anew. Averaged over heads and the nodes of
an utterance that is a distribution over utterances, from which the greatest are named.

It says where the graph looked, not what counted: attention weighs vectors that the layers
before have already mixed with their neighbours, and what is weighed much may still change
nothing (Jain and Wallace, NAACL 2019). What counted is asked by taking it away
(`model.withheld`).
"""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Which other utterances each utterance looked at most.

    Args:
        places: their numbers, the weightiest first, −1 where there are fewer, (B, U, N).
        weights: their shares in the attention, 0 where there are fewer, (B, U, N).
    """

    places: Tensor
    weights: Tensor


def strongest_neighbours(shares: Tensor, past: int, count: int) -> Neighbours:
    """The utterances with the greatest shares, each utterance itself left out.

    Args:
        shares: see `GraphTransformer.shares`, shape (B, U, W).
        past: where in the window the utterance itself stands.
        count: how many are named at most.

    >>> found = strongest_neighbours(torch.tensor([[[0.0, 0.9, 0.1], [0.3, 0.7, 0.0]]]), 1, 5)
    >>> found.places, found.weights
    (tensor([[[ 1, -1],
             [ 0, -1]]]), tensor([[[0.1000, 0.0000],
             [0.3000, 0.0000]]]))
    """
    U, W = shares.shape[1:]
    others = torch.arange(W, device=shares.device) != past
    weights, at = (shares * others).topk(min(count, W - 1), dim=-1)
    places = torch.arange(U, device=shares.device).unsqueeze(1) + at - past
    return Neighbours(torch.where(weights > 0, places, -1), weights)
