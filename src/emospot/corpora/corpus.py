"""What a corpus file hands over: conversations with labels, splits and ready-made features.

Every reader in this room (`read_iemocap`, `read_meld`, …) returns a `Corpus`;
`importing.import_corpus` measures what the instruments can and writes the store.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emospot.conversation import Conversation, Hotspot, Tokens
from emospot.emotions import LabelSet
from emospot.features.base import FeatureDescription


@dataclass(frozen=True, slots=True)
class CorpusConversation:
    """One conversation of a corpus.

    Args:
        conversation: U utterances with labels, targets, split and recording,
            as far as the corpus has them.
        tokens: modality → ready-made features of each utterance, shape (U,),
            None where an utterance has none.
        clips: the recording of each utterance, shape (U,), None where it is
            missing; empty where the corpus has one recording a conversation.
        video: the film, where pictures are not in the conversation's recording.
        marked: the spans that people marked in each utterance (e.g. what caused
            an emotion), shape (U,); empty where there are none. They are right
            answers to score a detector with, so they are stored among the hotspots
            only where an import is told so (`hotspots.marks`).
        sound: where the recording is made, not read: gives the samples of the whole
            (mono, 16 kHz); `media` of the conversation is then what it is made of.
    """

    conversation: Conversation
    tokens: Mapping[str, tuple[Tokens | None, ...]] = field(default_factory=dict)
    clips: tuple[Path | None, ...] = ()
    video: Path | None = None
    marked: tuple[tuple[Hotspot, ...], ...] = ()
    sound: Callable[[], NDArray[np.float32]] | None = None


@dataclass(frozen=True, slots=True)
class Corpus:
    """A corpus as its files have it, nothing measured yet.

    Args:
        name: e.g. "iemocap".
        kind: which reader read it, e.g. "iemocap-release".
        label_set: of the utterances' single labels; without labels where the
            corpus has only targets.
        conversations: in the order of the corpus.
        features: modality → what identifies the ready-made features.
        notices: what was odd but is no error, one sentence each.
    """

    name: str
    kind: str
    label_set: LabelSet
    conversations: tuple[CorpusConversation, ...]
    features: Mapping[str, FeatureDescription] = field(default_factory=dict)
    notices: tuple[str, ...] = ()

    @property
    def ready_made(self) -> dict[str, str]:
        """Modality → extractor of its features, "" where they are one vector an utterance.

        Those say nothing of moments, so no detector can read them.
        """
        return {m: "" if own.pooled else own.extractor for m, own in self.features.items()}
