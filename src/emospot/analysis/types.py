"""What an analysis says: emotions, evidence, and what was missing.

An `Analysis` is plain data: it is written as JSON, read by the report and the
exports, and never holds tensors. The evidence is kept apart from the claim: a
hotspot is what a detector measured; `used_by_model` says whether the model
read that modality at that grain, so that only those may be shown as reasons.
"""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

FORMAT_VERSION = 1


@dataclass(frozen=True, slots=True)
class HotspotFinding:
    """A hotspot with what the model did with it.

    Args:
        modality: "words", "voice" or "face".
        start: seconds from the start of the recording, or None.
        end: seconds, or None.
        score: strength in [0, 1].
        fired_by: what fired it, e.g. "loudness".
        used_by_model: whether the model read this modality at this grain, so
            that the hotspot could influence the emotion.
        gate: mean gate value in [0, 1] over the tokens of the hotspot (1: the
            model took the hotspot's view, 0: the whole utterance's), or None
            where the model did not use it.
        char_start: first character in the utterance's text, words only.
        char_end: index after the last character, words only.
        apex: seconds, its strongest moment, or None where the detector knows none.
        effect: by how much the probability of the utterance's most probable class falls
            when the model is not given the tokens of this hotspot (negative: it spoke
            against that class), or None where the model does not read it or was not asked.
    """

    modality: str
    start: float | None
    end: float | None
    score: float
    fired_by: str
    used_by_model: bool
    gate: float | None = None
    char_start: int | None = None
    char_end: int | None = None
    apex: float | None = None
    effect: float | None = None


@dataclass(frozen=True, slots=True)
class ModalityFinding:
    """What is known of one modality of one utterance.

    Args:
        present: whether the modality was measured in this utterance.
        used_by_model: whether the model reads it at all.
        reason: why it is absent or unused, "" where it is present and used.
        mean_gate: mean hotspot gate over the tokens in [0, 1], or None.
        gates: gate of each token (word pieces), in order, or () where unused.
        gate_offsets: character offsets of those tokens (words only), else ().
        effect: by how much the probability of the utterance's most probable class falls
            when the model is given nothing of this modality, in the whole conversation
            (negative: it spoke against that class), or None where it was not asked.
    """

    present: bool
    used_by_model: bool
    reason: str = ""
    mean_gate: float | None = None
    gates: tuple[float, ...] = ()
    gate_offsets: tuple[tuple[int, int], ...] = ()
    effect: float | None = None


@dataclass(frozen=True, slots=True)
class NeighbourFinding:
    """Another utterance that the conversation graph read for this one.

    Args:
        utterance: its id.
        weight: share of the graph's attention in [0, 1], mean over heads and modalities;
            with the utterance's own share the weights of all neighbours sum to 1.
    """

    utterance: str
    weight: float


@dataclass(frozen=True, slots=True)
class UtteranceFinding:
    """Which emotion one utterance shows, and the evidence.

    Args:
        id: the utterance's id.
        speaker: who speaks.
        start: seconds, or None for a bare text.
        end: seconds, or None.
        text: the words, or None where they are not known.
        emotion: the most probable class, or "unsure".
        confidence: the calibrated probability of the most probable class.
        probabilities: class → calibrated probability; they sum to 1.
        hotspots: in order of time (or of characters for a bare text).
        modalities: modality → what is known of it.
        word_times_estimated: whether word times were spread by characters.
        neighbours: the utterances that the conversation graph read most for this one, the
            weightiest first; () where the model has no such graph.
        unsure_below: the probability under which this answer is "unsure", by what the model
            has read of the utterance; None: as `ModelFinding` says.
    """

    id: str
    speaker: str
    start: float | None
    end: float | None
    text: str | None
    emotion: str
    confidence: float
    probabilities: Mapping[str, float]
    hotspots: tuple[HotspotFinding, ...] = ()
    modalities: Mapping[str, ModalityFinding] = field(default_factory=dict)
    word_times_estimated: bool = False
    neighbours: tuple[NeighbourFinding, ...] = ()
    unsure_below: float | None = None

    def words_of(self, hotspot: HotspotFinding) -> str | None:
        """The words that a hotspot of words is about, None of any other."""
        if self.text is None or hotspot.char_start is None or hotspot.char_end is None:
            return None
        return self.text[hotspot.char_start : hotspot.char_end]


@dataclass(frozen=True, slots=True)
class ModelFinding:
    """Which model answered, and what it may be used for.

    Args:
        name: name or path of the model.
        version: version of the checkpoint.
        label_set: name of the label set.
        labels: classes in the order of the logits.
        temperature: by which logits were divided where all modalities were read, chosen on
            dev data.
        unsure_below: the probability under which the answer is then "unsure".
        licence: one sentence, e.g. "research use only".
        features: modality → extractor that the model reads.
        limits: sentences that every reader must see.
    """

    name: str
    version: str
    label_set: str
    labels: tuple[str, ...]
    temperature: float
    unsure_below: float
    licence: str
    features: Mapping[str, str]
    limits: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Analysis:
    """The analysis of one recording.

    Args:
        recording: file name of the recording or transcript, without folders.
        duration: seconds, or None for a bare text.
        utterances: in turn order.
        model: which model answered.
        warnings: sentences, the weightiest first.
        extractors: modality → extractors that measured it, with versions.
        waveform: greatest absolute amplitude in [0, 1] of equal steps over the
            duration, at most 2,000 of them, or () without sound.
        loudness: loudness in [0, 1] of the same steps, or ().
        seconds_by_stage: stage ("decode", "voice activity", "speakers", "recognition",
            "words", "voice", "face", "model") → seconds of computing.
        created: ISO 8601 time, UTC.
        emospot_version: version of the program.
        speakers_from: how the speakers are known: "transcript", "voices" (told apart by
            their sound), or "" (not known).
        words_from: how the words are known: "transcript", the recogniser's name and model,
            or "" (not known).
        asked: digest of what was asked for (recording, transcript, model, detectors), by
            which it is known again; "" where nobody asked for that.
        format_version: version of this structure.
    """

    recording: str
    duration: float | None
    utterances: tuple[UtteranceFinding, ...]
    model: ModelFinding
    warnings: tuple[str, ...] = ()
    extractors: Mapping[str, str] = field(default_factory=dict)
    waveform: tuple[float, ...] = ()
    loudness: tuple[float, ...] = ()
    seconds_by_stage: Mapping[str, float] = field(default_factory=dict)
    created: str = ""
    emospot_version: str = ""
    speakers_from: str = ""
    words_from: str = ""
    asked: str = ""
    format_version: int = FORMAT_VERSION

    def to_dict(self) -> dict[str, Any]:
        """The analysis as plain lists, dictionaries, strings and numbers."""
        return dataclasses.asdict(self)

    def to_json(self) -> str:
        """The analysis as JSON, two spaces of indentation, non-ASCII kept."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=2, allow_nan=False)

    @classmethod
    def from_dict(cls, plain: Any) -> "Analysis":
        """The analysis that `to_dict` gave, the same in every field.

        Args:
            plain: lists, dictionaries, texts and numbers, also after a way through JSON.

        Raises:
            AnalysisError: if it is of another version, or a field is missing or of
                another kind; names the place.
        """
        from emospot.analysis.reading import analysis_from_dict

        return analysis_from_dict(plain)

    @classmethod
    def from_json(cls, text: str) -> "Analysis":
        """The analysis that `to_json` gave, see `from_dict`."""
        from emospot.analysis.reading import analysis_from_json

        return analysis_from_json(text)

    def to_frame(self) -> "pd.DataFrame":
        """A pandas data frame, a row an utterance; see `analysis.frames.utterances_frame`.

        Raises:
            MissingExtraError: if pandas is not installed.
        """
        from emospot.analysis.frames import utterances_frame

        return utterances_frame(self)

    def hotspots_frame(self) -> "pd.DataFrame":
        """A pandas data frame, a row a hotspot; see `analysis.frames.hotspots_frame`.

        Raises:
            MissingExtraError: if pandas is not installed.
        """
        from emospot.analysis.frames import hotspots_frame

        return hotspots_frame(self)
