"""How a model uses its hotspot gates, and whether they do anything.

A gate α[t, c] ∈ (0, 1) of token t and channel c chooses between the hotspots' view (1)
and the whole utterance's (0); see `model.hotspot_gated_fusion`. Over all tokens of a
split, with means over tokens t and channels c:

    mean                 mean_tc α
    deviation            √ mean_c Var_t α[t, c]     does it react to what it reads?
    channel deviation    √ Var_c mean_t α[t, c]     do channels differ?
    closed, open         share of α below 0.05, above 0.95
    correlation          Pearson's, of mean_c α[t, c] with the hotspot score s[t]

A gate that is shut, wide open, or the same for every token has collapsed: it chooses
nothing. An utterance of one token has no choice between a moment and the whole, so only
those of several tokens count.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from emospot.batch import ConversationBatch
from emospot.emotions import Task
from emospot.evaluation.diagnosis.resampling import Floats, bootstrap
from emospot.evaluation.predictions import Predictions
from emospot.evaluation.significance import Interval, bootstrap_interval
from emospot.model.emotion_model import EmotionModel, EmotionOutput
from emospot.model.hotspot_gated_fusion import HotspotGatedFusion
from emospot.model.recognizer import Recognizer
from emospot.model.row_groups import rows_by_length

CLOSED, OPEN = 0.05, 0.95
"""From where on a gate's value counts as one of its ends."""
BINS = 20
_GATE = Task("gate", "number", ("gate",))


@dataclass(frozen=True, slots=True)
class GateUse:
    """How the gate of one modality is used, over the tokens of utterances with several.

    Args:
        modality: whose gate.
        tokens: how many, at least 2.
        single: utterances with one token, which do not count.
        dialogues: in which those tokens lie.
        channels: of the gate; 1 where it is a scalar.
        mean: of all values.
        deviation: over tokens, within a channel, with its interval.
        channel_deviation: over channels.
        closed: share of values below 0.05, with its interval.
        open: share of values above 0.95, with its interval.
        hotspot_share: share of tokens with a hotspot score above 0.
        correlation: of gate and score, with its interval; None where either does not vary.
        marked_correlation: the same with marked moments; None where the store has none.
        learned: whether the scores are the model's own instead of a detector's.
        histogram: count of values in 20 bins from 0 to 1.
    """

    modality: str
    tokens: int
    single: int
    dialogues: int
    channels: int
    mean: float
    deviation: Interval
    channel_deviation: float
    closed: Interval
    open: Interval
    hotspot_share: float
    correlation: Interval | None
    marked_correlation: Interval | None
    learned: bool
    histogram: tuple[int, ...]


class GateWatch:
    """Collects the gates of everything that a model answers (`interventions.watched`).

    Args:
        model: any; one without hotspot-gated fusion has no gates.
    """

    def __init__(self, model: EmotionModel) -> None:
        self._values: dict[str, list[Tensor]] = {}
        self._found: dict[str, _Collected] = {}
        self._handles = [
            gate.register_forward_hook(self._keep(m)) for m, gate in _gates(model).items()
        ]
        self._learned: set[str] = set()

    def tell(self, batch: ConversationBatch, output: EmotionOutput) -> None:
        """Take in what the gates were in a batch that has just been answered."""
        for m, values in self._values.items():
            tensors = batch.modalities[m]
            mask = tensors.mask.flatten(0, 1)
            read = output.hotspots.get(m, tensors.scores).flatten(0, 1)
            if m in output.hotspots:
                self._learned.add(m)
            found = self._found.setdefault(m, _Collected())
            # The recognizer computes the rows of a batch in these groups.
            for rows, gate in zip(rows_by_length(batch), values, strict=True):
                T = gate.shape[1]
                own = mask[rows, :T]
                found.single += int((own.sum(dim=1) == 1).sum())
                own = own & (own.sum(dim=1, keepdim=True) > 1)
                names = [batch.ids[row // batch.mask.shape[1]][0][0] for row in rows.tolist()]
                scores = read[rows, :T], tensors.scores.flatten(0, 1)[rows, :T]
                found.add(names, own, gate, *scores)
            values.clear()

    def close(self) -> None:
        """Watch no longer."""
        for handle in self._handles:
            handle.remove()

    def use(self, marked: Collection[str] = ()) -> tuple[GateUse, ...]:
        """How the gate of each modality with several tokens an utterance was used.

        Args:
            marked: modalities whose hotspots in the store are marked moments.
        """
        return tuple(
            _use(m, found, learned=m in self._learned, marked=m in marked)
            for m, found in self._found.items()
            if found.sums
        )

    @property
    def there(self) -> bool:
        """Whether the model has any gate."""
        return bool(self._values)

    @property
    def untested(self) -> dict[str, int]:
        """Modality all of whose utterances are one token → how many those are."""
        return {m: f.single for m, f in self._found.items() if f.single and not f.sums}

    def _keep(self, modality: str) -> Callable[[nn.Module, object, Tensor], None]:
        own = self._values.setdefault(modality, [])

        def after(module: nn.Module, arguments: object, logits: Tensor) -> None:
            own.append(torch.sigmoid(logits.detach()))

        return after


def _gates(model: EmotionModel) -> Mapping[str, nn.Module]:
    """Modality → the layer that gives the logits of its gate."""
    if not isinstance(model, Recognizer):
        return {}
    fusions = {m: model.get_submodule(f"stems.{m}.fusion") for m in model.modalities}
    return {m: own.gate for m, own in fusions.items() if isinstance(own, HotspotGatedFusion)}


@dataclass(slots=True)
class _Collected:
    """Sums of each dialogue and channel, and the tokens' means.

    Args:
        sums: dialogue → count, then Σα and Σα² of each channel.
        ends: dialogue → count of values, of closed and of open ones.
        histogram: of the values.
        dialogues: of each token.
        gates: of each token, averaged over channels.
        scores: that the model read there.
        marks: of the store there.
        single: utterances with one token.
    """

    sums: dict[str, Floats] = field(default_factory=dict)
    ends: dict[str, Floats] = field(default_factory=dict)
    histogram: NDArray[np.int64] = field(default_factory=lambda: np.zeros(BINS, dtype=np.int64))
    dialogues: list[str] = field(default_factory=list)
    gates: list[Floats] = field(default_factory=list)
    scores: list[Floats] = field(default_factory=list)
    marks: list[Floats] = field(default_factory=list)
    single: int = 0

    def add(
        self, names: list[str], mask: Tensor, gate: Tensor, scores: Tensor, marks: Tensor
    ) -> None:
        """Take in some utterances: dialogue of each, then (n, T) and for the gate (n, T, C)."""
        for n, name in enumerate(names):
            own = gate[n][mask[n]].double().cpu().numpy()
            if len(own) == 0:
                continue
            sums = np.concatenate([[len(own)], own.sum(axis=0), (own**2).sum(axis=0)])
            self.sums[name] = self.sums.get(name, 0.0) + sums
            ends = np.array([own.size, (own < CLOSED).sum(), (own > OPEN).sum()], dtype=float)
            self.ends[name] = self.ends.get(name, 0.0) + ends
            self.histogram += np.histogram(own, BINS, (0.0, 1.0))[0]
            self.dialogues += [name] * len(own)
            self.gates.append(own.mean(axis=1))
            self.scores.append(scores[n][mask[n]].double().cpu().numpy())
            self.marks.append(marks[n][mask[n]].double().cpu().numpy())


def _use(modality: str, found: _Collected, *, learned: bool, marked: bool) -> GateUse:
    # By name, so that the order of the batches decides nothing.
    names = sorted(found.sums)
    sums, ends = (np.stack([own[name] for name in names]) for own in (found.sums, found.ends))
    total = sums.sum(axis=0)
    channels = (len(total) - 1) // 2
    means = total[1 : 1 + channels] / total[0]
    scores = np.concatenate(found.scores)
    return GateUse(
        modality,
        tokens=int(total[0]),
        single=found.single,
        dialogues=len(names),
        channels=channels,
        mean=float(means.mean()),
        deviation=bootstrap(sums, _deviation),
        channel_deviation=float(means.std()),
        closed=bootstrap(ends, lambda s: s[..., 1] / s[..., 0]),
        open=bootstrap(ends, lambda s: s[..., 2] / s[..., 0]),
        hotspot_share=float((scores > 0).mean()),
        correlation=_correlation(found, scores),
        marked_correlation=_correlation(found, np.concatenate(found.marks)) if marked else None,
        learned=learned,
        histogram=tuple(found.histogram.tolist()),
    )


def _deviation(sums: Floats) -> Floats:
    """√ of the mean variance within a channel, of counts and sums (..., 1 + 2C)."""
    count, moments = sums[..., :1], sums[..., 1:]
    C = moments.shape[-1] // 2
    variance = moments[..., C:] / count - (moments[..., :C] / count) ** 2
    # A computed variance may fall below 0 by rounding.
    return np.asarray(np.sqrt(np.maximum(variance, 0.0).mean(axis=-1)))


def _correlation(found: _Collected, scores: Floats) -> Interval | None:
    gates = np.concatenate(found.gates)
    if np.ptp(gates) < 1e-9 or np.ptp(scores) < 1e-9:
        return None
    order = np.argsort(found.dialogues, kind="stable")
    dialogues = tuple(found.dialogues[i] for i in order)
    tokens = Predictions(_GATE, dialogues, scores[order], gates[order][None])
    return bootstrap_interval(tokens, "correlation", draws=2000)
