"""A model survives its folder, and never reads features it was not trained on."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from emospot.batch import Example, collate
from emospot.config import LATER_PARTS, ModelConfig
from emospot.emotions import LabelSet
from emospot.errors import ModelError
from emospot.features.base import FeatureDescription
from emospot.model.builder import build_recognizer
from emospot.model.confidence import Confidence
from emospot.model.pretrained import (
    DESCRIPTION,
    WEIGHTS,
    ModelCard,
    PretrainedModel,
    load_model,
    read_description,
    renamed,
    save_model,
)
from emospot.model.recording_range import RecordingRange

DIMS = {"words": 7, "voice": 5}
LABELS = LabelSet("four", ("a", "b", "c", "d"))
FEATURES = {
    "words": FeatureDescription("words", "letters", "1", 7, pooled=False),
    "voice": FeatureDescription("voice", "hum", "2", 5, pooled=True, licence="free"),
}


@pytest.fixture
def model() -> PretrainedModel:
    torch.manual_seed(0)
    config = ModelConfig(width=16, heads=2, graph_heads=2)
    card = ModelCard(
        "small", LABELS, FEATURES, temperature=1.5, unsure_below=0.4, language="en",
        licence="free", limits=("It is small.",), scores={"test_weighted_f1": 0.5},
        recordings={"voice": RecordingRange((0.5,) * 5, (1.0,) * 5, (0.25,) * 5, 1.5)},
    )  # fmt: skip
    recognizer = build_recognizer(config, DIMS, {"emotion": 4})
    recognizer.set_prior("emotion", torch.tensor([1.0, 2.0, 3.0, 4.0]))
    recognizer.set_transitions("emotion", torch.eye(4).repeat(3, 1, 1) * 30)
    recognizer.set_input_statistics("words", torch.arange(7.0), torch.full((7,), 2.0))
    return PretrainedModel(recognizer.eval(), config, card)


def test_saved_and_loaded_is_the_same(
    model: PretrainedModel, make_example: Callable[..., Example], tmp_path: Path
) -> None:
    save_model(model, tmp_path / "deep" / "model")
    found = load_model(tmp_path / "deep" / "model")
    assert (found.card, found.config) == (model.card, model.config)
    batch = collate([make_example("a", 5, DIMS)], DIMS)
    logits = [m.recognizer(batch).logits["emotion"] for m in (model, found)]
    assert torch.equal(*logits)
    assert not found.recognizer.training
    assert sorted(p.name for p in (tmp_path / "deep" / "model").iterdir()) == [
        DESCRIPTION,
        WEIGHTS,
    ]


def test_half_precision_is_half_the_size_and_nearly_the_same(
    model: PretrainedModel, make_example: Callable[..., Example], tmp_path: Path
) -> None:
    save_model(model, tmp_path / "full")
    save_model(model, tmp_path / "half", half=True)
    full, half = ((tmp_path / name / WEIGHTS).stat().st_size for name in ("full", "half"))
    assert half < 0.65 * full
    batch = collate([make_example("a", 5, DIMS)], DIMS)
    found = load_model(tmp_path / "half").recognizer(batch).logits["emotion"]
    assert torch.allclose(found, model.recognizer(batch).logits["emotion"], atol=1e-2)


def test_a_model_from_before_there_were_parts_has_none_of_them(
    model: PretrainedModel, make_example: Callable[..., Example], tmp_path: Path
) -> None:
    config = ModelConfig(width=16, heads=2, graph_heads=2, **LATER_PARTS)
    older = replace(model, recognizer=build_recognizer(config, DIMS, {"emotion": 4}).eval())
    save_model(replace(older, config=config), tmp_path)
    path = tmp_path / DESCRIPTION
    plain = json.loads(path.read_text())
    for key in LATER_PARTS:
        del plain["model"][key]
    path.write_text(json.dumps(plain))
    found = load_model(tmp_path)
    assert found.config == config
    batch = collate([make_example("a", 5, DIMS)], DIMS)
    logits = [m.recognizer(batch).logits["emotion"] for m in (older, found)]
    assert torch.equal(*logits)


def test_everybody_may_read_what_was_written(model: PretrainedModel, tmp_path: Path) -> None:
    save_model(model, tmp_path)
    (tmp_path / "plain").write_text("")
    expected = (tmp_path / "plain").stat().st_mode
    assert (tmp_path / WEIGHTS).stat().st_mode == expected


def test_features_that_fit_are_accepted(model: PretrainedModel) -> None:
    model.check_features(FEATURES, "this store")
    model.check_features({"words": FEATURES["words"]}, "this store")
    newer = replace(FEATURES["words"], version="2", licence="other")
    model.check_features({"words": newer}, "this store")


@pytest.mark.parametrize(
    ("features", "message"),
    [
        ({"words": replace(FEATURES["words"], extractor="runes")}, "runes.*trained on letters"),
        ({"voice": replace(FEATURES["voice"], dim=9)}, r"hum \(9 numbers an utterance\).*\(5 num"),
        ({"words": replace(FEATURES["words"], pooled=True)}, "an utterance.*a token"),
        ({"face": FEATURES["words"]}, "has features of face, but the model small reads words"),
        ({}, "has features of nothing"),
    ],
)
def test_features_that_do_not_fit_are_named(
    model: PretrainedModel, features: dict[str, FeatureDescription], message: str
) -> None:
    with pytest.raises(ModelError, match=message):
        model.check_features(features, "this store")


def test_what_is_damaged_is_said(model: PretrainedModel, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no model in"):
        load_model(tmp_path / "nowhere")
    save_model(model, tmp_path)
    (tmp_path / WEIGHTS).write_bytes(b"not weights")
    with pytest.raises(ModelError, match="weights .* are damaged"):
        load_model(tmp_path)
    (tmp_path / WEIGHTS).unlink()
    with pytest.raises(ModelError, match="weights .* are damaged"):
        load_model(tmp_path)
    description = tmp_path / DESCRIPTION
    plain = json.loads(description.read_text())
    for spoilt, message in (
        ("{", "not valid JSON"),
        ("[]", "format version None"),
        (json.dumps(plain | {"format_version": 99}), "format version 99, this emospot reads 1"),
        (json.dumps({"format_version": 1}), "is damaged"),
        (json.dumps(plain | {"model": {"wide": 3}}), "is damaged.*wide"),
        (json.dumps(plain | {"card": {"labels": 3}}), "is damaged"),
    ):
        description.write_text(spoilt)
        with pytest.raises(ModelError, match=message):
            read_description(tmp_path)


def test_weights_of_another_configuration_are_refused(
    model: PretrainedModel, tmp_path: Path
) -> None:
    save_model(model, tmp_path)
    save_model(replace(model, config=model.config.model_copy(update={"width": 32})), tmp_path)
    with pytest.raises(ModelError, match="another version's model: train it again.*size mismatch"):
        load_model(tmp_path)


def test_another_card_leaves_the_weights(model: PretrainedModel) -> None:
    other = renamed(model, name="other")
    assert other.card.name == "other"
    assert other.recognizer is model.recognizer
    assert model.card.name == "small"


def test_a_modality_without_features_is_refused() -> None:
    with pytest.raises(ModelError, match='reads "voice", but the features have only words'):
        build_recognizer(ModelConfig(), {"words": 3}, {"emotion": 2})


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"temperature": float("nan")}, "temperature of the model is nan, expected"),
        ({"temperature": 0.0}, "temperature of the model is 0.0"),
        ({"unsure_below": 1.5}, "unsure_below of the model is 1.5"),
        ({"partial": {"words": {"temperature": float("inf")}}}, 'temperature of "words" is inf'),
        ({"partial": {"words": {"unsure_below": -1}}}, 'unsure_below of "words" is -1'),
        (
            {"partial": {"smell": {}}},
            '"smell" in partial is no set of the modalities words, voice',
        ),
        ({"partial": {"voice+words": {}}}, '"voice.words" in partial is no set'),
        ({"partial": {"": {}}}, '"" in partial is no set'),
    ],
)
def test_what_cannot_be_calibrated_so_is_refused(
    model: PretrainedModel, tmp_path: Path, changed: dict[str, object], message: str
) -> None:
    save_model(model, tmp_path)
    path = tmp_path / DESCRIPTION
    plain = json.loads(path.read_text())
    path.write_text(json.dumps(plain | {"card": plain["card"] | changed}))
    with pytest.raises(ModelError, match=message):
        read_description(tmp_path)


def test_parts_and_the_ends_of_what_calibration_finds_are_read(
    model: PretrainedModel, tmp_path: Path
) -> None:
    own = {"words": Confidence(20.0, 1.0000001), "words+voice": Confidence(0.05, 0.0)}
    save_model(renamed(model, partial=own), tmp_path)
    assert read_description(tmp_path)[1].partial == own


def test_more_modalities_than_can_be_numbered_are_refused() -> None:
    names = tuple(f"m{n}" for n in range(17))
    assert ModelConfig(modalities=names[:16]).modalities == names[:16]
    with pytest.raises(ValueError, match="at most 16 modalities are read, found 17"):
        ModelConfig(modalities=names)
    with pytest.raises(ValueError, match='joined by "\\+"'):
        ModelConfig(modalities=("words", "words+voice"))
