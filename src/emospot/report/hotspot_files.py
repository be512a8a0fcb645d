"""The hotspots of a recording as files that other programs open.

| format | for | what a hotspot is there |
|---|---|---|
| json | programs | everything that is known of it |
| csv | tables | one row, the same columns |
| textgrid | Praat | an interval of its modality's tier |
| eaf | ELAN | an annotation of its modality's tier |
| srt, vtt | players | a cue |

An interval's text is what fired and the score ("phrase 0.83"), after the words if there
are any ("not happy: lexicon 0.50"); `evaluation.span_files` reads the score back from
its end. Hotspots of one modality that overlap stand in tiers of their own ("face hotspots",
"face hotspots 2"). A hotspot of a transcript without times has no place in the timed formats.
"""

import csv
import io
from collections.abc import Callable

from emospot.analysis.spot import RecordingHotspots, words_of
from emospot.conversation import MODALITIES, Hotspot, Utterance
from emospot.media.elan_writing import WrittenTier, elan_document
from emospot.media.spreadsheet import defused
from emospot.media.textgrid_writing import textgrid, with_length
from emospot.media.tiers import Interval
from emospot.report.clock import cue_clock
from emospot.report.hotspot_tiers import hotspot_text, hotspot_tiers, tier_kind

COLUMNS = (
    "recording", "utterance", "speaker", "modality", "start", "end", "apex", "score",
    "fired_by", "char_start", "char_end", "text",
)  # fmt: skip


def to_json(found: RecordingHotspots) -> str:
    """Everything that is known, see `RecordingHotspots.to_dict`."""
    import json

    return json.dumps(found.to_dict(), ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def to_csv(found: RecordingHotspots) -> str:
    """One row a hotspot; an empty cell is not known. Formulas are defused."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in found.to_dict()["hotspots"]:
        cells = {"recording": found.recording, **row}
        writer.writerow({name: defused(cell) for name, cell in cells.items()})
    return out.getvalue()


def to_textgrid(found: RecordingHotspots) -> str:
    """Praat's long text format; time without a hotspot is an empty interval."""
    return textgrid(_tiers(found), found.duration or 0.0)


def to_eaf(found: RecordingHotspots) -> str:
    """An ELAN document, times in milliseconds."""
    tiers = [
        WrittenTier(name, tier_kind(name.partition(" ")[0]), intervals)
        for name, intervals in _tiers(found).items()
    ]
    return elan_document(tiers, media=found.recording if found.duration is not None else None)


def to_srt(found: RecordingHotspots) -> str:
    """SubRip cues, in order of time."""
    cues = [
        f"{number}\n{cue_clock(one.start, ',')} --> {cue_clock(one.end, ',')}\n{one.text}\n"
        for number, one in enumerate(_cues(found), start=1)
    ]
    return "\n".join(cues)


def to_vtt(found: RecordingHotspots) -> str:
    """WebVTT cues, in order of time."""
    cues = [
        f"{cue_clock(one.start, '.')} --> {cue_clock(one.end, '.')}\n{_escaped(one.text)}\n"
        for one in _cues(found)
    ]
    return "\n".join(["WEBVTT\n", *cues])


FORMATS: dict[str, tuple[str, Callable[[RecordingHotspots], str]]] = {
    "json": (".hotspots.json", to_json),
    "csv": (".hotspots.csv", to_csv),
    "textgrid": (".hotspots.TextGrid", to_textgrid),
    "eaf": (".hotspots.eaf", to_eaf),
    "srt": (".hotspots.srt", to_srt),
    "vtt": (".hotspots.vtt", to_vtt),
}
"""Name of the format → ending of the file, and what writes it."""


def _timed(found: RecordingHotspots) -> list[tuple[Hotspot, Interval]]:
    timed = []
    for utterance, hotspot in found.moments():
        if hotspot.start is not None and hotspot.end is not None:
            interval = with_length(hotspot.start, hotspot.end, _text(utterance, hotspot))
            timed.append((hotspot, interval))
    return sorted(timed, key=lambda pair: (pair[1].start, pair[1].end))


def _text(utterance: Utterance, hotspot: Hotspot) -> str:
    words = words_of(utterance, hotspot) if hotspot.char_start is not None else None
    return hotspot_text(words, hotspot.fired_by, hotspot.score)


def _cues(found: RecordingHotspots) -> list[Interval]:
    return [
        Interval(one.start, one.end, f"{hotspot.modality}: {one.text}")
        for hotspot, one in _timed(found)
    ]


def _tiers(found: RecordingHotspots) -> dict[str, list[Interval]]:
    """Name → intervals that do not overlap; a tier of each modality that was looked at."""
    looked = [modality for modality in MODALITIES if modality in found.detectors]
    return hotspot_tiers([(hotspot.modality, one) for hotspot, one in _timed(found)], looked)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
