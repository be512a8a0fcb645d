"""Tell a speaker's name before a colon from words before a colon.

"ANNA: Hello" names a speaker, "Look: this" does not. A *candidate* is a line's
beginning before a colon: one to four words, at most 40 characters, each word
beginning with a capital, a digit or a letter of a script without capitals. A
candidate is a name if

1. it is written in capitals (two letters at least), and the file is not
   written in capitals throughout; or
2. it recurs, and the recurring candidates together open lines of at least a
   quarter of the entries; or
3. every entry of the file (two at least) begins with a candidate, and rule 1
   finds none.

In a file without such regularity the text stays as it is.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

_CANDIDATE = re.compile(
    r"\s*(?:[-–—>]+\s*)?[\[(]?(?P<name>[^\W\d_][^:：\[\]<>\"]{0,39}?)[\])]?\s?[:：](?![\d/:])\s*"
    r"(?P<rest>.*)$"
)
_PARTICLES = {"van", "von", "de", "der", "den", "la", "da", "di", "of", "the"}
_LEAST_SHARE = 0.25


class SpeakerNames:
    """The speakers' names of one file, learned from all of its lines.

    Args:
        entries: the lines of every entry of the file.

    >>> names = SpeakerNames([["ANNA: Hello"], ["Look: this"]])
    >>> names.split("ANNA: Hello"), names.split("Look: this")
    (('ANNA', 'Hello'), (None, 'Look: this'))
    """

    def __init__(self, entries: Sequence[Sequence[str]]) -> None:
        found = [[_candidate(line) for line in entry] for entry in entries]
        candidates = Counter(name for entry in found for name, _ in entry if name is not None)
        recurring = {name for name, count in candidates.items() if count > 1}
        opened = sum(any(name in recurring for name, _ in entry) for entry in found)
        self._names: set[str] = set()
        if found and opened >= _LEAST_SHARE * len(found):
            self._names |= recurring
        capitals: set[str] = set()
        if not _written_in_capitals(rest for entry in found for _, rest in entry):
            capitals = {name for name in candidates if _in_capitals(name)}
        self._names |= capitals
        first = [entry[0][0] if entry else None for entry in found]
        if len(found) > 1 and None not in first and not capitals:
            self._names |= {name for name in first if name is not None}

    def split(self, line: str) -> tuple[str | None, str]:
        """The speaker's name or None, and the rest of the line."""
        name, rest = _candidate(line)
        return (name, rest) if name in self._names else (None, line)


def _candidate(line: str) -> tuple[str | None, str]:
    match = _CANDIDATE.match(line)
    if match is None:
        return None, line
    name = " ".join(match["name"].split())
    words = name.split(" ")
    capital = all(w in _PARTICLES or not w.lstrip("(")[:1].islower() for w in words)
    if len(words) > 4 or words[0].islower() or not capital:
        return None, line
    return name, match["rest"]


def _in_capitals(name: str) -> bool:
    return name == name.upper() and sum(letter.isupper() for letter in name) >= 2


def _written_in_capitals(lines: Iterable[str]) -> bool:
    small = total = 0
    for line in lines:
        if any(letter.isupper() or letter.islower() for letter in line):
            total += 1
            small += any(letter.islower() for letter in line)
    return total > 0 and small < total / 2
