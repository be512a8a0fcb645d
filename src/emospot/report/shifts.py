"""Where a speaker's emotion changes: from what to what, how often, and when.

A shift lies between two sure answers of the same speaker that differ. "Unsure" is no
emotion: utterances of that kind are stepped over, and how many is kept beside the shift,
since the change may have come anywhere among them.
"""

from dataclasses import dataclass

from emospot.analysis.types import Analysis, UtteranceFinding
from emospot.emotions import UNSURE


@dataclass(frozen=True, slots=True)
class ShiftPlace:
    """Where a shift is.

    Args:
        utterance: index of the first utterance with the new emotion.
        start: its start in seconds, or None.
        unsure_between: utterances of the speaker stepped over.
    """

    utterance: int
    start: float | None
    unsure_between: int


@dataclass(frozen=True, slots=True)
class Shift:
    """All shifts of one speaker from one emotion to another, in turn order."""

    before: str
    after: str
    places: tuple[ShiftPlace, ...]


@dataclass(frozen=True, slots=True)
class SpeakerShifts:
    """The shifts of one speaker.

    Args:
        speaker: who.
        sure: number of the speaker's utterances with a sure answer.
        shifts: the most frequent first.
    """

    speaker: str
    sure: int
    shifts: tuple[Shift, ...]

    @property
    def count(self) -> int:
        """How often the emotion changes."""
        return sum(len(shift.places) for shift in self.shifts)


def emotion_shifts(analysis: Analysis) -> tuple[SpeakerShifts, ...]:
    """The shifts of every speaker, in the order of their first turn."""
    by_speaker: dict[str, list[tuple[int, UtteranceFinding]]] = {}
    for index, utterance in enumerate(analysis.utterances):
        by_speaker.setdefault(utterance.speaker, []).append((index, utterance))
    return tuple(_of_speaker(speaker, theirs) for speaker, theirs in by_speaker.items())


def _of_speaker(speaker: str, theirs: list[tuple[int, UtteranceFinding]]) -> SpeakerShifts:
    found: dict[tuple[str, str], list[ShiftPlace]] = {}
    last, unsure, sure = None, 0, 0
    for index, utterance in theirs:
        if utterance.emotion == UNSURE:
            unsure += 1
            continue
        if last is not None and last != utterance.emotion:
            place = ShiftPlace(index, utterance.start, unsure)
            found.setdefault((last, utterance.emotion), []).append(place)
        last, unsure, sure = utterance.emotion, 0, sure + 1
    ordered = sorted(found.items(), key=lambda item: -len(item[1]))
    shifts = tuple(Shift(*pair, tuple(places)) for pair, places in ordered)
    return SpeakerShifts(speaker, sure, shifts)
