"""A conversation cut into blocks, each with the utterances around it that it reads.

What reads P utterances before and F after reads a band. A row at a time that is W = P + 1 + F
copies of everything; a block of S rows at a time shares S + P + F of them among its rows, and
is read by one matrix product. Time and memory are linear in the length.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

LARGEST = 32
"""Utterances of a block at most."""


class Blocks:
    """The blocks of conversations of a length.

    Args:
        length: utterances, U.
        past: utterances before that are read, P.
        future: utterances after that are read, F.

    >>> blocks = Blocks(length=40, past=3, future=2)
    >>> blocks.count, blocks.size, blocks.keys
    (2, 20, 25)
    """

    def __init__(self, length: int, past: int, future: int) -> None:
        self.length, self.past, self.future = length, past, future
        if torch.compiler.is_exporting():
            # The length is a variable of the graph: the size must not depend on it, and
            # there are always several, since a single one would be a graph of its own.
            self.count, self.size = (length + 2 * LARGEST - 1) // LARGEST, LARGEST
        else:
            self.count = max(1, -(-length // LARGEST))
            # Of equal size, so that little of the last is empty.
            self.size = max(1, -(-length // self.count))
        self.keys = past + self.size + future

    def alone(self, x: Tensor) -> Tensor:
        """The utterances of each block: (B, U, ...) becomes (B, n, S, ...), zeros beyond the end.

        >>> Blocks(3, past=1, future=0).alone(torch.tensor([[1, 2, 3]]))
        tensor([[[1, 2, 3]]])
        """
        padding = [0, 0] * (x.ndim - 2) + [0, self.count * self.size - self.length]
        padded = F.pad(x, padding)
        if torch.compiler.is_exporting():
            return self._picked(padded, self.size)
        blocks: Tensor = padded.unflatten(1, (self.count, self.size))
        return blocks

    def around(self, x: Tensor) -> Tensor:
        """What each block reads: (B, U, ...) becomes (B, n, K, ...), zeros beyond the ends.

        >>> Blocks(3, past=1, future=1).around(torch.tensor([[1, 2, 3]]))
        tensor([[[0, 1, 2, 3, 0]]])
        """
        missing = self.count * self.size - self.length
        padding = [0, 0] * (x.ndim - 2) + [self.past, self.future + missing]
        padded = F.pad(x, padding)
        if torch.compiler.is_exporting():
            return self._picked(padded, self.keys)
        return padded.unfold(1, self.keys, self.size).movedim(-1, 2)

    def _picked(self, padded: Tensor, keys: int) -> Tensor:
        """The first `keys` utterances from where each block begins, by their places.

        In a graph that is exported, where cutting would have to prove that it comes out even.
        """
        first = self.size * torch.arange(self.count, device=padded.device).unsqueeze(1)
        return padded[:, first + torch.arange(keys, device=padded.device)]

    def joined(self, x: Tensor) -> Tensor:
        """The utterances of all blocks: (B, n, S, ...) becomes (B, U, ...)."""
        return x.flatten(1, 2)[:, : self.length]

    def offsets(self, device: torch.device | None = None) -> Tensor:
        """Where what is read lies from who reads, in utterances, shape (S, K).

        >>> Blocks(2, past=1, future=0).offsets()
        tensor([[-1,  0,  1],
                [-2, -1,  0]])
        """
        row = torch.arange(self.size, device=device).unsqueeze(1)
        return torch.arange(self.keys, device=device) - self.past - row
