"""What every hotspot detector is: utterances and descriptors in, hotspots out."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from emospot.conversation import Conversation, Hotspot, Tokens


class HotspotDetector(Protocol):
    """Finds the hotspots of one modality of a conversation.

    `name` is what it is chosen by, `modality` where it looks. `reads` names the
    extractors (`features.registry`) whose tokens it can read, the best first; a
    detector that reads the texts alone names none. A detector of words that
    understands one language alone says so in `language`, an ISO 639-1 code. What went
    wrong in the last `detect` may stand in `notices`, a list of sentences.
    """

    name: str
    modality: str
    reads: tuple[str, ...]

    def detect(
        self, conversation: Conversation, descriptors: Sequence[Tokens | None]
    ) -> list[list[Hotspot]]:
        """The hotspots of every utterance, each list in order of time.

        Args:
            conversation: the utterances in turn order.
            descriptors: for each utterance the tokens of the extractor that
                it reads, None where the modality is absent. A detector that
                reads the texts alone ignores them.

        Returns:
            One list an utterance, empty where nothing stands out or the
            modality is absent.
        """
        ...


@runtime_checkable
class ScoresTokens(Protocol):
    """A detector whose hotspots are made of a score for every token, which can be asked for."""

    reads: tuple[str, ...]

    def scored_tokens(
        self, conversation: Conversation, descriptors: Sequence[Tokens | None]
    ) -> list[list[tuple[Tokens, NDArray[np.floating]]]]:
        """The tokens of every utterance with their scores in [0, 1], shape (T,).

        Args:
            conversation: the utterances in turn order.
            descriptors: as `HotspotDetector.detect` gets them.

        Returns:
            For each utterance its stretches of tokens, none where the modality is absent.
        """
        ...
