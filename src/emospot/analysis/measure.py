"""What can be measured of a recording: tokens, hotspots, and what is missing and why.

Nothing here knows an emotion. A modality that cannot be measured is left out with
a reason; it is never replaced by zeros.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from emospot.conversation import FACE, MODALITIES, VOICE, WORDS, Conversation, Hotspot, Tokens
from emospot.errors import MediaError, MissingExtraError
from emospot.features.base import FeatureDescription, Span
from emospot.media.decode import MediaInfo

OnStage = Callable[[str], None]

MAX_FACE_RATE = 15.0
"""Frames a second of which the face is measured, at most."""


@dataclass
class Measurements:
    """What was measured of a conversation of U utterances.

    Args:
        features: modality → model features of each utterance, None where absent.
        hotspots: of each utterance, all modalities.
        absent: modality → why it is missing throughout.
        extractors: modality → names and versions of what measured it.
        waveform: greatest absolute amplitude of equal steps, or ().
        seconds: stage → seconds of computing.
        notices: sentences about what went wrong on the way.
    """

    features: dict[str, list[Tokens | None]] = field(default_factory=dict)
    hotspots: list[list[Hotspot]] = field(default_factory=list)
    absent: dict[str, str] = field(default_factory=dict)
    extractors: dict[str, str] = field(default_factory=dict)
    waveform: tuple[float, ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)
    measured: dict[str, list[bool]] = field(default_factory=dict)

    def seen(self, modality: str, index: int) -> bool:
        """Whether the modality was measured in utterance `index`."""
        return self.measured[modality][index]

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Add the time spent inside to a stage."""
        started = time.perf_counter()
        try:
            yield
        finally:
            spent = time.perf_counter() - started
            self.seconds[stage] = self.seconds.get(stage, 0.0) + spent

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
        self.absent[modality] = reason
        self.measured[modality] = [False] * count


def measure(
    conversation: Conversation,
    info: MediaInfo | None,
    wanted: Mapping[str, FeatureDescription],
    *,
    voice: str = "auto",
    on_stage: OnStage = lambda stage: None,
) -> Measurements:
    """Measure words, voice and face of a conversation.

    Args:
        conversation: utterances; those without times have words alone.
        info: the recording, or None for a bare transcript.
        wanted: modality → features that the model reads.
        voice: descriptors for the voice hotspots: "auto", "egemaps" or "basic".
        on_stage: told which stage begins.
    """
    count = len(conversation.utterances)
    found = Measurements(hotspots=[[] for _ in range(count)])
    steps = {
        WORDS: lambda: _words(conversation, wanted.get(WORDS), found),
        VOICE: lambda: _voice(conversation, info, wanted.get(VOICE), voice, found),
        FACE: lambda: _face(conversation, info, wanted.get(FACE), found),
    }
    for modality in MODALITIES:
        on_stage(modality)
        try:
            with found.timed(modality):
                reason = steps[modality]()
        except (MissingExtraError, MediaError) as error:
            reason = str(error)
        if reason:
            found.leave_out(modality, reason, count)
            found.features.pop(modality, None)
    for own in found.hotspots:
        own.sort(key=lambda h: (h.start if h.start is not None else 0.0, h.char_start or 0))
    return found


def _words(
    conversation: Conversation, wanted: FeatureDescription | None, found: Measurements
) -> str:
    from emospot.features.registry import words_extractor
    from emospot.hotspots.words_lexicon import LexiconHotspots

    texts = [bool(u.text and u.text.strip()) for u in conversation.utterances]
    if not any(texts):
        return "no transcript was given, so there are no words"
    descriptions = []
    if wanted is not None:
        extractor = words_extractor(wanted.extractor)
        found.features[WORDS] = extractor.extract(conversation.utterances)
        descriptions.append(extractor.describe())
    nothing: list[Tokens | None] = [None] * len(texts)
    hotspots = LexiconHotspots().detect(conversation, nothing)
    found.add(WORDS, descriptions, texts, hotspots)
    return ""


def _voice(
    conversation: Conversation,
    info: MediaInfo | None,
    wanted: FeatureDescription | None,
    descriptors: str,
    found: Measurements,
) -> str:
    from emospot.features.registry import default_voice_descriptors, voice_extractor
    from emospot.hotspots.voice_prosody import ProsodyHotspots
    from emospot.media.decode import WaveformEnvelope, audio_of_spans

    if info is None:
        return "no recording was given, so there is no voice"
    if not info.has_audio:
        return "the recording has no sound"
    spans = _spans(conversation)
    if spans is None:
        return "the transcript has no times, so its utterances cannot be found in the recording"
    measuring = (
        default_voice_descriptors() if descriptors == "auto" else voice_extractor(descriptors)
    )
    reading = None
    if wanted is not None:
        try:
            reading = voice_extractor(wanted.extractor)
        except MissingExtraError as error:
            found.notices.append(f"the model does not hear the voice: {error}")
    described: list[Tokens | None] = [None] * len(spans)
    read: list[Tokens | None] = [None] * len(spans)
    envelope = WaveformEnvelope(info.duration)
    audios = audio_of_spans(info.path, spans, consumers=[envelope.add], notices=found.notices)
    for index, audio in audios:
        described[index] = measuring.extract(audio, spans[index][0])
        if reading is not None:
            read[index] = reading.extract(audio, spans[index][0])
    found.waveform = tuple(round(peak, 4) for peak in envelope.values())
    if reading is not None:
        found.features[VOICE] = read
    hotspots = ProsodyHotspots().detect(conversation, described)
    extractors = [measuring] if reading is None else [measuring, reading]
    measured = [t is not None for t in described]
    found.add(VOICE, [e.describe() for e in extractors], measured, hotspots)
    return ""


def _face(
    conversation: Conversation,
    info: MediaInfo | None,
    wanted: FeatureDescription | None,
    found: Measurements,
) -> str:
    from emospot.features.registry import face_extractor
    from emospot.hotspots.face_expression import ExpressionHotspots
    from emospot.media.decode import video_frames

    if info is None or not info.has_video:
        return "the recording has no picture" if info else "no recording was given"
    spans = _spans(conversation)
    if spans is None:
        return "the transcript has no times, so its utterances cannot be found in the recording"
    extractor = face_extractor("facemesh")
    tokens: list[Tokens | None] = [None] * len(spans)
    frames = video_frames(info.path, max_fps=MAX_FACE_RATE)
    for index, found_tokens in extractor.extract(frames, spans):
        tokens[index] = found_tokens
    if all(t is None for t in tokens):
        return "no face was seen"
    if wanted is not None:
        found.features[FACE] = tokens
    hotspots = ExpressionHotspots().detect(conversation, tokens)
    found.add(FACE, [extractor.describe()], [t is not None for t in tokens], hotspots)
    return ""


def _spans(conversation: Conversation) -> list[Span] | None:
    spans = [(u.start, u.end) for u in conversation.utterances]
    if all(start is None or end is None for start, end in spans):
        return None
    return [(s, e) if s is not None and e is not None else (0.0, 0.0) for s, e in spans]
