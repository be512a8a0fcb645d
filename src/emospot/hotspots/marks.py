"""Marked moments in the place of a detector: what people marked, handed out as hotspots.

A store that holds them can teach a model to find the like (`training.marks_weight`). They
are right answers, so no model may read them as it reads what a detector finds: a recording
of which nobody marked anything would look as if nothing happened in it.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath

from emospot.conversation import Conversation, Hotspot, Tokens, Utterance
from emospot.files import stem
from emospot.hotspots.moments import order_of

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
        marks: recording → its marks. A recording is named by its file, with or without
            ending and the folders before it, or by the id of the conversation.

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

    def of(self, conversation: Conversation) -> list[Mark]:
        """The marks of a conversation."""
        return [
            mark
            for name, own in self.marks.items()
            if is_called(conversation, name)
            for mark in own
        ]

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
        return [sorted(own, key=order_of) for own in found]


def is_called(conversation: Conversation, name: str) -> bool:
    """Whether a name is the conversation's, or that of its recording.

    >>> talk = Conversation("d1", (Utterance("1", "A"),), PurePath("films/one/talk.mp4"))
    >>> [is_called(talk, name) for name in ("d1", "talk", "talk.wav", "one/talk", "two/talk")]
    [True, True, True, True, False]
    """
    if name == conversation.id or conversation.media is None:
        return name == conversation.id
    given, media = PurePath(name), conversation.media
    folders = given.parts[:-1]
    around = media.parts[:-1]
    return stem(name) == stem(media.name) and around[len(around) - len(folders) :] == folders


def is_marks(detector: str) -> bool:
    """Whether the name of a detector, as a store has it, is that of marked moments.

    >>> is_marks("marks:0a1b2c3d"), is_marks("lexicon")
    (True, False)
    """
    return detector.partition(":")[0] == MARKS


def _part(mark: Mark, utterance: Utterance) -> Hotspot | None:
    """What of a mark is the utterance's, None where nothing is."""
    if mark.utterance not in ("", utterance.id):
        return None
    spot = mark.hotspot
    if not mark.utterance:  # characters of which text?
        spot = replace(spot, char_start=None, char_end=None)
    elif spot.char_end is not None and spot.char_end > len(utterance.text or ""):
        return None
    if spot.start is None or spot.end is None:
        return spot if spot.char_start is not None else None
    if utterance.start is None or utterance.end is None:
        return spot if mark.utterance else None
    start, end = max(spot.start, utterance.start), min(spot.end, utterance.end)
    if start >= end:
        return None
    inside = spot.apex is not None and start <= spot.apex <= end
    return replace(spot, start=start, end=end, apex=spot.apex if inside else None)
