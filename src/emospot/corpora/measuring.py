"""From a conversation to its tokens and hotspots, with the instruments at hand.

A corpus file says what was said, by whom and what was felt; the instruments
say what can be measured of it: words from the texts, voice and face from the
recording. Each modality has an extractor of model features, and detectors of
hotspots with the extractors that they read. What a corpus brings ready-made is
used as it is, by models and, where it is a sequence of tokens, by detectors.

The sound and the pictures are read in one pass each, utterance by utterance,
so that no sound and no pictures are kept. Of several faces in the picture, an
utterance gets that of its speaker (`speakers.speaking_faces`).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from emospot.conversation import FACE, VOICE, WORDS, Conversation, Hotspot, Tokens
from emospot.errors import MediaError
from emospot.features.base import (
    Extractor,
    FaceExtractor,
    FacesExtractor,
    FeatureDescription,
    Span,
    VoiceExtractor,
    WordsExtractor,
)
from emospot.features.store import StoredConversation
from emospot.hotspots.panel import Panel
from emospot.speakers.speaking_faces import UNCLEAR, speaking_faces

T = TypeVar("T")
E = TypeVar("E", bound=Extractor)

AudioReader = Callable[[Path, Sequence[Span]], Iterator[tuple[int, NDArray[np.float32]]]]
"""Recording and spans → index and samples (mono, 16 kHz) of each span, once."""

FrameReader = Callable[[Path], Iterable[tuple[float, NDArray[np.uint8]]]]
"""Recording → times and RGB pictures."""

Sequences = Mapping[str, tuple[Tokens | None, ...]]


@dataclass(frozen=True, slots=True)
class Spotter(Generic[E]):
    """The detectors of a modality, with what they read.

    Args:
        panel: the detectors.
        readers: name → extractor; one may be the extractor of the model features.
        ready_made: name of the extractor of the corpus's own features of the modality,
            where a detector reads those, else "".
    """

    panel: Panel
    readers: Mapping[str, E] = field(default_factory=dict)
    ready_made: str = ""


@dataclass(frozen=True, slots=True)
class Instruments:
    """What measures; leave out what shall not be measured.

    Args:
        words: features of the texts.
        words_hotspots: finds the hotspots of the texts.
        voice: features of the sound.
        voice_hotspots: finds the hotspots of the sound.
        face: features of the face.
        face_hotspots: finds the hotspots of the face.
        audio: reads the sound of spans; needed for voice.
        frames: reads pictures; needed for face.
        duration: seconds of a recording; needed where a recording is one
            utterance without times (a clip).
    """

    words: WordsExtractor | None = None
    words_hotspots: Spotter[WordsExtractor] | None = None
    voice: VoiceExtractor | None = None
    voice_hotspots: Spotter[VoiceExtractor] | None = None
    face: FaceExtractor | None = None
    face_hotspots: Spotter[FaceExtractor] | None = None
    audio: AudioReader | None = None
    frames: FrameReader | None = None
    duration: Callable[[Path], float] | None = None

    def features(self) -> dict[str, FeatureDescription]:
        """Modality → what identifies its model features."""
        named = {WORDS: self.words, VOICE: self.voice, FACE: self.face}
        return {m: extractor.describe() for m, extractor in named.items() if extractor}

    def panels(self) -> list[Panel]:
        """The detectors of each modality that has some."""
        spotters = (self.words_hotspots, self.voice_hotspots, self.face_hotspots)
        return [one.panel for one in spotters if one is not None]

    def detectors(self) -> dict[str, str]:
        """Modality → the choice of its detectors (`hotspots.registry`)."""
        return {panel.modality: panel.name for panel in self.panels()}

    def identity(self) -> list[str]:
        """One line an instrument: what is different when results may be."""
        extractors = [self.words, self.voice, self.face]
        for spotter in (self.words_hotspots, self.voice_hotspots, self.face_hotspots):
            extractors += spotter.readers.values() if spotter is not None else ()
        described = (repr(one.describe()) for one in extractors if one is not None)
        return [*dict.fromkeys(described), *(f"{m} {d}" for m, d in self.detectors().items())]


def measure(
    conversation: Conversation,
    by: Instruments,
    given: Sequences | None = None,
    unreadable: list[str] | None = None,
    video: Path | None = None,
    notices: list[str] | None = None,
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
        notices: where a list is given, what is odd but no error is noted in it.

    Raises:
        MediaError: if the recording cannot be read and `unreadable` is None.
        MissingExtraError: if an extractor's packages are not installed.
    """
    conversation = _with_times(conversation, by, unreadable)
    filmed = conversation if video is None else replace(conversation, media=video)
    voice = or_absent(lambda: measure_voice(conversation, by), unreadable)
    face = or_absent(lambda: measure_face(filmed, by), unreadable)
    if face is not None and notices is not None:
        notices += face.notices()
    return assemble(conversation, by, given, voice, face)


def assemble(
    conversation: Conversation,
    by: Instruments,
    given: Sequences | None,
    voice: "Readings | None",
    face: "Readings | None",
) -> StoredConversation:
    """Put together what was measured, with the words and the hotspots.

    Args:
        conversation: U utterances.
        by: the instruments.
        given: modality → ready-made tokens of each utterance, shape (U,).
        voice: what was measured of the voice, or None.
        face: the same of the face.
    """
    count = len(conversation.utterances)
    tokens = {**(given or {})}
    hotspots: list[list[Hotspot]] = [[] for _ in range(count)]
    measured = (
        (WORDS, by.words, by.words_hotspots, measure_words(conversation, by)),
        (VOICE, by.voice, by.voice_hotspots, voice),
        (FACE, by.face, by.face_hotspots, face),
    )
    for modality, extractor, spotter, readings in measured:
        if extractor is not None:
            tokens[modality] = tuple(readings.features) if readings else (None,) * count
        if spotter is not None:
            read: dict[str, Sequence[Tokens | None]] = {**readings.read} if readings else {}
            if spotter.ready_made:
                read[spotter.ready_made] = tokens.get(modality, (None,) * count)
            found = spotter.panel.detect(conversation, read)
            for own, more in zip(hotspots, found, strict=True):
                own.extend(more)
    return StoredConversation(conversation, tokens, tuple(tuple(found) for found in hotspots))


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


@dataclass(frozen=True, slots=True)
class Readings:
    """What was measured of a modality in U utterances, None where nothing was.

    Args:
        features: what a model reads, shape (U,).
        read: extractor → what hotspot detectors read, shape (U,).
        unclear: utterances in which there are faces, but it is not clear whose they are.
    """

    features: list[Tokens | None]
    read: dict[str, list[Tokens | None]] = field(default_factory=dict)
    unclear: set[int] = field(default_factory=set)

    def notices(self) -> list[str]:
        """What a user is to know of it, one sentence each."""
        count = len(self.unclear)
        if not count:
            return []
        utterances = "1 utterance" if count == 1 else f"{count} utterances"
        return [f"no face in {utterances}: {UNCLEAR}"]

    @staticmethod
    def empty(count: int, readers: Iterable[str]) -> "Readings":
        """Nothing measured in `count` utterances, by the extractors of these names."""
        return Readings([None] * count, {name: [None] * count for name in readers})


def measure_words(conversation: Conversation, by: Instruments) -> Readings:
    """Words features of the utterances with texts.

    Args:
        conversation: U utterances.
        by: `words` and `words_hotspots` are used, each if given.
    """
    readers = _readers(by.words_hotspots)
    found = Readings.empty(len(conversation.utterances), readers)
    if by.words is not None:
        found.features[:] = by.words.extract(conversation.utterances)
    for name, reader in readers.items():
        same = reader is by.words
        found.read[name] = found.features if same else reader.extract(conversation.utterances)
    return found


def measure_voice(conversation: Conversation, by: Instruments) -> Readings:
    """Voice features of the utterances with times, in one pass.

    Args:
        conversation: U utterances; without a recording all are None.
        by: `voice` and `voice_hotspots` are used, each if given, and `audio`.

    Raises:
        MediaError: if the recording cannot be read.
    """
    readers = _readers(by.voice_hotspots)
    found = Readings.empty(len(conversation.utterances), readers)
    timed = _timed(conversation)
    if conversation.media is None or by.audio is None or not timed:
        return found
    if by.voice is None and not readers:
        return found
    positions, spans = list(timed), list(timed.values())
    for index, audio in by.audio(conversation.media, spans):
        position, start = positions[index], spans[index][0]
        if by.voice is not None:
            found.features[position] = by.voice.extract(audio, start)
        for name, reader in readers.items():
            same = reader is by.voice
            own = found.features[position] if same else reader.extract(audio, start)
            found.read[name][position] = own
    return found


def measure_face(conversation: Conversation, by: Instruments) -> Readings:
    """Face features of the utterances with times, in one pass an extractor.

    Of several faces in the picture it is the speaker's, where that is clear.

    Args:
        conversation: U utterances; without a recording all are None.
        by: `face` and `face_hotspots` are used, each if given, and `frames`.

    Raises:
        MediaError: if the recording cannot be read.
        MissingExtraError: if the extractor's packages are not installed.
    """
    readers = _readers(by.face_hotspots)
    found = Readings.empty(len(conversation.utterances), readers)
    timed = _timed(conversation)
    if conversation.media is None or by.frames is None or not timed:
        return found
    if by.face is not None:
        _seen(conversation, by.frames(conversation.media), by.face, found.features, found.unclear)
    for name, reader in readers.items():
        if reader is by.face:
            found.read[name] = found.features
        else:
            frames = by.frames(conversation.media)
            _seen(conversation, frames, reader, found.read[name], found.unclear)
    return found


def _readers(spotter: Spotter[E] | None) -> Mapping[str, E]:
    return spotter.readers if spotter is not None else {}


def _seen(
    conversation: Conversation,
    frames: Iterable[tuple[float, NDArray[np.uint8]]],
    extractor: FaceExtractor,
    tokens: list[Tokens | None],
    unclear: set[int],
) -> None:
    """One pass over the pictures; fills in the tokens, and where it is not clear whose."""
    timed = _timed(conversation)
    positions, spans = list(timed), list(timed.values())
    if not isinstance(extractor, FacesExtractor):
        for index, one in extractor.extract(frames, spans):
            tokens[positions[index]] = one
        return
    everybody: list[Tokens | None] = [None] * len(tokens)
    for index, one in extractor.faces(frames, spans):
        everybody[positions[index]] = one
    speakers = [utterance.speaker for utterance in conversation.utterances]
    chosen = speaking_faces(everybody, speakers)
    tokens[:] = [own.tokens for own in chosen]
    unclear.update(index for index, own in enumerate(chosen) if own.unclear)


def _timed(conversation: Conversation) -> dict[int, Span]:
    """Position → span of the utterances with times, in turn order."""
    return {
        position: (utterance.start, utterance.end)
        for position, utterance in enumerate(conversation.utterances)
        if utterance.start is not None and utterance.end is not None
    }
