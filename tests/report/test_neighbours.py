"""Whether the graph's attention stands out anywhere."""

from dataclasses import replace

import pytest

from emospot.analysis.types import Analysis, NeighbourFinding
from emospot.report.neighbours import MOST_NEIGHBOURS, about_even, neighbour_views


@pytest.mark.parametrize(
    ("weights", "utterances", "even"),
    [
        # An even share of 21 turns is 4.8%, one and a half of it 7.1%.
        ([0.071, 0.06], 500, True),
        ([0.072, 0.06], 500, False),
        # Of four turns, 25% and 37.5%.
        ([0.37], 4, True),
        ([0.38], 4, False),
        ([], 500, False),
    ],
)
def test_one_and_a_half_times_an_even_share_stands_out(weights, utterances, even) -> None:
    assert about_even(weights, utterances) == even


def test_views_leave_out_the_utterance_itself_and_what_is_not_there(analysis: Analysis) -> None:
    places = {u.id: index for index, u in enumerate(analysis.utterances)}
    near = tuple(NeighbourFinding(name, 0.2) for name in ("turn-1", "nowhere", "turn-3"))
    utterances = (*analysis.utterances[:1], replace(analysis.utterances[1], neighbours=near))
    utterances += analysis.utterances[2:]
    views = neighbour_views(utterances[1], utterances, places)
    assert [(v.index, v.finding.id, v.weight) for v in views] == [(3, "turn-3", 0.2)]


def test_no_more_than_a_few_are_told(analysis: Analysis) -> None:
    places = {u.id: index for index, u in enumerate(analysis.utterances)}
    many = tuple(NeighbourFinding(f"turn-{i}", 0.1) for i in range(1, 10))
    views = neighbour_views(
        replace(analysis.utterances[0], neighbours=many), analysis.utterances, places
    )
    assert [view.index for view in views] == list(range(1, MOST_NEIGHBOURS + 1))
