import json

import pytest


@pytest.mark.slow
@pytest.mark.untraced
def test_the_bundled_model_for_a_service(emospot, tmp_path):
    ran = emospot("export", "bundled-causal", "--out", tmp_path / "served", "--format", "torch")
    assert "the bundled sample, 10 utterances: 100.0 % the same" in ran.out
    description = json.loads((tmp_path / "served" / "model.json").read_text(encoding="utf-8"))
    assert description["file"] == "model.pt2"
    assert description["checked"]["real"]["utterances"] == 10
    assert description["checked"]["real"]["probabilities"] < 1e-4
    assert description["reads_later_utterances"] is False


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [("--format", "tflite", "onnx, torch"), ("--precision", "int4", "single, half, int8")],
)
def test_what_is_not_known_is_named(emospot, tmp_path, option, value, told):
    ran = emospot("export", "bundled", "--out", tmp_path / "s", option, value)
    assert ran.status == 2
    assert f'"{value}": expected one of {told}' in ran.err


def test_a_model_that_is_not_there(emospot, tmp_path):
    ran = emospot("export", tmp_path / "none", "--out", tmp_path / "s")
    assert ran.status == 1
    assert "no model" in ran.err
