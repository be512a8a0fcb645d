"""Models of every make still say what they said: work on speed changes no answer.

Weights and conversations come from NumPy's generator alone, so neither how a model is
initialised nor how it is trained matters here. After a change that is *meant* to change
answers, say so in its commit, and write the file again:

    EMOSPOT_WRITE_GOLDEN=1 pytest tests/model/test_golden.py -n 0
"""

import json
import os
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from emospot.batch import Example, collate
from emospot.config import parse_config
from emospot.model.builder import build_model
from emospot.model.emotion_model import EmotionModel

GOLDEN = Path(__file__).parents[1] / "golden" / "outputs.json"
TOLERANCE = 1e-5
DIMS = {"words": 6, "voice": 5, "face": 4}
SMALL = {
    "width": 16, "heads": 2, "graph_heads": 2, "experts": 3, "expert_rank": 2, "graph_past": 3,
    "graph_future": 2,
}  # fmt: skip
MOMENTS = {
    "memory_reads": "moment", "graph_reads": "memory", "graph_places": True, "context": "none",
    "second_reading": True, "speaker_lags": True, "lag_start": 2.0, "lag_spacing": 0.1,
    "token_reach": 0.7,
}  # fmt: skip
SIZED = {"width": 8, "dropout": 0.0}
MAKES: dict[str, dict[str, Any]] = {
    "emospot": SMALL,
    "emospot, causal": {**SMALL, "causal": True},
    "emospot, attention over utterances": {
        **SMALL, "context": "attention", "alignment_axis": "both"
    },
    "emospot, moments read twice": {**SMALL, **MOMENTS},
    "emospot, learned hotspots": {**SMALL, "learned_hotspots": ["words", "face"]},
    "mlp": SIZED,
    "contextual_gru": {**SIZED, "speaker_path": True},
    "dialogue_rnn": SIZED,
    "mmgcn": SIZED,
    "cogmen": {**SIZED, "heads": 2},
    "corect": {**SIZED, "heads": 2},
    "cross_modal_transformer": {**SIZED, "heads": 2},
}  # fmt: skip


def _weights(model: EmotionModel) -> None:
    """Fill a model with numbers that depend on their names alone."""
    for name, tensor in sorted(model.state_dict().items()):
        if not tensor.is_floating_point():
            continue
        random = np.random.default_rng(zlib.crc32(name.encode()))
        values = random.normal(size=tuple(tensor.shape))
        if tensor.ndim > 1:
            values *= min(1.0, tensor.shape[-1] ** -0.5)
            if name.startswith("readers."):
                values *= 0.05  # what the network says must show beside it
        elif any(word in name for word in ("var", "deviation", "frequency")):
            values = 1 + 0.1 * np.abs(values)
        else:
            values *= 0.1
            if "norm" in name and name.endswith("weight"):
                values += 1
        tensor.copy_(torch.from_numpy(values))


@pytest.mark.parametrize("make", MAKES)
def test_a_model_says_what_it_said(make: str, make_example: Callable[..., Example]) -> None:
    kind = make.partition(",")[0]
    section = {"kind": kind, "modalities": list(DIMS), **MAKES[make]}
    model = build_model(parse_config({"model": section}).model, DIMS, {"emotion": 4}).eval()
    with torch.no_grad():
        _weights(model)
    examples = [make_example("long", 37, DIMS, speakers=3), make_example("short", 4, DIMS)]
    with torch.inference_mode():
        output = model(collate(examples, DIMS)).logits["emotion"]
    found = np.concatenate([output[0, :37].numpy(), output[1, :4].numpy()])
    golden = json.loads(GOLDEN.read_text(encoding="utf-8")) if GOLDEN.exists() else {}
    if os.environ.get("EMOSPOT_WRITE_GOLDEN"):
        golden[make] = [[round(float(x), 7) for x in row] for row in found]
        lines = (f"{json.dumps(name)}: {json.dumps(golden[name])}" for name in sorted(golden))
        GOLDEN.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    assert np.isfinite(found).all()
    assert found.std() > 0.05, "answers that are all alike show nothing"
    np.testing.assert_allclose(found, np.array(golden[make]), atol=TOLERANCE, rtol=TOLERANCE)
