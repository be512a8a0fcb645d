"""Which threshold of "unsure" is said and drawn."""

from dataclasses import replace

import pytest

from emospot.analysis.types import ModalityFinding
from emospot.report.thresholds import threshold_of, thresholds_said, usual_threshold


def with_thresholds(analysis, *own):
    """The analysis with as many utterances as thresholds."""
    first = analysis.utterances[0]
    utterances = tuple(replace(first, id=str(n), unsure_below=t) for n, t in enumerate(own))
    return replace(analysis, utterances=utterances)


def test_an_utterance_without_its_own_has_the_models(analysis):
    found = with_thresholds(analysis, None, 0.3)
    assert [threshold_of(u, found) for u in found.utterances] == [0.4, 0.3]


@pytest.mark.parametrize(
    ("own", "usual", "said"),
    [
        ((), 0.4, "40%"),
        ((None, None), 0.4, "40%"),
        ((0.3, 0.3, 0.5), 0.3, "30% to 50%"),
        ((0.301, 0.3), 0.301, "30%"),
    ],
)
def test_one_threshold_or_the_least_and_the_greatest(analysis, own, usual, said):
    found = with_thresholds(analysis, *own)
    assert (usual_threshold(found), thresholds_said(found)) == (usual, said)


def test_an_utterance_of_which_nothing_was_read_has_none(analysis):
    found = with_thresholds(analysis, 0.3, 0.5)
    unread = replace(found.utterances[1], modalities={"voice": ModalityFinding(True, False)})
    found = replace(found, utterances=(found.utterances[0], unread))
    assert (usual_threshold(found), thresholds_said(found)) == (0.3, "30%")
    alone = replace(found, utterances=(unread,))
    assert thresholds_said(alone) == "40%"
