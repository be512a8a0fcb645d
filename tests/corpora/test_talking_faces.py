"""Mouths that are opened by a known way are found to be open by that way."""

import importlib.util
from itertools import pairwise

import numpy as np
import pytest

from emospot.corpora.talking_faces import GAPE, RATE, SIDE, Portrait, film, gapes, portrait, talk
from emospot.errors import CorpusError
from emospot.features.face_mesh import FaceMesh
from emospot.media.decode import video_frames
from emospot.sample import sample_files

needs_face = pytest.mark.skipif(
    importlib.util.find_spec("mediapipe") is None, reason="needs the extra [face]"
)


@pytest.fixture(scope="module")
def person() -> Portrait:
    return portrait(list(video_frames(sample_files().face, max_fps=RATE))[:10])


@needs_face
def test_the_mesh_sees_the_mouth_open_in_the_turns_alone(person: Portrait) -> None:
    assert person.pictures.shape == (10, SIDE, SIDE, 3)
    conversation, _ = talk(["0"], 1)
    (turn,) = conversation.utterances
    assert turn.start is not None
    assert turn.end is not None
    frames = list(film([person], conversation, turn.end + 1.0))
    [(_, tokens)] = FaceMesh().extract(frames, [(0.0, 60.0)])
    assert tokens is not None
    assert tokens.times is not None
    opening, times = tokens.column("mouth opening"), tokens.times[:, 0]
    said = (times >= turn.start) & (times < turn.end)
    resting = opening[times >= turn.end + 0.2]
    assert np.ptp(resting) < 0.03
    assert 0.5 * GAPE < np.ptp(opening[said]) < 1.5 * GAPE


@needs_face
def test_a_mirrored_person_is_the_other_way_round(person: Portrait) -> None:
    twice = person.mirrored().mirrored()
    assert np.array_equal(twice.pictures, person.pictures)
    assert twice.landmarks == pytest.approx(person.landmarks)
    mirrored = person.mirrored().landmarks
    assert (mirrored[:, 33, 0] < mirrored[:, 263, 0]).all()  # the right eye is on the left


@needs_face
def test_people_stand_side_by_side_and_one_seed_is_one_film(person: Portrait) -> None:
    conversation, _ = talk(["0", "1"], 2)
    one, again, other = (
        [image for _, image in film([person, person.mirrored()], conversation, 1.0, seed=seed)]
        for seed in (1, 1, 2)
    )
    assert [image.shape for image in one] == [(SIDE, 2 * SIDE, 3)] * 15
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


@needs_face
def test_a_film_without_a_face_is_told() -> None:
    grey = np.full((120, 160, 3), 128, np.uint8)
    with pytest.raises(CorpusError, match="no face"):
        portrait([(0.0, grey)])


def test_syllables_are_within_the_turns() -> None:
    gape = gapes([(1.0, 2.0), (3.0, 3.5)], 4.0, np.random.default_rng(0))
    times = np.arange(len(gape)) / RATE
    inside = ((times >= 1) & (times < 2)) | ((times >= 3) & (times < 3.5))
    assert (gape[~inside] == 0).all()
    assert 0.4 * GAPE < gape.max() <= GAPE
    assert gapes([], 2.0, np.random.default_rng(0)).tolist() == [0.0] * 30


def test_nobody_speaks_twice_in_a_row_unless_alone() -> None:
    conversation, seconds = talk(["a", "b", "c"], 30, seed=3)
    names = [u.speaker for u in conversation.utterances]
    assert all(one != other for one, other in pairwise(names))
    times = [t for u in conversation.utterances for t in (u.start or 0.0, u.end or 0.0)]
    assert times == sorted(times)
    assert times[-1] < seconds
    assert {u.speaker for u in talk(["a"], 3)[0].utterances} == {"a"}
