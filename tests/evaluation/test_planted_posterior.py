"""The exact posterior against enumeration of everything, and against what comes true."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from emospot.conversation.planted import PlantedWorld, draw
from emospot.evaluation.planted_posterior import posterior

TINY = PlantedWorld(
    emotions=3, imbalance=2.0, modalities=("words", "voice"), groups=2, speakers=2, turns=(3, 3),
    repeat=0.5, stay=0.4, catch=0.3, tokens=6, dim=2, length=1, strength=1.5, noise=(1.0, 0.7),
    styles=2, lag=1, jitter=1, distractors=0.6, conflict=0.3, missing=0.2,
)  # fmt: skip
SMALL = (
    TINY,
    TINY.changed(conflict=0.0, jitter=0, missing=0.0),
    TINY.changed(speakers=1, distractors=1.0, conflict=1.0),
    TINY.changed(speakers=3, styles=1, turns=(4, 4), distractors=0.0),
    TINY.changed(tokens=6, length=6, lag=0, jitter=0, styles=1),
    TINY.changed(length=2, tokens=6, lag=0, jitter=1, styles=1),
)


def density(world, x, modality, bursts):
    """Likelihood of a modality's tokens with bursts (start, group)."""
    mean = np.zeros_like(x)
    for start, group in bursts:
        mean[start : start + world.length] += world.strength * world.directions[modality, group]
    return np.exp(-((x - mean) ** 2).sum() / (2 * world.deviation(modality) ** 2))


def shown(world, x, modality, start, group):
    """The same with a hotspot, over all distractors."""
    apart = [s for s in range(world.places) if abs(s - start) >= world.length]
    share = world.distractors if apart else 0.0
    found = (1 - share) * density(world, x, modality, [(start, group)])
    for place, other in product(apart, range(world.groups)):
        bursts = [(start, group), (place, other)]
        found += share / len(apart) / world.groups * density(world, x, modality, bursts)
    return found


def utterance(world, dialogue, u, emotion, style):
    """Likelihood of an utterance: alone, and jointly with where each hotspot begins."""
    M, G, J = len(world.modalities), world.groups, world.jitter
    starts = np.zeros((M, world.places))
    total = 0.0
    for crest in range(world.crests):
        for liar in [None, *range(M)]:
            chance = (1 - world.conflict) if liar is None else world.conflict / M
            by_place = []
            for m in range(M):
                own = world.group_table[m, emotion]
                groups = [own] if m != liar else [g for g in range(G) if g != own]
                places = np.zeros(world.places)
                for group, jitter in product(groups, range(-J, J + 1)):
                    s = crest + world.lag + J + world.lags[style, m] + jitter
                    x = dialogue.values[u, m].astype(float)
                    one = shown(world, x, m, s, group) if dialogue.present[u, m] else 1.0
                    places[s] += one / len(groups) / (2 * J + 1)
                by_place.append(places)
            sums = np.array([p.sum() for p in by_place])
            weight = chance / world.crests
            total += weight * sums.prod()
            for m in range(M):
                starts[m] += weight * by_place[m] * np.delete(sums, m).prod()
    return total, starts


def next_emotion(world, last, speaker, emotion):
    others = [e for s, e in enumerate(last) if s != speaker]
    caught = np.mean([e == emotion for e in others]) if others else world.prior[emotion]
    drawn = 1 - world.stay - world.catch
    return (
        world.stay * (last[speaker] == emotion)
        + world.catch * caught
        + drawn * world.prior[emotion]
    )


def enumerated(world, dialogue):
    """Emotions, shape (U, K), and starts, shape (U, M, places), by summing over everything."""
    U, K, S = len(dialogue), world.emotions, world.speakers
    table = {
        (u, e, z): utterance(world, dialogue, u, e, z)
        for u, e, z in product(range(U), range(K), range(world.styles))
    }
    emotions = np.zeros((U, K))
    starts = np.zeros((U, len(world.modalities), world.places))
    for first, path, styles in product(
        product(range(K), repeat=S),
        product(range(K), repeat=U),
        product(range(world.styles), repeat=S),
    ):
        last, weight = list(first), float(np.prod(world.prior[list(first)]))
        for u, emotion in enumerate(path):
            speaker = dialogue.speakers[u]
            weight *= next_emotion(world, last, speaker, emotion)
            weight *= table[u, emotion, styles[speaker]][0]
            last[speaker] = emotion
        for u, emotion in enumerate(path):
            emotions[u, emotion] += weight
            alone, places = table[u, emotion, styles[dialogue.speakers[u]]]
            starts[u] += weight * places / alone
    total = emotions.sum(axis=1, keepdims=True)
    return emotions / total, starts / total[..., None] * dialogue.present[..., None]


@pytest.mark.parametrize("world", SMALL)
def test_it_is_what_enumeration_gives(world):
    for dialogue in draw(world, 2, seed=3):
        emotions, starts = enumerated(world, dialogue)
        found = posterior(world, dialogue)
        assert np.allclose(found.emotions, emotions, atol=1e-6)
        assert np.allclose(found.starts, starts, atol=1e-6)


def first(dialogue, count):
    """Its first utterances."""
    cut = (
        "speakers",
        "emotions",
        "crests",
        "values",
        "present",
        "groups",
        "starts",
        "distractors",
    )
    return replace(dialogue, **{name: getattr(dialogue, name)[:count] for name in cut})


def test_causal_is_the_answer_to_what_has_been_said():
    (dialogue,) = draw(TINY, 1, seed=1)
    found = posterior(TINY, dialogue, causal=True)
    for u in range(len(dialogue)):
        until = posterior(TINY, first(dialogue, u + 1))
        assert np.allclose(found.emotions[u], until.emotions[u])
        assert np.allclose(found.starts[u], until.starts[u])


def test_without_context_is_every_utterance_alone():
    (dialogue,) = draw(TINY, 1, seed=2)
    found = posterior(TINY, dialogue, "without context")
    alone = posterior(TINY, first(dialogue, 1))
    assert np.allclose(found.emotions[0], alone.emotions[0])
    assert np.allclose(found.starts[0], alone.starts[0])


@pytest.mark.parametrize("knowledge", ["blind to lag", "pooled"])
def test_what_knows_less_against_enumeration(knowledge):
    """One turn: modalities by their own places alone, or by their means alone."""
    world = TINY.changed(turns=(1, 1))
    J, T = world.jitter, world.tokens
    for dialogue in draw(world, 3, seed=4):
        felt = world.prior.copy()
        likelihood = np.zeros((len(world.modalities), world.groups))
        for m, group in product(range(len(world.modalities)), range(world.groups)):
            x = dialogue.values[0, m].astype(float)
            for crest, z, jitter in product(
                range(world.crests), range(world.styles), range(-J, J + 1)
            ):
                s = crest + world.lag + J + world.lags[z, m] + jitter
                if knowledge == "blind to lag":
                    likelihood[m, group] += shown(world, x, m, s, group)
                else:
                    likelihood[m, group] += shown_mean(world, x.mean(axis=0), m, s, group, T)
            if not dialogue.present[0, m]:
                likelihood[m, group] = 1.0
        for e in range(world.emotions):
            own = [likelihood[m, world.group_table[m, e]] for m in range(2)]
            other = [likelihood[m, 1 - world.group_table[m, e]] for m in range(2)]
            agreed = own[0] * own[1]
            conflicting = (other[0] * own[1] + own[0] * other[1]) / 2
            felt[e] *= (1 - world.conflict) * agreed + world.conflict * conflicting
        found = posterior(world, dialogue, knowledge)
        assert np.allclose(found.emotions[0], felt / felt.sum(), atol=1e-6)


def shown_mean(world, mean, modality, start, group, tokens):
    apart = [s for s in range(world.places) if abs(s - start) >= world.length]
    share = world.distractors if apart else 0.0
    a = world.strength * world.length / tokens
    own = a * world.directions[modality]
    variance = world.deviation(modality) ** 2 / tokens

    def gauss(expected):
        return np.exp(-((mean - expected) ** 2).sum() / (2 * variance))

    with_distractor = np.mean([gauss(own[group] + own[g]) for g in range(world.groups)])
    return (1 - share) * gauss(own[group]) + share * with_distractor


@pytest.mark.parametrize("knowledge", ["all", "without context", "pooled"])
def test_what_is_said_with_so_much_confidence_is_so_often_right(knowledge):
    world = PlantedWorld(imbalance=3.0, conflict=0.1, missing=0.1, jitter=1, tokens=26)
    confidence, right = [], []
    for dialogue in draw(world, 120, seed=5):
        felt = posterior(world, dialogue, knowledge).emotions
        assert np.allclose(felt.sum(axis=1), 1.0)
        confidence += felt.max(axis=1).tolist()
        right += (felt.argmax(axis=1) == dialogue.emotions).tolist()
    confidence, right = np.array(confidence), np.array(right)
    for low, high in ((0.0, 0.5), (0.5, 0.7), (0.7, 0.9), (0.9, 1.01)):
        inside = (confidence >= low) & (confidence < high)
        if inside.sum() < 50:
            continue
        usual = np.sqrt((confidence[inside] * (1 - confidence[inside])).sum())
        assert abs(confidence[inside].sum() - right[inside].sum()) < 4 * usual + 1
    assert right.mean() > 0.3
