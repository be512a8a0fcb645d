"""What every hotspot detector is: utterances and descriptors in, hotspots out."""

from collections.abc import Sequence
from typing import Protocol

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
