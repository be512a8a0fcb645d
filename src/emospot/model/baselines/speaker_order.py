"""Speakers as a role in the dialogue: who speaks first, who second.

Published models that embed the speaker number the people of their corpus (by
sex, or by name), which another corpus cannot follow. Here a speaker is known by
the order of appearance in the dialogue, which names, sexes and the number of
speakers do not change.
"""

import torch
from torch import Tensor, nn

SPEAKERS = 9
"""Speakers with an embedding of their own: the most that a published model has.

The last is shared by all who come later.
"""


def order_of_appearance(speakers: Tensor, mask: Tensor) -> Tensor:
    """The number of each utterance's speaker, counted in order of appearance from 0.

    Args:
        speakers: any index of the speaker, shape (B, U).
        mask: which utterances are there, shape (B, U).

    Returns:
        Shape (B, U); 0 in the padding.

    >>> everyone = torch.ones(1, 4, dtype=torch.bool)
    >>> order_of_appearance(torch.tensor([[5, 2, 5, 3]]), everyone)
    tensor([[0, 1, 0, 2]])
    """
    same = (speakers.unsqueeze(2) == speakers.unsqueeze(1)) & mask.unsqueeze(1)
    # Of equal values `argmax` returns the first: each speaker's first utterance.
    first = same.int().argmax(dim=2)
    opens = (first == torch.arange(first.shape[1], device=first.device)) & mask
    order = opens.cumsum(dim=1) - 1
    return order.gather(1, first) * mask


class SpeakerEmbedding(nn.Module):
    """A learned vector for the first speaker, one for the second, and so on.

    Args:
        width: numbers of a vector.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.table = nn.Embedding(SPEAKERS, width)

    def forward(self, speakers: Tensor, mask: Tensor) -> Tensor:
        """The vector of each utterance's speaker, shape (B, U, width)."""
        order = order_of_appearance(speakers, mask).clamp(max=SPEAKERS - 1)
        vectors: Tensor = self.table(order)
        return vectors
