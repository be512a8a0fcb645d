"""Spans from files: what a detector found, or what somebody marked.

| ending | what is read |
|---|---|
| .json | what `emospot hotspots` or `emospot analyze` wrote, or a list of such |
| .csv, .tsv | one row a span; columns as below, in any order |
| .TextGrid, .eaf, .srt, .vtt | one interval, annotation or cue a span |

Columns: `start` and `end` in seconds, or `utterance`, `char_start` and `char_end` in
characters, or both; and where there are some `recording`, `modality`, `score`, `apex`.
An interval's modality is the first word of its tier, or what stands before its first
colon, if that is one; its score the number at the end of its text, else 1. Of a file that
also has tiers of emotions (an exported analysis), only tiers of hotspots ("voice hotspots")
are read. What has no length (an apex alone) is no span and is left out.

Spans are compared in seconds where all have them, else in characters. These are counted
from the beginning of their utterance; utterances are laid out far apart, so that spans
of two never overlap.
"""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from emospot.conversation import MODALITIES
from emospot.errors import UsageError, some
from emospot.evaluation.spotting import Span, SpottedRecording
from emospot.files import stem
from emospot.media.annotation_file import (
    ANNOTATION_SUFFIXES,
    AnnotationTier,
    read_annotations,
    score_of,
)
from emospot.media.spreadsheet import as_meant
from emospot.media.tier_names import CONFIDENCE, EMOTION, HOTSPOTS
from emospot.media.transcripts import read_transcript

ENDINGS = (".json", ".csv", ".tsv", ".textgrid", ".eaf", ".srt", ".vtt")
_NAMES = {
    "recording": ("recording", "file", "filename", "media", "video", "audio"),
    "utterance": ("utterance", "utteranceid"),
    "modality": ("modality", "tier"),
    "start": ("start", "onset", "begin", "tmin"),
    "end": ("end", "offset", "stop", "tmax"),
    "score": ("score", "confidence", "probability", "strength"),
    "apex": ("apex", "peak"),
    "char_start": ("charstart",),
    "char_end": ("charend",),
}
_FAR = 1e6  # characters between the beginnings of two utterances


@dataclass(frozen=True, slots=True)
class PlacedSpan:
    """A span with the recording and the modality that its file names.

    Args:
        recording: name without folder and ending.
        timed: in seconds, or None.
        placed: in characters of its utterance, or None.
        modality: or "" where the file names none.
        utterance: or "" where the file names none.
        called: the recording as the file has it, "" where it names none.
    """

    recording: str
    timed: Span | None
    placed: Span | None = None
    modality: str = ""
    utterance: str = ""
    called: str = field(default="", compare=False)


@dataclass
class SpanSet:
    """All spans of one or more files.

    Args:
        spans: in the order of the files.
        recordings: those that the files are about, also those without a span.
        named: whether the files themselves name recordings.
        pointless: entries without a length, which were left out.
    """

    spans: list[PlacedSpan] = field(default_factory=list)
    recordings: dict[str, None] = field(default_factory=dict)
    named: bool = False
    pointless: int = 0

    def add(self, placed: PlacedSpan) -> None:
        """Take in one more span."""
        self.spans.append(placed)
        self.recordings.setdefault(placed.recording)

    def of(self, modality: str | None) -> "SpanSet":
        """The spans of a modality, and those of none; None: all."""
        kept = [s for s in self.spans if modality is None or s.modality in ("", modality)]
        return SpanSet(kept, dict(self.recordings), self.named, self.pointless)

    def about(self, recordings: Iterable[str]) -> "SpanSet":
        """The spans of some recordings alone."""
        names = dict.fromkeys(name for name in recordings if name in self.recordings)
        kept = [one for one in self.spans if one.recording in names]
        return SpanSet(kept, names, self.named, self.pointless)

    @property
    def modalities(self) -> tuple[str, ...]:
        """Those that the spans name."""
        return tuple(dict.fromkeys(s.modality for s in self.spans if s.modality))


def read_spans(path: Path) -> SpanSet:
    """Read the spans of a file, or of all files of a folder.

    Raises:
        UsageError: if it is not there, of another ending, or cannot be understood;
            names the place.
        TranscriptError: if a TextGrid, ELAN or subtitle file is damaged.
    """
    found = SpanSet()
    if path.is_dir():
        files = sorted(p for p in path.iterdir() if p.suffix.lower() in ENDINGS)
        if not files:
            raise UsageError(f"{path} holds no file that ends in {', '.join(ENDINGS)}")
        for one, other in pairwise(sorted(files, key=lambda p: stem(p.name))):
            if stem(one.name) == stem(other.name):
                raise UsageError(
                    f"{path}: {one.name} and {other.name} are about the same recording, so that "
                    "its spans would count twice: keep one of them"
                )
    else:
        files = [path]
    for file in files:
        _read(file, found)
    return found


def paired(found: SpanSet, marked: SpanSet) -> dict[str, SpottedRecording]:
    """What was found beside what is marked, recording by recording.

    Two files about one recording each belong together whatever they are called, unless
    both name their recordings inside.

    Raises:
        UsageError: if the one counts in seconds and the other in characters, or no
            recording is in both.
    """
    everything = (*found.spans, *marked.spans)
    in_seconds = all(one.timed is not None for one in everything)
    if not in_seconds and not all(one.placed is not None for one in everything):
        raise UsageError(
            "some spans are given in seconds alone and others in characters alone; compare "
            "like with like, for example one --modality"
        )
    unnamed = not (found.named and marked.named)
    if unnamed and len(found.recordings) == len(marked.recordings) == 1:
        (name,) = marked.recordings
        return {name: SpottedRecording(*_line(found.spans, marked.spans, in_seconds))}
    if found.recordings and not set(found.recordings) & set(marked.recordings):
        raise UsageError(
            f"no recording is in both: found are {some(found.recordings)}, marked are "
            f"{some(marked.recordings)}"
        )
    pairs = {}
    for name in dict.fromkeys((*marked.recordings, *found.recordings)):
        ours, theirs = ([p for p in side.spans if p.recording == name] for side in (found, marked))
        pairs[name] = SpottedRecording(*_line(ours, theirs, in_seconds))
    return pairs


def _line(
    found: Sequence[PlacedSpan], marked: Sequence[PlacedSpan], in_seconds: bool
) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    """The spans of one recording on one line; in characters, utterances far apart."""
    names = sorted({one.utterance for one in (*found, *marked)})
    offset = {name: _FAR * number for number, name in enumerate(names)}

    def line(side: Sequence[PlacedSpan]) -> tuple[Span, ...]:
        if in_seconds:
            return tuple(one.timed for one in side if one.timed is not None)
        return tuple(
            replace(
                p.placed,
                start=p.placed.start + offset[p.utterance],
                end=p.placed.end + offset[p.utterance],
            )
            for p in side
            if p.placed is not None
        )

    return line(found), line(marked)


def _read(path: Path, found: SpanSet) -> None:
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        raise UsageError(f"{path}: spans are read from {', '.join(ENDINGS)}")
    try:
        if ending == ".json":
            _read_json(path, found)
        elif ending in (".csv", ".tsv"):
            _read_table(path, found)
        else:
            _read_tiers(path, found)
    except FileNotFoundError:
        raise UsageError(f"{path} is not there") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8: {error}") from None


def _read_json(path: Path, found: SpanSet) -> None:
    try:
        plain = json.loads(path.read_text(encoding="utf-8-sig"))
    except ValueError as error:
        raise UsageError(f"{path} is not valid JSON: {error}") from None
    for number, one in enumerate(plain if isinstance(plain, list) else [plain]):
        if not isinstance(one, dict) or not ("hotspots" in one or "utterances" in one):
            raise UsageError(
                f'{path}: expected "hotspots" (emospot hotspots) or "utterances" (emospot '
                f"analyze) in entry {number}"
            )
        name = stem(str(one.get("recording") or path.name))
        found.named |= bool(one.get("recording"))
        found.recordings.setdefault(name)
        rows = _objects(one.get("hotspots"), f"{path}: hotspots")
        for utterance in _objects(one.get("utterances"), f"{path}: utterances"):
            own = _objects(utterance.get("hotspots"), f"{path}: hotspots of an utterance")
            rows += [{"utterance": utterance.get("id"), **hotspot} for hotspot in own]
        for place, row in enumerate(rows):
            called = str(one.get("recording") or "")
            whole = {**row, "recording": name, "called": called}
            _add(found, whole, f"{path}, hotspot {place}")


def _objects(value: Any, where: str) -> list[dict[str, Any]]:
    """A list of JSON objects, [] for nothing."""
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise UsageError(f"{where}: expected a list of objects")
    return value


def _read_table(path: Path, found: SpanSet) -> None:
    text = path.read_text(encoding="utf-8-sig")
    header = text.partition("\n")[0]
    delimiter = max((",", ";", "\t", "|"), key=header.count)
    reader = csv.DictReader(io.StringIO(text), delimiter=delimiter)
    columns = _columns(reader.fieldnames or ())
    if not {"start", "end"} <= columns.keys() and not {"char_start", "char_end"} <= columns.keys():
        raise UsageError(
            f"{path}: found the columns {', '.join(reader.fieldnames or ()) or '(none)'}; "
            "expected start and end (seconds), or utterance, char_start and char_end"
        )
    found.named |= "recording" in columns
    try:
        for row in reader:
            cells = {n: as_meant((row[column] or "").strip()) for n, column in columns.items()}
            named = cells.get("recording") or path.name
            kept = {name: cell for name, cell in cells.items() if cell}
            own = {**kept, "recording": stem(named), "called": cells.get("recording", "")}
            _add(found, own, f"{path}, line {reader.line_num}")
    except csv.Error as error:
        raise UsageError(f"{path}, line {reader.line_num}: {error}") from None


def _columns(header: Iterable[str]) -> dict[str, str]:
    plain = {re.sub(r"[\W_]", "", name).lower(): name for name in header}
    return {
        ours: next(plain[name] for name in names if name in plain)
        for ours, names in _NAMES.items()
        if any(name in plain for name in names)
    }


def _add(found: SpanSet, row: Mapping[str, Any], where: str) -> None:
    """Take in one row; one without a length is none."""
    try:
        score = float(row.get("score", 1.0))
        timed = _span(row, "start", "end", score, row.get("apex"))
        placed = _span(row, "char_start", "char_end", score)
    except UsageError as error:
        raise UsageError(f"{where}: {error}") from None
    except (TypeError, ValueError) as error:
        raise UsageError(f"{where}: start, end and score must be numbers ({error})") from None
    if timed is None and placed is None:
        found.pointless += 1
        return
    named, utterance = str(row.get("modality") or ""), str(row.get("utterance") or "")
    modality = _modality(named) or named
    called = str(row.get("called") or "")
    found.add(PlacedSpan(row["recording"], timed, placed, modality, utterance, called))


def _modality(*names: str) -> str:
    """The first word of a name, if it is a modality; "" if none is.

    >>> _modality("Voice hotspots 2")
    'voice'
    """
    heads = (name.split(" ")[0].lower() for name in names if name)
    return next((head for head in heads if head in MODALITIES), "")


def _span(
    row: Mapping[str, Any], start: str, end: str, score: float, apex: Any = None
) -> Span | None:
    if row.get(start) is None or row.get(end) is None or float(row[start]) == float(row[end]):
        return None
    return Span(float(row[start]), float(row[end]), score, None if apex is None else float(apex))


def span_set(recording: str, rows: Iterable[Mapping[str, Any]]) -> SpanSet:
    """The spans of one recording from hotspots as plain values.

    Args:
        recording: file name.
        rows: as `analysis.spot.RecordingHotspots.to_dict` has them.

    Raises:
        UsageError: if a row has no numbers.
    """
    found = SpanSet(named=True)
    name = stem(recording)
    found.recordings.setdefault(name)
    for number, row in enumerate(rows):
        _add(found, {**row, "recording": name}, f"{recording}, hotspot {number}")
    return found


def _read_tiers(path: Path, found: SpanSet) -> None:
    name = stem(path.name)
    found.recordings.setdefault(name)
    for place, text, times in _intervals(path):
        span = Span(*times, score_of(text))
        found.add(PlacedSpan(name, span, modality=_modality(place, text.partition(":")[0])))


def _intervals(path: Path) -> Iterator[tuple[str, str, tuple[float, float]]]:
    """Tier, text and times of each interval that may be a span."""
    if path.suffix.lower() in ANNOTATION_SUFFIXES:
        tiers = _spotted(read_annotations(path).tiers)
        if tiers is not None:
            for tier in tiers:
                said = tier.known.modality if tier.known else ""
                for one in tier.intervals:
                    text = " ".join(one.text.split())
                    if text and one.end > one.start:
                        yield said or tier.name, text, (one.start, one.end)
            return
    for segment in read_transcript(path).segments:
        if segment.start is not None and segment.end is not None and segment.end > segment.start:
            yield segment.speaker or "", segment.text, (segment.start, segment.end)


def _spotted(tiers: Sequence[AnnotationTier]) -> list[AnnotationTier] | None:
    """The tiers that hold spans beside tiers of speakers; None where nothing tells them apart."""
    roles = {tier.known.role for tier in tiers if tier.known is not None}
    if not roles & {HOTSPOTS, EMOTION, CONFIDENCE}:
        return None
    return [
        tier
        for tier in tiers
        if (tier.known.role == HOTSPOTS if tier.known is not None else bool(_modality(tier.name)))
    ]
