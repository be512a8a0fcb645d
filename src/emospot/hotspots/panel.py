"""Several detectors of one modality as one: all that any finds, or what most agree on.

*Union* keeps every hotspot; two of different detectors that are the same moment are one
(`hotspots.moments`).

*Weighted vote* asks at each moment x (seconds; characters where hotspots have them)
how much of the weight fires, and how strongly:

    v(x) = Σ_d w_d · [d fires at x] / Σ_d w_d
    s(x) = Σ_d w_d · score_d(x)     / Σ_d w_d

A hotspot is a stretch with v ≥ 1/2; its score is the greatest s there. With equal
weights two detectors of three are enough, or one of two. Where hotspots of one
detector overlap, its strongest counts.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import compress, pairwise
from typing import Literal

from emospot.conversation import VOICE, Conversation, Hotspot, Tokens
from emospot.errors import UsageError
from emospot.hotspots.base import HotspotDetector
from emospot.hotspots.moments import order_of, place_of, united

Found = list[list[Hotspot]]
Combination = Literal["union", "vote"]

AGREEMENT = 0.5
"""Share of the weight from which a vote is won."""
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Panel:
    """The detectors of one modality.

    Args:
        detectors: at least one, all of one modality.
        weights: of each in a vote, greater than 0.
        combine: "union" or "vote".

    Raises:
        UsageError: if the detectors do not share a modality, or a weight is not
            greater than 0.
    """

    detectors: tuple[HotspotDetector, ...]
    weights: tuple[float, ...] = ()
    combine: Combination = "union"

    def __post_init__(self) -> None:
        modalities = sorted({detector.modality for detector in self.detectors})
        if len(modalities) != 1:
            raise UsageError(
                f"the detectors {', '.join(d.name for d in self.detectors) or '(none)'} look at "
                f"{' and '.join(modalities) or 'nothing'}: combine detectors of one modality"
            )
        if self.combine == "vote" and len(self.weights) != len(self.detectors):
            raise UsageError("a vote needs a weight for each detector, as in lexicon=1,spans=2")
        if not all(0 < weight < math.inf for weight in self.weights):
            raise UsageError(f"weights must be finite and greater than 0, found {self.weights}")

    @property
    def modality(self) -> str:
        """Where its detectors look."""
        return self.detectors[0].modality

    @property
    def name(self) -> str:
        """By which it is chosen: "a", "a+b" (union) or "a=2,b=1" (vote).

        >>> from emospot.hotspots.words_lexicon import LexiconHotspots
        >>> Panel((LexiconHotspots(),)).name
        'lexicon'
        """
        names = [detector.name for detector in self.detectors]
        if self.combine == "union":
            return "+".join(names)
        return ",".join(f"{n}={w:g}" for n, w in zip(names, self.weights, strict=True))

    @property
    def notices(self) -> list[str]:
        """What went wrong in the last call of `detect`, one sentence each."""
        return [text for one in self.detectors for text in getattr(one, "notices", ())]

    def of_language(self, language: str) -> "Panel | None":
        """The detectors that understand a language, None where none does.

        Args:
            language: ISO 639-1 code, "" where it is not known.

        >>> from emospot.hotspots.words_lexicon import LexiconHotspots
        >>> Panel((LexiconHotspots(),)).of_language("de") is None
        True
        """
        own = [getattr(detector, "language", "") for detector in self.detectors]
        fits = [not language or one in ("", language) for one in own]
        if all(fits):
            return self
        if not any(fits):
            return None
        weights = tuple(compress(self.weights, fits))
        return replace(self, detectors=tuple(compress(self.detectors, fits)), weights=weights)

    def detect(
        self, conversation: Conversation, tokens: Mapping[str, Sequence[Tokens | None]]
    ) -> Found:
        """The hotspots of every utterance, each list in order.

        Args:
            conversation: U utterances.
            tokens: extractor → its tokens of each utterance, shape (U,). A detector
                for which there are none finds nothing. Of the voice, moments at which
                another speaks too are silenced first (`voice_overlap`).

        Raises:
            UsageError: if a detector gives other than its own hotspots.
        """
        if self.modality == VOICE:
            from emospot.hotspots.voice_overlap import without_overlap

            tokens = {name: without_overlap(conversation, own) for name, own in tokens.items()}
        nothing: list[Tokens | None] = [None] * len(conversation.utterances)
        found: list[Found] = []
        for detector in self.detectors:
            read = next((name for name in detector.reads if name in tokens), None)
            if detector.reads and read is None:
                found.append([[] for _ in nothing])
                continue
            own = detector.detect(conversation, nothing if read is None else tokens[read])
            found.append(_checked(own, detector, len(nothing)))
        if len(self.detectors) == 1:
            return found[0]
        join = _union if self.combine == "union" else self._vote
        return [sorted(join(own), key=order_of) for own in zip(*found, strict=True)]

    def _vote(self, found: Sequence[Sequence[Hotspot]]) -> list[Hotspot]:
        """The stretches on which enough of the weight agrees, of one utterance."""
        placed = [[h for h in own if h.char_start is not None] for own in found]
        timed = [[h for h in own if h.char_start is None and h.start is not None] for own in found]
        return [*self._stretches(placed), *self._stretches(timed)]

    def _stretches(self, found: Sequence[Sequence[Hotspot]]) -> list[Hotspot]:
        """The same where all hotspots have the same kind of place."""
        edges = sorted({edge for own in found for hotspot in own for edge in place_of(hotspot)})
        stretches: list[list[_Piece]] = []
        won_before = False
        for start, end in pairwise(edges):
            piece = self._piece(found, start, end)
            if piece is not None and won_before:
                stretches[-1].append(piece)
            elif piece is not None:
                stretches.append([piece])
            won_before = piece is not None
        return [_joined(pieces) for pieces in stretches]

    def _piece(
        self, found: Sequence[Sequence[Hotspot]], start: float, end: float
    ) -> "_Piece | None":
        """What fires from one edge to the next, None where the vote is lost."""
        voters = [
            (weight, strongest)
            for weight, own in zip(self.weights, found, strict=True)
            if (strongest := _strongest(own, start, end)) is not None
        ]
        total = sum(self.weights)
        if sum(weight for weight, _ in voters) < (AGREEMENT - _ROUNDING) * total:
            return None
        score = sum(weight * hotspot.score for weight, hotspot in voters) / total
        return _Piece(start, end, score, tuple(hotspot for _, hotspot in voters))


def _checked(found: Found, detector: HotspotDetector, count: int) -> Found:
    """What a detector, perhaps of another package, has found."""
    strange = {h.modality for own in found for h in own} - {detector.modality}
    if len(found) != count or strange:
        what = f"hotspots of {', '.join(sorted(strange))}" if strange else f"{len(found)} lists"
        raise UsageError(
            f'the detector "{detector.name}" of {detector.modality} gave {what} for {count} '
            "utterances; expected one list of its own hotspots for each"
        )
    return found


@dataclass(frozen=True, slots=True)
class _Piece:
    """A stretch over which the same hotspots fire."""

    start: float
    end: float
    score: float
    voters: tuple[Hotspot, ...]


def _joined(pieces: Sequence[_Piece]) -> Hotspot:
    """One hotspot of the adjoining pieces that won the vote."""
    start, end = pieces[0].start, pieces[-1].end
    top = max(pieces, key=lambda piece: piece.score)
    best = max(top.voters, key=lambda hotspot: hotspot.score)
    voters = [hotspot for piece in pieces for hotspot in piece.voters]
    fired_by = ", ".join(dict.fromkeys(hotspot.fired_by for hotspot in voters))
    if best.char_start is None:
        inside = best.apex is not None and start <= best.apex <= end
        apex = best.apex if inside else None
        return Hotspot(best.modality, start, end, top.score, fired_by, apex=apex)
    times = [h for h in voters if h.start is not None and h.end is not None]
    return Hotspot(
        best.modality,
        min((h.start for h in times if h.start is not None), default=None),
        max((h.end for h in times if h.end is not None), default=None),
        top.score,
        fired_by,
        int(start),
        int(end),
    )


def _strongest(own: Sequence[Hotspot], start: float, end: float) -> Hotspot | None:
    """A detector's strongest hotspot that holds the stretch."""
    over = [h for h in own if place_of(h)[0] <= start and end <= place_of(h)[1]]
    return max(over, key=lambda hotspot: hotspot.score, default=None)


def _union(found: Sequence[Sequence[Hotspot]]) -> list[Hotspot]:
    """All hotspots of one utterance; of two detectors' that are the same, the stronger."""
    numbered = ((number, hotspot) for number, own in enumerate(found) for hotspot in own)
    return united(numbered, lambda one, other: one != other)
