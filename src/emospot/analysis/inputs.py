"""From files to a conversation: transcript, voice activity, or the whole recording."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from emospot.conversation import Conversation
from emospot.conversation.build import conversation_from_spans, conversation_from_transcript
from emospot.errors import UsageError
from emospot.features.base import Span
from emospot.media.decode import MediaInfo, probe
from emospot.media.transcripts import TRANSCRIPT_SUFFIXES, read_transcript

LONGEST_UTTERANCE = 15.0
"""Seconds after which a recording without sound and transcript is cut."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """What the user gave, read.

    Args:
        name: file name to show.
        conversation: utterances in turn order.
        info: the recording, or None for a bare transcript.
        notices: sentences about what was repaired or left out.
    """

    name: str
    conversation: Conversation
    info: MediaInfo | None
    notices: tuple[str, ...]


def read_inputs(recording: Path, transcript: Path | None = None) -> Inputs:
    """Read a recording with or without transcript, or a transcript alone.

    Args:
        recording: media, or a transcript (known by its suffix) by itself.
        transcript: the recording's transcript.

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
    spans, notices = _without_transcript(info)
    conversation = conversation_from_spans(spans, conversation_id=recording.stem, media=info.path)
    return Inputs(recording.name, conversation, info, notices)


def _from_transcript(path: Path, info: MediaInfo | None) -> tuple[Conversation, tuple[str, ...]]:
    transcript = read_transcript(path)
    conversation, notices = conversation_from_transcript(
        transcript,
        conversation_id=path.stem,
        media=info.path if info else None,
        duration=info.duration if info else None,
    )
    if not conversation.utterances:
        notices = (*notices, f"{path.name} holds no utterance")
    return conversation, (*transcript.notices, *notices)


def _without_transcript(info: MediaInfo) -> tuple[Sequence[Span], tuple[str, ...]]:
    from emospot.media.decode import audio_blocks
    from emospot.speakers.voice_activity import speech_spans

    if info.has_audio:
        spans = speech_spans(audio_blocks(info.path))
        notice = "utterances were found by voice activity; speakers are not told apart"
        return spans, (notice if spans else f"no speech was found in {info.path.name}",)
    duration = info.duration or 0.0
    parts = max(1, -int(-duration // LONGEST_UTTERANCE))
    step = duration / parts
    whole = [(i * step, (i + 1) * step) for i in range(parts)]
    return whole, (
        f"{info.path.name} has no sound and no transcript was given: "
        f"it is analysed in {parts} part{'s' if parts > 1 else ''} of {step:.1f} s",
    )
