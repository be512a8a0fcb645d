import json

import pytest
import torch
from safetensors.torch import save_file

from emospot.analysis.models import load
from emospot.errors import ModelError
from emospot.model.foreign_weights import MOST_BYTES, check_foreign, check_size
from emospot.model.pretrained import DESCRIPTION, WEIGHTS, save_model

WORDS = {
    "modality": "words",
    "extractor": "minilm-l6",
    "version": "",
    "dim": 384,
    "pooled": False,
}


@pytest.fixture
def folder(tmp_path):
    save_model(load(), tmp_path, half=True)
    return tmp_path


def changed(folder, **model):
    path = folder / DESCRIPTION
    told = json.loads(path.read_text(encoding="utf-8"))
    told["model"] |= model
    path.write_text(json.dumps(told), encoding="utf-8")


def test_a_whole_model_passes(folder):
    check_foreign(folder)


def test_a_description_of_another_size_is_refused_without_its_memory(folder):
    changed(folder, width=2_000_000)  # its matrices alone would take terabytes
    with pytest.raises(ModelError, match="not as model.json says"):
        check_foreign(folder)


def test_weights_that_nobody_asked_for_are_refused(folder):
    save_file({"more": torch.zeros(3)}, folder / WEIGHTS)
    with pytest.raises(ModelError, match="weights are not as"):
        check_foreign(folder)


def test_damaged_weights(folder):
    (folder / WEIGHTS).write_bytes(b"\xff" * 99)
    with pytest.raises(ModelError, match="are damaged"):
        check_foreign(folder)
    (folder / WEIGHTS).unlink()
    with pytest.raises(ModelError, match="are damaged"):
        check_foreign(folder)


def test_a_file_may_be_so_large():
    check_size(WEIGHTS, MOST_BYTES[WEIGHTS], "here")
    for size in (MOST_BYTES[WEIGHTS] + 1, None):
        with pytest.raises(ModelError, match="at most 4000 MB"):
            check_size(WEIGHTS, size, "here")


def test_a_description_that_is_too_large_is_not_even_read(folder, monkeypatch):
    monkeypatch.setitem(MOST_BYTES, DESCRIPTION, 10)
    (folder / DESCRIPTION).write_text("{" * 11, encoding="utf-8")
    with pytest.raises(ModelError, match="at most 0 MB are taken"):
        check_foreign(folder)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"format_version": 1}', "[]", '{"a'])
def test_a_description_that_is_none(folder, text):
    (folder / DESCRIPTION).write_text(text, encoding="utf-8")
    with pytest.raises(ModelError):
        check_foreign(folder)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("features", []),
        ("labels", "abc"),
        ("limits", 3),
        ("recordings", {"voice": {"mean": 1}}),
        ("scores", {"test_weighted_f1": "high"}),
        ("scores", [0.7]),
        ("name", 7),
        ("partial", {"words": {"temperature": "warm"}}),
        ("features", {"words": WORDS | {"dim": -3}, "voice": WORDS}),
        ("features", {"words": WORDS | {"dim": "many"}, "voice": WORDS}),
        ("licence", None),
        ("temperature", "warm"),
        ("limits", [1]),
    ],
)
def test_a_card_of_another_shape(folder, field, value):
    path = folder / DESCRIPTION
    told = json.loads(path.read_text(encoding="utf-8"))
    told["card"][field] = value
    path.write_text(json.dumps(told), encoding="utf-8")
    with pytest.raises(ModelError):
        check_foreign(folder)
