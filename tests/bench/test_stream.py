"""`bench stream` times every turn of a conversation."""

import json

import pytest

from emospot.bench.stream import bench_stream
from emospot.errors import MediaError, ModelError, UsageError
from emospot.sample import sample_files


def test_every_turn_belongs_to_one_part():
    told = []
    found = bench_stream(turns=13, seconds=1.0, tell=lambda done, total: told.append(done))
    assert told == [*range(1, 14)]
    assert [(part.first, part.last) for part in found.parts] == [(1, 10), (11, 13)]
    assert (found.all.first, found.all.last) == (1, 13)
    for part in (*found.parts, found.all):
        assert 0 < part.model < part.median <= part.tail
        assert part.kept > 0
    assert found.model == "bundled-causal"
    assert json.loads(json.dumps(found.to_dict()))["recording"] == sample_files().conversation.name


def test_what_cannot_be_measured_is_said(tmp_path):
    with pytest.raises(UsageError, match=r"lasts 44\.8 s, an utterance 90 s"):
        bench_stream(seconds=90.0)
    with pytest.raises(MediaError, match=r"gone\.wav"):
        bench_stream(tmp_path / "gone.wav")
    with pytest.raises(ModelError, match="later utterances"):
        bench_stream(model="bundled", turns=1)
