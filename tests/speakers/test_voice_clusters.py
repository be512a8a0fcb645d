import time

import numpy as np
import pytest

from emospot.errors import UsageError
from emospot.speakers import voice_clusters
from emospot.speakers.voice_clusters import directions, unit


def voices(counts, spread=0.5, seed=0, dim=256):
    """Directions about a few centres that are at right angles, and who each is."""
    draw = np.random.default_rng(seed)
    centres = np.eye(dim)[: len(counts)]
    who = np.repeat(np.arange(len(counts)), counts)
    noise = draw.normal(size=(len(who), dim)) * spread / np.sqrt(dim)
    return unit(centres[who] + noise).astype(np.float32), who


@pytest.mark.parametrize("speakers", [1, 2, 3, 5])
def test_as_many_voices_as_there_are(speakers):
    embeddings, who = voices([40] * speakers)
    found = directions(embeddings)
    assert found.shape == (speakers, 256)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1.0)
    nearest = (embeddings @ found.T).argmax(axis=1)
    assert len(set(zip(who.tolist(), nearest.tolist(), strict=True))) == speakers


def test_a_given_number_is_respected():
    embeddings, _ = voices([40, 40])
    for number in (1, 2, 4):
        assert len(directions(embeddings, number)) == number
    assert len(directions(embeddings[:3], 5)) == 3


def test_somebody_who_speaks_little_is_a_voice_of_their_own_where_asked_for():
    embeddings, _ = voices([95, 5])
    found = directions(embeddings, 2)
    assert np.bincount((embeddings @ found.T).argmax(axis=1)).tolist() in ([95, 5], [5, 95])


def test_what_is_no_voice_at_all_does_not_make_ever_more_speakers():
    draw = np.random.default_rng(0)
    embeddings = unit(draw.normal(size=(400, 256))).astype(np.float32)
    assert len(directions(embeddings)) < voice_clusters.MOST_SPEAKERS


def test_the_length_of_the_recording_changes_nothing():
    embeddings, _ = voices([60, 30], spread=0.7)
    long = np.concatenate([embeddings] * 200)
    assert len(directions(embeddings)) == len(directions(long)) == 2


def test_two_hours_take_seconds():
    embeddings, _ = voices([9000, 6000, 3000])
    begun = time.process_time()
    assert len(directions(embeddings)) == 3
    assert time.process_time() - begun < 20


def test_one_window_is_one_voice():
    embeddings, _ = voices([1])
    np.testing.assert_allclose(directions(embeddings), embeddings, atol=1e-6)


def test_wrong_input_is_refused():
    with pytest.raises(UsageError, match="no voice to tell apart"):
        directions(np.zeros((0, 256), np.float32))
    with pytest.raises(UsageError, match="at least one speaker speaks, found 0"):
        directions(voices([3])[0], 0)
