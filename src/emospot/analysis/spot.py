"""A recording in, its hotspots out: no model, no emotion."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emospot.analysis.course import Course, OnShare, OnStage
from emospot.analysis.inputs import Inputs, read_inputs
from emospot.analysis.listening import listening
from emospot.analysis.measure import measure, usual_detectors
from emospot.conversation import MODALITIES, Conversation, Hotspot, Utterance
from emospot.features.language import language_of
from emospot.hotspots.panel import Panel

if TYPE_CHECKING:
    from emospot.recognition.recogniser import Recogniser


@dataclass(frozen=True, slots=True)
class RecordingHotspots:
    """The hotspots of one recording.

    Args:
        recording: file name, without folders.
        duration: seconds, or None for a bare transcript.
        conversation: the utterances, in turn order.
        hotspots: of each utterance, in order of time, all modalities.
        detectors: modality → the choice of detectors that looked.
        absent: modality → why it was not looked at.
        notices: sentences about what went wrong on the way.
    """

    recording: str
    duration: float | None
    conversation: Conversation
    hotspots: tuple[tuple[Hotspot, ...], ...]
    detectors: Mapping[str, str]
    absent: Mapping[str, str]
    notices: tuple[str, ...]

    def moments(self) -> list[tuple[Utterance, Hotspot]]:
        """All hotspots with their utterances, in turn order."""
        pairs = zip(self.conversation.utterances, self.hotspots, strict=True)
        return [(utterance, hotspot) for utterance, own in pairs for hotspot in own]

    def to_dict(self) -> dict[str, Any]:
        """Plain lists, dictionaries, texts and numbers."""
        return {
            "recording": self.recording,
            "duration": self.duration,
            "detectors": dict(self.detectors),
            "absent": dict(self.absent),
            "notices": list(self.notices),
            "hotspots": [
                {
                    "utterance": utterance.id,
                    "speaker": utterance.speaker,
                    **asdict(hotspot),
                    "text": words_of(utterance, hotspot),
                }
                for utterance, hotspot in self.moments()
            ],
        }


def find_hotspots(
    recording: str | Path,
    transcript: str | Path | None = None,
    *,
    detectors: Mapping[str, Panel] | None = None,
    speakers: str = "auto",
    recogniser: "str | Recogniser" = "",
    allow_download: bool = False,
    on_stage: OnStage = lambda stage: None,
    on_share: OnShare = lambda share: None,
) -> RecordingHotspots:
    """Find the emotional moments of a recording.

    Args:
        recording: media file, or a transcript by itself (words only).
        transcript: as in `analysis.analyze`.
        detectors: modality → its detectors (`hotspots.registry.panels`); None: the
            usual ones of all modalities.
        speakers: as in `analysis.analyze`.
        recogniser: as in `analysis.analyze`.
        allow_download: as in `analysis.analyze`.
        on_stage: told which stage begins: "decode", "words", "voice", "face".
        on_share: told how much of it is done, from 0 to 1, where it takes long.

    Raises:
        EmospotError: if recording or transcript cannot be read.
    """
    asked = replace(
        listening(speakers, recogniser, allow_download=allow_download), on_share=on_share
    )
    on_stage("decode")
    inputs = read_inputs(Path(recording), Path(transcript) if transcript else None, asked=asked)
    return spot(inputs, detectors, on_stage, on_share)


def spot(
    inputs: Inputs,
    detectors: Mapping[str, Panel] | None = None,
    on_stage: OnStage = lambda stage: None,
    on_share: OnShare = lambda share: None,
) -> RecordingHotspots:
    """Find the emotional moments of a recording that has been read.

    Args:
        inputs: the recording with its utterances.
        detectors: as in `find_hotspots`.
        on_stage: told which stage begins: "words", "voice", "face".
        on_share: told how much of it is done, from 0 to 1.
    """
    chosen = usual_detectors() if detectors is None else dict(detectors)
    texts = [u.text for u in inputs.conversation.utterances if u.text]
    measured = measure(
        inputs.conversation,
        inputs.info,
        {},
        detectors=chosen,
        language=language_of(texts).code,
        speechless=inputs.speechless,
        course=Course(on_stage, on_share),
    )
    looked = {m: chosen[m].name for m in MODALITIES if m in chosen and m not in measured.absent}
    return RecordingHotspots(
        recording=inputs.name,
        duration=inputs.info.duration if inputs.info else None,
        conversation=inputs.conversation,
        hotspots=tuple(tuple(own) for own in measured.hotspots),
        detectors=looked,
        absent={m: why for m, why in measured.absent.items() if m in chosen},
        notices=tuple(dict.fromkeys((*measured.notices, *inputs.notices))),
    )


def words_of(utterance: Utterance, hotspot: Hotspot) -> str | None:
    """The words of a hotspot, or those spoken during it; None where they are not known."""
    text = utterance.text
    if text is None:
        return None
    if hotspot.char_start is not None and hotspot.char_end is not None:
        return text[hotspot.char_start : hotspot.char_end]
    if hotspot.start is None or hotspot.end is None:
        return None
    said = [w for w in utterance.words if w.start < hotspot.end and hotspot.start < w.end]
    return text[said[0].char_start : said[-1].char_end] if said else None
