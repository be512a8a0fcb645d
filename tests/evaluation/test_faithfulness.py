"""A model whose decision hangs on one known token: rankings are told apart."""

import numpy as np
import pytest
import torch

from emospot.batch import Example
from emospot.config import ModelConfig
from emospot.conversation import Conversation, Hotspot, Tokens, Utterance
from emospot.emotions import LabelSet
from emospot.errors import ModelError
from emospot.evaluation.faithfulness import AT_RANDOM, GATE, GRADIENT, HOTSPOTS, faithfulness
from emospot.features.base import FeatureDescription
from emospot.model.emotion_model import EmotionModel, EmotionOutput
from emospot.model.pretrained import ModelCard, PretrainedModel

COUNT = 20


class OneWord(EmotionModel):
    """Says "yes" where the sum of the first numbers is high; nothing else is read."""

    def __init__(self):
        super().__init__()
        self.register_buffer("prior_emotion", torch.zeros(2))

    @property
    def modalities(self):
        return ("words",)

    def set_input_statistics(self, modality, mean, deviation):
        raise NotImplementedError

    def forward(self, batch):
        tensors = batch.modalities["words"]
        x = tensors.values.float()[..., 0] * tensors.mask
        yes = 4 * x.sum(dim=-1) - 2
        gates = tensors.mask.float() * (1 - tensors.scores)
        return EmotionOutput({"emotion": torch.stack([yes, -yes], dim=-1)}, gates={"words": gates})


@pytest.fixture
def model():
    features = {"words": FeatureDescription("words", "x", "1", 2, pooled=False)}
    card = ModelCard("one-word", LabelSet("two", ("yes", "no")), features)
    return PretrainedModel(OneWord(), ModelConfig(modalities=("words",)), card)


def talk(name, decisive, spotted, count=6):
    """Utterances whose token `decisive` decides, with a hotspot over `spotted`."""
    tokens, hotspots = [], []
    for _ in range(count):
        values = np.zeros((COUNT, 2))
        values[decisive, 0] = 1.0
        offsets = np.array([(2 * n, 2 * n + 1) for n in range(COUNT)])
        tokens.append(Tokens(values, offsets=offsets))
        place = 2 * spotted, 2 * spotted + 1
        hotspots.append([Hotspot("words", None, None, 0.9, "x", *place)])
    turns = tuple(Utterance(f"u{n}", "A", text="x " * COUNT) for n in range(count))
    return Example(Conversation(name, turns), {"words": tokens}, hotspots)


def means(found, ranking):
    own = [one for one in found if one.ranking == ranking]
    return (
        np.mean([one.comprehensiveness for one in own]),
        np.mean([one.sufficiency for one in own]),
    )


def test_hotspots_that_decide(model):
    found = faithfulness(model, [talk("a", 7, 7), talk("b", 3, 3)], "words")
    assert {one.ranking for one in found} == {HOTSPOTS, AT_RANDOM, GATE, GRADIENT}
    sure, lost = 1 / (1 + np.exp(-4)), 1 / (1 + np.exp(4))
    needed, enough = means(found, HOTSPOTS)
    assert needed == pytest.approx(sure - lost)  # without the token it says no, at every rate
    assert enough == pytest.approx(0.0)
    assert means(found, AT_RANDOM)[0] < 0.5 * needed
    # The gate of this model is shut at its hotspots: the worst ranking there is.
    assert means(found, GATE)[0] == pytest.approx(0.0)


def test_hotspots_that_do_not(model):
    found = faithfulness(model, [talk("a", 7, 12)], "words")
    assert means(found, HOTSPOTS)[0] < 0.4


def test_the_gradient_is_that_of_the_answer(model):
    """All tokens count alike in this model, and none by its second number."""
    found = faithfulness(model, [talk("a", 7, 7)], "words", utterances=1)
    (own,) = [one for one in found if one.ranking == GRADIENT]
    assert np.isfinite([own.comprehensiveness, own.sufficiency]).all()


def test_how_many_are_asked_about_and_the_seed(model):
    told = []
    examples = [talk("a", 7, 7), talk("b", 3, 3)]
    found = faithfulness(model, examples, "words", utterances=5, tell=lambda *n: told.append(n))
    assert told[-1] == (5, 5)
    assert len({(one.conversation, one.utterance) for one in found}) == 5
    assert found == faithfulness(model, examples, "words", utterances=5)
    other = faithfulness(model, examples, "words", utterances=5, seed=1)
    assert other != found


def test_short_utterances_and_absent_ones_are_passed_over(model):
    example = talk("a", 2, 2, count=3)
    words = list(example.tokens["words"])
    words[0] = None
    words[1] = Tokens(np.ones((3, 2)))
    found = faithfulness(
        model, [Example(example.conversation, {"words": words}, example.hotspots)], "words"
    )
    assert {one.utterance for one in found} == {"u2"}


def test_nothing_to_take_away(model):
    with pytest.raises(ModelError, match="does not read several tokens of voice"):
        faithfulness(model, [talk("a", 7, 7)], "voice")
