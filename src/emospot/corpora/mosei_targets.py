"""What CMU-MOSEI and CMU-MOSI say of an utterance: sentiment, and six emotions.

Sentiment runs from -3 (strongly negative) to 3, an emotion from 0 (not present)
to 3. The release has them in seven columns, in the order below; CMU-MOSI has
the first only.
"""

import math
from collections.abc import Sequence

from emospot.errors import CorpusError

SENTIMENT = "sentiment"
EMOTIONS = ("happiness", "sadness", "anger", "surprise", "disgust", "fear")
"""In the order of the release, which calls the first two happy and sad."""

COLUMNS = (SENTIMENT, *EMOTIONS)
PUBLISHED = {"happy": "happiness", "sad": "sadness"}
"""Names in the release that differ from ours."""

_HIGHEST = 3.0
_ROUNDING = 1e-3


def named_targets(names: Sequence[str], values: Sequence[float], where: str) -> dict[str, float]:
    """Targets by name; a value that is not known (NaN) is left out.

    Args:
        names: of the values, from `COLUMNS`.
        values: as many numbers.
        where: file and place, for the error.

    Raises:
        CorpusError: if a value is outside its scale.

    >>> named_targets(("sentiment", "fear"), (-1.5, math.nan), "here")
    {'sentiment': -1.5}
    """
    found = {}
    for name, value in zip(names, values, strict=True):
        if math.isnan(value):
            continue
        lowest = -_HIGHEST if name == SENTIMENT else 0.0
        if not lowest - _ROUNDING <= value <= _HIGHEST + _ROUNDING:
            raise CorpusError(
                f"{where}: {name} is {value:g}, expected {lowest:g} to {_HIGHEST:g}; the file is "
                "damaged or of another corpus"
            )
        found[name] = float(value)
    return found
