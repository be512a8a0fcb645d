"""Drawn faces do what is written beside them, and nothing else."""

import numpy as np
import pytest

from emospot.corpora.face_films import EXPRESSIONS, FIRST, RATE, SECONDS, films
from emospot.hotspots.face_expression import MOVEMENTS


@pytest.fixture(scope="module")
def made():
    return list(films(range(6), each=4))


def signal(film, movement):
    weights = next(m.weights for m in MOVEMENTS if m.name == movement)
    return sum(w * film.tokens.column(name) for name, w in weights.items())


MOVES = {
    "smile": "smile", "brow raise": "brow raise", "brow lower": "brow lower",
    "corners down": "mouth corners down", "jaw drop": "jaw drop", "lip press": "lip press",
}  # fmt: skip


def test_expressions_are_where_they_are_said_to_be(made):
    seen = set()
    for film in made:
        middle = film.tokens.times.mean(axis=1)
        for one in film.expressions:
            seen.add(one.name)
            assert FIRST <= one.onset < one.apex < one.offset < SECONDS
            x = signal(film, MOVES[one.name])
            during = np.abs(middle - one.apex) < 0.15
            before = (middle > one.onset - 0.8) & (middle < one.onset)
            if during.any() and before.any():
                assert np.median(x[during]) > np.median(x[before])
    assert seen == set(EXPRESSIONS)


def test_faces_leave_in_every_fourth_film(made):
    for film in made:
        gap = np.diff(film.tokens.times[:, 0]).max()
        assert (1.9 < gap < 4.2) if film.number % 4 == 3 else gap == pytest.approx(1 / RATE)
        for one in film.expressions:
            gone = np.diff(film.tokens.times[:, 0]).argmax()
            left = film.tokens.times[gone, 0]
            assert film.number % 4 != 3 or one.offset < left + 0.5


def test_people_blink_talk_turn_and_nod(made):
    openings = np.concatenate([f.tokens.column("eye opening left") for f in made])
    assert 0.01 < np.mean(openings < 0.5 * np.median(openings)) < 0.15
    assert np.concatenate([f.tokens.column("mouth opening") for f in made]).std() > 0.02
    assert np.ptp(np.concatenate([f.tokens.column("yaw") for f in made])) > 8
    assert 0 < sum(bool(f.nods) for f in made) < len(made)


def test_the_seed_decides(made):
    again = list(films(range(6), each=4))
    assert all(np.array_equal(a.tokens.values, b.tokens.values)
               for a, b in zip(made, again, strict=True))  # fmt: skip
    other = next(films([0], each=1, seed=1))
    assert not np.array_equal(other.tokens.values, made[0].tokens.values)
    assert not np.allclose(made[0].tokens.values[:10], made[4].tokens.values[:10])
