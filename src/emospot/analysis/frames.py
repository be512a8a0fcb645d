"""An analysis as pandas data frames: a row an utterance, or a row a hotspot.

pandas is an extra (`pip install 'emospot[pandas]'`). A missing value is None in a column
of texts and NaN in one of numbers. The columns are the same whatever was found, so that
the frames of many recordings can be concatenated.
"""

from typing import TYPE_CHECKING, Any

from emospot.analysis.types import Analysis, HotspotFinding, UtteranceFinding
from emospot.conversation import MODALITIES
from emospot.errors import MissingExtraError

if TYPE_CHECKING:
    import pandas as pd

PROBABILITY = "p_"
"""Before the name of a class, in the name of the column with its probability."""

TEXTS = ("recording", "utterance", "speaker", "text", "emotion", "top", "modality", "fired_by")


def utterances_frame(analysis: Analysis) -> "pd.DataFrame":
    """A row an utterance, in turn order.

    Args:
        analysis: of one recording.

    Returns:
        The columns recording, utterance, speaker, start, end (seconds), text, emotion (or
        "unsure"), top (the most probable class), confidence; `p_CLASS` of every class;
        hotspots (how many there are); and of each modality `MODALITY_read`,
        `MODALITY_gate` and `MODALITY_effect` (`analysis.types.ModalityFinding`).

    Raises:
        MissingExtraError: if pandas is not installed.
    """
    labels = analysis.model.labels
    columns = [
        *("recording", "utterance", "speaker", "start", "end", "text"),
        *("emotion", "top", "confidence"),
        *(f"{PROBABILITY}{label}" for label in labels),
        "hotspots",
        *(f"{m}_{what}" for m in MODALITIES for what in ("read", "gate", "effect")),
    ]
    rows = [_utterance_row(analysis.recording, one) for one in analysis.utterances]
    return _frame(rows, columns, {"hotspots": "int64", **_read_columns()})


def hotspots_frame(analysis: Analysis) -> "pd.DataFrame":
    """A row a hotspot, utterance by utterance.

    Args:
        analysis: of one recording.

    Returns:
        The columns recording, utterance, speaker, emotion (of the utterance), modality,
        start, end, apex (seconds), score, fired_by, text (its words), used_by_model, gate,
        effect (`analysis.types.HotspotFinding`).

    Raises:
        MissingExtraError: if pandas is not installed.
    """
    columns = [
        *("recording", "utterance", "speaker", "emotion", "modality", "start", "end", "apex"),
        *("score", "fired_by", "text", "used_by_model", "gate", "effect"),
    ]
    rows = [
        _hotspot_row(analysis.recording, utterance, hotspot)
        for utterance in analysis.utterances
        for hotspot in utterance.hotspots
    ]
    return _frame(rows, columns, {"used_by_model": "bool"})


def _read_columns() -> dict[str, str]:
    return {f"{modality}_read": "bool" for modality in MODALITIES}


def _utterance_row(recording: str, one: UtteranceFinding) -> dict[str, Any]:
    row: dict[str, Any] = {
        "recording": recording,
        "utterance": one.id,
        "speaker": one.speaker,
        "start": one.start,
        "end": one.end,
        "text": one.text,
        "emotion": one.emotion,
        "top": max(one.probabilities, key=lambda label: one.probabilities[label]),
        "confidence": one.confidence,
        "hotspots": len(one.hotspots),
    }
    row |= {f"{PROBABILITY}{label}": value for label, value in one.probabilities.items()}
    for modality in MODALITIES:
        found = one.modalities.get(modality)
        row[f"{modality}_read"] = found is not None and found.used_by_model
        row[f"{modality}_gate"] = None if found is None else found.mean_gate
        row[f"{modality}_effect"] = None if found is None else found.effect
    return row


def _hotspot_row(
    recording: str, utterance: UtteranceFinding, hotspot: HotspotFinding
) -> dict[str, Any]:
    return {
        "recording": recording,
        "utterance": utterance.id,
        "speaker": utterance.speaker,
        "emotion": utterance.emotion,
        "modality": hotspot.modality,
        "start": hotspot.start,
        "end": hotspot.end,
        "apex": hotspot.apex,
        "score": hotspot.score,
        "fired_by": hotspot.fired_by,
        "text": utterance.words_of(hotspot),
        "used_by_model": hotspot.used_by_model,
        "gate": hotspot.gate,
        "effect": hotspot.effect,
    }


def _frame(
    rows: list[dict[str, Any]], columns: list[str], kinds: dict[str, str]
) -> "pd.DataFrame":
    """A frame whose columns have their kinds even where it has no rows."""
    try:
        import pandas as pd
    except ImportError:
        raise MissingExtraError("data frames", "pandas") from None
    told: dict[Any, Any] = {
        column: kinds.get(column, "object" if column in TEXTS else "float64") for column in columns
    }
    return pd.DataFrame(rows, columns=columns).astype(told)
