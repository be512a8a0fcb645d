"""Marked moments in the place of a detector: what people marked, handed out as hotspots.

A store that holds them can teach a model to find the like (`training.marks_weight`). They
are right answers, so no model may read them as it reads what a detector finds: a recording
of which nobody marked anything would look as if nothing happened in it.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from emospot.conversation import Conversation, Hotspot, Tokens, Utterance

MARKS = "marks"


@dataclass(frozen=True, slots=True)
class Mark:
    """A marked moment.

    Args:
        hotspot: where, in seconds of the recording or characters of the utterance.
        utterance: whose it is, "" where its time says so.
    """

    hotspot: Hotspot
    utterance: str = ""


class MarkedHotspots:
    """The marked moments of one modality (a `HotspotDetector`).

    Args:
        modality: where they were marked.
        marks: recording (the name of its file without folder and ending, or the id of
            the conversation) → its marks; one without a moment is none.

    A mark without an utterance is given, as far as it lies in them, to all utterances
    that were spoken then.
    """

    reads: tuple[str, ...] = ()

    def __init__(self, modality: str, marks: Mapping[str, Sequence[Mark]]) -> None:
        self.modality = modality
        self.marks = marks
        digest = hashlib.sha256(repr(sorted(marks.items())).encode()).hexdigest()[:8]
        self.name = f"{MARKS}:{digest}"
        self.notices: list[str] = []

    def of(self, conversation: Conversation) -> Sequence[Mark]:
        """The marks of a conversation."""
        media = conversation.media.stem if conversation.media is not None else ""
        return self.marks.get(conversation.id, self.marks.get(media, ()))

    def detect(
        self, conversation: Conversation, descriptors: Sequence[Tokens | None]
    ) -> list[list[Hotspot]]:
        """The marks of every utterance in order; marks of no utterance are told in `notices`."""
        found: list[list[Hotspot]] = [[] for _ in conversation.utterances]
        lost = 0
        for mark in self.of(conversation):
            parts = [_part(mark, utterance) for utterance in conversation.utterances]
            lost += not any(parts)
            for own, part in zip(found, parts, strict=True):
                own += [part] if part is not None else []
        self.notices = [f"{lost} marks lie in no utterance"] if lost else []
        return [sorted(own, key=_place) for own in found]


def is_marks(detector: str) -> bool:
    """Whether the name of a detector, as a store has it, is that of marked moments.

    >>> is_marks("marks:0a1b2c3d"), is_marks("lexicon")
    (True, False)
    """
    return detector.partition(":")[0] == MARKS


def _part(mark: Mark, utterance: Utterance) -> Hotspot | None:
    """What of a mark is the utterance's."""
    spot = mark.hotspot
    if mark.utterance:
        return spot if mark.utterance == utterance.id else None
    if None in (spot.start, spot.end, utterance.start, utterance.end):
        return None
    start, end = max(spot.start, utterance.start), min(spot.end, utterance.end)  # type: ignore[type-var]
    if start >= end:  # type: ignore[operator]
        return None
    inside = spot.apex is not None and start <= spot.apex <= end  # type: ignore[operator]
    return replace(spot, start=start, end=end, apex=spot.apex if inside else None)


def _place(spot: Hotspot) -> tuple[float, int]:
    return (spot.start or 0.0, spot.char_start or 0)
