"""What every hotspot detector is: utterances and descriptors in, hotspots out."""

from collections.abc import Sequence
from typing import Protocol

from emospot.conversation import Conversation, Hotspot, Tokens


class HotspotDetector(Protocol):
    """Finds the hotspots of one modality of a conversation."""

    name: str
    modality: str

    def detect(
        self, conversation: Conversation, descriptors: Sequence[Tokens | None]
    ) -> list[list[Hotspot]]:
        """The hotspots of every utterance, each list in order of time.

        Args:
            conversation: the utterances in turn order.
            descriptors: for each utterance the descriptors that the detector
                reads (named columns, times), None where the modality is
                absent. A detector of words reads the texts and ignores them.

        Returns:
            One list an utterance, empty where nothing stands out or the
            modality is absent.
        """
        ...
