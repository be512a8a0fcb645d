"""Ceilings: what knows less is worse, what is expected comes true, and places by hand."""

import numpy as np
import pytest

from emospot.conversation.planted import PRESETS, PlantedWorld, draw
from emospot.evaluation.planted_ceiling import (
    farthest_apart,
    likely_starts,
    planted_ceilings,
)
from emospot.evaluation.planted_posterior import PlantedPosterior, posterior


def ceilings(world, count, **options):
    found = planted_ceilings(world, list(draw(world, count, seed=0)), **options)
    return {one.knowledge: one for one in found}


def test_standard_is_hard_by_its_own_ceilings():
    """All that makes it up is needed: without any part of it, at least 0.12 is lost."""
    found = ceilings(PRESETS["standard"], 200)
    best = found["all"]
    assert best.accuracy.value <= 0.95
    assert best.accuracy.low < best.expected < best.accuracy.high
    for knowledge in ("without context", "blind to lag", "pooled"):
        assert best.accuracy.value - found[knowledge].accuracy.value > 0.12
    assert found["chance"].accuracy.value < 0.25
    assert found["chance"].expected == pytest.approx(1 / 6)
    assert best.hotspot_f1.value > found["without context"].hotspot_f1.value > 0.6
    assert found["pooled"].hotspot_f1 is None
    assert abs(best.weighted_f1.value - best.accuracy.value) < 0.02


def test_presets_get_harder():
    best = [
        ceilings(PRESETS[name], 40)["all"].accuracy.value for name in ("easy", "standard", "hard")
    ]
    assert best[0] > best[1] > best[2] > 0.5
    assert PRESETS["long"].turns[0] >= 100


def test_who_must_not_look_ahead_knows_less():
    later = ceilings(PlantedWorld(), 60)["all"].accuracy.value
    causal = ceilings(PlantedWorld(), 60, causal=True)["all"].accuracy.value
    assert causal < later


def test_a_world_without_strength_tells_the_prior():
    found = ceilings(PlantedWorld(strength=0.0, imbalance=4.0), 30)
    assert found["all"].accuracy.value == found["chance"].accuracy.value
    assert found["all"].expected == pytest.approx(found["chance"].expected)


def test_where_most_of_the_posterior_lies():
    world = PlantedWorld(tokens=8, lag=0, length=3, styles=1, modalities=("voice",))
    starts = np.array([[[0.0, 0.3, 0.0, 0.25, 0.25, 0.2]]])
    assert likely_starts(world, PlantedPosterior(np.ones((1, 6)), starts)).tolist() == [[4]]
    alone = world.changed(length=2, tokens=7)
    assert likely_starts(alone, PlantedPosterior(np.ones((1, 6)), starts)).tolist() == [[1]]


@pytest.mark.parametrize("length", range(1, 12))
def test_how_far_apart_is_half_an_overlap(length):
    apart = farthest_apart(length)
    assert (length - apart) / (length + apart) >= 0.5
    assert (length - apart - 1) / (length + apart + 1) < 0.5


def test_found_places_are_counted_where_the_modality_is_present():
    world = PlantedWorld(strength=6.0, missing=0.3, distractors=0.0)
    found = ceilings(world, 20)["all"].hotspot_f1
    assert found.value > 0.99
    for dialogue in draw(world, 3, seed=0):
        starts = posterior(world, dialogue).starts
        assert not starts[~dialogue.present].any()
        assert np.allclose(starts[dialogue.present].sum(axis=1), 1.0)
