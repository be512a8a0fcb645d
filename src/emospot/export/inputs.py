"""What an exported model is sent: the tensors of one conversation, by name."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from emospot.batch import Example, collate
from emospot.conversation import Conversation, Hotspot, Tokens, Utterance
from emospot.model.letters import BUCKETS, LETTERS, letter_counts
from emospot.model.predict import dims_read
from emospot.model.pretrained import PretrainedModel

UTTERANCES = "utterances"
"""Name of the axis of whatever there is one of for each utterance."""
_WORDS = ("well", "I", "mean", "no", "really", "thank", "you", "why", "did", "not", "call", "me")


@dataclass(frozen=True, slots=True)
class ServedTensor:
    """One input or output of an exported model.

    Args:
        name: of the tensor.
        dtype: as NumPy names it.
        shape: numbers, or names of what may be of any size.
        meaning: one sentence.
    """

    name: str
    dtype: str
    shape: tuple[int | str, ...]
    meaning: str


def input_tensors(model: PretrainedModel, *, letters: bool) -> tuple[ServedTensor, ...]:
    """What an exported model is sent, in order.

    Args:
        model: which.
        letters: whether it reads letters of the texts besides.
    """
    found = []
    for m, dim in dims_read(model).items():
        description = model.card.features[m]
        axes: tuple[int | str, ...] = (UTTERANCES, 1 if description.pooled else f"{m}_tokens")
        found += [
            ServedTensor(
                m, "float32", (*axes, dim), f"features by {description.extractor}, zero on padding"
            ),
            ServedTensor(
                f"{m}_times",
                "float32",
                axes,
                "middle of each token in seconds from the utterance's start; where unknown "
                "0.15, 0.45, 0.75, …",
            ),
            ServedTensor(f"{m}_scores", "float32", axes, "hotspot score of each token, 0 to 1"),
            ServedTensor(
                f"{m}_mask",
                "bool",
                axes,
                "which tokens are there, always the first ones; none: the modality is absent",
            ),
        ]
    found += [
        ServedTensor("speakers", "int64", (UTTERANCES,), "number of the speaker, from 0"),
        ServedTensor("named", "bool", (UTTERANCES,), "whether it is known who speaks"),
        ServedTensor(
            "times", "float64", (UTTERANCES, 2), "start and end in seconds, NaN where unknown"
        ),
        ServedTensor("word_counts", "float32", (UTTERANCES,), "words of the text"),
    ]
    if letters:
        found.append(
            ServedTensor(
                "letters",
                "float32",
                (UTTERANCES, BUCKETS),
                "counts of the text's n-grams of letters, scikit-learn's HashingVectorizer("
                f"analyzer='char_wb', ngram_range={LETTERS}, n_features={BUCKETS}, "
                "alternate_sign=False, norm=None); zeros without words",
            )
        )
    return tuple(found)


def served_inputs(
    model: PretrainedModel, example: Example, *, letters: bool = True
) -> dict[str, NDArray[np.generic]]:
    """The tensors of one conversation, as an exported model is sent them.

    Args:
        model: that was exported.
        example: a conversation of at least one utterance, with what was measured of it.
        letters: whether the exported model reads letters.
    """
    batch = collate([example], dims_read(model))
    found: dict[str, NDArray[np.generic]] = {}
    for m, own in batch.modalities.items():
        found[m] = own.values[0].float().numpy()
        found[f"{m}_times"] = own.times[0].numpy()
        found[f"{m}_scores"] = own.scores[0].numpy()
        found[f"{m}_mask"] = own.mask[0].numpy()
    found["speakers"] = batch.speakers[0].numpy()
    found["named"] = batch.named[0].numpy()
    found["times"] = batch.times[0].numpy()
    found["word_counts"] = batch.word_counts[0].numpy()
    if letters:
        found["letters"] = letter_counts(batch.texts[0]).toarray().astype(np.float32)
    return found


def as_tensors(inputs: Mapping[str, NDArray[np.generic]]) -> dict[str, torch.Tensor]:
    """The same as tensors."""
    return {name: torch.from_numpy(values) for name, values in inputs.items()}


def made_up(model: PretrainedModel, count: int, seed: int = 0) -> Example:
    """A conversation of random features of the model's widths, with gaps and several speakers.

    Args:
        model: whose features they could be.
        count: utterances.
        seed: of the random numbers.
    """
    random = np.random.default_rng(seed)
    utterances = tuple(_turn(random, place) for place in range(count))
    tokens: dict[str, list[Tokens | None]] = {}
    found: list[list[Hotspot]] = [[] for _ in utterances]
    for m, dim in dims_read(model).items():
        tokens[m] = []
        for place, utterance in enumerate(utterances):
            length = 1 if model.card.features[m].pooled else int(random.integers(1, 13))
            start = (utterance.start or 0.0) + 0.3 * np.arange(length)
            times = np.stack([start, start + 0.3], axis=1)
            values = random.normal(scale=0.3, size=(length, dim)).astype(np.float32)
            there = random.random() > 0.2 or count == 1
            tokens[m].append(Tokens(values, times=times) if there else None)
            if there and random.random() < 0.5:
                found[place].append(Hotspot(m, start[0], start[0] + 0.5, 0.7, "made up"))
    return Example(Conversation("made up", utterances), tokens, found)


def _turn(random: np.random.Generator, place: int) -> Utterance:
    speaker = f"S{random.integers(3)}"
    text = " ".join(random.choice(_WORDS, size=int(random.integers(1, 12))))
    if random.random() < 0.2:
        return Utterance(f"u{place}", speaker, text=text)
    start = 3.0 * place + float(random.uniform(-1, 1)) + 1
    return Utterance(f"u{place}", speaker, start, start + float(random.uniform(0.5, 4)), text)
