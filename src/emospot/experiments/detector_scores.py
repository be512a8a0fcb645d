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

Each detector is held against *its own hotspots at random places*, twenty times over: all
hotspots of an utterance are turned round it by one random way (for strengths, they are
exchanged among utterances of similar length). A detector that is no better than that
knows nothing of where emotion shows, however good its figures look. A detector of the
voice may owe its figures to where phrases end alone: *phrases at random* are as many
phrases of the same speakers, in random order of strength.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from emospot.conversation import VOICE, Conversation, Hotspot, Tokens, Utterance
from emospot.corpora.truths import MarkedRecording
from emospot.evaluation.significance import DRAWS, Interval
from emospot.evaluation.spotting import (
    Span,
    SpottedRecording,
    matches,
    spotting_scores,
)
from emospot.hotspots.tokens import token_scores
from emospot.hotspots.voice_phrases import phrases_by_speaker

Sums = Mapping[str, NDArray[np.float64]]
"""Metric → numerator and denominator of each recording, shape (R, 2)."""
Found = Sequence[Sequence[Hotspot]]
"""The hotspots of each utterance of one recording."""

PLACEMENTS = 20
SIMILAR = 20
"""Utterances of neighbouring lengths among which hotspots are exchanged."""


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
) -> dict[str, Interval]:
    """Of spans: average precision, apex hits, errors of onset and offset in seconds."""
    spotted = [_spotted(r, own) for r, own in zip(recordings, found, strict=True)]
    groups = [one.group for one in recordings]
    scores = spotting_scores(spotted, groups=groups, draws=DRAWS)
    names = ("average_precision", "apex_hit_rate", "onset_error", "offset_error")
    return {name: scores[name] for name in names}


def at_random(
    recording: MarkedRecording, found: Found, random: np.random.Generator
) -> list[list[Hotspot]]:
    """The same hotspots, all turned round their utterance by one random way."""
    moved = []
    for utterance, own in zip(recording.conversation.utterances, found, strict=True):
        if utterance.text:
            moved.append(_turned_words(own, utterance.text, random))
        else:
            moved.append(_turned_times(own, utterance, random))
    return moved


def elsewhere(
    recording: MarkedRecording, found: Found, random: np.random.Generator
) -> list[Sequence[Hotspot]]:
    """The same hotspots in other utterances of similar length."""
    lengths = [len(utterance.text or "") for utterance in recording.conversation.utterances]
    order = np.argsort(lengths, kind="stable")
    moved: list[Sequence[Hotspot]] = list(found)
    for first in range(0, len(order), SIMILAR):
        places = order[first : first + SIMILAR]
        for place, source in zip(places, random.permutation(places), strict=True):
            moved[place] = found[source]
    return moved


def phrases_at_random(
    recording: MarkedRecording, found: Found, random: np.random.Generator
) -> list[list[Hotspot]]:
    """As many phrases of the same speakers as were found, whichever, in random order of strength.

    Args:
        recording: with the tokens that phrases are cut from.
        found: what the phrase detector found.
        random: draws them.
    """
    (tokens, *_) = recording.tokens.values()
    chosen: list[list[Hotspot]] = [[] for _ in found]
    for phrases in phrases_by_speaker(recording.conversation, tokens).values():
        places = {phrase.utterance for phrase in phrases}
        count = min(sum(len(found[place]) for place in places), len(phrases))
        for number in random.permutation(len(phrases))[:count]:
            one = phrases[number]
            strength = float(random.random())
            chosen[one.utterance].append(Hotspot(VOICE, one.start, one.end, strength, "chance"))
    return chosen


def everywhere(conversation: Conversation, modality: str) -> list[list[Hotspot]]:
    """One hotspot over each utterance: who says nothing has not missed anything."""
    found = []
    for u in conversation.utterances:
        place = (0, len(u.text)) if u.text else (None, None)
        seen = bool(u.text) or u.start is not None
        found.append([Hotspot(modality, u.start, u.end, 1.0, "all", *place)] if seen else [])
    return found


def _turned_words(own: Sequence[Hotspot], text: str, random: np.random.Generator) -> list[Hotspot]:
    """By a random number of words; what would go over the end ends with it."""
    words = [match.span() for match in re.finditer(r"\S+", text)]
    by = int(random.integers(max(1, len(words))))
    moved = []
    for hotspot in own:
        start, end = hotspot.char_start, hotspot.char_end
        if start is None or end is None or not words:
            moved.append(hotspot)
            continue
        over = [n for n, (a, b) in enumerate(words) if a < end and start < b] or [0]
        first = min((over[0] + by) % len(words), len(words) - len(over))
        last = first + len(over) - 1
        moved.append(replace(hotspot, char_start=words[first][0], char_end=words[last][1]))
    return moved


def _turned_times(
    own: Sequence[Hotspot], utterance: Utterance, random: np.random.Generator
) -> list[Hotspot]:
    """By a random number of seconds; what would go over the end ends with it."""
    if utterance.start is None or utterance.end is None:
        return list(own)
    low, high = utterance.start, utterance.end
    by = float(random.uniform(0.0, high - low))
    moved = []
    for hotspot in own:
        if hotspot.start is None or hotspot.end is None:
            moved.append(hotspot)
            continue
        seconds = hotspot.end - hotspot.start
        start = low + (hotspot.start - low + by) % (high - low)
        start = max(low, min(start, high - seconds))
        moved.append(replace(hotspot, start=start, end=start + seconds, apex=None))
    return moved


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
