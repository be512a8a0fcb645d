"""A recording in, explained emotions out."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import emospot
from emospot.analysis.explain import Evidence, explain, model_finding, uses_hotspots
from emospot.analysis.inputs import Inputs, read_inputs
from emospot.analysis.measure import Measurements, measure
from emospot.analysis.models import BUNDLED, load
from emospot.analysis.types import Analysis
from emospot.batch import Example
from emospot.conversation import VOICE, WORDS
from emospot.features.language import language_of
from emospot.model.predict import Prediction, predict
from emospot.model.pretrained import PretrainedModel


def analyze(
    recording: str | Path,
    transcript: str | Path | None = None,
    *,
    model: str | Path | PretrainedModel = BUNDLED,
    voice: str = "auto",
    on_stage: Callable[[str], None] = lambda stage: None,
) -> Analysis:
    """Say what each speaker of a recording feels, with the evidence.

    Args:
        recording: media file, or a transcript by itself (words only).
        transcript: SRT, VTT, CSV, TSV, TextGrid, EAF, RTTM or JSON; without one,
            voice activity gives the utterances and there are no words.
        model: a loaded model, a name or a folder.
        voice: descriptors of the voice hotspots: "auto", "egemaps" or "basic".
        on_stage: told which stage begins: "decode", "words", "voice", "face",
            "model".

    Raises:
        EmospotError: if recording, transcript or model cannot be read.
    """
    loaded = model if isinstance(model, PretrainedModel) else load(model)
    on_stage("decode")
    started = time.perf_counter()
    inputs = read_inputs(Path(recording), Path(transcript) if transcript else None)
    decode_seconds = time.perf_counter() - started
    features = {m: loaded.card.features[m] for m in loaded.config.modalities}
    measured = measure(inputs.conversation, inputs.info, features, voice=voice, on_stage=on_stage)
    measured.seconds = {"decode": decode_seconds, **measured.seconds}
    language = _foreign_language(inputs, loaded)
    if language:
        measured.features.pop(WORDS, None)
    on_stage("model")
    with measured.timed("model"):
        prediction = _predict(inputs, measured, loaded)
    evidence = Evidence(loaded, measured, prediction, understood=not language)
    return Analysis(
        recording=inputs.name,
        duration=inputs.info.duration if inputs.info else None,
        utterances=explain(inputs.conversation, evidence),
        model=model_finding(loaded),
        warnings=_warnings(inputs, measured, loaded, language),
        extractors=measured.extractors,
        waveform=measured.waveform,
        seconds_by_stage={stage: round(s, 3) for stage, s in measured.seconds.items()},
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        emospot_version=emospot.__version__,
    )


def _predict(inputs: Inputs, measured: Measurements, model: PretrainedModel) -> Prediction:
    hotspots = [[h for h in own if uses_hotspots(model, h.modality)] for own in measured.hotspots]
    return predict(model, [Example(inputs.conversation, measured.features, hotspots)])[0]


def _foreign_language(inputs: Inputs, model: PretrainedModel) -> str:
    """The language of the words where the model does not understand it, else ""."""
    texts = [u.text for u in inputs.conversation.utterances if u.text]
    if not model.card.language or not texts:
        return ""
    guess = language_of(texts)
    return "" if guess.code in ("", model.card.language) else guess.code


def _warnings(
    inputs: Inputs,
    measured: Measurements,
    model: PretrainedModel,
    language: str,
) -> tuple[str, ...]:
    found = []
    if language:
        found.append(
            f'the words seem to be in "{language}", but the model understands '
            f'"{model.card.language}" only: words are not read and every answer is unsure'
        )
    missing = [m for m in model.config.modalities if m not in measured.features]
    for modality in missing:
        if modality in measured.absent:
            found.append(f"{modality} missing: {measured.absent[modality]}")
    if measured.features.get(VOICE) and all(t is None for t in measured.features[VOICE]):
        found.append("the model could not read the voice of any utterance")
    if any(u.word_times_estimated for u in inputs.conversation.utterances):
        found.append("word times are estimated: they are spread over each utterance by characters")
    return tuple(dict.fromkeys((*found, *measured.notices, *inputs.notices)))
