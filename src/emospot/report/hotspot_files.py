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
import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from emospot.analysis.spot import RecordingHotspots, words_of
from emospot.conversation import MODALITIES, Hotspot, Utterance

COLUMNS = (
    "recording", "utterance", "speaker", "modality", "start", "end", "apex", "score",
    "fired_by", "char_start", "char_end", "text",
)  # fmt: skip

_XSI = "http://www.w3.org/2001/XMLSchema-instance"


@dataclass(frozen=True, slots=True)
class _Interval:
    start: float
    end: float
    text: str


def to_json(found: RecordingHotspots) -> str:
    """Everything that is known, see `RecordingHotspots.to_dict`."""
    import json

    return json.dumps(found.to_dict(), ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def to_csv(found: RecordingHotspots) -> str:
    """One row a hotspot; an empty cell is not known."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in found.to_dict()["hotspots"]:
        writer.writerow({"recording": found.recording, **row})
    return out.getvalue()


def to_textgrid(found: RecordingHotspots) -> str:
    """Praat's long text format; time without a hotspot is an empty interval."""
    end = _end(found)
    tiers = _tiers(found)
    lines = [
        'File type = "ooTextFile"',
        'Object class = "TextGrid"',
        "",
        "xmin = 0",
        f"xmax = {end:.6f}",
        "tiers? <exists>",
        f"size = {len(tiers)}",
        "item []:",
    ]
    for number, (name, intervals) in enumerate(tiers.items(), start=1):
        filled = _filled(intervals, end)
        lines += [
            f"    item [{number}]:",
            '        class = "IntervalTier"',
            f'        name = "{name}"',
            "        xmin = 0",
            f"        xmax = {end:.6f}",
            f"        intervals: size = {len(filled)}",
        ]
        for place, one in enumerate(filled, start=1):
            text = one.text.replace('"', '""')
            lines += [
                f"        intervals [{place}]:",
                f"            xmin = {one.start:.6f}",
                f"            xmax = {one.end:.6f}",
                f'            text = "{text}"',
            ]
    return "\n".join(lines) + "\n"


def to_eaf(found: RecordingHotspots) -> str:
    """An ELAN document, times in milliseconds."""
    ET.register_namespace("xsi", _XSI)
    document = ET.Element(
        "ANNOTATION_DOCUMENT",
        {f"{{{_XSI}}}noNamespaceSchemaLocation": "http://www.mpi.nl/tools/elan/EAFv3.0.xsd"},
        AUTHOR="emospot",
        DATE="",
        FORMAT="3.0",
        VERSION="3.0",
    )
    header = ET.SubElement(document, "HEADER", MEDIA_FILE="", TIME_UNITS="milliseconds")
    ET.SubElement(
        header,
        "MEDIA_DESCRIPTOR",
        MEDIA_URL=found.recording,
        MIME_TYPE="unknown",
        RELATIVE_MEDIA_URL=f"./{found.recording}",
    )
    order = ET.SubElement(document, "TIME_ORDER")
    slots = annotations = 0

    def slot(seconds: float) -> str:
        nonlocal slots
        slots += 1
        name = f"ts{slots}"
        value = str(round(1000 * seconds))
        ET.SubElement(order, "TIME_SLOT", TIME_SLOT_ID=name, TIME_VALUE=value)
        return name

    for name, intervals in _tiers(found).items():
        tier = ET.SubElement(document, "TIER", LINGUISTIC_TYPE_REF="default-lt", TIER_ID=name)
        for one in intervals:
            annotations += 1
            aligned = ET.SubElement(
                ET.SubElement(tier, "ANNOTATION"),
                "ALIGNABLE_ANNOTATION",
                ANNOTATION_ID=f"a{annotations}",
                TIME_SLOT_REF1=slot(one.start),
                TIME_SLOT_REF2=slot(max(one.end, one.start + 0.001)),
            )
            ET.SubElement(aligned, "ANNOTATION_VALUE").text = one.text
    ET.SubElement(
        document,
        "LINGUISTIC_TYPE",
        GRAPHIC_REFERENCES="false",
        LINGUISTIC_TYPE_ID="default-lt",
        TIME_ALIGNABLE="true",
    )
    ET.indent(document)
    declared = '<?xml version="1.0" encoding="UTF-8"?>\n'
    return declared + ET.tostring(document, encoding="unicode") + "\n"


def to_srt(found: RecordingHotspots) -> str:
    """SubRip cues, in order of time."""
    cues = [
        f"{number}\n{_clock(one.start, ',')} --> {_clock(one.end, ',')}\n{one.text}\n"
        for number, one in enumerate(_cues(found), start=1)
    ]
    return "\n".join(cues)


def to_vtt(found: RecordingHotspots) -> str:
    """WebVTT cues, in order of time."""
    cues = [
        f"{_clock(one.start, '.')} --> {_clock(one.end, '.')}\n{_escaped(one.text)}\n"
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


def _timed(found: RecordingHotspots) -> list[tuple[Hotspot, _Interval]]:
    timed = []
    for utterance, hotspot in found.moments():
        if hotspot.start is not None and hotspot.end is not None:
            interval = _Interval(hotspot.start, hotspot.end, _text(utterance, hotspot))
            timed.append((hotspot, interval))
    return sorted(timed, key=lambda pair: (pair[1].start, pair[1].end))


def _text(utterance: Utterance, hotspot: Hotspot) -> str:
    what = f"{hotspot.fired_by} {hotspot.score:.2f}"
    words = words_of(utterance, hotspot) if hotspot.char_start is not None else None
    return " ".join(f"{words}: {what}".split()) if words else what


def _cues(found: RecordingHotspots) -> list[_Interval]:
    return [
        _Interval(one.start, max(one.end, one.start + 0.001), f"{hotspot.modality}: {one.text}")
        for hotspot, one in _timed(found)
    ]


def _tiers(found: RecordingHotspots) -> dict[str, list[_Interval]]:
    """Name → intervals that do not overlap; a tier of each modality that was looked at."""
    tiers: dict[str, list[_Interval]] = {}
    for modality in MODALITIES:
        if modality in found.detectors:
            tiers[f"{modality} hotspots"] = []
    for hotspot, one in _timed(found):
        number = 1
        while True:
            name = f"{hotspot.modality} hotspots" + (f" {number}" if number > 1 else "")
            own = tiers.setdefault(name, [])
            if not own or own[-1].end <= one.start:
                own.append(one)
                break
            number += 1
    return tiers


def _end(found: RecordingHotspots) -> float:
    ends = [one.end for _, one in _timed(found)]
    return max([found.duration or 0.0, *ends, 0.001])


def _filled(intervals: Sequence[_Interval], end: float) -> list[_Interval]:
    """The intervals with empty ones between them, from 0 to the end; none without length."""
    filled: list[_Interval] = []
    last = 0.0
    for one in intervals:
        if one.start > last:
            filled.append(_Interval(last, one.start, ""))
        if one.end > max(one.start, last):
            filled.append(_Interval(max(one.start, last), one.end, one.text))
        last = max(last, one.end)
    if last < end:
        filled.append(_Interval(last, end, ""))
    return filled


def _clock(seconds: float, mark: str) -> str:
    """Hours, minutes, seconds and thousandths.

    >>> _clock(3723.5, ",")
    '01:02:03,500'
    """
    whole, thousandths = divmod(round(1000 * seconds), 1000)
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours:02}:{minute:02}:{second:02}{mark}{thousandths:03}"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
