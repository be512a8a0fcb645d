"""The probability under which an answer is "unsure": one a recording, or several.

It depends on what the model has read of an utterance: with the words alone it is another
one than with words and voice. Where an analysis does not say it of its utterances, that of
the model holds for all.
"""

from collections import Counter

from emospot.analysis.types import Analysis, UtteranceFinding
from emospot.report.clock import percent


def threshold_of(utterance: UtteranceFinding, analysis: Analysis) -> float:
    """The probability under which an utterance's answer is "unsure"."""
    own = utterance.unsure_below
    return analysis.model.unsure_below if own is None else own


def usual_threshold(analysis: Analysis) -> float:
    """What holds for most of the utterances; of the model where there are none."""
    counts = Counter(threshold_of(u, analysis) for u in analysis.utterances)
    return counts.most_common(1)[0][0] if counts else analysis.model.unsure_below


def thresholds_said(analysis: Analysis) -> str:
    """For people: "39%", or "39% to 50%" where it is not one for all."""
    found = sorted({threshold_of(u, analysis) for u in analysis.utterances})
    least, most = percent(usual_threshold(analysis)), ""
    if found:
        least, most = percent(found[0]), percent(found[-1])
    return f"{least} to {most}" if most and most != least else least
