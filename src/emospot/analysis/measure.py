"""What can be measured of a recording: tokens, hotspots, and what is missing and why.

Nothing here knows an emotion. A modality that cannot be measured is left out with
a reason; it is never replaced by zeros.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emospot.analysis.course import Course
from emospot.analysis.model_extractors import face_reading, voice_reading, words_reading
from emospot.conversation import FACE, MODALITIES, VOICE, WORDS, Conversation, Hotspot, Tokens
from emospot.corpora.instruments import spotter_for
from emospot.corpora.measuring import (
    E,
    Instruments,
    Readings,
    Spotter,
    measure_face,
    measure_voice,
    measure_words,
)
from emospot.errors import MediaError, MissingExtraError
from emospot.features.base import (
    FeatureDescription,
    Span,
)
from emospot.hotspots.moments import order_of
from emospot.hotspots.panel import Panel
from emospot.hotspots.registry import DEFAULTS, panel
from emospot.media.decode import MediaInfo
from emospot.speakers.speaking_faces import UNCLEAR

MAX_FACE_RATE = 15.0
"""Frames a second of which the face is measured, at most."""

_NO_UTTERANCES = "there is no utterance to measure"
_NOT_ASKED = "not asked for"


@dataclass
class Measurements:
    """What was measured of a conversation of U utterances.

    Args:
        features: modality → model features of each utterance, None where absent.
        hotspots: of each utterance, all modalities.
        absent: modality → why it is missing throughout.
        unread: modality → why it was measured, but not what the model reads of it.
        extractors: modality → names and versions of what measured it.
        waveform: greatest absolute amplitude of equal steps, or ().
        notices: sentences about what went wrong on the way.
        measured: modality → whether it was measured in each utterance.
        why: modality and utterance → why it was not measured there, where that is known.
    """

    features: dict[str, list[Tokens | None]] = field(default_factory=dict)
    hotspots: list[list[Hotspot]] = field(default_factory=list)
    absent: dict[str, str] = field(default_factory=dict)
    unread: dict[str, str] = field(default_factory=dict)
    extractors: dict[str, str] = field(default_factory=dict)
    waveform: tuple[float, ...] = ()
    notices: list[str] = field(default_factory=list)
    measured: dict[str, list[bool]] = field(default_factory=dict)
    why: dict[tuple[str, int], str] = field(default_factory=dict)

    def seen(self, modality: str, index: int) -> bool:
        """Whether the modality was measured in utterance `index`."""
        return self.measured[modality][index]

    def add(
        self,
        modality: str,
        descriptions: Sequence[FeatureDescription],
        measured: Sequence[bool],
        hotspots: Sequence[Sequence[Hotspot]],
    ) -> None:
        """Record what was measured of one modality."""
        names = dict.fromkeys(f"{d.extractor} {d.version}".strip() for d in descriptions)
        self.extractors[modality] = ", ".join(names)
        self.measured[modality] = list(measured)
        for own, found in zip(self.hotspots, hotspots, strict=True):
            own.extend(found)

    def leave_out(self, modality: str, reason: str, count: int) -> None:
        """Record why a modality is missing throughout."""
        self.features.pop(modality, None)
        self.absent[modality] = reason
        self.measured[modality] = [False] * count


def usual_detectors() -> dict[str, Panel]:
    """Modality → the detector that is used where none is chosen."""
    return {modality: panel(name) for modality, name in DEFAULTS.items()}


def measure(
    conversation: Conversation,
    info: MediaInfo | None,
    wanted: Mapping[str, FeatureDescription],
    *,
    detectors: Mapping[str, Panel] | None = None,
    language: str = "",
    speechless: bool = False,
    course: Course | None = None,
) -> Measurements:
    """Measure words, voice and face of a conversation.

    Args:
        conversation: utterances; those without times have words alone.
        info: the recording, or None for a bare transcript.
        wanted: modality → features that the model reads.
        detectors: modality → its hotspot detectors; None: the usual ones. A modality
            that is neither here nor wanted is not measured.
        language: ISO 639-1 code of the words, "" where it is not known; a detector of
            another language is not asked.
        speechless: whether it is known that nobody speaks: whatever the sound
            holds is then not taken for a voice.
        course: how it is watched, and what is kept on the way.

    Raises:
        FeatureError: if the model's words extractor is not on this machine.
    """
    course = course or Course()
    chosen = usual_detectors() if detectors is None else detectors
    count = len(conversation.utterances)
    found = Measurements(hotspots=[[] for _ in range(count)])
    asked = {m: (wanted.get(m), chosen.get(m)) for m in MODALITIES}
    steps = {
        WORDS: lambda: _words(conversation, *asked[WORDS], language, found),
        VOICE: lambda: (
            "no speech was found in the recording"
            if speechless and info is not None and info.has_audio
            else _voice(conversation, info, *asked[VOICE], found, course)
        ),
        FACE: lambda: _face(conversation, info, *asked[FACE], found, course),
    }
    for modality in MODALITIES:
        course.on_stage(modality)
        if asked[modality] == (None, None):
            found.leave_out(modality, _NOT_ASKED, count)
            continue
        try:
            with course.watch.stage(modality):
                reason = steps[modality]()
        except (MissingExtraError, MediaError) as error:
            reason = str(error)
            if modality not in wanted:  # of what the model reads, the analysis warns
                found.notices.append(f"{modality} missing: {error}")
        if reason:
            found.leave_out(modality, reason, count)
    for own in found.hotspots:
        own.sort(key=order_of)
    if course.journal is not None and course.journal.failed:
        found.notices.append(
            f"what was measured could not be kept on the way ({course.journal.failed}): a killed "
            "analysis would have begun anew"
        )
    return found


def _words(
    conversation: Conversation,
    wanted: FeatureDescription | None,
    detectors: Panel | None,
    language: str,
    found: Measurements,
) -> str:
    from emospot.features.registry import words_extractor

    texts = [bool(u.text and u.text.strip()) for u in conversation.utterances]
    if not texts:
        return _NO_UTTERANCES
    if not any(texts):
        return "no words were given; a transcript brings them"
    reading = None if wanted is None else words_reading(wanted, found.unread)
    understood = None if detectors is None else detectors.of_language(language)
    if detectors is not None and understood is None:
        found.notices.append(
            f'no hotspots of words: "{detectors.name}" does not understand their language '
            f'("{language}")'
        )
    spotter = None if understood is None else spotter_for(understood, words_extractor, reading)
    readings = measure_words(conversation, Instruments(words=reading, words_hotspots=spotter))
    if reading is not None:
        found.features[WORDS] = readings.features
    descriptions = [] if reading is None else [reading.describe()]
    found.add(WORDS, descriptions, texts, _hotspots(conversation, spotter, readings, found))
    return ""


def _voice(
    conversation: Conversation,
    info: MediaInfo | None,
    wanted: FeatureDescription | None,
    detectors: Panel | None,
    found: Measurements,
    course: Course,
) -> str:
    from emospot.features.registry import voice_extractor
    from emospot.media.decode import WaveformEnvelope, audio_of_spans

    if info is None:
        return "no recording was given, so there is no voice"
    if not info.has_audio:
        return "the recording has no sound"
    if not _timed(conversation):
        return _why_no_times(conversation)
    reading = None if wanted is None else voice_reading(wanted, found.unread)
    if reading is not None:
        reading = course.voice(reading)
    spotter = None
    if detectors is not None:
        spotter = spotter_for(detectors, lambda name: course.voice(voice_extractor(name)), reading)
    duration = info.duration
    envelope = WaveformEnvelope(duration)

    def audio(path: Path, spans: Sequence[Span]) -> Iterator[tuple[int, NDArray[np.float32]]]:
        cut = audio_of_spans(path, spans, consumers=[envelope.add], notices=found.notices)
        for index, samples in course.watch.decoding(cut):
            yield index, samples
            course.on_share(min(1.0, spans[index][1] / duration))

    by = Instruments(voice=reading, voice_hotspots=spotter, audio=audio)
    readings = measure_voice(conversation, by)
    found.waveform = tuple(round(peak, 4) for peak in envelope.values())
    if reading is not None:
        found.features[VOICE] = readings.features
    described = _descriptions(spotter, reading)
    found.add(VOICE, described, _seen(readings), _hotspots(conversation, spotter, readings, found))
    return ""


def _face(
    conversation: Conversation,
    info: MediaInfo | None,
    wanted: FeatureDescription | None,
    detectors: Panel | None,
    found: Measurements,
    course: Course,
) -> str:
    from emospot.features.registry import face_extractor
    from emospot.media.decode import video_frames

    if info is None:
        return "no recording was given, so there is no face"
    if not info.has_video:
        return "the recording has no picture"
    if not _timed(conversation):
        return _why_no_times(conversation)
    reading = None if wanted is None else face_reading(wanted, found.unread)
    if reading is not None:
        reading = course.face(reading)
    spotter = None
    if detectors is not None:
        spotter = spotter_for(detectors, lambda name: course.face(face_extractor(name)), reading)
    duration = info.duration

    def frames(path: Path) -> Iterator[tuple[float, NDArray[np.uint8]]]:
        decoded = video_frames(path, max_fps=MAX_FACE_RATE, notices=found.notices)
        for time, image in course.watch.decoding(decoded):
            yield time, image
            course.on_share(min(1.0, time / duration))

    by = Instruments(face=reading, face_hotspots=spotter, frames=frames)
    readings = measure_face(conversation, by)
    seen = _seen(readings)
    found.why |= {(FACE, index): UNCLEAR for index in readings.unclear if not seen[index]}
    found.notices += readings.notices()
    if not any(seen):
        return UNCLEAR if readings.unclear else "no face was seen"
    if reading is not None:
        found.features[FACE] = readings.features
    described = _descriptions(spotter, reading)
    found.add(FACE, described, seen, _hotspots(conversation, spotter, readings, found))
    return ""


def _descriptions(spotter: Spotter[E] | None, reading: E | None) -> list[FeatureDescription]:
    """What measured, what the detectors read first."""
    readers = [] if spotter is None else list(spotter.readers.values())
    return [one.describe() for one in (*readers, reading) if one is not None]


def _seen(readings: Readings) -> list[bool]:
    """Whether anything was measured in each utterance."""
    return [
        any(tokens is not None for tokens in own)
        for own in zip(readings.features, *readings.read.values(), strict=True)
    ]


def _hotspots(
    conversation: Conversation,
    spotter: Spotter[E] | None,
    readings: Readings,
    found: Measurements,
) -> list[list[Hotspot]]:
    if spotter is None:
        return [[] for _ in conversation.utterances]
    hotspots = spotter.panel.detect(conversation, readings.read)
    found.notices += spotter.panel.notices
    return hotspots


def _timed(conversation: Conversation) -> bool:
    return any(u.start is not None and u.end is not None for u in conversation.utterances)


def _why_no_times(conversation: Conversation) -> str:
    if not conversation.utterances:
        return _NO_UTTERANCES
    return "the transcript has no times, so its utterances cannot be found in the recording"
