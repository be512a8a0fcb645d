"""How well one detector finds the known moments of a set of recordings.

Four kinds of scores, by what is known (`corpora.truths`):

- *spans*: were the moments found, with their borders (`evaluation.spotting`)?
- *tokens*: do the marked words of an utterance score higher than its others? A token's
  score is that of the strongest hotspot over it (`hotspots.tokens`); average precision
  and area under the curve within each utterance, and F1 of the tokens that any hotspot
  covers. Utterances with all or none of their tokens marked say nothing.
- *order*: of two known moments of a recording, is the stronger one found to be that? The
  strength found is that of the strongest hotspot over the moment; a tie counts half.
- *strength*: Spearman's correlation, within a recording, of what is known of each
  utterance with the strength of its strongest hotspot (0 without one).

Each detector is held against *its own hotspots at random places*: as many, as long, as
strong, anywhere in the same utterance (or, for strengths, in another one), twenty times
over. A detector that is no better
than that knows nothing of where emotion shows, however good its figures look.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from emospot.conversation import Conversation, Hotspot, Tokens, Utterance
from emospot.corpora.truths import MarkedRecording
from emospot.evaluation.spotting import (
    Span,
    SpottedRecording,
    matches,
    spotting_scores,
)
from emospot.hotspots.tokens import token_scores

Sums = Mapping[str, NDArray[np.float64]]
"""Metric → numerator and denominator of each recording, shape (R, 2)."""
Found = Sequence[Sequence[Hotspot]]
"""The hotspots of each utterance of one recording."""

PLACEMENTS = 20


def sums_of(
    recordings: Sequence[MarkedRecording], found: Sequence[Found], scored_by: str
) -> dict[str, NDArray[np.float64]]:
    """What a detector found, as sums whose ratio is a metric.

    Args:
        recordings: with their known moments.
        found: of each recording, the hotspots of each utterance.
        scored_by: "spans", "tokens", "order" or "strength".
    """
    one = _SUMS[scored_by]
    rows = [one(recording, own) for recording, own in zip(recordings, found, strict=True)]
    return {metric: np.array([row[metric] for row in rows]) for metric in rows[0]}


def mean_sums(several: Sequence[Sums]) -> dict[str, NDArray[np.float64]]:
    """The mean of the same sums over several placements."""
    return {m: np.mean([sums[m] for sums in several], axis=0) for m in several[0]}


def other_figures(
    recordings: Sequence[MarkedRecording], found: Sequence[Found]
) -> dict[str, float]:
    """Of spans: average precision, apex hits, errors of onset and offset in seconds."""
    spotted = [_spotted(r, own) for r, own in zip(recordings, found, strict=True)]
    scores = spotting_scores(spotted, draws=1)
    names = ("average_precision", "apex_hit_rate", "onset_error", "offset_error")
    return {name: scores[name].value for name in names}


def at_random(
    recording: MarkedRecording, found: Found, random: np.random.Generator
) -> list[list[Hotspot]]:
    """The same hotspots at other places of their utterances."""
    pairs = zip(recording.conversation.utterances, found, strict=True)
    return [[_moved(hotspot, utterance, random) for hotspot in own] for utterance, own in pairs]


def elsewhere(found: Found, random: np.random.Generator) -> list[Sequence[Hotspot]]:
    """The same hotspots in other utterances of the recording."""
    return [found[i] for i in random.permutation(len(found))]


def everywhere(conversation: Conversation, modality: str) -> list[list[Hotspot]]:
    """One hotspot over each utterance: who says nothing has not missed anything."""
    found = []
    for u in conversation.utterances:
        place = (0, len(u.text)) if u.text else (None, None)
        seen = bool(u.text) or u.start is not None
        found.append([Hotspot(modality, u.start, u.end, 1.0, "all", *place)] if seen else [])
    return found


def _moved(hotspot: Hotspot, utterance: Utterance, random: np.random.Generator) -> Hotspot:
    if hotspot.char_start is not None and hotspot.char_end is not None:
        length = hotspot.char_end - hotspot.char_start
        start = int(random.integers(0, len(utterance.text or "") - length + 1))
        return replace(hotspot, char_start=start, char_end=start + length)
    if None in (hotspot.start, hotspot.end, utterance.start, utterance.end):
        return hotspot
    low, high = utterance.start or 0.0, utterance.end or 0.0
    seconds = (hotspot.end or 0.0) - (hotspot.start or 0.0)
    moved = float(random.uniform(low, max(low, high - seconds)))
    return replace(hotspot, start=moved, end=moved + seconds, apex=None)


def _span_sums(recording: MarkedRecording, found: Found) -> dict[str, tuple[float, float]]:
    spotted = _spotted(recording, found)
    right = sum(place is not None for place in matches(spotted))
    total, marked = len(spotted.found), len(spotted.marked)
    return {
        "f1": (2 * right, total + marked),
        "precision": (right, total),
        "recall": (right, marked),
    }


def _spotted(recording: MarkedRecording, found: Found) -> SpottedRecording:
    return SpottedRecording(_spans(found), _spans(recording.marked))


def _spans(hotspots: Found) -> tuple[Span, ...]:
    return tuple(
        Span(h.start, h.end, h.score, h.apex)
        for own in hotspots
        for h in own
        if h.start is not None and h.end is not None and h.start < h.end
    )


def _token_sums(recording: MarkedRecording, found: Found) -> dict[str, tuple[float, float]]:
    from sklearn.metrics import average_precision_score, roc_auc_score

    precision = area = count = right = covered = marked = 0.0
    for tokens, marks, own in zip(_tokens(recording), recording.marked, found, strict=True):
        if tokens is None or not marks:
            continue
        wanted = token_scores(tokens, marks) > 0
        if wanted.all() or not wanted.any():
            continue
        scores = token_scores(tokens, own)
        precision += average_precision_score(wanted, scores)
        area += roc_auc_score(wanted, scores)
        count += 1
        right += (wanted & (scores > 0)).sum()
        covered += (scores > 0).sum()
        marked += wanted.sum()
    return {
        "auc": (area, count),
        "average_precision": (precision, count),
        "token_f1": (2 * right, covered + marked),
    }


def _order_sums(recording: MarkedRecording, found: Found) -> dict[str, tuple[float, float]]:
    pairs = right = 0.0
    for marks, own in zip(recording.marked, found, strict=True):
        strengths = [_strongest(own, mark) for mark in marks]
        for a, b in combinations(range(len(marks)), 2):
            wanted = np.sign(marks[a].score - marks[b].score)
            if wanted:
                pairs += 1
                right += (1 + wanted * np.sign(strengths[a] - strengths[b])) / 2
    return {"order": (right, pairs)}


def _strongest(hotspots: Sequence[Hotspot], moment: Hotspot) -> float:
    """The score of the strongest hotspot that shares time with a moment, else 0."""
    return max(
        (
            h.score
            for h in hotspots
            if (h.start or 0.0) < (moment.end or 0.0) and (moment.start or 0.0) < (h.end or 0.0)
        ),
        default=0.0,
    )


def _strength_sums(recording: MarkedRecording, found: Found) -> dict[str, tuple[float, float]]:
    known, strength = [], []
    for marks, own in zip(recording.marked, found, strict=True):
        if marks:
            known.append(marks[0].score)
            strength.append(max((hotspot.score for hotspot in own), default=0.0))
    if len(set(known)) < 2:
        return {"spearman": (0.0, 0.0)}
    rho = float(spearmanr(known, strength).statistic) if len(set(strength)) > 1 else 0.0
    return {"spearman": (rho, 1.0)}


_SUMS = {
    "spans": _span_sums,
    "tokens": _token_sums,
    "order": _order_sums,
    "strength": _strength_sums,
}


def _tokens(recording: MarkedRecording) -> list[Tokens | None]:
    """The tokens that are scored, without those that stand for no character."""
    (tokens, *_) = recording.tokens.values()
    kept: list[Tokens | None] = []
    for one in tokens:
        if one is None or one.offsets is None:
            kept.append(None)
            continue
        real = one.offsets[:, 1] > one.offsets[:, 0]
        kept.append(Tokens(one.values[real], offsets=one.offsets[real]) if real.any() else None)
    return kept
