"""The transcript: each utterance with its emotion and what was measured in it.

A text is cut at the borders of its word hotspots into segments. A segment that
several hotspots cover takes the strength of the strongest one that the model
used, or of the strongest at all where it used none, so that the drawing of an
unused hotspot can never make a used one look stronger.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from emospot.analysis.types import Analysis, HotspotFinding, UtteranceFinding
from emospot.conversation import WORDS
from emospot.emotions import UNSURE
from emospot.report.effects import LEAST, Effect, leading_modality, modality_effects
from emospot.report.face_strip import FaceStill, stills_of
from emospot.report.modalities import ModalityChip, modality_chip, read_nothing
from emospot.report.neighbours import NeighbourView, about_even, neighbour_views
from emospot.report.palette import EmotionStyle


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of an utterance's text.

    Args:
        text: the characters.
        hotspots: the word hotspots that cover it, strongest first.
        score: strength drawn, 0 where no hotspot covers it.
        used: whether a hotspot that the model used covers it.
    """

    text: str
    hotspots: tuple[HotspotFinding, ...]
    score: float
    used: bool


@dataclass(frozen=True, slots=True)
class ClassBar:
    """The probability of one class."""

    style: EmotionStyle
    probability: float


@dataclass(frozen=True, slots=True)
class UtteranceView:
    """What the page shows of one utterance.

    Args:
        index: its place in the analysis.
        finding: the utterance itself.
        style: how its emotion is drawn.
        top_class: the most probable class, also where the answer is "unsure".
        segments: its text in pieces.
        bars: all classes in the order of the model; none where nothing was read.
        chips: its modalities.
        effects: modality → what withholding it did, where that was measured.
        leading: the modality that spoke most for the answer, or None.
        counted: the hotspot that counted most, or None where none was measured to count.
        neighbours: utterances that the graph read for it, the weightiest first; none where
            nothing was read.
        used: hotspots that the model read.
        unused: hotspots that were measured only.
        stills: pictures of the face within it.
    """

    index: int
    finding: UtteranceFinding
    style: EmotionStyle
    top_class: str
    segments: tuple[Segment, ...]
    bars: tuple[ClassBar, ...]
    chips: tuple[ModalityChip, ...]
    effects: Mapping[str, Effect]
    leading: str | None
    counted: HotspotFinding | None
    neighbours: tuple[NeighbourView, ...]
    used: tuple[HotspotFinding, ...]
    unused: tuple[HotspotFinding, ...]
    stills: tuple[FaceStill, ...]

    @property
    def unsure(self) -> bool:
        """Whether no class reached the threshold."""
        return self.finding.emotion == UNSURE and not self.unread

    @property
    def unread(self) -> bool:
        """Whether the model read nothing of it, so that there is no answer."""
        return read_nothing(self.finding)

    def evenly(self, utterances: int) -> bool:
        """Whether the graph looked about evenly, in a conversation of so many utterances."""
        return about_even([near.weight for near in self.neighbours], utterances)


def segment_text(text: str, hotspots: Sequence[HotspotFinding]) -> tuple[Segment, ...]:
    """The text in pieces, cut where a word hotspot begins or ends.

    Args:
        text: the utterance's text.
        hotspots: of any modality; those that are not of the words or have no
            character offsets are ignored, offsets beyond the text are cut.

    Returns:
        Segments whose texts joined are `text`.

    >>> spot = HotspotFinding("words", None, None, 0.8, "lexicon", True, None, 2, 6)
    >>> [(s.text, s.score) for s in segment_text("I hate it", [spot])]
    [('I ', 0.0), ('hate', 0.8), (' it', 0.0)]
    """
    spans = []
    for spot in hotspots:
        if spot.modality == WORDS and spot.char_start is not None and spot.char_end is not None:
            start, end = max(0, spot.char_start), min(len(text), spot.char_end)
            if start < end:
                spans.append((start, end, spot))
    borders = sorted({0, len(text)}.union(*((start, end) for start, end, _ in spans)))
    return tuple(
        _segment(text[left:right], [spot for start, end, spot in spans if start <= left < end])
        for left, right in pairwise(borders)
    )


def utterance_views(
    analysis: Analysis, styles: Mapping[str, EmotionStyle], stills: Sequence[FaceStill] = ()
) -> list[UtteranceView]:
    """What the page shows of each utterance, in turn order.

    Args:
        analysis: the analysis.
        styles: the style of every class and of "unsure".
        stills: pictures of faces, of any time.
    """
    places: dict[str, int] = {}
    for index, finding in enumerate(analysis.utterances):
        places.setdefault(finding.id, index)
    return [
        _view(analysis, index, styles, places, stills) for index in range(len(analysis.utterances))
    ]


def word_gates(analysis: Analysis) -> dict[str, list[int]]:
    """Utterance id → first character, end, gate in percent of each word piece in turn.

    Only utterances whose words have gates and as many offsets are in it. Flat
    and whole numbers, because a long recording has tens of thousands of them.
    """
    found = {}
    for utterance in analysis.utterances:
        words = utterance.modalities.get(WORDS)
        if words and words.gates and len(words.gates) == len(words.gate_offsets):
            pairs = zip(words.gate_offsets, words.gates, strict=True)
            found[utterance.id] = [
                value for span, gate in pairs for value in (*span, round(100 * gate))
            ]
    return found


def _view(
    analysis: Analysis,
    index: int,
    styles: Mapping[str, EmotionStyle],
    places: Mapping[str, int],
    stills: Sequence[FaceStill],
) -> UtteranceView:
    finding = analysis.utterances[index]
    # Without anything read, the numbers are the model's prior: they would look like an answer.
    unread = read_nothing(finding)
    return UtteranceView(
        index=index,
        finding=finding,
        style=styles[finding.emotion],
        top_class=_most_probable(finding.probabilities),
        segments=segment_text(finding.text or "", finding.hotspots),
        bars=() if unread else _bars(analysis, finding, styles),
        chips=tuple(modality_chip(*item) for item in finding.modalities.items()),
        effects={} if unread else modality_effects(finding),
        leading=leading_modality(finding),
        counted=_counted_most(finding),
        neighbours=() if unread else neighbour_views(finding, analysis.utterances, places),
        used=tuple(spot for spot in finding.hotspots if spot.used_by_model),
        unused=tuple(spot for spot in finding.hotspots if not spot.used_by_model),
        stills=stills_of(finding, stills),
    )


def _bars(
    analysis: Analysis, finding: UtteranceFinding, styles: Mapping[str, EmotionStyle]
) -> tuple[ClassBar, ...]:
    return tuple(
        ClassBar(styles[label], finding.probabilities[label])
        for label in _class_order(analysis, finding)
    )


def _segment(text: str, covering: Sequence[HotspotFinding]) -> Segment:
    ordered = tuple(sorted(covering, key=lambda spot: -spot.score))
    used = [spot for spot in ordered if spot.used_by_model]
    strongest = (used or ordered)[:1]
    return Segment(text, ordered, strongest[0].score if strongest else 0.0, bool(used))


def _counted_most(finding: UtteranceFinding) -> HotspotFinding | None:
    counting = [
        spot
        for spot in finding.hotspots
        if spot.used_by_model and spot.effect is not None and spot.effect >= LEAST
    ]
    return max(counting, key=lambda spot: spot.effect or 0.0, default=None)


def _most_probable(probabilities: Mapping[str, float]) -> str:
    return max(probabilities, key=lambda label: probabilities[label], default=UNSURE)


def _class_order(analysis: Analysis, finding: UtteranceFinding) -> list[str]:
    known = [label for label in analysis.model.labels if label in finding.probabilities]
    return known + [label for label in finding.probabilities if label not in known]
