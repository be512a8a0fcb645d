"""Were the moments found? Spans of time (or of characters) against marked ones.

A found span is right if it overlaps a marked one by at least half,

    IoU = |found ∩ marked| / |found ∪ marked| ≥ 1/2,

and no better-scored span has taken that one. From the best score down, each takes
the free marked span that it overlaps most (as in temporal action detection and
micro-expression spotting). Over all recordings together:

    precision, recall, F1 = 2 · right / (found + marked)
    average precision      Σ_k (R_k − R_{k−1}) · P_k over the found spans from the
                           best score down; equal scores are one step
    apex hit rate          share of marked spans that hold the apex of a found one
    onset, offset error    mean |difference| over the right ones

Apex means the moment of greatest strength, or the middle of a span that names none.

For scores of tokens instead of spans: the point-biserial correlation of score and
mark, and, within each utterance, average precision and the area under the curve.

Intervals are bootstraps over recordings: what was found in one recording depends on
one speaker, one microphone and one choice of thresholds; several of one speaker are drawn
together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from emospot.errors import ShapeError, UsageError
from emospot.evaluation.significance import Interval, quantile_interval

LEAST_IOU = 0.5
DRAWS = 2000
LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a recording or of a text.

    Args:
        start: in seconds or characters.
        end: after `start`.
        score: strength; only its order among the found spans counts.
        apex: its strongest moment, or None.

    Raises:
        UsageError: if it is empty or a number is not finite.
    """

    start: float
    end: float
    score: float = 1.0
    apex: float | None = None

    def __post_init__(self) -> None:
        numbers = (self.start, self.end, self.score, self.peak)
        if not (np.isfinite(numbers).all() and self.start < self.end):
            raise UsageError(
                f"a span must end after it starts, found {self.start} to {self.end} "
                f"with score {self.score} and apex {self.apex}"
            )

    @property
    def peak(self) -> float:
        """The apex, or the middle."""
        return (self.start + self.end) / 2 if self.apex is None else self.apex


@dataclass(frozen=True, slots=True)
class SpottedRecording:
    """What was found in a recording and what is marked there."""

    found: tuple[Span, ...]
    marked: tuple[Span, ...]


def iou(a: Span, b: Span) -> float:
    """Length of the intersection over that of the union.

    >>> iou(Span(0.0, 2.0), Span(1.0, 3.0))
    0.3333333333333333
    """
    inside = min(a.end, b.end) - max(a.start, b.start)
    return max(0.0, inside) / (a.end - a.start + b.end - b.start - max(0.0, inside))


def matches(recording: SpottedRecording, least: float = LEAST_IOU) -> list[int | None]:
    """For each found span the marked one that it is right about, or None.

    >>> matches(SpottedRecording((Span(0, 2), Span(0, 3, 2.0)), (Span(0, 3),)))
    [None, 0]
    """
    taken: list[int | None] = [None] * len(recording.found)
    # Only marks around a found span are asked about: those from the first that reaches
    # it to the last that begins before it ends, in order of their starts.
    order = sorted(range(len(recording.marked)), key=lambda j: recording.marked[j].start)
    starts = np.array([recording.marked[j].start for j in order])
    reach = np.maximum.accumulate(np.array([recording.marked[j].end for j in order]))
    free = set(order)
    by_score = sorted(range(len(recording.found)), key=lambda i: -recording.found[i].score)
    for i in by_score:
        span = recording.found[i]
        first, last = np.searchsorted(reach, span.start), np.searchsorted(starts, span.end)
        near = sorted(free.intersection(order[first:last]))
        overlap = {j: iou(span, recording.marked[j]) for j in near}
        best = max(overlap, key=lambda j: overlap[j], default=None)
        if best is not None and overlap[best] >= least:
            taken[i] = best
            free.remove(best)
    return taken


def spotting_scores(
    recordings: Sequence[SpottedRecording],
    *,
    least_iou: float = LEAST_IOU,
    groups: Sequence[str] | None = None,
    draws: int = DRAWS,
    seed: int = 0,
) -> dict[str, Interval]:
    """Score what a detector found.

    Args:
        recordings: at least one, with at least one marked span among them.
        least_iou: overlap from which a found span is right.
        groups: whose each recording is; the bootstrap draws all of a group together.
            None: each is drawn by itself.
        draws: of the bootstrap over recordings.
        seed: of the draws.

    Returns:
        "precision", "recall", "f1", "average_precision", "apex_hit_rate",
        "onset_error" and "offset_error", each with its interval; errors are NaN
        where nothing was right.

    Raises:
        UsageError: if nothing is marked.
    """
    if not any(recording.marked for recording in recordings):
        raise UsageError("no span is marked in any recording: there is nothing to score against")
    taken = [matches(recording, least_iou) for recording in recordings]
    counts = np.array([_counts(r, t) for r, t in zip(recordings, taken, strict=True)])
    weights = _weights(len(recordings), groups, draws, seed)
    right, found, marked, hits, onset, offset = (weights @ counts).T
    with np.errstate(invalid="ignore", divide="ignore"):
        values = {
            "precision": np.where(found > 0, right / found, 0.0),
            "recall": right / marked,
            "f1": 2 * right / (found + marked),
            "average_precision": _average_precision(recordings, taken, weights),
            "apex_hit_rate": hits / marked,
            "onset_error": onset / right,
            "offset_error": offset / right,
        }
    return {name: _interval(drawn) for name, drawn in values.items()}


def mark_correlation(
    scores: Sequence[NDArray[np.floating]],
    marked: Sequence[NDArray[np.bool_]],
    *,
    groups: Sequence[str] | None = None,
    draws: int = DRAWS,
    seed: int = 0,
) -> Interval:
    """Point-biserial correlation of tokens' scores with whether they are marked.

    Args:
        scores: of each recording, shape (T,).
        marked: of each recording, shape (T,).
        groups: as in `spotting_scores`.
        draws: of the bootstrap over recordings.
        seed: of the draws.

    Raises:
        ShapeError: if shapes differ.
        UsageError: if there is no recording.
    """
    if not scores:
        raise UsageError("no recording to correlate scores and marks over")
    sums = []
    for x, y in zip((np.asarray(s, dtype=np.float64) for s in scores), marked, strict=True):
        _same_shape(x, y)
        sums.append([len(x), x.sum(), (x**2).sum(), y.sum(), x[y].sum()])
    n, sx, sxx, sy, sxy = (
        _weights(len(sums), groups, draws, seed) @ np.array(sums, dtype=float)
    ).T
    with np.errstate(invalid="ignore", divide="ignore"):
        # y is 0 or 1, so that Σ y² = Σ y.
        r = (n * sxy - sx * sy) / np.sqrt((n * sxx - sx**2) * (n * sy - sy**2))
    return _interval(r)


def ranking_within(
    scores: Sequence[Sequence[NDArray[np.floating]]],
    marked: Sequence[Sequence[NDArray[np.bool_]]],
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> dict[str, Interval]:
    """Do the marked tokens of an utterance score higher than its others?

    Args:
        scores: recording → utterance → shape (T,).
        marked: the same; utterances with all or none of their tokens marked say
            nothing and are left out.
        draws: of the bootstrap over recordings.
        seed: of the draws.

    Returns:
        "average_precision" and "auc", means over utterances.

    Raises:
        ShapeError: if shapes differ.
        UsageError: if no utterance is left.
    """
    from sklearn.metrics import average_precision_score, roc_auc_score

    sums = []
    for xs, ys in zip(scores, marked, strict=True):
        total = np.zeros(3)
        for x, y in zip(xs, ys, strict=True):
            _same_shape(x, y)
            if 0 < y.sum() < len(y):
                total += [1, average_precision_score(y, x), roc_auc_score(y, x)]
        sums.append(total)
    if not np.sum(sums):
        raise UsageError("no utterance has both marked tokens and others")
    n, precision, auc = (_weights(len(sums), None, draws, seed) @ np.array(sums)).T
    with np.errstate(invalid="ignore", divide="ignore"):
        return {"average_precision": _interval(precision / n), "auc": _interval(auc / n)}


def _counts(recording: SpottedRecording, taken: list[int | None]) -> list[float]:
    """Right, found, marked, apex hits, sum of onset errors, sum of offset errors."""
    pairs = [
        (found, recording.marked[j])
        for found, j in zip(recording.found, taken, strict=True)
        if j is not None
    ]
    peaks = np.sort([found.peak for found in recording.found])
    starts, ends = (
        np.array([getattr(m, at) for m in recording.marked]) for at in ("start", "end")
    )
    hit = (np.searchsorted(peaks, starts) < np.searchsorted(peaks, ends, side="right")).sum()
    onset = sum(abs(found.start - span.start) for found, span in pairs)
    offset = sum(abs(found.end - span.end) for found, span in pairs)
    counts = (len(pairs), len(recording.found), len(recording.marked), hit)
    return [*map(float, counts), onset, offset]


def _average_precision(
    recordings: Sequence[SpottedRecording],
    taken: Sequence[list[int | None]],
    weights: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Of each draw, shape (draws,)."""
    spans = [
        (span.score, number, j is not None)
        for number, (recording, own) in enumerate(zip(recordings, taken, strict=True))
        for span, j in zip(recording.found, own, strict=True)
    ]
    if not spans:
        return np.zeros(len(weights))
    spans.sort(key=lambda span: -span[0])
    score, owner, right = (np.array(column) for column in zip(*spans, strict=True))
    # Equal scores are one step: no order among them may count.
    ends = np.array([i for i, (a, b) in enumerate(pairwise([*score, -np.inf])) if a != b])
    marked = weights @ np.array([len(recording.marked) for recording in recordings])
    result = np.zeros(len(weights))
    for draw, weight in enumerate(weights):
        hits = np.cumsum(weight[owner] * right)[ends]
        seen = np.cumsum(weight[owner])[ends]
        precision = np.divide(hits, seen, out=np.zeros(len(ends)), where=seen > 0)
        gained = np.diff(hits, prepend=0.0)
        result[draw] = (gained * precision).sum() / marked[draw] if marked[draw] else np.nan
    return result


def _weights(
    count: int, groups: Sequence[str] | None, draws: int, seed: int
) -> NDArray[np.float64]:
    """How often each recording is in a draw; the first row is the sample itself."""
    owners = range(count) if groups is None else groups
    place = {group: number for number, group in enumerate(dict.fromkeys(owners))}
    of = len(place)
    drawn = np.random.default_rng(seed).multinomial(of, np.full(of, 1 / of), size=draws)
    return np.vstack([np.ones((1, count)), drawn[:, [place[owner] for owner in owners]]])


def _interval(values: NDArray[np.float64]) -> Interval:
    """The observed value, which comes first, with the quantiles of the draws."""
    drawn = values[1:][np.isfinite(values[1:])]
    if len(drawn) == 0:
        return Interval(float(values[0]), float("nan"), float("nan"), LEVEL)
    return quantile_interval(float(values[0]), drawn, LEVEL)


def _same_shape(scores: NDArray[np.floating], marked: NDArray[np.bool_]) -> None:
    if scores.shape != marked.shape or scores.ndim != 1:
        raise ShapeError(
            f"scores of shape {scores.shape} and marks of shape {marked.shape}: expected (T,) both"
        )
