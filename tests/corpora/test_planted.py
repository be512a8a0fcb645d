"""Planted conversations as a corpus: what a source may say, and that truth stays aside."""

import numpy as np
import pytest

from emospot.conversation.planted import PRESETS, draw
from emospot.corpora.importing import import_corpus
from emospot.corpora.planted import PlantedSource, planted_source, read_planted
from emospot.errors import CorpusError
from emospot.features.store import FeatureStore

SOURCE = """
world: hard
dials: {tokens: 28, modalities: [words, voice, face, hands], styles: 2}
dialogues: {train: 4, test: 3}
seed: 7
"""


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(SOURCE)
    return path


def test_the_store_holds_what_was_drawn(source, tmp_path):
    corpus = read_planted(source)
    import_corpus(corpus, tmp_path / "store", value_type="float32")
    store = FeatureStore.open(tmp_path / "store")
    world = planted_source(source).planted
    assert tuple(store.features) == ("words", "voice", "face", "hands")
    assert {s: c.conversations for s, c in store.splits.items()} == {"train": 4, "test": 3}
    assert store.label_set.labels == world.labels
    drawn = [*draw(world, 4, seed=(7, 0)), *draw(world, 3, seed=(7, 2))]
    for stored, dialogue, one in zip(
        store.conversations(), drawn, corpus.conversations, strict=True
    ):
        utterances = stored.conversation.utterances
        assert [world.labels.index(u.label) for u in utterances] == dialogue.emotions.tolist()
        assert [u.speaker for u in utterances] == [f"speaker {s + 1}" for s in dialogue.speakers]
        assert not any(stored.hotspots)  # what is true is for scoring
        for m, name in enumerate(world.modalities):
            for u, tokens in enumerate(stored.tokens[name]):
                assert (tokens is not None) == dialogue.present[u, m]
                if tokens is not None:
                    assert np.array_equal(tokens.values, dialogue.values[u, m])
                    (spot,) = [spot for spot in one.marked[u] if spot.modality == name]
                    first = dialogue.starts[u, m]
                    assert spot.start == pytest.approx(tokens.times[first, 0])
                    assert spot.end == pytest.approx(tokens.times[first + world.length - 1, 1])
        ends = [u.end for u in utterances]
        assert all(u.start > end for u, end in zip(utterances[1:], ends, strict=False))


def test_a_split_does_not_depend_on_the_size_of_others(source):
    wanted = planted_source(source)
    more = wanted.model_copy(update={"dialogues": {"train": 9, "dev": 2, "test": 3}})
    for one, other in zip(wanted.drawn("test"), more.drawn("test"), strict=True):
        assert np.array_equal(one.values, other.values)


@pytest.mark.parametrize("world", ["standard", "long"])
def test_as_many_conversations_as_make_twenty_thousand_turns(world):
    wanted = PlantedSource(world=world)
    turns = sum(PRESETS[world].turns) / 2 * wanted.counts["test"]
    assert 20_500 <= turns <= 21_000


def test_splits_and_seeds_share_no_conversation(source):
    wanted = planted_source(source)
    values = [d.values for split in ("train", "test") for d in wanted.drawn(split)]
    other = planted_source(source).model_copy(update={"seed": 8})
    values += [d.values for d in other.drawn("train")]
    firsts = {tuple(v[v != 0][:8].tolist()) for v in values}
    assert len(firsts) == len(values)


def test_other_worlds_are_other_features():
    """A model of one world must not read another's tokens."""
    own = read_planted_version("standard", {})
    assert own == read_planted_version("standard", {})
    assert own != read_planted_version("standard", {"seed": 1})


def read_planted_version(world, dials):
    import tempfile
    from pathlib import Path

    import yaml

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "one.yaml"
        path.write_text(
            yaml.safe_dump({"world": world, "dials": dials, "dialogues": {"train": 1}})
        )
        return read_planted(path).features["voice"].version


def test_a_world_by_its_name():
    from pathlib import Path

    assert planted_source(Path("long")).planted == PRESETS["long"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("world: odd", 'no world "odd", only easy, standard, hard, long'),
        ("dials: {lag: 11}", "have no place for a hotspot of length 3 with lags up to 11"),
        ("dials: {lags: 1}", "lags: Extra inputs are not permitted"),
        ("dials: {stay: 0.9}", "stay 0.9 and catch 0.25 must not exceed 1 together"),
        ("dials: {styles: 9}", "3 modalities have only 6 ways of lagging"),
        ("dials: {speakers: 4}", "make 104976 states, at most 100000 can be enumerated"),
        ("dials: {groups: 7}", "groups 7 must not exceed emotions 6"),
        ("dials: {noise: [1, 2]}", "noise must be one deviation above 0 or one a modality"),
        ("dials: {turns: [5, 4]}", "turns must be fewest and most"),
        ("dials: {modalities: [a, a]}", "modalities must be distinct"),
        ("dialogues: {training: 3}", "no split training, only train, dev, test"),
        ("dialogues: {train: -3}", "dialogues.train: Input should be greater than or equal to 0"),
        ("dials: {strength: .inf}", "strength: Input should be a finite number"),
        ("dials: {tokens: 6, lag: 0, styles: 1}", "no room for a distractor; take more tokens"),
        ("colour: red", "colour: Extra inputs are not permitted"),
        ("[", "is not valid YAML"),
    ],
)
def test_what_is_wrong_is_told(tmp_path, text, message):
    path = tmp_path / "wrong.yaml"
    path.write_text(text)
    with pytest.raises(CorpusError) as error:
        planted_source(path)
    assert message in str(error.value)
    assert str(path) in str(error.value)


def test_no_such_world(tmp_path):
    with pytest.raises(CorpusError, match="expected a YAML file, or one of easy, standard"):
        planted_source(tmp_path / "none.yaml")
