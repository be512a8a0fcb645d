"""Every baseline, small, through the one entry that training uses."""

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import pytest
import torch

from emospot.config import BaselineConfig
from emospot.model.baselines.utterance_model import UtteranceModel
from emospot.model.builder import build_model

GRAPH_KINDS = ("mmgcn", "cogmen", "corect")
GRAPH = {"width": 8, "past": 3, "future": 2}
SMALL: dict[str, dict[str, Any]] = {
    "majority": {},
    "logistic_regression": {"past": 2, "future": 1},
    "mlp": {"width": 8, "layers": 2},
    "contextual_gru": {"width": 6},
    "contextual_gru with speakers": {"width": 6, "speaker_path": True},
    "dialogue_rnn": {"width": 6},
    "mmgcn": GRAPH,
    "cogmen": {**GRAPH, "heads": 2},
    "corect": {**GRAPH, "heads": 2},
    "cross_modal_transformer": {"width": 8, "heads": 2, "layers": 2},
}
THERE = [
    name
    for name in SMALL
    if name not in GRAPH_KINDS or find_spec(f"emospot.model.baselines.{name}")
]


@pytest.fixture(params=THERE)
def kind(request: pytest.FixtureRequest) -> str:
    """The name of every baseline, and of what it can be switched to."""
    return request.param


@pytest.fixture(params=[name for name in THERE if name != "majority"])
def reading(request: pytest.FixtureRequest) -> str:
    """Those that read what is said."""
    return request.param


@pytest.fixture(params=[n for n in THERE if n not in ("majority", "logistic_regression")])
def learned(request: pytest.FixtureRequest) -> str:
    """Those that are trained by gradient steps."""
    return request.param


@pytest.fixture
def make_baseline() -> Callable[..., UtteranceModel]:
    """A small baseline in evaluation mode, answering four classes."""

    def make(name: str, dims: dict[str, int], seed: int = 0, **settings: object) -> UtteranceModel:
        torch.manual_seed(seed)
        kind = name.partition(" ")[0]
        values = {"kind": kind, "modalities": tuple(dims), **SMALL[name], **settings}
        model = build_model(BaselineConfig(**values), dims, {"emotion": 4})
        assert isinstance(model, UtteranceModel)
        return model.eval()

    return make
