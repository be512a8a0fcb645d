"""What a study may say of a corpus; an option without effect is an error."""

from collections.abc import Callable

import pytest

from emospot.corpora.kinds import KINDS
from emospot.errors import ConfigError
from emospot.experiments.corpus_entry import CorpusEntry, corpus_kind
from emospot.experiments.study import Study


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_kind_can_be_named(kind) -> None:
    for task in (None, *kind.tasks):
        entry = CorpusEntry(kind=kind.name, source="somewhere", task=task)
        assert corpus_kind(entry.kind) is kind


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({}, "needs either store or source"),
        ({"store": "x", "source": "y"}, "needs either store or source"),
        ({"kind": "radio", "source": "y"}, 'no kind "radio"; known: table, iemocap, meld'),
        ({"kind": "meld", "source": "y", "task": "6-way"}, 'no task "6-way"; known: emotions'),
        ({"kind": "ravdess", "source": "y", "task": "a"}, 'ravdess does not read "task"'),
        ({"kind": "meld", "source": "y", "tokens": "word"}, 'meld does not read "tokens"'),
        ({"kind": "meld", "source": "y", "labels": ["a"]}, 'meld does not read "labels"'),
        ({"source": "y", "splits": "z"}, 'kind table does not read "splits"'),
        ({"source": "y", "speed": 3}, 'key "corpora.mine.speed"'),
    ],
)
def test_what_is_wrong_is_named_with_the_corpus(
    make_study: Callable[..., Study], entry: dict, message: str
) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        make_study(corpora={"mine": entry})
    assert "corpora.mine" in str(caught.value)
    assert "\n" not in str(caught.value)
