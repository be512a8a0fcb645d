"""How the aligners of each pair of modalities are used.

The routing gives every utterance i that has both modalities the weights π_i over E
aligners, K of them above 0 (`model.mixture_of_aligners`). For each pair and axis:

    use          u_e = mean_i π_i[e]
    imbalance    E² · Var_e(u), 0 when use is even, at most E − 1
    entropy      −Σ u_e log u_e / log E, 1 when use is even, 0 when one has everything
    of an utterance    mean_i of −Σ π_i[e] log π_i[e] / log K, how evenly its K are mixed
    deviation    mean_e of the deviation of π_i[e] over i: does the choice depend on the
                 utterance at all?
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from emospot.batch import ConversationBatch
from emospot.evaluation.diagnosis.resampling import Floats, bootstrap
from emospot.evaluation.significance import Interval
from emospot.model.emotion_model import EmotionOutput
from emospot.model.mixture_of_aligners import expert_usage_imbalance


@dataclass(frozen=True, slots=True)
class AlignerUse:
    """How the aligners of one pair are used.

    Args:
        axis: "tokens" or "utterances", which the pair is aligned along.
        pair: "source->target".
        utterances: that have both modalities.
        dialogues: in which they lie.
        experts: E.
        top_k: K.
        use: u, with intervals.
        selected: share of the utterances that select each aligner.
        imbalance: of u.
        entropy: of u, in [0, 1]; 1 where E is 1.
        utterance_entropy: mean of the utterances', in [0, 1]; None where K is 1.
        deviation: of the weights over utterances.
    """

    axis: str
    pair: str
    utterances: int
    dialogues: int
    experts: int
    top_k: int
    use: tuple[Interval, ...]
    selected: tuple[float, ...]
    imbalance: float
    entropy: float
    utterance_entropy: float | None
    deviation: float

    @property
    def name(self) -> str:
        """Pair and axis, e.g. "voice->words (tokens)"."""
        return f"{self.pair} ({self.axis})"


def routed(
    batch: ConversationBatch, output: EmotionOutput
) -> Iterator[tuple[str, Tensor, Tensor]]:
    """Each pair with its weights, (B, U, E), and which utterances have both, (B, U)."""
    names = list(batch.modalities)
    present = batch.present & batch.mask.unsqueeze(-1)
    for name, routing in output.routing.items():
        source, target = name.partition(":")[2].split("->")
        yield name, routing, present[..., names.index(source)] & present[..., names.index(target)]


class RoutingWatch:
    """Collects the routing of everything that a model answers (`interventions.watched`)."""

    def __init__(self) -> None:
        self._weights: dict[str, dict[str, list[Floats]]] = {}

    def tell(self, batch: ConversationBatch, output: EmotionOutput) -> None:
        """Take in how a batch that has just been answered was routed."""
        for name, routing, both in routed(batch, output):
            found = self._weights.setdefault(name, {})
            for b, ids in enumerate(batch.ids):
                if both[b].any():
                    own = routing[b][both[b]].double().cpu().numpy()
                    found.setdefault(ids[0][0], []).append(own)

    def use(self, top_k: int) -> tuple[AlignerUse, ...]:
        """How each pair's aligners were used; without pairs that no utterance has.

        Args:
            top_k: K of the model.
        """
        return tuple(_use(name, own, top_k) for name, own in self._weights.items() if own)


def _use(name: str, found: dict[str, list[Floats]], top_k: int) -> AlignerUse:
    axis, _, pair = name.partition(":")
    # By name, so that the order of the batches decides nothing.
    dialogues = [np.concatenate(found[d]) for d in sorted(found)]
    weights = np.concatenate(dialogues)
    count, experts = weights.shape
    sums = np.stack([np.append(own.sum(axis=0), len(own)) for own in dialogues])
    use = [bootstrap(sums[:, [e, -1]], lambda s: s[..., 0] / s[..., 1]) for e in range(experts)]
    mean = weights.mean(axis=0)
    return AlignerUse(
        axis,
        pair,
        utterances=count,
        dialogues=len(dialogues),
        experts=experts,
        top_k=top_k,
        use=tuple(use),
        selected=tuple((weights > 0).mean(axis=0).tolist()),
        imbalance=float(expert_usage_imbalance(torch.from_numpy(mean))),
        entropy=float(normalised_entropy(mean, experts)),
        utterance_entropy=float(normalised_entropy(weights, top_k).mean()) if top_k > 1 else None,
        deviation=float(weights.std(axis=0).mean()),
    )


def normalised_entropy(shares: Floats, count: int) -> Floats:
    """The entropy over the last axis in units of that of `count` even shares.

    Args:
        shares: shape (..., E), each at least 0, sums to 1.
        count: how many may be above 0.

    Returns:
        Shape (...), in [0, 1]; 1 where the count is 1.

    >>> normalised_entropy(np.array([[0.5, 0.5, 0.0], [1.0, 0.0, 0.0]]), 2).tolist()
    [1.0, 0.0]
    """
    if count == 1:
        return np.ones(shares.shape[:-1])
    logs = np.log(np.where(shares > 0, shares, 1.0))
    return np.asarray(np.abs((shares * logs).sum(axis=-1)) / np.log(count))
