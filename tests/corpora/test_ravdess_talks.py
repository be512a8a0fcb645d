"""Talks have exact turns, the cast that was asked for, and nothing but the seed decides them."""

import itertools
import wave
from pathlib import Path

import numpy as np
import pytest

from emospot.corpora.ravdess_talks import LEVEL_DB, PAUSE, SPEAKERS, talk, talks
from emospot.errors import CorpusError

RATE = 16_000
ACTORS = range(1, 13)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve actors with three clips each, a tone of 100 · actor Hz between silences."""
    made = tmp_path_factory.mktemp("clips")
    for actor, emotion in itertools.product(ACTORS, (1, 3, 5)):
        time = np.arange(int(0.5 * RATE)) / RATE
        sound = 0.2 * emotion / 5 * np.sin(2 * np.pi * 100 * actor * time)
        silence = np.zeros(RATE // 4)
        path = made / f"03-01-{emotion:02}-01-01-01-{actor:02}.wav"
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE)
            audio = np.concatenate([silence, sound, silence])
            file.writeframes((32767 * audio).astype("<i2").tobytes())
    return made


def test_turns_are_where_their_speaker_is_heard(folder):
    made = talk(folder, ACTORS, 3, 0, mixed=True)
    for start, end, speaker in made.turns:
        part = made.audio[round(start * RATE) : round(end * RATE)]
        peak = np.abs(np.fft.rfft(part)).argmax() * RATE / len(part)
        assert peak == pytest.approx(100 * int(speaker[-2:]), abs=3)
    for (_, end, _), (start, _, _) in itertools.pairwise(made.turns):
        assert PAUSE[0] <= start - end + 1e-4 <= PAUSE[1] + 2e-4
    assert made.turns[-1][1] == pytest.approx(len(made.audio) / RATE)


@pytest.mark.parametrize("mixed", [False, True])
@pytest.mark.parametrize("count", [2, 3, 6])
def test_the_cast_is_as_asked_for(folder, count, mixed):
    for number in range(4):
        made = talk(folder, ACTORS, count, number, mixed=mixed)
        actors = {int(speaker[-2:]) for _, _, speaker in made.turns}
        assert len(actors) == made.speakers == count
        sexes = {actor % 2 for actor in actors}
        assert sexes == ({0, 1} if mixed else {(number + 1) % 2})


def test_a_turn_is_of_one_to_three_clips(folder):
    made = talk(folder, ACTORS, 2, 1, mixed=True, turns=30)
    runs = [len(list(own)) for _, own in itertools.groupby(turn[2] for turn in made.turns)]
    assert len(runs) == 30
    assert set(runs) == {1, 2, 3}


def test_levels_differ_from_speaker_to_speaker_and_half_is_noisy(folder):
    kinds = [talk(folder, ACTORS, 2, number, mixed=True) for number in range(4)]
    assert sorted(one.noisy for one in kinds) == [False, False, True, True]
    clean = next(one for one in kinds if not one.noisy)
    levels = {}
    for start, end, speaker in clean.turns:
        part = clean.audio[round(start * RATE) : round(end * RATE)]
        levels.setdefault(speaker, []).append(20 * np.log10(np.sqrt((part**2).mean())))
    for own in levels.values():
        assert np.ptp(own) < 0.1
    first, second = (np.mean(own) for own in levels.values())
    assert 0.01 < abs(first - second) <= 2 * LEVEL_DB + 0.1


def test_the_seed_decides_everything(folder):
    one, two = (talk(folder, ACTORS, 3, 1, mixed=False, seed=4) for _ in range(2))
    np.testing.assert_array_equal(one.audio, two.audio)
    assert one.turns == two.turns
    assert talk(folder, ACTORS, 3, 1, mixed=False, seed=5).turns != one.turns


def test_all_kinds_of_talks(folder):
    made = list(talks(folder, ACTORS, each=1))
    assert len(made) == 2 * (2 * len(SPEAKERS) - 1)
    assert len({one.name for one in made}) == len(made)
    alone = [one for one in made if one.speakers == 1]
    assert all(len({turn[2] for turn in one.turns}) == 1 for one in alone)


def test_what_is_not_there_is_told(folder, tmp_path):
    with pytest.raises(CorpusError, match="no clip of actor"):
        talk(folder, (21, 22), 2, 0, mixed=True)
    with pytest.raises(CorpusError, match="4 of one sex are wanted, and there are 1"):
        talk(folder, (1, 2), 4, 0, mixed=False)
    with pytest.raises(CorpusError):
        talk(tmp_path, ACTORS, 2, 0, mixed=True)
