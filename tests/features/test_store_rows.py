import dataclasses
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from emospot.conversation import Conversation, Hotspot, Tokens, Utterance
from emospot.errors import FeatureError
from emospot.features.store_rows import (
    StoredConversation,
    conversation_bounds,
    digest,
    from_table,
    stored_values,
    to_table,
)

MODALITIES = ("words", "voice")
DIMS = {"words": 4, "voice": 3}
COLUMNS = {"voice": ("loudness", "pitch", "rate")}


def same_tokens(found, expected, value_type):
    if expected is None or found is None:
        return found is expected
    values = expected.values.astype(value_type)
    return (
        np.array_equal(found.values, values)
        and found.values.dtype == value_type
        and np.array_equal(found.times, expected.times)
        and np.array_equal(found.offsets, expected.offsets)
        and found.columns == expected.columns
    )


@pytest.mark.parametrize("value_type", ["float16", "float32"])
def test_round_trip_through_parquet(tmp_path, make_stored, value_type):
    before = [make_stored("a", 5, "train", 1), make_stored("b", 1, None, 2)]
    pq.write_table(to_table(before, MODALITIES, value_type), tmp_path / "t.parquet")
    after = list(from_table(pq.read_table(tmp_path / "t.parquet"), DIMS, COLUMNS))
    assert [s.conversation for s in after] == [s.conversation for s in before]
    assert [s.hotspots for s in after] == [s.hotspots for s in before]
    for found, expected in zip(after, before, strict=True):
        assert list(found.tokens) == list(MODALITIES)
        for modality in MODALITIES:
            pairs = zip(found.tokens[modality], expected.tokens[modality], strict=True)
            assert all(same_tokens(f, e, value_type) for f, e in pairs)


def test_a_plain_reader_finds_the_numbers(make_stored):
    stored = make_stored("a", 3)
    rows = to_table([stored], MODALITIES, "float32").to_pylist()
    assert rows[0]["voice:values"] is None
    assert rows[0]["voice:tokens"] is None
    assert rows[2]["words:tokens"] == 3
    assert (
        rows[2]["words:values"] == stored.tokens["words"][2].values.astype("f4").ravel().tolist()
    )
    assert rows[2]["words:offsets"] == stored.tokens["words"][2].offsets.ravel().tolist()
    assert rows[1]["targets"] == [("arousal", 1.0), ("valence", 0.5)]
    assert rows[2]["position"] == 2
    assert rows[0]["media"] == "a/b.wav"


def test_float16_is_half_on_disk(make_stored):
    half = to_table([make_stored()], MODALITIES, "float16").column("words:values")
    assert half.type == pa.large_list(pa.float16())


def test_a_modality_absent_everywhere():
    silent = StoredConversation(
        Conversation("d", (Utterance("u", "A"),)), {"voice": (None,)}, ((),)
    )
    (back,) = from_table(to_table([silent], ["voice"], "float16"), {"voice": 3}, {})
    assert back == silent


def test_what_was_read_does_not_keep_the_shard(make_stored):
    table = to_table([make_stored()], MODALITIES, "float32")
    (back,) = from_table(table, DIMS, {})
    tokens = back.tokens["words"][1]
    for array in (tokens.values, tokens.times, tokens.offsets):
        assert array.base is None or array.base.size == array.size


@pytest.mark.parametrize(
    ("value", "value_type", "advice"),
    [(1e6, "float16", "choose float32"), (np.nan, "float32", "repair the source")],
)
def test_values_that_do_not_fit_are_named(make_stored, value, value_type, advice):
    stored = make_stored()
    stored.tokens["voice"][1].values[0, 2] = value
    message = f'conversation "d", utterance "u1", voice: token 0, column 2 \\("rate"\\).*{advice}'
    with pytest.raises(FeatureError, match=message):
        to_table([stored], MODALITIES, value_type)
    with pytest.raises(FeatureError, match=message):
        digest(stored, value_type)


def test_large_values_fit_float32():
    tokens = Tokens(np.full((1, 2), 1e6))
    assert stored_values(tokens, "float32", "here").tolist() == [[1e6, 1e6]]


def changed(stored, **utterance):
    first, *rest = stored.conversation.utterances
    conversation = dataclasses.replace(
        stored.conversation, utterances=(dataclasses.replace(first, **utterance), *rest)
    )
    return dataclasses.replace(stored, conversation=conversation)


@pytest.mark.parametrize(
    "utterance",
    [{"text": "no"}, {"label": "calm"}, {"start": 0.5}, {"speaker": "C"}, {"targets": {"v": 1.0}}],
)
def test_digest_sees_every_change_of_an_utterance(make_stored, utterance):
    stored = make_stored()
    assert digest(changed(stored, **utterance), "float16") != digest(stored, "float16")


def test_digest_sees_features_hotspots_and_splits(make_stored):
    stored = make_stored()
    other = make_stored(seed=1)
    absent = {**stored.tokens, "voice": (None,) * 5}
    variants = [
        dataclasses.replace(stored, tokens=other.tokens),
        dataclasses.replace(stored, tokens=absent),
        dataclasses.replace(stored, hotspots=((),) * 5),
        dataclasses.replace(
            stored, conversation=dataclasses.replace(stored.conversation, split="test")
        ),
    ]
    digests = {digest(variant, "float16") for variant in (stored, *variants)}
    assert len(digests) == 5


def test_digest_is_stable_and_ignores_the_recordings_place(make_stored):
    stored = make_stored()
    moved = dataclasses.replace(
        stored, conversation=dataclasses.replace(stored.conversation, media=Path("/elsewhere"))
    )
    assert digest(moved, "float16") == digest(make_stored(), "float16")


def test_digest_is_the_same_after_reading_back(make_stored):
    stored = make_stored()
    (back,) = from_table(to_table([stored], MODALITIES, "float16"), DIMS, COLUMNS)
    assert digest(back, "float16") == digest(stored, "float16")


def test_bounds_of_nothing():
    assert list(conversation_bounds([])) == []


def test_an_apex_that_is_not_known_leaves_the_hash_as_it_was():
    """Stores written before hotspots had an apex are still the same data."""
    talk = Conversation("c", (Utterance("u", "A"),))

    def hashed(hotspot):
        return digest(StoredConversation(talk, {}, ((hotspot,),)), "float16")

    without = hashed(Hotspot("voice", 0.0, 1.0, 0.5, "x"))
    assert without == "424352d3deb3a4d4df5d6ab523183571cd2239a622d3aeb05da1d22d1775d301"
    assert hashed(Hotspot("voice", 0.0, 1.0, 0.5, "x", apex=0.5)) != without
