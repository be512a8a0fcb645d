"""An exported model answers as the model does, whatever it is made of and however long."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from emospot.batch import collate
from emospot.config import BaselineConfig, ModelConfig
from emospot.emotions import LabelSet
from emospot.errors import MissingExtraError, ModelError
from emospot.export import served_file
from emospot.export.inputs import as_tensors, input_tensors, made_up, served_inputs
from emospot.export.precision import store_weights_as
from emospot.export.served_file import Form, export_model, open_exported
from emospot.export.served_model import ServedModel
from emospot.features.base import FeatureDescription
from emospot.model.builder import build_model, build_recognizer
from emospot.model.predict import dims_read, predict
from emospot.model.pretrained import ModelCard, PretrainedModel
from emospot.model.reading import readings_of

LABELS = LabelSet("four", ("a", "b", "c", "d"))
DIMS = {"words": 7, "voice": 5, "face": 4}
FEATURES = {m: FeatureDescription(m, m, "1", d, pooled=m == "voice") for m, d in DIMS.items()}
CARD = ModelCard("small", LABELS, FEATURES, temperature=1.7, licence="none", limits=("one",))
SMALL = {
    "width": 32, "heads": 2, "graph_heads": 2, "experts": 3, "expert_rank": 2,
    "graph_past": 3, "graph_future": 2,
}  # fmt: skip
MAKES: dict[str, dict[str, object]] = {
    "usual": {},
    "causal": {"causal": True},
    "the best aligner alone": {"top_k": 1, "context_layers": 2},
    "attention over utterances": {"context": "attention", "alignment_axis": "both"},
    "learned hotspots": {"learned_hotspots": ("words", "face")},
    "a moving average": {"graph_form": "moving_average", "aligners": "rigid"},
    "hardly anything": {
        "graph": False, "context": "none", "kernel_reader": False, "dynamics": 0.0,
        "own_heads": False, "fusion": "global",
    },
}  # fmt: skip
LENGTHS = (1, 2, 31, 40, 70)


def make(modalities: tuple[str, ...] = tuple(DIMS), **settings: object) -> PretrainedModel:
    """A model whose parameters are random throughout, and whose reader has learned."""
    torch.manual_seed(0)
    config = ModelConfig(modalities=modalities, **{**SMALL, **settings})  # type: ignore[arg-type]
    recognizer = build_recognizer(config, DIMS, {"emotion": len(LABELS)}).eval()
    for parameter in recognizer.parameters():
        if not parameter.detach().any():
            torch.nn.init.normal_(parameter, std=0.3)
    recognizer.set_transitions("emotion", torch.rand(3, 4, 4) * 20)
    model = PretrainedModel(recognizer, config, CARD)
    if config.kernel_reader:
        random = np.random.default_rng(0)
        told = [
            readings_of(collate([made_up(model, 12, seed)], dims_read(model)))[0]
            for seed in range(6)
        ]
        recognizer.fit_reader("emotion", told, [random.integers(0, 4, 12) for _ in told])
    return model


def _copy(model: PretrainedModel) -> ServedModel:
    return ServedModel(replace(model, recognizer=served_file.copy.deepcopy(model.recognizer)))


@pytest.mark.parametrize("settings", MAKES.values(), ids=MAKES)
def test_the_graph_of_tensors_says_what_the_model_says(settings: dict[str, object]) -> None:
    model = make(**settings)
    served = _copy(model)
    for count in LENGTHS:
        example = made_up(model, count, seed=count)
        wanted = predict(model, [example])[0]
        with torch.no_grad():
            found = served(as_tensors(served_inputs(model, example)))
        np.testing.assert_allclose(found["logits"], wanted.logits, atol=1e-5)
        np.testing.assert_allclose(found["probabilities"], wanted.probabilities, atol=1e-5)
        for kind, own in (("gate", wanted.gates), ("hotspots", wanted.hotspots)):
            for m, values in own.items():
                for u, tokens in enumerate(values):
                    np.testing.assert_allclose(
                        found[f"{m}_{kind}"][u, : len(tokens)], tokens, atol=1e-5
                    )


@pytest.mark.slow
@pytest.mark.untraced
@pytest.mark.parametrize(
    ("form", "settings"),
    # The whole of a causal model goes through `torch.export` in tests/cli/test_export.py.
    [("onnx", {}), ("torch", {"causal": True, **MAKES["hardly anything"]})],
)
def test_the_file_says_what_the_model_says(
    form: Form, settings: dict[str, object], tmp_path: Path
) -> None:
    model = make(("words", "voice"), **settings)
    letters = model.config.kernel_reader
    before = [p.detach().clone() for p in model.recognizer.parameters()]
    exported = export_model(model, tmp_path, form=form)
    assert exported.made_up.logits < 1e-4
    assert exported.real is None
    answer = open_exported(exported.path, form)
    for count in (1, 5, 100):
        example = made_up(model, count, seed=99 + count)
        found = answer(served_inputs(model, example, letters=letters))
        np.testing.assert_allclose(found["logits"], predict(model, [example])[0].logits, atol=1e-4)
    description = json.loads((tmp_path / "model.json").read_text(encoding="utf-8"))
    sent = served_inputs(model, made_up(model, 3), letters=letters)
    assert [one["name"] for one in description["inputs"]] == list(sent)
    assert {one["name"]: one["dtype"] for one in description["inputs"]} == {
        name: str(values.dtype) for name, values in sent.items()
    }
    assert [one["name"] for one in description["outputs"]] == list(found)
    assert description["labels"] == list(LABELS.labels)
    assert description["limits"] == ["one"]
    assert not list(tmp_path.glob("*.part"))
    if form == "onnx":
        shapes = {
            one.name: tuple(d.dim_param or d.dim_value for d in one.type.tensor_type.shape.dim)
            for one in onnx.load(exported.path).graph.input
        }
        assert shapes == {t.name: t.shape for t in input_tensors(model, letters=letters)}
    # The model itself is as it was.
    assert all(map(torch.equal, before, model.recognizer.parameters()))


def test_weights_in_fewer_bits_lose_little_and_weigh_less() -> None:
    model = make()
    example = made_up(model, 30)
    inputs = as_tensors(served_inputs(model, example))
    wanted = predict(model, [example])[0].logits
    sizes, lost = {}, {}
    for precision in ("single", "half", "int8"):
        served = _copy(model)
        store_weights_as(served, precision)  # type: ignore[arg-type]
        sizes[precision] = sum(t.numel() * t.element_size() for t in served.state_dict().values())
        with torch.no_grad():
            lost[precision] = float(np.abs(served(inputs)["logits"].numpy() - wanted).max())
    assert sizes["half"] < 0.6 * sizes["single"]
    assert sizes["int8"] < 0.5 * sizes["single"]
    assert lost["single"] < 1e-5 < lost["half"] < lost["int8"] < 0.3


def test_int8_rounds_each_row_to_its_own_scale() -> None:
    layer = torch.nn.Linear(64, 32)
    weight = layer.weight.detach().clone()
    weight[3] *= 100
    layer.weight.data.copy_(weight)
    store_weights_as(layer, "int8")
    step = weight.abs().amax(dim=1, keepdim=True) / 127
    assert ((layer.weight - weight).abs() <= step / 2 + 1e-6).all()
    assert layer.bias.dtype == torch.float


def test_what_answers_otherwise_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "model.pt2").write_bytes(b"older")
    model = make(("words",), **MAKES["hardly anything"])
    real = served_file.open_exported

    def off(path: Path, form: str) -> Callable[..., dict[str, np.ndarray]]:
        answer = real(path, form)  # type: ignore[arg-type]
        return lambda inputs: {k: v + 0.01 for k, v in answer(inputs).items()}

    monkeypatch.setattr(served_file, "open_exported", off)
    with pytest.raises(ModelError, match="answers otherwise"):
        export_model(model, tmp_path, form="torch")
    assert (tmp_path / "model.pt2").read_bytes() == b"older"
    assert not (tmp_path / "model.json").exists()


def test_a_second_reading_is_refused() -> None:
    settings = {"memory_reads": "moment", "second_reading": True, "graph_reads": "memory"}
    with pytest.raises(ModelError, match="moments twice"):
        ServedModel(make(**settings))


def test_only_emospots_own_models_are_exported(tmp_path: Path) -> None:
    config = BaselineConfig(kind="mlp", modalities=("words",), width=8)
    model = PretrainedModel(build_model(config, DIMS, {"emotion": 4}), config, CARD)
    with pytest.raises(ModelError, match="kind mlp"):
        export_model(model, tmp_path, form="torch")


def test_onnx_needs_its_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(served_file, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"emospot\[export\]"):
        export_model(make(**MAKES["hardly anything"]), tmp_path)
