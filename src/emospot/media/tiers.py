"""Tiers (TextGrid, ELAN): parallel rows of labelled intervals.

A tier holds the utterances of one speaker and is named after the speaker. A
tier named "words" or "NAME - words" (as forced aligners write) holds the word
times of the utterances of the same speaker; where no such utterances exist,
words closer than half a second form one. Tiers of phones, emotions, confidences
and hotspots are skipped. A tier named "text", "utterances" and the like, without
a name before it, has no speaker (`tier_names`). Empty intervals are pauses.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field

from emospot.media.tier_names import CONFIDENCE, EMOTION, HOTSPOTS, PHONES, TOKENS, understood
from emospot.media.transcript_types import Notices, Segment, TimedWord, checked_times

NOT_SPOKEN = (PHONES, EMOTION, CONFIDENCE, HOTSPOTS)
"""Roles of tiers that are no part of a transcript."""

_NO_WORDS = {"", "sil", "sp", "spn", "<eps>", "<unk>", "<sil>"}
_LONGEST_PAUSE = 0.5


@dataclass(frozen=True, slots=True)
class Interval:
    """A labelled span.

    Args:
        start: seconds.
        end: seconds.
        text: the label.
        place: where it stands in the file, for notices.
    """

    start: float
    end: float
    text: str
    place: str = ""


@dataclass(frozen=True, slots=True)
class Tier:
    """A row of intervals.

    Args:
        name: the tier's name.
        intervals: in the order of the file.
        speaker: the speaker where the format names one apart from the tier.
        holds_words: whether the format says that these are single words.
    """

    name: str
    intervals: tuple[Interval, ...]
    speaker: str | None = None
    holds_words: bool = False


@dataclass(slots=True)
class _Voice:
    utterances: list[Segment] = field(default_factory=list)
    words: list[TimedWord] = field(default_factory=list)


def segments_of_tiers(tiers: Sequence[Tier], notices: Notices) -> list[Segment]:
    """Bring the tiers of all speakers together, sorted by start.

    Args:
        tiers: in the order of the file.
        notices: of the file; gets what was repaired or left out.
    """
    voices: dict[str | None, _Voice] = {}
    for tier in tiers:
        known = understood(tier.name)
        if known is not None and known.role in NOT_SPOKEN:
            continue
        named = tier.name.strip() or None if known is None else known.speaker
        speaker = tier.speaker or named
        voice = voices.setdefault(speaker, _Voice())
        if tier.holds_words or (known is not None and known.role == TOKENS):
            voice.words += _words(tier, notices)
        else:
            voice.utterances += _utterances(tier, speaker, notices)
    segments = [s for name, voice in voices.items() for s in _joined(name, voice, notices)]
    return sorted(segments, key=lambda segment: (segment.start or 0.0, segment.end or 0.0))


def _utterances(tier: Tier, speaker: str | None, notices: Notices) -> list[Segment]:
    found = []
    for interval in tier.intervals:
        text = " ".join(interval.text.split())
        if text:
            times = checked_times(interval.start, interval.end, interval.place, notices)
            found.append(Segment(speaker, *times, text))
    return found


def _words(tier: Tier, notices: Notices) -> list[TimedWord]:
    found = []
    for interval in tier.intervals:
        text = interval.text.strip()
        start, end = checked_times(interval.start, interval.end, interval.place, notices)
        if text.lower() not in _NO_WORDS and start is not None and end is not None:
            found.append(TimedWord(start, end, text))
    return found


def _joined(speaker: str | None, voice: _Voice, notices: Notices) -> list[Segment]:
    """The utterances of one speaker with the words that lie within them."""
    words = sorted(voice.words, key=lambda word: word.start + word.end)
    if not voice.utterances:
        return _utterances_of_words(speaker, words)
    middles = [(word.start + word.end) / 2 for word in words]
    joined, used = [], 0
    for utterance in voice.utterances:
        if utterance.start is None or utterance.end is None:
            joined.append(utterance)
            continue
        first = bisect_left(middles, utterance.start)
        last = bisect_right(middles, utterance.end)
        used += last - first
        joined.append(
            Segment(
                speaker, utterance.start, utterance.end, utterance.text, tuple(words[first:last])
            )
        )
    if used < len(words):
        notices.add(
            f"words of {speaker or 'the speaker'}",
            f"{len(words) - used} of {len(words)} lie outside the utterances and were left out",
        )
    return joined


def _utterances_of_words(speaker: str | None, words: Sequence[TimedWord]) -> list[Segment]:
    """Utterances from words alone, parted where nobody speaks for a while."""
    runs: list[list[TimedWord]] = []
    for word in words:
        if not runs or word.start - runs[-1][-1].end > _LONGEST_PAUSE:
            runs.append([])
        runs[-1].append(word)
    return [
        Segment(speaker, run[0].start, run[-1].end, " ".join(w.text for w in run), tuple(run))
        for run in runs
    ]
