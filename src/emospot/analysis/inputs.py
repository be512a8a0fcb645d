"""From files to a conversation: transcript, voice activity, or the whole recording."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from emospot.analysis.stopwatch import Stopwatch
from emospot.conversation import Conversation, Utterance
from emospot.conversation.build import conversation_from_spans, conversation_from_transcript
from emospot.errors import TranscriptError, UsageError
from emospot.features.base import Span
from emospot.media.decode import MediaInfo, probe
from emospot.media.transcripts import TRANSCRIPT_SUFFIXES, read_transcript

LONGEST_UTTERANCE = 15.0
"""Seconds after which a video without speech and transcript is cut."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """What the user gave, read.

    Args:
        name: file name to show.
        conversation: utterances in turn order.
        info: the recording, or None for a bare transcript.
        notices: sentences about what was repaired or left out.
        speechless: whether speech was looked for and none was found, so that
            the sound holds no voice.
    """

    name: str
    conversation: Conversation
    info: MediaInfo | None
    notices: tuple[str, ...]
    speechless: bool = False


def read_inputs(
    recording: Path, transcript: Path | None = None, watch: Stopwatch | None = None
) -> Inputs:
    """Read a recording with or without transcript, or a transcript alone.

    Args:
        recording: media, or a transcript (known by its suffix) by itself.
        transcript: the recording's transcript.
        watch: counts the time of decoding and of voice activity.

    Raises:
        UsageError: if two transcripts were given.
        MediaError: if the recording cannot be read.
        TranscriptError: if the transcript cannot be read.
    """
    if recording.suffix.lower() in TRANSCRIPT_SUFFIXES:
        if transcript is not None:
            raise UsageError(
                f"{recording.name} and {transcript.name} are both transcripts: "
                "give the recording first, then --transcript"
            )
        conversation, notices = _from_transcript(recording, None)
        return Inputs(recording.name, conversation, None, notices)
    info = probe(recording)
    if transcript is not None:
        conversation, notices = _from_transcript(transcript, info)
        return Inputs(recording.name, conversation, info, notices)
    spans, notices = _speech(info, watch or Stopwatch())
    speechless = not spans
    if info.has_video and not spans:
        spans, notice = _parts(info)
        notices = (notice, *notices)
    conversation = conversation_from_spans(spans, conversation_id=recording.stem, media=info.path)
    return Inputs(recording.name, conversation, info, notices, speechless)


def _from_transcript(path: Path, info: MediaInfo | None) -> tuple[Conversation, tuple[str, ...]]:
    transcript = read_transcript(path)
    try:
        conversation, notices = conversation_from_transcript(
            transcript,
            conversation_id=path.stem,
            media=info.path if info else None,
            duration=info.duration if info else None,
        )
    except TranscriptError as error:
        raise TranscriptError(f"{path}: {error}") from error
    doubtful = (f"{path.name}: {notice}" for notice in _doubtful(conversation.utterances))
    return conversation, (*notices, *doubtful)


def _doubtful(utterances: Sequence[Utterance]) -> list[str]:
    """What can be used as it stands, but is measured worse than a reader expects."""
    found = []
    # Without text and time there is no utterance: the reader has left it out.
    empty = [u.start for u in utterances if u.start is not None and not (u.text or "").strip()]
    if 0 < len(empty) < len(utterances):
        found.append(
            f"{len(empty)} of {len(utterances)} utterances have no words "
            f"(the first at {empty[0]:.1f} s)"
        )
    latest = 0.0
    overlapping = []
    for utterance in utterances:
        if utterance.start is None or utterance.end is None:
            continue
        if utterance.start < latest:
            overlapping.append(utterance.start)
        latest = max(latest, utterance.end)
    if overlapping:
        found.append(
            f"{len(overlapping)} utterance(s) begin before another has ended (the first at "
            f"{overlapping[0]:.1f} s): each voice is measured with the other in it"
        )
    return found


def _speech(info: MediaInfo, watch: Stopwatch) -> tuple[list[Span], tuple[str, ...]]:
    """The utterances that voice activity finds, and notices."""
    from emospot.media.decode import audio_blocks
    from emospot.speakers.voice_activity import speech_spans

    if not info.has_audio:
        return [], ()
    lost: list[str] = []
    with watch.stage("voice activity"):
        spans = speech_spans(watch.decoding(audio_blocks(info.path, notices=lost)))
    if spans:
        notice = "utterances were found by voice activity; speakers are not told apart"
        return spans, (notice, *lost)
    if info.has_video:
        return [], tuple(lost)
    return [], (f"{info.path.name}: no speech was found, so there is nothing to analyse", *lost)


def _parts(info: MediaInfo) -> tuple[list[Span], str]:
    """A video without speech, as a whole or in equal parts, and a notice."""
    why = "no speech was found" if info.has_audio else "has no sound"
    parts = max(1, math.ceil(info.duration / LONGEST_UTTERANCE))
    step = info.duration / parts
    into = f"in {parts} parts of {step:.1f} s" if parts > 1 else "as one utterance"
    notice = f"{info.path.name}: {why} and no transcript was given; it is analysed {into}"
    return [(i * step, (i + 1) * step) for i in range(parts)], notice
