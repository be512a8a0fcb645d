"""Words of an utterance with their times and their places in its text.

Where the source times its words, each is found again in the text by its letters
and digits alone (aligners drop punctuation and capitals), in order, a little
ahead at most. Where it does not, the words share the utterance's time by their
characters; such times are estimates and must be marked as such.
"""

import re
from collections.abc import Iterable

from emospot.conversation.types import Word
from emospot.media.transcript_types import TimedWord

_LOOK_AHEAD = 40
"""Letters that may be skipped to find the next timed word."""


def spread_words(text: str, start: float, end: float) -> tuple[Word, ...]:
    """Share the time of an utterance among its words by their characters.

    Args:
        text: the utterance; a word is what stands between blanks.
        start: seconds.
        end: seconds, at least `start`.

    >>> spread_words("no way", 0.0, 6.0)
    (Word(start=0.0, end=2.0, char_start=0, char_end=2),
     Word(start=3.0, end=6.0, char_start=3, char_end=6))
    """
    places = [match.span() for match in re.finditer(r"\S+", text)]
    if not places:
        return ()
    first, last = places[0][0], places[-1][1]
    rate = (end - start) / (last - first)
    return tuple(
        # `min` keeps rounding from moving a word beyond the utterance.
        Word(min(end, start + (a - first) * rate), min(end, start + (b - first) * rate), a, b)
        for a, b in places
    )


def located_words(text: str, words: Iterable[TimedWord]) -> tuple[Word, ...]:
    """Find timed words in the text.

    Args:
        text: the utterance.
        words: in the order in which they are spoken.

    Returns:
        The words that were found; the others are left out.

    >>> located_words("Oh, I can't!", [TimedWord(0, 1, "oh"), TimedWord(1, 2, "CAN'T")])
    (Word(start=0, end=1, char_start=0, char_end=2),
     Word(start=1, end=2, char_start=6, char_end=11))
    """
    letters, places = _letters(text)
    found = []
    position = 0
    for word in words:
        wanted, _ = _letters(word.text)
        if not wanted:
            continue
        at = _next_place(letters, places, wanted, position)
        if at is None:
            continue
        position = at + len(wanted)
        found.append(Word(word.start, word.end, places[at], places[position - 1] + 1))
    return tuple(found)


def _letters(text: str) -> tuple[str, list[int]]:
    """Letters and digits in lower case, and the place of each in the text."""
    pairs = [
        (lower, place)
        for place, letter in enumerate(text)
        if letter.isalnum()
        for lower in letter.lower()
    ]
    return "".join(lower for lower, _ in pairs), [place for _, place in pairs]


def _next_place(letters: str, places: list[int], wanted: str, position: int) -> int | None:
    """Where `wanted` comes next: at `position`, or a little later at a word's start."""
    limit = position + _LOOK_AHEAD + len(wanted)
    at = letters.find(wanted, position, limit)
    while at > position and places[at] - places[at - 1] == 1:
        at = letters.find(wanted, at + 1, limit)
    return at if at >= 0 else None
