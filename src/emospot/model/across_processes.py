"""Sums over a batch that several processes share.

Where a training runs in several processes, each reads some conversations of a batch. A
loss that is a mean over utterances, or made of such means, is then made of sums over all
processes; with these it is the loss of the whole batch, in each of them, and so is the
mean of their gradients. Whoever trains says how sums are made; elsewhere there is one
process, and a sum is what it is.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from torch import Tensor

Sum = Callable[[Tensor], Tensor]
"""A process's own part of a sum → the sum, differentiable."""

_how: ContextVar[Sum | None] = ContextVar("across_processes", default=None)


def across_processes(part: Tensor) -> Tensor:
    """The sum of the parts of all processes, any shape; each must ask for it.

    Args:
        part: of this process.
    """
    how = _how.get()
    return part if how is None else how(part)


@contextmanager
def summing(how: Sum | None) -> Iterator[None]:
    """Sums are made like this for a while.

    Args:
        how: None: there is one process.
    """
    before = _how.set(how)
    try:
        yield
    finally:
        _how.reset(before)
