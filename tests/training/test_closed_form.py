"""Logistic regression equals scikit-learn's, and C is chosen on dev or within training."""

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from emospot.batch import Example, collate
from emospot.config import parse_config
from emospot.conversation import Conversation, Tokens, Utterance
from emospot.emotions import LabelSet, emotion_task
from emospot.errors import UsageError
from emospot.model.builder import build_model
from emospot.training.closed_form import STRENGTHS, fit_closed_form, labelled_vectors
from emospot.training.data import Split

LABELS = LabelSet("moods", ("calm", "angry", "glad"))
TASK = emotion_task(LABELS)
DIMS = {"words": 4, "voice": 3}


def _example(name: str, seed: int, count: int = 10, classes: Sequence[int] = (0, 1, 2)) -> Example:
    random = np.random.default_rng(seed)
    utterances, words, voice = [], [], []
    for i in range(count):
        label = int(random.choice(classes))
        utterances.append(Utterance(f"u{i}", "AB"[i % 2], label=LABELS.labels[label]))
        tokens = random.normal(size=(int(random.integers(1, 4)), 4))
        tokens[:, label] += 1.0
        words.append(Tokens(tokens) if i != 3 else None)
        voice.append(Tokens(random.normal(size=(1, 3))) if i not in (3, 5) else None)
    return Example(Conversation(name, tuple(utterances)), {"words": words, "voice": voice})


def _matrix(examples: Sequence[Example], past: int, future: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows and labels as anybody would build them, utterances with nothing left out."""
    rows, labels = [], []
    for example in examples:
        means = [
            np.concatenate(
                [
                    np.zeros(DIMS[m]) if tokens[i] is None else tokens[i].values.mean(axis=0)
                    for m, tokens in example.tokens.items()
                ]
            )
            for i in range(len(example.conversation.utterances))
        ]
        for i, utterance in enumerate(example.conversation.utterances):
            if example.tokens["words"][i] is None and example.tokens["voice"][i] is None:
                continue
            near = range(i - past, i + future + 1)
            rows.append(
                np.concatenate([means[k] if 0 <= k < len(means) else np.zeros(7) for k in near])
            )
            labels.append(LABELS.index(utterance.label))
    return np.stack(rows), np.array(labels)


@pytest.mark.parametrize("balanced", [False, True])
def test_equals_scikit_learns_probabilities(balanced: bool) -> None:
    train = tuple(_example(f"t{i}", i) for i in range(8))
    split = Split(train, (_example("d", 50), _example("e", 51)))
    config = parse_config(
        {
            "model": {"kind": "logistic_regression", "past": 2, "future": 1},
            "training": {"class_weights": balanced},
        }
    )
    model = build_model(config.model, DIMS, {"emotion": 3})
    reports = []
    fitted = fit_closed_form(
        model, config, split, DIMS, TASK, lambda figures, count: reports.append((figures, count))
    )
    x, y = _matrix(split.train, 2, 1)
    dev_x, dev_y = _matrix(split.dev, 2, 1)
    references = [
        make_pipeline(
            StandardScaler(),
            LogisticRegression(
                C=C, max_iter=5000, tol=1e-8, class_weight="balanced" if balanced else None
            ),
        ).fit(x, y)
        for C in STRENGTHS
    ]
    # One dev utterance a dialogue has nothing and gets the prior (all zero here: class 0).
    silent = [LABELS.index(e.conversation.utterances[3].label) for e in split.dev]
    scores = [
        f1_score([*dev_y, *silent], [*r.predict(dev_x), 0, 0], average="weighted")
        for r in references
    ]
    assert fitted.score == pytest.approx(max(scores), abs=1e-6)
    assert fitted.epoch == int(np.argmax(np.round(scores, 9)))
    expected = references[fitted.epoch].predict_proba(dev_x)
    logits = model(collate(split.dev, DIMS)).logits["emotion"].detach()
    heard = collate(split.dev, DIMS).present.any(dim=-1)
    assert torch.softmax(logits[heard], dim=-1).numpy() == pytest.approx(expected, abs=1e-3)
    assert [figures["C"] for figures, _ in reports] == list(STRENGTHS)
    assert {count for _, count in reports} == {len(STRENGTHS)}
    assert len(fitted.history) == len(STRENGTHS)


def test_only_labelled_utterances_are_read() -> None:
    config = parse_config({"model": {"kind": "logistic_regression"}})
    model = build_model(config.model, DIMS, {"emotion": 3}).eval()
    example = _example("a", 0)
    unlabelled = tuple(
        Utterance(u.id, u.speaker, label=None if i < 4 else u.label)
        for i, u in enumerate(example.conversation.utterances)
    )
    example = Example(Conversation("a", unlabelled), example.tokens)
    found = labelled_vectors(model, [example, example], DIMS, TASK)
    assert len(found.answers) == 12
    assert found.features.shape == (12, 7 * 5)
    assert found.known.all()


def test_without_dev_c_is_chosen_over_training_conversations_and_all_are_learned_from() -> None:
    train = tuple(_example(f"t{i}", i) for i in range(12))
    config = parse_config(
        {
            "model": {"kind": "logistic_regression", "past": 1, "future": 0},
            "training": {"choose": "last", "dev": "none"},
        }
    )
    model = build_model(config.model, DIMS, {"emotion": 3})
    fitted = fit_closed_form(model, config, Split(train, ()), DIMS, TASK)
    x, y = _matrix(train, 1, 0)
    groups = np.repeat(np.arange(12), 9)
    scores = []
    for C in STRENGTHS:
        pipeline = make_pipeline(
            StandardScaler(), LogisticRegression(C=C, max_iter=5000, tol=1e-8)
        )
        answers = cross_val_predict(pipeline, x, y, groups=groups, cv=GroupKFold(5))
        # The fourth utterance of each dialogue has nothing and gets the prior: class 0.
        silent = [LABELS.index(e.conversation.utterances[3].label) for e in train]
        scores.append(f1_score([*y, *silent], [*answers, *[0] * 12], average="weighted"))
    assert [h["dev_weighted_f1"] for h in fitted.history] == pytest.approx(scores, abs=1e-6)
    assert fitted.epoch == int(np.argmax(np.round(scores, 9)))
    pipeline = make_pipeline(
        StandardScaler(), LogisticRegression(C=STRENGTHS[fitted.epoch], max_iter=5000, tol=1e-8)
    ).fit(x, y)
    logits = model(collate(train, DIMS)).logits["emotion"].detach()
    heard = collate(train, DIMS).present.any(dim=-1)
    found = torch.softmax(logits[heard], dim=-1).numpy()
    assert found == pytest.approx(pipeline.predict_proba(x), abs=1e-3)


def test_one_conversation_and_no_dev_leaves_nothing_to_choose_on() -> None:
    config = parse_config(
        {
            "model": {"kind": "logistic_regression"},
            "training": {"choose": "last", "dev": "none"},
        }
    )
    model = build_model(config.model, DIMS, {"emotion": 3})
    with pytest.raises(UsageError, match=r"set training\.dev, or add conversations"):
        fit_closed_form(model, config, Split((_example("a", 0),), ()), DIMS, TASK)
