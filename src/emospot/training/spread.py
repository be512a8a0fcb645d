"""A training that is spread over processes: graphics cards of one machine, or of several.

Each process reads its share of every batch, and the loss is that of the whole batch
(`model.across_processes`), so the steps are those of one process with the same
`training.batch_size`, whatever the number of processes: but for dropout, whose random
numbers differ, they give the same model.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed
from lightning.pytorch.strategies import DDPStrategy, Strategy
from torch import Tensor, nn
from torch.utils.data import Sampler

from emospot.errors import UsageError

_RANKS = (("RANK",), ("LOCAL_RANK", "NODE_RANK", "GROUP_RANK"), ("SLURM_PROCID",))
"""What tells the place of a process, the first that is set; all of a line must be 0."""


@dataclass(frozen=True, slots=True)
class Spread:
    """How many processes train one model.

    Args:
        devices: graphics cards of each machine; without any, processes on its cores.
        nodes: machines. The same command is started on each, as torchrun or SLURM do.

    Raises:
        UsageError: if a number is less than 1.
    """

    devices: int = 1
    nodes: int = 1

    def __post_init__(self) -> None:
        if min(self.devices, self.nodes) < 1:
            raise UsageError(
                f"devices and nodes must be at least 1, found {self.devices} and {self.nodes}"
            )

    @property
    def processes(self) -> int:
        """In all."""
        return self.devices * self.nodes

    @property
    def is_first(self) -> bool:
        """Whether this process tells and writes what all have found."""
        if self.processes == 1:
            return True
        told = next((names for names in _RANKS if names[0] in os.environ), _RANKS[1])
        return not any(int(os.environ.get(name, 0)) for name in told)

    def strategy(self) -> Strategy | str:
        """Lightning's."""
        if self.processes == 1:
            return "auto"
        # A modality that nobody has in a batch leaves its parameters without a gradient.
        # Buffers are the same everywhere, or shared by batch normalisation.
        return DDPStrategy(find_unused_parameters=True, broadcast_buffers=False)

    def check(self, model: nn.Module, batch_size: int) -> None:
        """Whether a model can be trained like this.

        Raises:
            UsageError: if a batch has not got a conversation for each process, or the
                model normalises over a batch whose parts only graphics cards put together.
        """
        if batch_size < self.processes:
            raise UsageError(
                f"a batch of {batch_size} conversations cannot be shared by {self.processes} "
                "processes: set training.batch_size higher, or start fewer"
            )
        normalised = any(isinstance(part, nn.BatchNorm1d) for part in model.modules())
        if self.processes > 1 and normalised and not torch.cuda.is_available():
            raise UsageError(
                "this model has batch normalisation, which only graphics cards share: train it "
                "in one process"
            )


class _Sum(torch.autograd.Function):
    """The sum over all processes; its gradient is the sum of theirs."""

    @staticmethod
    def forward(ctx: Any, part: Tensor) -> Tensor:
        found = part.clone()
        torch.distributed.all_reduce(found)
        return found

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        (gradient,) = gradients
        found = gradient.clone()
        torch.distributed.all_reduce(found)
        return found


def sum_over_processes(part: Tensor) -> Tensor:
    """How `model.across_processes` sums in a training of several processes."""
    found: Tensor = _Sum.apply(part)  # type: ignore[no-untyped-call]
    return found


class SharedBatches(Sampler[list[int]]):
    """What one process reads of each batch.

    A last batch of fewer conversations than processes is joined to the one before.

    Args:
        sampler: the order of all conversations, the same in every process.
        batch_size: conversations a batch, in all processes together.
        process: which reads, from 0.
        processes: how many there are.
    """

    def __init__(
        self, sampler: Sampler[int], batch_size: int, process: int = 0, processes: int = 1
    ) -> None:
        # Lightning tells this one the epoch.
        self.sampler = sampler
        self.batch_size = batch_size
        self._process, self._processes = process, processes

    def __len__(self) -> int:
        return batch_count(len(self.sampler), self.batch_size, self._processes)  # type: ignore[arg-type]

    def __iter__(self) -> Iterator[list[int]]:
        order = list(self.sampler)
        starts = [number * self.batch_size for number in range(len(self))]
        for start, end in zip(starts, [*starts[1:], len(order)], strict=True):
            yield order[start:end][self._process :: self._processes]


def batch_count(conversations: int, batch_size: int, processes: int = 1) -> int:
    """How many batches an epoch has, see `SharedBatches`.

    >>> batch_count(9, 4), batch_count(9, 4, processes=2)
    (3, 2)
    """
    whole, over = divmod(conversations, batch_size)
    return whole + (over >= processes or (whole == 0 and over > 0))
