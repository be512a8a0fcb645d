"""Nods and shakes of the head: to and fro, not once.

A head that turns or looks down does so once, and stays or comes back. A nod goes up and
down about twice or more, a shake from side to side, at 1 to 4 movements a second. In the
pitch (nod) and the yaw (shake), freed of all that is slower by subtracting the mean of
the second around, extremes are looked for that stand out by three degrees. Four or
more in a row, each less than half a second after the one before and to the other side,
are one gesture, from the first extreme to the last. Its score is the mean swing over
ten degrees, at most 1.

They say yes and no, or that somebody listens; whether they show emotion is another
question, so that this detector is not a usual one.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d
from scipy.signal import find_peaks

from emospot.conversation import FACE, Conversation, Hotspot, Tokens
from emospot.errors import FeatureError
from emospot.hotspots.excursions import unbroken

Floats = NDArray[np.float64]

LEAST_SWING = 3.0
"""Degrees between one extreme and the next."""
FULL_SWING = 10.0
FEWEST = 4
"""Extremes in a row; a single quick glance makes three, with the two beside it."""
LONGEST_HALF = 0.5
"""Seconds from one extreme to the next."""
SLOW = 1.0
"""Seconds; what is slower is no gesture."""
LONGEST_GAP = 0.25

_GESTURES = {"nod": "pitch", "shake": "yaw"}


class GestureHotspots:
    """Finds nods and shakes of the head."""

    name = "gestures"
    modality = FACE
    reads: tuple[str, ...] = ("facemesh",)

    def detect(
        self, conversation: Conversation, descriptors: Sequence[Tokens | None]
    ) -> list[list[Hotspot]]:
        """The gestures of every utterance, in order of time.

        Args:
            conversation: the utterances in turn order.
            descriptors: the face tokens of each utterance (columns of
                `features.face_geometry`, with times), None without a face.

        Raises:
            FeatureError: if a column or the times are missing.
        """
        return [[] if tokens is None else _gestures(tokens) for tokens in descriptors]


def _gestures(tokens: Tokens) -> list[Hotspot]:
    if tokens.times is None:
        raise FeatureError("face descriptors need token times to find gestures")
    times = np.asarray(tokens.times, dtype=np.float64)
    found = []
    for part in unbroken(times, LONGEST_GAP):
        for name, column in _GESTURES.items():
            angle = np.asarray(tokens.column(column)[part], dtype=np.float64)
            found += _swings(name, angle, times[part])
    return sorted(found, key=lambda hotspot: (hotspot.start or 0.0, hotspot.fired_by))


def _swings(name: str, angle: Floats, times: Floats) -> list[Hotspot]:
    """The gestures in one angle over unbroken frames."""
    if len(angle) < FEWEST:
        return []
    hop = float(np.median(times[:, 1] - times[:, 0]))
    window = max(3, round(SLOW / hop) | 1)
    quick = angle - uniform_filter1d(angle, window, mode="nearest")
    tops, _ = find_peaks(quick, prominence=LEAST_SWING)
    bottoms, _ = find_peaks(-quick, prominence=LEAST_SWING)
    extremes = sorted([(int(t), 1) for t in tops] + [(int(b), -1) for b in bottoms])
    runs: list[list[int]] = []
    last_side = 0
    for place, side in extremes:
        follows = (
            bool(runs)
            and side != last_side
            and times[place, 0] - times[runs[-1][-1], 0] <= LONGEST_HALF
            and abs(quick[place] - quick[runs[-1][-1]]) >= LEAST_SWING
        )
        if follows:
            runs[-1].append(place)
        else:
            runs.append([place])
        last_side = side
    return [_hotspot(name, run, quick, times) for run in runs if len(run) >= FEWEST]


def _hotspot(name: str, run: Sequence[int], quick: Floats, times: Floats) -> Hotspot:
    swings = np.abs(np.diff(quick[list(run)]))
    apex = run[int(np.argmax(swings))]
    score = min(1.0, float(swings.mean()) / FULL_SWING)
    start, end = float(times[run[0], 0]), float(times[run[-1], 1])
    return Hotspot(FACE, start, end, score, name, apex=float(times[apex].mean()))
