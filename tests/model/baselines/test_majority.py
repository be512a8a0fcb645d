"""The majority says one thing, and it is the most frequent class of the training data."""

from collections import Counter
from collections.abc import Callable

import torch

from emospot.batch import Example, collate
from emospot.config import parse_config
from emospot.emotions import LabelSet, emotion_task
from emospot.model.baselines.utterance_model import UtteranceModel
from emospot.training.closed_form import fit_closed_form
from emospot.training.data import Split

LABELS = LabelSet("four", ("a", "b", "c", "d"))
DIMS = {"words": 3, "voice": 2}


def test_the_most_frequent_class_whatever_is_said(
    make_example: Callable[..., Example], make_baseline: Callable[..., UtteranceModel]
) -> None:
    config = parse_config({"model": {"kind": "majority"}})
    for seed in range(6):
        train = tuple(make_example(name, 7, DIMS, seed=seed) for name in "abc")
        dev = (make_example("d", 5, DIMS, seed=seed),)
        model = make_baseline("majority", DIMS)
        fit_closed_form(model, config, Split(train, dev), DIMS, emotion_task(LABELS))
        counted = Counter(u.label for e in train for u in e.conversation.utterances)
        logits = model(collate(dev, DIMS)).logits["emotion"][0]
        heard = collate(dev, DIMS).present[0].any(dim=-1)
        said = {LABELS.labels[int(i)] for i in logits[heard].argmax(dim=-1)}
        assert len(said) == 1
        assert counted[said.pop()] == max(counted.values())
        expected = torch.tensor([counted[label] + 1.0 for label in LABELS.labels])
        assert torch.allclose(torch.softmax(logits[heard][0], dim=-1), expected / expected.sum())
