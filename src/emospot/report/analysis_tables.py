"""An analysis as a table (CSV) and as JSON Lines, an utterance a row.

The table is for spreadsheets: ids, times, who says what, the emotion with the probability
of every class ("probability_sadness"), and the hotspots of each modality in words. Cells
that a spreadsheet would run as formulas are defused (`media.spreadsheet`).

JSON Lines are for programs and hold everything: the first line is the analysis but for its
utterances, each further line an utterance with the fields of `analysis.json`.
"""

import csv
import io
import json
from collections.abc import Mapping
from typing import Any

from emospot.analysis.types import Analysis, UtteranceFinding
from emospot.conversation import MODALITIES
from emospot.media.spreadsheet import defused
from emospot.report.hotspot_tiers import hotspot_text

COLUMNS = (
    "recording", "utterance", "speaker", "start", "end", "text", "emotion", "confidence",
)  # fmt: skip
PROBABILITY = "probability_"
HOTSPOTS = "hotspots_"


def to_csv(analysis: Analysis, _: str | None = None) -> str:
    """One row an utterance, in turn order; an empty cell is not known."""
    labels = list(
        dict.fromkeys(
            (*analysis.model.labels, *(k for u in analysis.utterances for k in u.probabilities))
        )
    )
    found = (spot.modality for one in analysis.utterances for spot in one.hotspots)
    modalities = dict.fromkeys((*MODALITIES, *found))
    titles = [*COLUMNS, *(PROBABILITY + k for k in labels), *(HOTSPOTS + m for m in modalities)]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([defused(title) for title in titles])
    for one in analysis.utterances:
        known = (one.id, one.speaker, one.start, one.end, one.text, one.emotion, one.confidence)
        cells = [
            analysis.recording,
            *known,
            *(one.probabilities.get(label) for label in labels),
            *(_hotspots(one, modality) for modality in modalities),
        ]
        writer.writerow([defused(cell) for cell in cells])
    return out.getvalue()


def to_json_lines(analysis: Analysis, _: str | None = None) -> str:
    """The analysis, then its utterances, a line each."""
    plain = analysis.to_dict()
    utterances = plain.pop("utterances")
    return "".join(f"{_line(one)}\n" for one in (plain, *utterances))


def _hotspots(utterance: UtteranceFinding, modality: str) -> str:
    """The hotspots of a modality in words, the strongest first."""
    own = sorted((s for s in utterance.hotspots if s.modality == modality), key=lambda s: -s.score)
    texts = []
    for spot in own:
        words = utterance.words_of(spot)
        text = hotspot_text(words, spot.fired_by, spot.score, used=spot.used_by_model)
        timed = spot.start is not None and spot.end is not None
        texts.append(f"{text} at {spot.start:.2f}–{spot.end:.2f} s" if timed else text)
    return "; ".join(texts)


def _line(plain: Mapping[str, Any]) -> str:
    return json.dumps(plain, ensure_ascii=False, allow_nan=False)
