"""What a causal model keeps of a conversation, so that it can go on with what comes next.

A causal answer depends on what has been said. Of that a model keeps two kinds of things:
of the last utterances, as many as a part looks back, what the part read of them
(`Past.window`); and of all before, a summary of fixed size (`Past.kept`): the state of a
GRU, a running sum, the last belief of the chain. So a conversation can be answered an
utterance at a time, or in any pieces, with the answers of the whole, and neither time nor
memory grow with its length (but for a summary a speaker).

What is kept is replaced and never changed in place: a copy is a point to come back to.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor


class Past:
    """What was kept of one conversation, by name; empty at its beginning.

    Args:
        kept: name → what was kept.

    >>> past = Past()
    >>> past.window("x", torch.tensor([[1, 2, 3]]), 2)
    tensor([[1, 2, 3]])
    >>> before = past.copy()
    >>> past.window("x", torch.tensor([[4]]), 2)
    tensor([[2, 3, 4]])
    >>> before.kept("x")
    tensor([[2, 3]])
    """

    def __init__(self, kept: Mapping[str, Any] | None = None) -> None:
        self._kept = dict(kept or {})

    def copy(self) -> "Past":
        """The same past, which goes its own way from here."""
        return Past(self._kept)

    def kept(self, name: str, otherwise: Any = None) -> Any:
        """What was kept under a name."""
        return self._kept.get(name, otherwise)

    def keep(self, name: str, value: Any) -> None:
        """Keep something in the place of what was kept under the name."""
        self._kept[name] = value

    def window(self, name: str, x: Tensor, count: int) -> Tensor:
        """The utterances before, then those of now; the last of all are kept.

        Args:
            name: under which they are kept.
            x: of the utterances of now, shape (1, n, ...).
            count: how many utterances are kept.

        Returns:
            Shape (1, m + n, ...) with m ≤ `count`.
        """
        before = self._kept.get(name)
        whole = x if before is None else torch.cat((before, x), dim=1)
        self._kept[name] = whole[:, max(0, whole.shape[1] - count) :]
        return whole

    def size(self) -> int:
        """Numbers that are kept, whatever of."""
        return sum(_size(value) for value in self._kept.values())


def _size(value: Any) -> int:
    if isinstance(value, tuple | list):
        return sum(_size(one) for one in value)
    if isinstance(value, Tensor):
        return value.numel()
    return int(getattr(value, "size", 1))
