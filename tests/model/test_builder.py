"""One entry builds any kind of model, and all of them look alike from outside."""

from collections.abc import Callable

import pytest
import torch

from emospot.batch import Example, collate
from emospot.config import AnyModelConfig, BaselineConfig, ModelConfig
from emospot.errors import ModelError
from emospot.model.baselines.utterance_model import UtteranceModel
from emospot.model.builder import build_model
from emospot.model.emotion_model import EmotionModel
from emospot.model.recognizer import Recognizer

DIMS = {"words": 7, "voice": 5, "face": 3}
OWN = ModelConfig(modalities=("voice", "words"), width=16, heads=2, graph_heads=2)
BASELINE = BaselineConfig(kind="mlp", modalities=("voice", "words"))


@pytest.mark.parametrize(("config", "family"), [(OWN, Recognizer), (BASELINE, UtteranceModel)])
def test_the_kind_decides_and_the_interface_is_one(
    make_example: Callable[..., Example], config: AnyModelConfig, family: type
) -> None:
    model = build_model(config, DIMS, {"emotion": 4})
    assert isinstance(model, family)
    assert isinstance(model, EmotionModel)
    assert model.modalities == ("voice", "words")
    prior = torch.tensor([4.0, 3.0, 2.0, 1.0])
    model.set_prior("emotion", prior)
    dims = {m: DIMS[m] for m in model.modalities}
    nothing = collate([make_example("a", 3, dims, missing=1.0)], dims)
    assert torch.equal(model.eval()(nothing).logits["emotion"], prior.expand(1, 3, -1))
    batch = collate([make_example("a", 3, dims, missing=0.0)], dims)
    before = model(batch).logits["emotion"]
    model.set_input_statistics("voice", torch.ones(5), torch.full((5,), 3.0))
    assert not torch.allclose(before, model(batch).logits["emotion"])


@pytest.mark.parametrize("config", [OWN, BASELINE])
def test_a_modality_without_features_is_named(config: AnyModelConfig) -> None:
    with pytest.raises(ModelError, match='reads "voice", but the features have only words'):
        build_model(config, {"words": 7}, {"emotion": 4})
    with pytest.raises(ModelError, match="only nothing"):
        build_model(config, {}, {"emotion": 4})


def test_the_interface_cannot_be_used_unfinished() -> None:
    with pytest.raises(TypeError, match="abstract"):
        EmotionModel()
