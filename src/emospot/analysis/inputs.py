"""From files to a conversation: transcript, voice activity, or the whole recording.

What a transcript tells of speakers and words stands. What it does not tell is found in the
sound as far as that is asked for (`listening`).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from emospot.analysis.listening import (
    TRANSCRIPT,
    VOICES,
    VOICES_SHARE,
    Listening,
    Speakers,
    speakers_of_speech,
    with_speakers,
    words_of_speech,
)
from emospot.analysis.stopwatch import Stopwatch
from emospot.conversation import Conversation, Utterance
from emospot.conversation.build import (
    UNKNOWN_SPEAKER,
    conversation_from_spans,
    conversation_from_transcript,
)
from emospot.errors import TranscriptError, UsageError
from emospot.features.base import Span
from emospot.media.decode import MediaInfo, probe
from emospot.media.transcripts import TRANSCRIPT_SUFFIXES, Transcript, read_transcript

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
        speakers_from: "transcript", "voices", or "" where they are not known.
        words_from: "transcript", the recogniser's name, or "" where there are none.
    """

    name: str
    conversation: Conversation
    info: MediaInfo | None
    notices: tuple[str, ...]
    speechless: bool = False
    speakers_from: str = ""
    words_from: str = ""


def read_inputs(
    recording: Path,
    transcript: Path | None = None,
    watch: Stopwatch | None = None,
    asked: Listening | None = None,
) -> Inputs:
    """Read a recording with or without transcript, or a transcript alone.

    Args:
        recording: media, or a transcript (known by its suffix) by itself.
        transcript: the recording's transcript.
        watch: counts the time of decoding, voice activity, speakers and recognition.
        asked: how speakers and words are found where no transcript tells them; None:
            they are not.

    Raises:
        UsageError: if two transcripts were given, or words are to be recognised that a
            transcript brings, or without a recording.
        MediaError: if the recording cannot be read.
        TranscriptError: if the transcript cannot be read.
    """
    if recording.suffix.lower() in TRANSCRIPT_SUFFIXES:
        if transcript is not None:
            raise UsageError(
                f"{recording.name} and {transcript.name} are both transcripts: "
                "give the recording first, then --transcript"
            )
        return _of_transcript(recording, None, recording.name, asked or Listening(), watch)
    info = probe(recording)
    if transcript is not None:
        return _of_transcript(transcript, info, recording.name, asked or Listening(), watch)
    return _of_sound(info, asked or Listening(), watch or Stopwatch())


def _of_transcript(
    path: Path, info: MediaInfo | None, name: str, asked: Listening, watch: Stopwatch | None
) -> Inputs:
    """A transcript with or without its recording."""
    watch = watch or Stopwatch()
    transcript, words_from = read_transcript(path), TRANSCRIPT
    if not any(segment.text for segment in transcript.segments):
        words_from = ""
    speakers_from = TRANSCRIPT if any(s.speaker for s in transcript.segments) else ""
    if asked.recogniser is not None:
        both = not speakers_from and not asked.speakers.off
        words_end = 1 - VOICES_SHARE if both else 1.0
        of_words, asked = asked.part(0.0, words_end), asked.part(words_end, 1.0)
        transcript, words_from = _recognised(path, transcript, info, of_words, watch)
    conversation, notices = _conversation(path, transcript, info)
    told: tuple[str, ...] = ()
    if speakers_from:
        if asked.speakers.number or asked.speakers.pyannote:
            told = (f"{path.name} names the speakers: nobody was told apart by voice",)
    elif info is not None and info.has_audio and not asked.speakers.off:
        conversation, speakers_from, told = with_speakers(conversation, asked, watch)
    return Inputs(
        name,
        conversation,
        info,
        (*told, *notices),
        speakers_from=speakers_from,
        words_from=words_from,
    )


def _of_sound(info: MediaInfo, asked: Listening, watch: Stopwatch) -> Inputs:
    """A recording without a transcript."""
    spans, notices = _speech(info, watch)
    name = info.path.name
    if not spans:
        if info.has_video:
            parts, notice = _parts(info)
            notices = (notice, *notices)
        else:
            parts = []
        conversation = conversation_from_spans(
            parts, conversation_id=info.path.stem, media=info.path
        )
        return Inputs(name, conversation, info, notices, speechless=True)
    voices_end = 1.0 if asked.recogniser is None else 0.0 if asked.speakers.off else VOICES_SHARE
    speakers = speakers_of_speech(info.path, spans, asked.part(0.0, voices_end), watch)
    told = _found_by_activity(speakers)
    if asked.recogniser is None:
        conversation = conversation_from_spans(
            [(start, end) for start, end, _ in speakers.turns],
            conversation_id=info.path.stem,
            media=info.path,
            speakers=[speaker for _, _, speaker in speakers.turns],
        )
        return Inputs(
            name, conversation, info, (*told, *notices), speakers_from=speakers.known_from
        )
    transcript, words_from = words_of_speech(
        info.path, speakers.turns, spans, asked.part(voices_end, 1.0), watch
    )
    conversation, more = _conversation(info.path, transcript, info)
    return Inputs(
        name,
        conversation,
        info,
        (*told, *more, *notices),
        speakers_from=speakers.known_from,
        words_from=words_from,
    )


def _found_by_activity(speakers: Speakers) -> tuple[str, ...]:
    if speakers.known_from == VOICES:
        return ("utterances were found by voice activity", *speakers.notices)
    found, *more = speakers.notices
    return (f"utterances were found by voice activity; {found}", *more)


def _recognised(
    path: Path, transcript: Transcript, info: MediaInfo | None, asked: Listening, watch: Stopwatch
) -> tuple[Transcript, str]:
    """The turns of a transcript without words, with the words that are recognised in them."""
    if any(segment.text for segment in transcript.segments):
        raise UsageError(
            f"{path.name} brings the words already: leave out --recogniser, or the transcript"
        )
    if info is None or not info.has_audio:
        raise UsageError("words are recognised in a recording: give one with sound")
    turns = sorted(
        (s.start, s.end, s.speaker or UNKNOWN_SPEAKER)
        for s in transcript.segments
        if s.start is not None and s.end is not None
    )
    spans = [(start, end) for start, end, _ in turns]
    return words_of_speech(info.path, turns, spans, asked, watch)


def _conversation(
    path: Path, transcript: Transcript, info: MediaInfo | None
) -> tuple[Conversation, tuple[str, ...]]:
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
    if spans or info.has_video:
        return spans, tuple(lost)
    return [], (f"{info.path.name}: no speech was found, so there is nothing to analyse", *lost)


def _parts(info: MediaInfo) -> tuple[list[Span], str]:
    """A video without speech, as a whole or in equal parts, and a notice."""
    why = "no speech was found" if info.has_audio else "has no sound"
    parts = max(1, math.ceil(info.duration / LONGEST_UTTERANCE))
    step = info.duration / parts
    into = f"in {parts} parts of {step:.1f} s" if parts > 1 else "as one utterance"
    notice = f"{info.path.name}: {why} and no transcript was given; it is analysed {into}"
    return [(i * step, (i + 1) * step) for i in range(parts)], notice
