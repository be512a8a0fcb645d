"""The geometry of the timeline: where each block, mark and lane lies.

Horizontal places are percent of the timeline's width, so that zooming is
nothing but a wider drawing; vertical places are pixels from the top of the
lane. From top to bottom: the time axis, for each speaker a lane of answers and
one of probabilities (more rows where their utterances overlap), the waveform,
and a lane of hotspots for each modality. In a hotspot lane, a *gap* is a stretch
in which the modality was not measured, so that an empty stretch means "nothing
stood out" and nothing else.

Everything here is a pure function of an `Analysis`; how it looks is the
template's business.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from emospot.analysis.types import Analysis, HotspotFinding, UtteranceFinding
from emospot.report.modalities import Use, answer_of, hotspot_use, modality_names
from emospot.report.probability_lane import ProbabilityLane, probability_lane

ROW_HEIGHT = 30
WAVEFORM_HEIGHT = 64
HOTSPOT_HEIGHT = 30
SHORTEST_MARK = 6.0
FIT_WIDTH = 960.0
LETTER_WIDTH = 6.6
LABEL_MARGIN = 10
FEWEST_LETTERS = 4
DENSE_PIXEL = 0.1
TICK_STEPS = (0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400)

TimedUtterance = tuple[int, UtteranceFinding, float, float]
"""Index in the analysis, utterance, start and end in seconds."""


@dataclass(frozen=True, slots=True)
class Block:
    """An utterance in its speaker's lane.

    Args:
        utterance: index in the analysis.
        x: left edge in percent.
        width: percent.
        y: top edge in pixels.
        height: pixels.
        label: as much of the emotion's name as fits when all is in view.
    """

    utterance: int
    x: float
    width: float
    y: float
    height: float
    label: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A hotspot in its modality's lane; the taller, the stronger."""

    utterance: int
    hotspot: HotspotFinding
    x: float
    width: float
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch in percent in which a modality was not measured, and why."""

    x: float
    width: float
    reason: str


@dataclass(frozen=True, slots=True)
class SpeakerLane:
    """The utterances of one speaker: the answers, and the probabilities under them."""

    speaker: str
    height: float
    blocks: tuple[Block, ...]
    probabilities: ProbabilityLane


@dataclass(frozen=True, slots=True)
class HotspotLane:
    """The hotspots of one modality.

    Args:
        modality: its name.
        use: whether the model read its hotspots.
        measured: whether it was measured in any utterance of the timeline.
        height: pixels.
        marks: the hotspots.
        gaps: where it was not measured.
    """

    modality: str
    use: Use
    measured: bool
    height: float
    marks: tuple[Mark, ...]
    gaps: tuple[Gap, ...]


@dataclass(frozen=True, slots=True)
class WaveformLane:
    """The sound: an outline and a line as SVG paths in a box of (steps, 2)."""

    height: float
    width: float
    steps: int
    outline: str
    loudness: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """All lanes and the whole extent.

    Args:
        seconds: what 100 % of the width stands for.
        dense: whether a pixel is so long that outlines would run into one
            another; hotspots that were not used are then drawn pale, or they
            would look as solid as the others.
        ticks: seconds at which the axis has a tick when all is in view.
        speakers: in the order of their first turn.
        waveform: None without sound.
        hotspots: one lane a modality.
        neighbours: whether it is known which utterances the graph read for one another.
    """

    seconds: float
    dense: bool
    ticks: tuple[float, ...]
    speakers: tuple[SpeakerLane, ...]
    waveform: WaveformLane | None
    hotspots: tuple[HotspotLane, ...]
    neighbours: bool


def build_timeline(analysis: Analysis) -> Timeline | None:
    """The timeline of an analysis, or None where no utterance has a time.

    An utterance without times is left out (the transcript lists it); one
    without an end is a point.
    """
    timed = [
        (index, utterance, utterance.start, _end(utterance.start, utterance.end))
        for index, utterance in enumerate(analysis.utterances)
        if utterance.start is not None
    ]
    seconds = max([analysis.duration or 0.0, *(end for *_, end in timed)], default=0.0)
    if not timed or seconds <= 0:
        return None
    by_speaker: dict[str, list[TimedUtterance]] = {}
    for item in timed:
        by_speaker.setdefault(item[1].speaker, []).append(item)
    classes = class_names(analysis)
    return Timeline(
        seconds=seconds,
        dense=seconds / FIT_WIDTH > DENSE_PIXEL,
        ticks=ticks(seconds),
        speakers=tuple(
            _speaker_lane(speaker, theirs, seconds, classes)
            for speaker, theirs in by_speaker.items()
        ),
        waveform=_waveform_lane(analysis, seconds),
        hotspots=tuple(
            _hotspot_lane(analysis, modality, timed, seconds)
            for modality in modality_names(analysis)
        ),
        neighbours=any(utterance.neighbours for utterance in analysis.utterances),
    )


def class_names(analysis: Analysis) -> tuple[str, ...]:
    """The classes in the order of the model, then any others that have a probability."""
    found = [*analysis.model.labels]
    found += [label for utterance in analysis.utterances for label in utterance.probabilities]
    return tuple(dict.fromkeys(found))


def rows_without_overlap(spans: Sequence[tuple[float, float]]) -> list[int]:
    """The row of each span so that no two of a row overlap; few rows, first free one.

    Args:
        spans: starts and ends, in any order.

    >>> rows_without_overlap([(0, 2), (1, 3), (2, 4)])
    [0, 1, 0]
    """
    free_from: list[float] = []
    rows = [0] * len(spans)
    for index in sorted(range(len(spans)), key=lambda i: spans[i]):
        start, end = spans[index]
        row = next((r for r, free in enumerate(free_from) if free <= start), len(free_from))
        if row == len(free_from):
            free_from.append(end)
        free_from[row] = end
        rows[index] = row
    return rows


def ticks(seconds: float, most: int = 10) -> tuple[float, ...]:
    """Round times from 0 up to `seconds`, at most `most` + 1 of them.

    >>> ticks(47)
    (0, 5, 10, 15, 20, 25, 30, 35, 40, 45)
    """
    step = next((step for step in TICK_STEPS if seconds / step <= most), None)
    if step is None:
        step = TICK_STEPS[-1] * -(-seconds // (TICK_STEPS[-1] * most))
    return tuple(step * i for i in range(int(seconds / step) + 1))


def fitting_label(label: str, pixels: float) -> str:
    """The label, its beginning, or nothing: what fits in a block.

    The page's script holds the same rule for other zooms.

    >>> fitting_label("frustration", 120), fitting_label("frustration", 50)
    ('frustration', 'frust…')
    >>> fitting_label("anger", 20)
    ''
    """
    letters = int((pixels - LABEL_MARGIN) / LETTER_WIDTH)
    if letters >= len(label):
        return label
    return f"{label[: letters - 1]}…" if letters >= FEWEST_LETTERS else ""


def outline_path(amplitudes: Sequence[float]) -> str:
    """A closed SVG path, mirrored about y = 1, one step wide for each amplitude.

    >>> outline_path([0.5, 1.0])
    'M0 0.5H1V0H2V2H1V1.5H0Z'
    """
    tops = [max(0.0, 1.0 - amplitude) for amplitude in amplitudes]
    there = "H".join(f"{x}V{top:.3g}" for x, top in enumerate(tops))
    there = there.replace("0V", "M0 ", 1)
    back = [f"V{2 - top:.3g}H{x}" for x, top in reversed(list(enumerate(tops)))]
    return f"{there}H{len(tops)}{''.join(back)}Z"


def line_path(values: Sequence[float]) -> str:
    """An SVG path through the middle of each step, 0 at the bottom (2), 1 at the top.

    >>> line_path([0.0, 1.0])
    'M0.5 2L1.5 0'
    """
    points = (f"{x + 0.5:g} {2 - 2 * min(1.0, value):.3g}" for x, value in enumerate(values))
    return "M" + "L".join(points) if values else ""


def _end(start: float, end: float | None) -> float:
    return start if end is None else max(start, end)


def _place(start: float, end: float, seconds: float) -> tuple[float, float]:
    left = min(max(start / seconds, 0.0), 1.0)
    right = min(max(end / seconds, left), 1.0)
    return 100 * left, 100 * (right - left)


def _speaker_lane(
    speaker: str, timed: Sequence[TimedUtterance], seconds: float, classes: Sequence[str]
) -> SpeakerLane:
    rows = rows_without_overlap([(start, end) for *_, start, end in timed])
    places = [_place(start, end, seconds) for *_, start, end in timed]
    blocks = []
    for row, (x, width), (index, utterance, *_) in zip(rows, places, timed, strict=True):
        label = fitting_label(answer_of(utterance), width / 100 * FIT_WIDTH)
        blocks.append(Block(index, x, width, row * ROW_HEIGHT, ROW_HEIGHT - 4, label))
    below = probability_lane([utterance for _, utterance, *_ in timed], places, rows, classes)
    return SpeakerLane(speaker, (max(rows) + 1) * ROW_HEIGHT - 4, tuple(blocks), below)


def _waveform_lane(analysis: Analysis, seconds: float) -> WaveformLane | None:
    if not analysis.waveform:
        return None
    return WaveformLane(
        height=WAVEFORM_HEIGHT,
        # The sound ends before the timeline where a transcript goes beyond it.
        width=_place(0.0, analysis.duration or seconds, seconds)[1],
        steps=len(analysis.waveform),
        outline=outline_path(analysis.waveform),
        loudness=line_path(analysis.loudness),
    )


def _hotspot_lane(
    analysis: Analysis, modality: str, timed: Sequence[TimedUtterance], seconds: float
) -> HotspotLane:
    marks = []
    for index, utterance, *_ in timed:
        for hotspot in utterance.hotspots:
            if hotspot.modality != modality or hotspot.start is None:
                continue
            x, width = _place(hotspot.start, _end(hotspot.start, hotspot.end), seconds)
            height = SHORTEST_MARK + (HOTSPOT_HEIGHT - SHORTEST_MARK) * hotspot.score
            marks.append(Mark(index, hotspot, x, width, HOTSPOT_HEIGHT - height, height))
    absences = list(_absences(modality, timed))
    return HotspotLane(
        modality=modality,
        use=hotspot_use(analysis, modality),
        measured=any(reason is False for *_, reason in absences),
        height=HOTSPOT_HEIGHT,
        marks=tuple(marks),
        gaps=tuple(_gaps(absences, seconds)),
    )


def _absences(
    modality: str, timed: Sequence[TimedUtterance]
) -> Iterable[tuple[float, float, str | Literal[False]]]:
    """Start, end and reason of each utterance, False for a present modality."""
    for _, utterance, start, end in sorted(timed, key=lambda item: item[2]):
        finding = utterance.modalities.get(modality)
        present = finding.present if finding else True
        yield start, end, False if present or not finding else finding.reason


def _gaps(
    absences: Iterable[tuple[float, float, str | Literal[False]]], seconds: float
) -> list[Gap]:
    """Neighbouring absences for the same reason as one gap, so that gaps stay few."""
    runs: list[tuple[float, float, str | Literal[False]]] = []
    for start, end, reason in absences:
        if runs and runs[-1][2] == reason and runs[-1][2] is not False:
            runs[-1] = (runs[-1][0], max(runs[-1][1], end), reason)
        else:
            runs.append((start, end, reason))
    return [
        Gap(*_place(start, end, seconds), reason)
        for start, end, reason in runs
        if reason is not False
    ]
