import math

import pytest

from emospot.corpora.mosei_targets import COLUMNS, named_targets
from emospot.emotions import MOSEI2, MOSEI_EMOTIONS, MOSEI_SENTIMENT
from emospot.errors import CorpusError


def test_the_names_are_those_of_the_tasks():
    assert (*MOSEI_SENTIMENT.targets, *MOSEI_EMOTIONS.targets) == COLUMNS
    assert MOSEI2.source == COLUMNS[0]


def test_values_by_name():
    assert named_targets(("sentiment", "anger"), (-3.0, 3.0), "x") == {
        "sentiment": -3.0,
        "anger": 3.0,
    }
    assert named_targets(("sentiment",), (math.nan,), "x") == {}


@pytest.mark.parametrize(("name", "value"), [("sentiment", -3.1), ("fear", -0.1), ("fear", 3.5)])
def test_values_outside_their_scale(name, value):
    with pytest.raises(CorpusError, match=f"here: {name} is {value}, expected"):
        named_targets((name,), (value,), "here")
