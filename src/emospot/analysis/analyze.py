"""A recording in, explained emotions out."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

import emospot
from emospot.analysis.course import Course, OnShare, OnStage
from emospot.analysis.effects import effects_of
from emospot.analysis.explain import Evidence, explain, model_finding
from emospot.analysis.inputs import Inputs, read_inputs
from emospot.analysis.learned_hotspots import take_learned
from emospot.analysis.listening import listening
from emospot.analysis.measure import Measurements, measure, usual_detectors
from emospot.analysis.models import BUNDLED, load
from emospot.analysis.stopwatch import Stopwatch
from emospot.analysis.types import Analysis
from emospot.analysis.used_hotspots import uses_hotspots
from emospot.batch import Example
from emospot.config import ModelConfig
from emospot.conversation import WORDS, Tokens
from emospot.errors import UsageError
from emospot.features.base import FeatureDescription
from emospot.features.journal import Journal
from emospot.features.language import language_of
from emospot.hotspots.panel import Panel
from emospot.hotspots.registry import DEFAULTS, panel, panels
from emospot.model.predict import Prediction, predict
from emospot.model.pretrained import PretrainedModel

if TYPE_CHECKING:
    from emospot.recognition.recogniser import Recogniser

Sequences = Mapping[str, Sequence[Tokens | None]]

TOO_FAR = 1.5
"""So many times as far off as the edge of the training, a modality is not read beside
words. At 1.2 times, words and a voice brought near were no better than the words alone
(docs/experiments.md, "A session that is unlike the others")."""

NEIGHBOURS = 5
"""Utterances that the graph looked at for another that are named, at most."""


def analyze(
    recording: str | Path,
    transcript: str | Path | None = None,
    *,
    model: str | Path | PretrainedModel = BUNDLED,
    detectors: Sequence[str] = (),
    speakers: str = "auto",
    recogniser: "str | Recogniser" = "",
    allow_download: bool = False,
    on_stage: OnStage = lambda stage: None,
    on_share: OnShare = lambda share: None,
    journal: str | Path | None = None,
) -> Analysis:
    """Say which emotion each utterance of a recording shows, with the evidence.

    Args:
        recording: media file, or a transcript by itself (words only).
        transcript: SRT, VTT, CSV, TSV, TextGrid, EAF, RTTM or JSON; without one,
            voice activity gives the utterances and there are no words.
        model: a loaded model, a name or a folder.
        detectors: choices of hotspot detectors (`hotspots.registry`), of modalities
            whose hotspots the model does not read; the others are found as in its
            training.
        speakers: who tells speakers apart where the transcript does not: "auto" (the
            voices), how many there are, "off", or "pyannote:PATH",
            also after a number ("2,pyannote:PATH").
        recogniser: what recognises words where there is no transcript:
            "faster-whisper:MODEL" with the folder or name of a model, a `Recogniser`, or
            "" for nothing.
        allow_download: whether a recogniser's model may be fetched from the network.
        on_stage: told which stage begins: "decode", "words", "voice", "face",
            "model".
        on_share: told how much of the stage is done, from 0 to 1, where it takes long.
        journal: a file that keeps what has been measured of voice and face until the
            analysis is done; where it is there already, the analysis goes on with it.

    Raises:
        UsageError: if there is no such detector, or the model reads those hotspots; if
            there is no such choice of speakers or recogniser.
        EmospotError: if recording, transcript or model cannot be read.
    """
    asked = listening(speakers, recogniser, allow_download=allow_download)
    loaded = model if isinstance(model, PretrainedModel) else load(model)
    loaded.require_single_label()
    chosen = _detectors(loaded, detectors)
    watch = Stopwatch()
    on_stage("decode")
    with watch.stage("decode"):
        inputs = read_inputs(
            Path(recording),
            Path(transcript) if transcript else None,
            watch,
            replace(asked, on_share=on_share),
        )
    with watch.stage("words"):
        language = language_of([u.text for u in inputs.conversation.utterances if u.text]).code
    understood = language in ("", loaded.card.language) or not loaded.card.language
    with _kept(journal, inputs) as kept:
        measured = measure(
            inputs.conversation,
            inputs.info,
            _wanted(loaded, understood=understood),
            detectors=chosen,
            language=language,
            speechless=inputs.speechless,
            course=Course(on_stage, on_share, watch, kept),
        )
    on_stage("model")
    with watch.stage("model"):
        near, unusual = brought_near(measured.features, loaded)
        for modality in _left_out(unusual, near):
            measured.unread[modality] = (
                "the recording is too unlike those that the model was trained on"
            )
        example = _example(inputs, measured, near, loaded)
        prediction = _predict(example, loaded)
        if isinstance(loaded.config, ModelConfig):
            take_learned(measured, inputs.conversation, prediction, loaded.config)
        effects = effects_of(loaded, example, prediction, measured.hotspots, on_share)
    evidence = Evidence(loaded, measured, prediction, understood, effects)
    return Analysis(
        recording=inputs.name,
        duration=inputs.info.duration if inputs.info else None,
        utterances=explain(inputs.conversation, evidence),
        model=model_finding(loaded),
        warnings=_warnings(inputs, evidence, language, unusual),
        extractors=measured.extractors,
        waveform=measured.waveform,
        seconds_by_stage={stage: round(s, 3) for stage, s in watch.seconds().items()},
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        emospot_version=emospot.__version__,
        speakers_from=inputs.speakers_from,
        words_from=inputs.words_from,
    )


def example_of(
    recording: str | Path,
    transcript: str | Path | None = None,
    *,
    model: str | Path | PretrainedModel = BUNDLED,
) -> Example:
    """What a model is given of a recording: its utterances with tokens and hotspots.

    Args:
        recording: as in `analyze`.
        transcript: as in `analyze`.
        model: whose features are measured.

    Raises:
        EmospotError: as `analyze`.
    """
    loaded = model if isinstance(model, PretrainedModel) else load(model)
    inputs = read_inputs(Path(recording), Path(transcript) if transcript else None, Stopwatch())
    language = language_of([u.text for u in inputs.conversation.utterances if u.text]).code
    understood = language in ("", loaded.card.language) or not loaded.card.language
    measured = measure(
        inputs.conversation,
        inputs.info,
        _wanted(loaded, understood=understood),
        detectors=_detectors(loaded, ()),
        language=language,
        speechless=inputs.speechless,
    )
    near, _ = brought_near(measured.features, loaded)
    return _example(inputs, measured, near, loaded)


@contextmanager
def _kept(path: str | Path | None, inputs: Inputs) -> Iterator[Journal | None]:
    """The journal of the recording, which is removed when all has been measured."""
    if path is None or inputs.info is None:
        yield None
        return
    journal = Journal(Path(path), inputs.info.path)
    try:
        yield journal
    except BaseException:
        journal.close()
        raise
    journal.remove()


def _detectors(model: PretrainedModel, choices: Sequence[str]) -> dict[str, Panel]:
    """The model's own where it reads hotspots, else what was chosen, else the usual."""
    chosen = panels(choices)
    own = {
        modality: panel(model.card.detectors.get(modality, DEFAULTS[modality]))
        for modality in model.config.modalities
        if modality in DEFAULTS and uses_hotspots(model, modality)
    }
    learned = getattr(model.config, "learned_hotspots", ())
    for modality, one in chosen.items():
        if modality in learned:
            raise UsageError(
                f"the model {model.card.name} finds the hotspots of {modality} by itself, so "
                f'"{one.name}" cannot stand for them: emospot hotspots shows what any detector '
                "finds"
            )
        if modality in own and own[modality].name != one.name:
            raise UsageError(
                f"the model {model.card.name} reads the hotspots of {modality} that "
                f'"{own[modality].name}" finds, so "{one.name}" cannot stand for them: '
                "emospot hotspots shows what any detector finds"
            )
    found = {**usual_detectors(), **chosen, **own}
    return {modality: one for modality, one in found.items() if modality not in learned}


def _wanted(model: PretrainedModel, *, understood: bool) -> dict[str, FeatureDescription]:
    """What the model reads; no words that it does not understand."""
    wanted = {m: model.card.features[m] for m in model.config.modalities}
    return {m: f for m, f in wanted.items() if m != WORDS or understood}


def brought_near(
    features: Sequences, model: PretrainedModel
) -> tuple[dict[str, Sequence[Tokens | None]], dict[str, float]]:
    """The features of a recording, brought near to the recordings of the training.

    Args:
        features: modality → tokens of each utterance.
        model: knows its training's range; a causal model has not heard the end yet
            and reads the features as they are.

    Returns:
        The features, and for modalities that lay outside of the range how many times
        as far off they were as its edge. What lies too far off is taken away from
        utterances with words.
    """
    near: dict[str, Sequence[Tokens | None]] = dict(features)
    unusual = {}
    if not model.config.causal:
        for modality in model.card.recordings.keys() & features.keys():
            known = model.card.recordings[modality]
            near[modality], excess = known.brought_near(features[modality])
            if excess > 1:
                unusual[modality] = excess
    for modality in _left_out(unusual, features):
        pairs = zip(near[modality], features[WORDS], strict=True)
        near[modality] = [None if words is not None else own for own, words in pairs]
    return near, unusual


def _left_out(unusual: Mapping[str, float], features: Sequences) -> list[str]:
    """The modalities that are too far off to be read beside words."""
    if all(words is None for words in features.get(WORDS, ())):
        return []
    return [m for m, excess in unusual.items() if excess > TOO_FAR and m != WORDS]


def _predict(example: Example, model: PretrainedModel) -> Prediction:
    if not example.conversation.utterances:
        nothing = np.zeros((0, len(model.card.labels)), np.float32)
        none = nothing[:, 0]
        return Prediction(nothing, nothing, none, none, gates={}, present={}, outputs={})
    return predict(model, [example], neighbours=NEIGHBOURS)[0]


def _example(
    inputs: Inputs, measured: Measurements, features: Sequences, model: PretrainedModel
) -> Example:
    """The conversation as the model reads it."""
    hotspots = [[h for h in own if uses_hotspots(model, h.modality)] for own in measured.hotspots]
    return Example(inputs.conversation, features, hotspots)


def _warnings(
    inputs: Inputs, evidence: Evidence, language: str, unusual: Mapping[str, float]
) -> tuple[str, ...]:
    """Sentences, the weightiest first, each once."""
    model, measured = evidence.model, evidence.measured
    found = []
    if not evidence.understood:
        found.append(
            f'the words seem to be in "{language}", but the model understands '
            f'"{model.card.language}" only: words are not read and every answer is unsure'
        )
    utterances = inputs.conversation.utterances
    for modality in model.config.modalities if utterances else ():
        if modality in unusual:
            found.append(_far_off(modality, unusual[modality], modality in measured.unread))
        elif modality in measured.absent:
            found.append(f"{modality} missing: {measured.absent[modality]}")
        elif modality in measured.unread:
            found.append(f"the model does not read the {modality}: {measured.unread[modality]}")
        elif evidence.never_read(modality) and (modality != WORDS or evidence.understood):
            found.append(f"every utterance has too little {modality} for the model to read")
    if any(u.word_times_estimated for u in utterances):
        found.append("word times are estimated: they are spread over each utterance by characters")
    return tuple(dict.fromkeys((*found, *measured.notices, *inputs.notices)))


def _far_off(modality: str, times: float, unread: bool) -> str:
    """The warning of a modality outside of the training's range."""
    rounded = f"{times:.1f}"
    where = f"{rounded} times as far off as the edge of its training"
    if rounded == "1.0":
        where = "just beyond the edge of its training"
    said = (
        f"the {modality} of this recording lies outside what the model was trained on ({where}): "
    )
    if unread:
        return said + "where there are words, they alone are read"
    return said + "moved to that edge, and less to be trusted"
