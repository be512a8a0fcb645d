"""Words of an utterance as hotspots: where they stand in time, and which tokens make one."""

import numpy as np
from numpy.typing import NDArray

from emospot.conversation import WORDS, Hotspot, Tokens, Utterance


def words_hotspot(
    utterance: Utterance, char_start: int, char_end: int, score: float, fired_by: str
) -> Hotspot:
    """A hotspot of some characters of an utterance's text.

    Args:
        utterance: with the text.
        char_start: index of the first character.
        char_end: index after the last one.
        score: in [0, 1].
        fired_by: what fired it.

    Returns:
        Its times are those of the words that share characters with it; of the whole
        utterance where it has no word times; None where it has no times at all.

    >>> said = Utterance("1", "A", 0.0, 2.0, "so sad")
    >>> words_hotspot(said, 3, 6, 0.5, "lexicon").end
    2.0
    """
    words = [w for w in utterance.words if w.char_start < char_end and char_start < w.char_end]
    start, end = utterance.start, utterance.end
    if words:
        start, end = min(w.start for w in words), max(w.end for w in words)
    return Hotspot(WORDS, start, end, score, fired_by, char_start, char_end)


def words_runs(
    utterance: Utterance, tokens: Tokens, scores: NDArray[np.floating], least: float, fired_by: str
) -> list[Hotspot]:
    """The runs of tokens whose scores reach a threshold, as whole words of one sentence.

    Args:
        utterance: with the text.
        tokens: of the text, T of them, with character offsets.
        scores: in [0, 1], shape (T,).
        least: threshold.
        fired_by: what fired.

    Returns:
        In order; a run has the score of its strongest token.

    >>> said = Utterance("1", "A", text="so unhappy now")
    >>> pieces = Tokens(np.zeros((4, 1)), offsets=np.array([(0, 2), (3, 5), (5, 10), (11, 14)]))
    >>> [spot] = words_runs(said, pieces, np.array([0.1, 0.0, 0.9, 0.2]), 0.5, "x")
    >>> spot.char_start, spot.char_end, spot.score
    (3, 10, 0.9)
    """
    text = utterance.text
    if tokens.offsets is None or not text:
        return []
    runs: list[tuple[int, int, float]] = []
    for (start, end), score in zip(tokens.offsets.tolist(), scores.tolist(), strict=True):
        if score < least or not any(c.isalnum() for c in text[start:end]):
            continue
        start, end = _whole_words(text, start, end)
        if runs and (start < runs[-1][1] or _adjoin(text[runs[-1][1] : start])):
            before = runs.pop()
            start, end, score = before[0], max(before[1], end), max(before[2], score)
        runs.append((start, end, score))
    return [words_hotspot(utterance, a, b, score, fired_by) for a, b, score in runs]


def _adjoin(between: str) -> bool:
    """Whether words with this between them belong to one run: no word, no end of sentence."""
    return not any(c.isalnum() or c in ".!?…" for c in between)


def _whole_words(text: str, start: int, end: int) -> tuple[int, int]:
    """The span widened to where words begin and end; an apostrophe is inside a word."""
    while start > 0 and _inside(text, start):
        start -= 1
    while end < len(text) and _inside(text, end):
        end += 1
    return start, end


def _inside(text: str, place: int) -> bool:
    """Whether a place lies within a word."""
    before, after = text[place - 1], text[place]
    return (before.isalnum() or before in "'’") and (after.isalnum() or after in "'’")
