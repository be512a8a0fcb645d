"""Turns: who speaks from when to when."""

from collections.abc import Sequence

Turn = tuple[float, float, str]
"""Start and end in seconds, and who speaks."""


def named_in_order(labels: Sequence[int]) -> list[str]:
    """Names for numbered voices: "speaker 1" is the one that is heard first.

    >>> named_in_order([4, 4, 0, 4])
    ['speaker 1', 'speaker 1', 'speaker 2', 'speaker 1']
    """
    order = {label: place for place, label in enumerate(dict.fromkeys(labels), start=1)}
    return [f"speaker {order[label]}" for label in labels]


def joined(turns: Sequence[Turn], pause: float) -> list[Turn]:
    """Join turns of one speaker that follow each other after less than a pause.

    Args:
        turns: in order of time; turns of others may overlap them.
        pause: seconds.

    >>> joined([(0.0, 1.0, "Ann"), (1.2, 2.0, "Ann"), (2.1, 3.0, "Ben")], pause=0.4)
    [(0.0, 2.0, 'Ann'), (2.1, 3.0, 'Ben')]
    """
    found: list[Turn] = []
    for start, end, speaker in turns:
        if found and found[-1][2] == speaker and start - found[-1][1] < pause:
            found[-1] = (found[-1][0], max(found[-1][1], end), speaker)
        else:
            found.append((start, end, speaker))
    return found
