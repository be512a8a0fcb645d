"""What every model offers: emospot's own recognizer and the published baselines.

    ConversationBatch (B, U, …) ──> EmotionOutput (B, U, classes) a head

Training, prediction, evaluation and analysis know a model by this interface
alone, so that all of them run for any model.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from emospot.batch import ConversationBatch
from emospot.model.kernel_reader import KernelReader
from emospot.model.reading import Reading


@dataclass(frozen=True, slots=True)
class EmotionOutput:
    """What a model says of a batch.

    Args:
        logits: head → shape (B, U, classes).
        gates: modality → hotspot gate of each token averaged over channels,
            shape (B, U, T), zero on padding; empty without hotspot-gated fusion.
        routing: "k->j" (with "tokens:" or "utterances:" before it) → aligner
            weights of each utterance, shape (B, U, E).
        expert_usage: the same names → mean use of each aligner, shape (E,).
        losses: "balance" and "router_z": scalars; empty without aligners;
            "hotspot_marks" where hotspots are learned, "hotspot_length" of words.
        parts: head → answers that are learned apart, each of shape (B, U, classes);
            in training the logits are their mean; empty where there is one answer.
        hotspots: modality → learned score of each token, shape (B, U, T).
        evidence: head → answers from the learned hotspots alone, each of shape
            (B, U, classes); they are learned, and take no part in the logits.
        against_rest: the same of hotspots that are learned one class against the rest.
        reading: modality → share of the answer that was read from each token, shape
            (B, U, T); empty without a second reading.
        lags: "j to k" → how likely it is that by the speaker's habit k lags behind j by each
            of `speaker_lags.SpeakerLags.lags` seconds, shape (B, U, L); empty where that
            is not looked for.
        beside: head → answers that are learned beside the model's, each of shape
            (B, U, classes); see `second_reading`.
    """

    logits: Mapping[str, Tensor]
    gates: Mapping[str, Tensor] = field(default_factory=dict)
    routing: Mapping[str, Tensor] = field(default_factory=dict)
    expert_usage: Mapping[str, Tensor] = field(default_factory=dict)
    losses: Mapping[str, Tensor] = field(default_factory=dict)
    parts: Mapping[str, tuple[Tensor, ...]] = field(default_factory=dict)
    hotspots: Mapping[str, Tensor] = field(default_factory=dict)
    evidence: Mapping[str, tuple[Tensor, ...]] = field(default_factory=dict)
    against_rest: Mapping[str, tuple[Tensor, ...]] = field(default_factory=dict)
    reading: Mapping[str, Tensor] = field(default_factory=dict)
    lags: Mapping[str, Tensor] = field(default_factory=dict)
    beside: Mapping[str, tuple[Tensor, ...]] = field(default_factory=dict)


class EmotionModel(nn.Module, ABC):
    """A model of conversations; a buffer `prior_HEAD` holds what it answers to nothing.

    Args:
        readers: head → kernel reader whose answers are added once training is over;
            None: none.
    """

    def __init__(self, readers: Mapping[str, KernelReader] | None = None) -> None:
        super().__init__()
        self.readers = nn.ModuleDict(readers or {})

    @property
    @abstractmethod
    def modalities(self) -> tuple[str, ...]:
        """The modalities in the order of the batch."""

    @abstractmethod
    def set_input_statistics(self, modality: str, mean: Tensor, deviation: Tensor) -> None:
        """Standardise a modality by the training data's mean and deviation, shape (d,)."""

    def set_prior(self, head: str, logits: Tensor) -> None:
        """What a head answers where no modality is present, shape (classes,)."""
        self.get_buffer(f"prior_{head}").copy_(logits)

    def set_transitions(self, head: str, counts: Tensor) -> None:
        """Be told how often one class followed another in training; most models do not ask.

        Args:
            head: of a single label.
            counts: see `model.emotion_dynamics`, shape (3, classes, classes).
        """
        return

    def set_classes(self, head: str, frequency: Tensor, resting: int | None) -> None:
        """Be told of the classes of a head; most models do not ask.

        Args:
            head: of a single label or of several.
            frequency: share of the training utterances that carry each, shape (classes,).
            resting: which one is no emotion, or None.
        """
        return

    def fit_reader(
        self, head: str, readings: Sequence[Reading], answers: Sequence[NDArray[np.int64]]
    ) -> None:
        """Let a head's kernel reader learn from the training conversations.

        Args:
            head: of a single label, one of those in `readers`.
            readings: see `model.kernel_reader`.
            answers: of each the index of the class, −1 where it is not known, shape (U,).
        """
        cast(KernelReader, self.readers[head]).fit(readings, answers)

    @abstractmethod
    def forward(self, batch: ConversationBatch) -> EmotionOutput:
        """Recognise the emotions of a batch."""
