"""Known moments: what is taken from the sources, and what is not."""

import json

import pytest

from emospot.conversation import Conversation, Utterance
from emospot.corpora.corpus import Corpus, CorpusConversation
from emospot.corpora.reccon import Cause
from emospot.corpora.truths import TRUTHS, marked_within
from emospot.emotions import DAILYDIALOG7
from emospot.errors import CorpusError


def test_causes_within_the_emotional_utterance():
    turns = (
        Utterance("1", "A", text="It is late. I am so glad to see you here.", label="happiness"),
        Utterance("2", "B", text="So am I!", label="happiness"),
    )
    one = CorpusConversation(Conversation("d", turns, split="test"))
    other = CorpusConversation(Conversation("e", turns, split="train"))
    corpus = Corpus("c", "c", DAILYDIALOG7, (one, other))
    causes = [
        Cause("d", "1", "1", 17, 24),
        Cause("d", "1", "1", 17, 24),  # marked twice
        Cause("d", "2", "1", 0, 10),  # the cause of another utterance's emotion
        Cause("d", "2", "2", 0, 8),  # all of its utterance
        Cause("e", "1", "1", 17, 24),  # another split
    ]
    ((conversation, marked),) = marked_within(corpus, causes, "test")
    assert conversation is one.conversation
    ((spot,), rest) = marked
    assert turns[0].text[spot.char_start : spot.char_end] == "so glad"
    assert rest == ()
    assert list(marked_within(corpus, causes[2:4], "test")) == []


@pytest.mark.parametrize(
    ("name", "file"),
    [("reccon-dailydialog", "dailydialog_test.json"), ("reccon-iemocap", "iemocap_test.json")],
)
def test_the_published_causes(shared_data, name, file):
    """Against the file itself, read another way."""
    marked = {
        (dialogue, turn["turn"], span)
        for dialogue, (turns,) in json.loads((shared_data / "reccon" / file).read_text()).items()
        for turn in turns
        for evidence, span in zip(
            turn.get("expanded emotion cause evidence", []),
            turn.get("expanded emotion cause span", []),
            strict=True,
        )
        if evidence == turn["turn"] and len(span) < 0.7 * len(turn["utterance"])
    }
    (truth,) = (one for one in TRUTHS if one.name == name)
    found = list(truth.read(shared_data, []))
    assert len(found) == len({dialogue for dialogue, _, _ in marked}) > 10
    assert sum(len(spots) for one in found for spots in one.marked) == len(marked)
    assert {one.group for one in found} == {one.conversation.id for one in found}


def test_the_splices(shared_data):
    (truth,) = (one for one in TRUTHS if one.name == "ravdess-splices")
    found = truth.read(shared_data, ["basic"])
    first = next(found)
    assert first.group == "actor 13"
    (tokens,) = first.tokens["basic"]
    (utterance,) = first.conversation.utterances
    assert tokens.times[-1, 1] == pytest.approx(utterance.end, abs=0.1)
    (own,) = first.marked
    assert all(0 < h.start < h.end < utterance.end for h in own)


def test_ratings_of_activation(shared_data):
    (truth,) = (one for one in TRUTHS if one.name == "iemocap-activation")
    found = list(truth.read(shared_data, []))
    assert len(found) == 10
    texts = [u.text for one in found for u in one.conversation.utterances]
    assert len(texts) > 7000
    assert all(texts)
    scores = [spot.score for one in found for (spot,) in one.marked]
    assert min(scores) >= 0
    assert max(scores) <= 1
    assert len({u.speaker for one in found for u in one.conversation.utterances}) == 10
    with pytest.raises(CorpusError, match="is not there"):
        next(truth.read(shared_data / "nowhere", []))
