"""The probability under which an answer is "unsure": one a recording, or several.

It depends on what the model has read of an utterance: with the words alone it is another
one than with words and voice. Where an analysis does not say it of its utterances, that of
the model holds for all. An utterance of which nothing was read has no answer, and so none.
"""

from collections import Counter

from emospot.analysis.types import Analysis, UtteranceFinding
from emospot.report.clock import percent
from emospot.report.modalities import read_nothing


def threshold_of(utterance: UtteranceFinding, analysis: Analysis) -> float:
    """The probability under which an utterance's answer is "unsure"."""
    own = utterance.unsure_below
    return analysis.model.unsure_below if own is None else own


def usual_threshold(analysis: Analysis) -> float:
    """What holds for most of the utterances; of the model where there are none."""
    counts = Counter(_of_answers(analysis))
    return counts.most_common(1)[0][0] if counts else analysis.model.unsure_below


def thresholds_said(analysis: Analysis) -> str:
    """For people: "39%", or "39% to 50%" where it is not one for all."""
    found = sorted(_of_answers(analysis)) or [analysis.model.unsure_below]
    least, most = percent(found[0]), percent(found[-1])
    return least if least == most else f"{least} to {most}"


def _of_answers(analysis: Analysis) -> list[float]:
    return [threshold_of(u, analysis) for u in analysis.utterances if not read_nothing(u)]
