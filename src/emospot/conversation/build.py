"""From what was read or heard to a `Conversation`.

Turn order is by start where every segment has one, else the order of the file;
utterances may overlap. Four rules, each with a notice where it changes
something:

- a segment without a speaker belongs to the one unknown speaker, "speaker";
- a start without an end lasts until the next start, the last one until the
  recording's end (without a recording: 15 characters a second);
- an utterance that reaches beyond the recording's end is cut there;
- one that begins after it is left out; if all do, that is an error, for it is
  the transcript of another recording.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from emospot.conversation.types import Conversation, Utterance
from emospot.conversation.word_times import located_words, spread_words
from emospot.errors import TranscriptError
from emospot.media.transcript_types import Segment, Transcript

__all__ = [
    "UNKNOWN_SPEAKER",
    "conversation_from_spans",
    "conversation_from_transcript",
    "located_words",
    "spread_words",
]

UNKNOWN_SPEAKER = "speaker"
"""Who speaks where the source does not say; several people may hide behind it."""

# Decoders and subtitle programs round; less than this is no disagreement.
_TOLERANCE_SECONDS = 0.5
_CHARACTERS_A_SECOND = 15.0


def conversation_from_transcript(
    transcript: Transcript,
    *,
    conversation_id: str,
    media: Path | None = None,
    duration: float | None = None,
) -> tuple[Conversation, tuple[str, ...]]:
    """Turn a transcript into a conversation.

    Args:
        transcript: as read by `emospot.media.read_transcript`.
        conversation_id: also the beginning of the utterances' ids.
        media: the recording, or None.
        duration: seconds of the recording, or None without one.

    Returns:
        The conversation, and notices: those of the transcript, then what was
        changed here.

    Raises:
        TranscriptError: if every utterance begins after the recording's end.
    """
    notices = list(transcript.notices)
    segments = _in_turn_order(transcript.segments)
    if duration is not None:
        segments = _within(segments, duration, notices)
    segments = _with_ends(segments, duration, notices)
    unnamed = sum(segment.speaker is None for segment in segments)
    if 0 < unnamed < len(segments):
        notices.append(
            f"{unnamed} of {len(segments)} utterances name no speaker; they are taken as "
            f'spoken by one person, "{UNKNOWN_SPEAKER}"'
        )
    utterances = tuple(
        _utterance(segment, _utterance_id(conversation_id, number))
        for number, segment in enumerate(segments, start=1)
    )
    return Conversation(conversation_id, utterances, media), tuple(notices)


def conversation_from_spans(
    spans: Sequence[tuple[float, float]],
    *,
    conversation_id: str,
    media: Path | None = None,
    speakers: Sequence[str] | None = None,
) -> Conversation:
    """Turn spans of speech into a conversation without words.

    Args:
        spans: start and end in seconds, as voice activity gives them.
        conversation_id: also the beginning of the utterances' ids.
        media: the recording, or None.
        speakers: the speaker of each span, or None where nobody told them
            apart; all are then the one unknown speaker.

    >>> talk = conversation_from_spans([(0.5, 2.0)], conversation_id="talk")
    >>> talk.utterances[0].id, talk.utterances[0].speaker, talk.utterances[0].text
    ('talk-1', 'speaker', None)
    """
    names = [UNKNOWN_SPEAKER] * len(spans) if speakers is None else speakers
    turns = sorted(zip(spans, names, strict=True), key=lambda turn: turn[0])
    utterances = tuple(
        Utterance(_utterance_id(conversation_id, number), name, start, end)
        for number, ((start, end), name) in enumerate(turns, start=1)
    )
    return Conversation(conversation_id, utterances, media)


def _utterance_id(conversation_id: str, number: int) -> str:
    return f"{conversation_id}-{number}"


def _in_turn_order(segments: Sequence[Segment]) -> list[Segment]:
    starts = [segment.start for segment in segments if segment.start is not None]
    if len(starts) < len(segments):
        return list(segments)
    return [segment for _, segment in sorted(zip(starts, segments, strict=True), key=_first)]


def _first(pair: tuple[float, Segment]) -> float:
    return pair[0]


def _within(segments: list[Segment], duration: float, notices: list[str]) -> list[Segment]:
    """The segments that begin within the recording, cut at its end."""
    kept = [s for s in segments if s.start is None or s.start < duration]
    left_out = len(segments) - len(kept)
    if segments and not kept:
        raise TranscriptError(
            f"all {left_out} utterances of the transcript begin after the recording's end at "
            f"{duration:.1f} s; is it the transcript of another recording?"
        )
    if left_out:
        notices.append(
            f"{left_out} of {len(segments)} utterances begin after the recording's end at "
            f"{duration:.1f} s and were left out"
        )
    beyond = [s for s in kept if s.end is not None and s.end > duration + _TOLERANCE_SECONDS]
    if beyond:
        notices.append(
            f"{len(beyond)} utterance(s) reach beyond the recording's end at {duration:.1f} s "
            f"(the first begins at {beyond[0].start:.1f} s) and were cut there"
        )
    return [_cut(segment, duration) for segment in kept]


def _cut(segment: Segment, duration: float) -> Segment:
    if segment.end is None or segment.end <= duration:
        return segment
    words = tuple(
        replace(word, end=min(word.end, duration))
        for word in segment.words
        if word.start < duration
    )
    return replace(segment, end=duration, words=words)


def _with_ends(
    segments: list[Segment], duration: float | None, notices: list[str]
) -> list[Segment]:
    """Give an end to segments that only have a start."""
    starts = sorted(segment.start for segment in segments if segment.start is not None)
    filled, count = [], 0
    for segment in segments:
        if segment.start is not None and segment.end is None:
            count += 1
            spoken = segment.start + len(segment.text) / _CHARACTERS_A_SECOND
            last = spoken if duration is None else duration
            after = bisect_right(starts, segment.start)
            segment = replace(segment, end=starts[after] if after < len(starts) else last)
        filled.append(segment)
    if count:
        notices.append(
            f"{count} of {len(segments)} utterances have no usable end; they were taken to last "
            "until the next one begins"
        )
    return filled


def _utterance(segment: Segment, utterance_id: str) -> Utterance:
    words = located_words(segment.text, segment.words)
    estimated = not words and bool(segment.text)
    if estimated and segment.start is not None and segment.end is not None:
        words = spread_words(segment.text, segment.start, segment.end)
    return Utterance(
        id=utterance_id,
        speaker=segment.speaker or UNKNOWN_SPEAKER,
        start=segment.start,
        end=segment.end,
        text=segment.text or None,
        words=words,
        word_times_estimated=estimated and bool(words),
    )
