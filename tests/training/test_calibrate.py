"""Temperatures and thresholds: for the whole, and for what was read in part."""

from dataclasses import replace

import numpy as np
import pytest

from emospot.config import parse_config
from emospot.evaluation.calibration import softmax
from emospot.features.store import FeatureStore
from emospot.model.predict import predict
from emospot.model.pretrained import load_model
from emospot.training.calibrate import confidence_of
from emospot.training.data import load_split
from emospot.training.fit import train


def test_logits_that_are_too_great_by_a_factor_are_divided_by_it() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(4000, 3)) * 2
    true = np.array([rng.choice(3, p=p) for p in softmax(logits)])
    found = confidence_of(logits * 2.5, true)
    assert found.temperature == pytest.approx(2.5, rel=0.1)
    # More often wrong than right below it: the greatest of three probabilities at about 1/2.
    assert 0.4 < found.unsure_below < 0.6


def test_each_modality_alone_gets_its_own_and_they_are_kept_on_disk(make_store, tmp_path) -> None:
    config = parse_config({"model": {"width": 16, "heads": 2}, "training": {"epochs": 1}})
    store: FeatureStore = make_store()
    train(store, tmp_path / "run", config)
    card = load_model(tmp_path / "run/seed-0/model").card
    assert set(card.partial) == {"words", "voice"}
    model = load_model(tmp_path / "run/seed-0/model")
    dev = load_split(store, config.training).dev
    for kept, left in (("words", "voice"), ("voice", "words")):
        silent = [replace(e, tokens={**e.tokens, left: [None] * len(e.tokens[left])}) for e in dev]
        logits, true = [], []
        for example, answer in zip(silent, predict(model, silent), strict=True):
            for u, utterance in enumerate(example.conversation.utterances):
                if utterance.label is not None and answer.present[kept][u]:
                    logits.append(answer.logits[u])
                    true.append(store.label_set.labels.index(utterance.label))
        expected = confidence_of(np.stack(logits), np.array(true))
        assert card.partial[kept].temperature == pytest.approx(expected.temperature, rel=1e-3)
        least = max(expected.unsure_below, card.unsure_below)
        assert card.partial[kept].unsure_below == pytest.approx(least, abs=1e-3)


def test_without_dev_conversations_nothing_is_chosen(make_store, tmp_path) -> None:
    settings = {
        "model": {"width": 16, "heads": 2},
        "training": {"epochs": 1, "dev": "none", "choose": "last"},
    }
    train(make_store(), tmp_path / "run", parse_config(settings))
    card = load_model(tmp_path / "run/seed-0/model").card
    assert (card.confidence.temperature, dict(card.partial)) == (1.0, {})
