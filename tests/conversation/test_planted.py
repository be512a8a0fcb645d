"""The generator: its frequencies are those that it promises."""

import numpy as np
import pytest

from emospot.conversation.planted import PRESETS, PlantedWorld, draw

WORLD = PlantedWorld(
    imbalance=3.0, repeat=0.4, stay=0.5, catch=0.3, distractors=0.5, missing=0.2, conflict=0.25,
    jitter=1, tokens=26,
)  # fmt: skip


@pytest.fixture(scope="module")
def dialogues():
    return list(draw(WORLD, 300, seed=1))


def close(found, expected, count):
    """Within four standard deviations of a share."""
    return abs(found - expected) < 4 * np.sqrt(expected * (1 - expected) / count) + 1e-12


def test_emotions_follow_the_prior_at_every_turn(dialogues):
    for turn in (0, 11):
        felt = np.array([d.emotions[turn] for d in dialogues])
        for emotion, share in enumerate(WORLD.prior):
            assert close((felt == emotion).mean(), share, len(felt))
    assert WORLD.prior[0] == pytest.approx(3 * WORLD.prior[-1])


def test_emotions_last_and_are_caught(dialogues):
    rest = 1 - WORLD.stay - WORLD.catch
    lasted, caught, expected = [], [], []
    for d in dialogues:
        last = {}
        for speaker, emotion in zip(d.speakers.tolist(), d.emotions.tolist(), strict=True):
            own, other = last.get(speaker), last.get(1 - speaker)
            if own is not None and other is not None and own != other:
                lasted.append(emotion == own)
                caught.append(emotion == other)
                chances = WORLD.stay + rest * WORLD.prior[own]
                expected.append((chances, WORLD.catch + rest * WORLD.prior[other]))
            last[speaker] = emotion
    assert len(lasted) > 1000
    for found, chances in zip((lasted, caught), np.transpose(expected), strict=True):
        usual = np.sqrt((chances * (1 - chances)).sum())
        assert abs(np.sum(found) - chances.sum()) < 4 * usual


def test_who_speaks(dialogues):
    goes_on = np.concatenate([d.speakers[1:] == d.speakers[:-1] for d in dialogues])
    assert close(goes_on.mean(), WORLD.repeat, len(goes_on))
    lengths = {len(d) for d in dialogues}
    assert (min(lengths), max(lengths)) == WORLD.turns


def test_bursts_lie_where_they_are_said_to(dialogues):
    """The tokens of a hotspot point in its direction by its strength, and no others do."""
    inside, outside = [], []
    for d in dialogues[:60]:
        for u in range(len(d)):
            for m in range(3):
                if not d.present[u, m]:
                    assert not d.values[u, m].any()
                    continue
                bursts = [d.starts[u, m]] + [s for s in [d.distractors[u, m]] if s >= 0]
                taken = {s + t for s in bursts for t in range(WORLD.length)}
                assert len(taken) == WORLD.length * len(bursts)  # they do not touch
                along = d.values[u, m] @ WORLD.directions[m, d.groups[u, m]]
                inside += along[d.starts[u, m] : d.starts[u, m] + WORLD.length].tolist()
                outside += np.delete(along, list(taken)).tolist()
    for values, expected in ((inside, WORLD.strength), (outside, 0.0)):
        assert abs(np.mean(values) - expected) < 4 / np.sqrt(len(values))
        assert abs(np.std(values) - 1.0) < 0.05


def test_modalities_crest_by_the_style_of_their_speaker(dialogues):
    apart = []
    for d in dialogues:
        own = WORLD.lags[d.styles[d.speakers]]
        apart.append(d.starts - d.crests[:, None] - own)
    apart = np.concatenate(apart)
    assert set(np.unique(apart)) == {-1, 0, 1}
    for jitter in (-1, 0, 1):
        assert close((apart == jitter).mean(), 1 / 3, apart.size)
    crests = np.concatenate([d.crests for d in dialogues])
    assert (crests.min(), crests.max()) == (5, 5 + WORLD.crests - 1)
    starts = np.concatenate([d.starts for d in dialogues])
    assert starts.min() >= 0
    assert starts.max() + WORLD.length <= WORLD.tokens


def test_shares_of_what_disturbs(dialogues):
    present = np.concatenate([d.present for d in dialogues])
    assert close(present.mean(), 0.8, present.size)
    distractors = np.concatenate([d.distractors for d in dialogues]) >= 0
    assert close(distractors.mean(), 0.5, distractors.size)
    differs = np.concatenate(
        [(d.groups != WORLD.group_table[:, d.emotions].T).any(axis=1) for d in dialogues]
    )
    assert close(differs.mean(), 0.25, differs.size)
    assert (
        max((d.groups != WORLD.group_table[:, d.emotions].T).sum(axis=1).max() for d in dialogues)
        == 1
    )


@pytest.mark.parametrize("world", [WORLD, *PRESETS.values()])
def test_no_modality_tells_the_emotion_and_all_together_do(world):
    table = world.group_table
    assert all(len(set(row.tolist())) == world.groups < world.emotions for row in table)
    assert len({tuple(column.tolist()) for column in table.T}) == world.emotions
    for basis in world.directions:
        assert np.allclose(basis @ basis.T, np.eye(world.groups))
    assert len({tuple(row) for row in world.lags.tolist()}) == world.styles


def test_the_same_seed_gives_the_same_conversations():
    first = list(draw(WORLD, 3, seed=5))
    for one, other in zip(first, draw(WORLD, 2, seed=5), strict=False):
        assert np.array_equal(one.values, other.values)
    assert not np.array_equal(first[0].values[0], next(draw(WORLD, 1, seed=6)).values[0])


def test_one_modality_and_one_speaker():
    world = PlantedWorld(modalities=("voice",), speakers=1, styles=1, noise=(0.5,))
    (dialogue,) = draw(world, 1, seed=0)
    assert not dialogue.speakers.any()
    assert dialogue.values.shape[1] == 1
