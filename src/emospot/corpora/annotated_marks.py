"""Marked moments of an annotation file as hotspots of its utterances.

A moment belongs to the utterance that it shares most time with, and to every other one that
holds at least half of it (people talk at once); what reaches beyond the utterance is cut.
Words are found by what the annotation quotes ("not happy: lexicon 0.50"), if that stands
there in the text, else by the words that are spoken at that time.
"""

from collections.abc import Sequence
from dataclasses import replace

from emospot.conversation import WORDS, Hotspot, Utterance
from emospot.corpora.annotated_tiers import Annotated
from emospot.corpora.overlaps import Overlaps
from emospot.hotspots.marks import MARKS
from emospot.media.annotation_file import score_of

_HALF = 0.5
_NEAR = 0.25
"""Seconds that quoted words may lie outside the moment: their times may be estimates."""


def marks_of_utterances(
    utterances: Sequence[Utterance], marks: Sequence[Annotated]
) -> tuple[list[list[Hotspot]], int]:
    """The marked hotspots of each utterance, and how many marks lie in none.

    Args:
        utterances: U utterances of a conversation.
        marks: marked moments with their modalities.
    """
    found: list[list[Hotspot]] = [[] for _ in utterances]
    spoken = Overlaps([(one.start, one.end) for one in utterances])
    lost = 0
    for mark in marks:
        near = spoken.meeting(mark.interval.start, mark.interval.end)
        shares = {place: _share(mark, utterances[place]) for place in near}
        first = max(shares, key=lambda place: shares[place], default=None)
        if first is None or shares[first] <= 0:
            lost += 1
            continue
        for place, share in shares.items():
            if place == first or share >= _HALF:
                found[place].append(_hotspot(mark, utterances[place]))
    in_order = [sorted(own, key=lambda spot: (spot.start or 0.0, spot.modality)) for own in found]
    return in_order, lost


def _share(mark: Annotated, utterance: Utterance) -> float:
    """How much of a mark lies in an utterance, from 0 to 1."""
    if utterance.start is None or utterance.end is None:
        return 0.0
    if mark.speaker not in (None, utterance.speaker):
        return 0.0
    span = mark.interval
    shared = min(span.end, utterance.end) - max(span.start, utterance.start)
    return max(0.0, shared) / (span.end - span.start)


def _hotspot(mark: Annotated, utterance: Utterance) -> Hotspot:
    span = mark.interval
    start = max(span.start, utterance.start or 0.0)
    end = min(span.end, utterance.end or span.end)
    spot = Hotspot(mark.modality, start, end, score_of(span.text), MARKS)
    if mark.modality != WORDS or not utterance.text:
        return spot
    place = _quoted(utterance, span.text, start, end) or _spoken(utterance, start, end)
    return spot if place is None else replace(spot, char_start=place[0], char_end=place[1])


def _quoted(utterance: Utterance, label: str, start: float, end: float) -> tuple[int, int] | None:
    """Where the quoted words stand in the text, if they are spoken about then."""
    text, quoted = utterance.text or "", label.rpartition(":")[0].strip()
    if not quoted:
        return None
    best: tuple[float, tuple[int, int]] | None = None
    at = text.find(quoted)
    while at >= 0:
        place = (at, at + len(quoted))
        said = [w for w in utterance.words if w.char_start < place[1] and place[0] < w.char_end]
        if said:
            away = max(said[0].start - end, start - said[-1].end, 0.0)
            middle = abs((said[0].start + said[-1].end) - (start + end))
            if away <= _NEAR and (best is None or middle < best[0]):
                best = (middle, place)
        at = text.find(quoted, at + 1)
    return best[1] if best is not None else None


def _spoken(utterance: Utterance, start: float, end: float) -> tuple[int, int] | None:
    """The words that are spoken at a time."""
    said = [word for word in utterance.words if word.start < end and start < word.end]
    return (said[0].char_start, said[-1].char_end) if said else None
