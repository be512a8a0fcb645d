"""What measures an utterance of a conversation that goes on."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emospot.analysis.measure import Measurements
from emospot.analysis.model_extractors import voice_reading, words_reading
from emospot.analysis.used_hotspots import uses_hotspots
from emospot.conversation import MODALITIES, VOICE, WORDS, Conversation, Tokens, Utterance
from emospot.corpora.instruments import spotter_for
from emospot.corpora.measuring import Instruments, Readings, measure_voice, measure_words
from emospot.errors import ModelError, UsageError
from emospot.features.base import Span
from emospot.features.language import language_of
from emospot.features.registry import words_extractor
from emospot.hotspots.registry import DEFAULTS, panel
from emospot.model.pretrained import PretrainedModel

Samples = NDArray[np.float32]

LIVE = Path("live")
"""Stands for the recording, which is not there yet."""
TEXTS = 20
"""The last texts that tell their language."""
CODE_LETTERS = 2
ENOUGH_LETTERS = 60
"""From which on they do: the language of a short text is often mistaken."""


class LiveInstruments:
    """Measures what a model reads, one utterance after the other.

    Args:
        model: whose features and hotspots are measured.
        language: of the words, ISO 639-1; None: it is guessed from the last texts.

    Raises:
        UsageError: if `language` is no such code.
        ModelError: if the model reads hotspots that are found against a whole recording.
        FeatureError: if the model's words extractor is not on this machine.
    """

    def __init__(self, model: PretrainedModel, language: str | None = None) -> None:
        self._model, self._language = model, language and _language_code(language)
        self._texts: deque[str] = deque(maxlen=TEXTS)
        self._unread: dict[str, str] = {}
        _refuse_hotspots_of_recordings(model)
        wanted = {m: model.card.features[m] for m in model.config.modalities}
        reading = words_reading(wanted[WORDS], self._unread) if WORDS in wanted else None
        hearing = voice_reading(wanted[VOICE], self._unread) if VOICE in wanted else None
        self._by = Instruments(words=reading, voice=hearing)
        if WORDS in wanted and _reads_detected(model, WORDS):
            chosen = panel(model.card.detectors.get(WORDS, DEFAULTS[WORDS]))
            spotter = spotter_for(chosen, words_extractor, reading)
            self._by = replace(self._by, words_hotspots=spotter)

    def understood(self, utterance: Utterance, *, keep: bool) -> bool:
        """Whether the model understands the language that is spoken.

        Args:
            utterance: what comes next.
            keep: whether its text counts for what comes after it.
        """
        texts = [*self._texts, utterance.text or ""]
        if keep:
            self._texts.append(utterance.text or "")
        own = self._model.card.language
        language = self._language
        if language is None:
            letters = sum(letter.isalpha() for text in texts for letter in text)
            language = language_of(texts[-TEXTS:]).code if letters >= ENOUGH_LETTERS else ""
        return not own or language in ("", own)

    def measure(
        self,
        utterance: Utterance,
        audio: Samples | None = None,
        given: Mapping[str, Tokens] | None = None,
        *,
        understood: bool = True,
    ) -> Measurements:
        """Measure one utterance.

        Args:
            utterance: with what is known of it.
            audio: its sound, mono at 16 kHz, shape (n,), or None.
            given: modality → ready-made features.
            understood: whether its words may be read.
        """
        conversation = Conversation("live", (utterance,), LIVE)
        found = Measurements(hotspots=[[]], unread=dict(self._unread))
        given = given or {}
        if utterance.text and utterance.text.strip() and understood:
            readings = measure_words(conversation, self._by)
            self._add(WORDS, readings, found)
            spotter = self._by.words_hotspots
            if spotter is not None:
                found.hotspots[0] += spotter.panel.detect(conversation, readings.read)[0]
        if audio is not None and VOICE not in given:
            self._add(VOICE, _voice(utterance, audio, self._by), found)
        for modality, tokens in given.items():
            found.features[modality] = [tokens]
        found.measured = {m: [_there(m, utterance, found)] for m in MODALITIES}
        return found

    def _add(self, modality: str, readings: Readings, found: Measurements) -> None:
        if modality in self._model.config.modalities and modality not in found.unread:
            found.features[modality] = readings.features


def _language_code(language: str) -> str:
    """The language alone, of "EN" or "en-US", too."""
    code = language.strip().lower().replace("_", "-").split("-")[0]
    if len(code) != CODE_LETTERS or not code.isalpha():
        raise UsageError(
            f'language "{language}": expected two letters (ISO 639-1), as in en or de'
        )
    return code


def _there(modality: str, utterance: Utterance, found: Measurements) -> bool:
    if modality == WORDS and utterance.text and utterance.text.strip():
        return True
    return any(one is not None for one in found.features.get(modality, ()))


def _voice(utterance: Utterance, audio: Samples, by: Instruments) -> Readings:
    def heard(path: Path, spans: Sequence[Span]) -> Iterator[tuple[int, Samples]]:
        yield 0, audio

    # The sound tells how long it lasts where nobody else does.
    start = utterance.start or 0.0
    timed = replace(utterance, start=start, end=max(utterance.end or 0.0, start))
    return measure_voice(Conversation("live", (timed,), LIVE), replace(by, audio=heard))


def _reads_detected(model: PretrainedModel, modality: str) -> bool:
    """Whether the model reads hotspots that a detector finds."""
    learned = getattr(model.config, "learned_hotspots", ())
    return uses_hotspots(model, modality) and modality not in learned


def _refuse_hotspots_of_recordings(model: PretrainedModel) -> None:
    for modality in model.config.modalities:
        if modality != WORDS and _reads_detected(model, modality):
            raise ModelError(
                f"the model {model.card.name} reads hotspots of the {modality} that are found "
                "against the whole recording, so it cannot answer while people speak: train one "
                f"with model.learned_hotspots={modality}"
            )
