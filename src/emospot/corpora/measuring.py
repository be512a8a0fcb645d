"""From a conversation to its tokens and hotspots, with the instruments at hand.

A corpus file says what was said, by whom and what was felt; the instruments
say what can be measured of it: words from the texts, voice and face from the
recording. Each modality has an extractor of model features, and a detector of
hotspots with the descriptors that it reads. What a corpus brings ready-made
(one vector an utterance) is used as it is.

The sound and the pictures are read in one pass each, utterance by utterance,
so that memory does not grow with the recording.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from emospot.conversation import FACE, VOICE, WORDS, Conversation, Hotspot, Tokens
from emospot.errors import MediaError
from emospot.features.base import (
    FaceExtractor,
    FeatureDescription,
    Span,
    VoiceExtractor,
    WordsExtractor,
)
from emospot.features.store import StoredConversation
from emospot.hotspots.base import HotspotDetector

T = TypeVar("T")

AudioReader = Callable[[Path, Sequence[Span]], Iterator[tuple[int, NDArray[np.float32]]]]
"""Recording and spans → index and samples (mono, 16 kHz) of each span, once."""

FrameReader = Callable[[Path], Iterable[tuple[float, NDArray[np.uint8]]]]
"""Recording → times and RGB pictures."""

Sequences = Mapping[str, tuple[Tokens | None, ...]]


@dataclass(frozen=True, slots=True)
class Instruments:
    """What measures; leave out what shall not be measured.

    Args:
        words: features of the texts.
        words_hotspots: detector that reads the texts.
        voice: features of the sound.
        voice_descriptors: what the voice detector reads; may be `voice`.
        voice_hotspots: detector that reads the voice descriptors.
        face: features of the face, which the face detector reads too.
        face_hotspots: detector that reads them.
        audio: reads the sound of spans; needed for voice.
        frames: reads pictures; needed for face.
        duration: seconds of a recording; needed where a recording is one
            utterance without times (a clip).
    """

    words: WordsExtractor | None = None
    words_hotspots: HotspotDetector | None = None
    voice: VoiceExtractor | None = None
    voice_descriptors: VoiceExtractor | None = None
    voice_hotspots: HotspotDetector | None = None
    face: FaceExtractor | None = None
    face_hotspots: HotspotDetector | None = None
    audio: AudioReader | None = None
    frames: FrameReader | None = None
    duration: Callable[[Path], float] | None = None

    def features(self) -> dict[str, FeatureDescription]:
        """Modality → what identifies its model features."""
        named = {WORDS: self.words, VOICE: self.voice, FACE: self.face}
        return {m: extractor.describe() for m, extractor in named.items() if extractor}

    def identity(self) -> list[str]:
        """One line an instrument: what is different when results may be."""
        extractors = (self.words, self.voice, self.voice_descriptors, self.face)
        detectors = (self.words_hotspots, self.voice_hotspots, self.face_hotspots)
        return [
            *(repr(one.describe()) for one in extractors if one is not None),
            *(f"{one.modality} {one.name}" for one in detectors if one is not None),
        ]


def measure(
    conversation: Conversation,
    by: Instruments,
    given: Sequences | None = None,
    unreadable: list[str] | None = None,
    video: Path | None = None,
) -> StoredConversation:
    """Measure what the instruments can of one conversation.

    Args:
        conversation: U utterances. Voice and face are read from its recording,
            in utterances with times; without a recording they are absent.
        by: the instruments.
        given: modality → ready-made tokens of each utterance, shape (U,).
        unreadable: where a list is given, a recording that cannot be read is
            noted in it and its modality is absent; else it is an error.
        video: the film, where pictures are not in the recording.

    Raises:
        MediaError: if the recording cannot be read and `unreadable` is None.
        MissingExtraError: if an extractor's packages are not installed.
    """
    conversation = _with_times(conversation, by, unreadable)
    filmed = conversation if video is None else replace(conversation, media=video)
    voice = or_absent(lambda: measure_voice(conversation, by), unreadable)
    face = or_absent(lambda: measure_face(filmed, by), unreadable)
    return assemble(conversation, by, given, voice, face)


def assemble(
    conversation: Conversation,
    by: Instruments,
    given: Sequences | None,
    voice: "VoiceTokens | None",
    face: Sequence[Tokens | None] | None,
) -> StoredConversation:
    """Put together what was measured, with the words and the hotspots.

    Args:
        conversation: U utterances.
        by: the instruments.
        given: modality → ready-made tokens of each utterance, shape (U,).
        voice: what was measured of the voice, or None.
        face: tokens of the face, shape (U,), or None.
    """
    nothing: list[Tokens | None] = [None] * len(conversation.utterances)
    sheet = _Sheet(conversation, {**(given or {})}, [[] for _ in nothing])
    if by.words is not None:
        sheet.tokens[WORDS] = tuple(by.words.extract(conversation.utterances))
    sheet.detect(by.words_hotspots, nothing)
    voice = voice or VoiceTokens(nothing, nothing)
    if by.voice is not None:
        sheet.tokens[VOICE] = tuple(voice.features)
    sheet.detect(by.voice_hotspots, voice.descriptors)
    face = face or nothing
    if by.face is not None:
        sheet.tokens[FACE] = tuple(face)
    sheet.detect(by.face_hotspots, face)
    return StoredConversation(
        conversation, sheet.tokens, tuple(tuple(found) for found in sheet.hotspots)
    )


def or_absent(read: Callable[[], T], unreadable: list[str] | None) -> T | None:
    """What `read` gives, or None where the recording cannot be read and that is allowed.

    Args:
        read: reads a recording.
        unreadable: as in `measure`.

    Raises:
        MediaError: if it cannot be read and `unreadable` is None.
    """
    try:
        return read()
    except MediaError as error:
        if unreadable is None:
            raise
        unreadable.append(str(error))
        return None


def _with_times(
    conversation: Conversation, by: Instruments, unreadable: list[str] | None
) -> Conversation:
    """A clip (one utterance without times) spans its whole recording."""
    media, duration = conversation.media, by.duration
    if media is None or duration is None or len(conversation.utterances) != 1:
        return conversation
    (utterance,) = conversation.utterances
    if utterance.start is not None:
        return conversation
    seconds = or_absent(lambda: duration(media), unreadable)
    if seconds is None:
        return conversation
    return replace(conversation, utterances=(replace(utterance, start=0.0, end=seconds),))


@dataclass
class _Sheet:
    """Where the measurements of one conversation are collected."""

    conversation: Conversation
    tokens: dict[str, tuple[Tokens | None, ...]]
    hotspots: list[list[Hotspot]] = field(default_factory=list)

    def detect(
        self, detector: HotspotDetector | None, descriptors: Sequence[Tokens | None]
    ) -> None:
        if detector is None:
            return
        found = detector.detect(self.conversation, descriptors)
        for own, more in zip(self.hotspots, found, strict=True):
            own.extend(more)


@dataclass(frozen=True, slots=True)
class VoiceTokens:
    """What was measured of the voice in U utterances, None where nothing was.

    Args:
        features: what a model reads, shape (U,).
        descriptors: what the hotspot detector reads, shape (U,).
    """

    features: list[Tokens | None]
    descriptors: list[Tokens | None]


def measure_voice(conversation: Conversation, by: Instruments) -> VoiceTokens:
    """Voice features and descriptors of the utterances with times, in one pass.

    Args:
        conversation: U utterances; without a recording all are None.
        by: `voice` and `voice_descriptors` are used, each if given, and `audio`.

    Raises:
        MediaError: if the recording cannot be read.
    """
    features: list[Tokens | None] = [None] * len(conversation.utterances)
    descriptors: list[Tokens | None] = list(features)
    found = VoiceTokens(features, descriptors)
    timed = _timed(conversation)
    if conversation.media is None or by.audio is None or not timed:
        return found
    if by.voice is None and by.voice_descriptors is None:
        return found
    positions, spans = list(timed), list(timed.values())
    for index, audio in by.audio(conversation.media, spans):
        position, start = positions[index], spans[index][0]
        if by.voice is not None:
            features[position] = by.voice.extract(audio, start)
        if by.voice_descriptors is by.voice:
            descriptors[position] = features[position]
        elif by.voice_descriptors is not None:
            descriptors[position] = by.voice_descriptors.extract(audio, start)
    return found


def measure_face(conversation: Conversation, by: Instruments) -> list[Tokens | None]:
    """Face tokens of the utterances with times, in one pass.

    Args:
        conversation: U utterances; without a recording all are None.
        by: `face` and `frames` are used, if given.

    Raises:
        MediaError: if the recording cannot be read.
        MissingExtraError: if the extractor's packages are not installed.
    """
    tokens: list[Tokens | None] = [None] * len(conversation.utterances)
    timed = _timed(conversation)
    if conversation.media is None or by.frames is None or by.face is None or not timed:
        return tokens
    positions, spans = list(timed), list(timed.values())
    for index, one in by.face.extract(by.frames(conversation.media), spans):
        tokens[positions[index]] = one
    return tokens


def _timed(conversation: Conversation) -> dict[int, Span]:
    """Position → span of the utterances with times, in turn order."""
    return {
        position: (utterance.start, utterance.end)
        for position, utterance in enumerate(conversation.utterances)
        if utterance.start is not None and utterance.end is not None
    }
