"""A convex reader beside the network: letters and means of features, near and far.

Token vectors tell what a turn is about, and blur how it is put: "Oh", "I mean", "!",
"[LAUGHTER]". Networks over turns follow what just happened, and blur how a
conversation goes on the whole. So a second, plain reader stands beside the network, a
kernel machine over the parts p of every turn (its own, the turns before and after by the
same speaker and by others, the whole: `turns_around`):

    u_i  = [w_p · part p of the letters of i]_p / its length        (`letters`)
    z_i  = [v_p · part p of the principal components of i]_p
    a_i  = b + W 2 u_i + Σ_c β_c exp(−½ ‖z_i − z_c‖²)

The letters' weights w are 1 for the turn's own, 2 around and 3 for the whole, those of the
components v 1, 1 and √3. What has components is the mean of a modality's tokens and the
timing (`model.timing`), standardised and cut at ±10, up to 64 each, scaled so that the
modalities of the training data together have a mean squared length of 2 and the timing of
0.3; what is absent is 0.

z_c are at most 1000 means of training turns alike (k-means over 32768 of them at most), on
which the Gaussian kernel is written out (the Nyström method of Zhang, Tsang and Kwok, 2008).
W, b and β = √8 K_cc^(−½) γ minimise

    Σ cross-entropy + ‖W‖² / 2 + ‖γ‖² / 2

over the labelled training utterances (at most 60 steps of L-BFGS), each with all its
modalities and once more with each modality alone, so that it also reads a bare text or a
bare voice. The sum is convex, has no seed of its own, and nothing goes through the
network. The answer is a_i less the log of the classes' shares in training, so that adding
it to the network's logits counts them once (a product of experts, Hinton 2002). Where
nothing has been seen or heard yet it says nothing. Turns of which it is not known who
speaks count as one speaker's.

Weights, widths and sizes were chosen by leaving training sessions out
(docs/experiments.md).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from emospot.batch import ConversationBatch
from emospot.config import AnyModelConfig
from emospot.model.letters import BUCKETS, inverse_frequency, letter_counts, weighted
from emospot.model.past import Past
from emospot.model.reader_lessons import Lessons
from emospot.model.reader_regression import ReaderRegression
from emospot.model.reading import TIMING, Reading, column, readings_of
from emospot.model.timing import TIMING_WIDTH
from emospot.model.turns_around import TurnsAround, relations
from emospot.model.turns_so_far import TurnsSoFar

COMPONENTS = 64
"""Principal components of a modality."""
CENTRES = 1000
"""Means of turns alike, against which a turn is held."""
MODALITIES_LENGTH, TIMING_LENGTH = 2.0, 0.3
"""Mean squared lengths of what the Gaussian kernel compares."""
LETTERS_WEIGHT, KERNEL_WEIGHT = 4.0, 8.0
"""Prior variances of an utterance's answer by its letters and by the kernel."""
COMPARED = 32768
"""Lessons that the means are found among, at most; evenly taken."""
JITTER = 1e-4
BLOCK = 256
"""Utterances that are held against the centres at a time."""
LEAST_DEVIATION = 1e-4
"""Numbers that deviate less in training are not read."""
FARTHEST = 10.0
"""Standard deviations; what lies farther counts as that."""

Floats = NDArray[np.float64]


class KernelReader(nn.Module):
    """The reader of one head.

    Args:
        dims: modality → numbers a token.
        classes: K.
        causal: whether later utterances must not be read.
    """

    inverse_frequency: Tensor
    letter_weight: Tensor
    centres: Tensor
    centre_weight: Tensor
    bias: Tensor

    def __init__(self, dims: Mapping[str, int], classes: int, *, causal: bool) -> None:
        super().__init__()
        self.causal = causal
        self.modalities = tuple(dims)
        self.sources = {**dims, TIMING: TIMING_WIDTH}
        parts = 2 + len(relations(causal))
        self.letter_parts = (1.0, *[2.0] * (parts - 2), 3.0)
        self.vector_parts = (1.0, *[1.0] * (parts - 2), 3.0**0.5)
        width = 0
        for name, dim in self.sources.items():
            self.register_buffer(f"mean_{name}", torch.zeros(dim))
            self.register_buffer(f"unit_{name}", torch.zeros(dim))
            self.register_buffer(f"components_{name}", torch.zeros(dim, min(dim, COMPONENTS)))
            width += min(dim, COMPONENTS)
        self.register_buffer("inverse_frequency", torch.zeros(BUCKETS))
        self.register_buffer("letter_weight", torch.zeros(parts, BUCKETS, classes))
        self.register_buffer("centres", torch.zeros(CENTRES, parts * width))
        self.register_buffer("centre_weight", torch.zeros(CENTRES, classes))
        self.register_buffer("bias", torch.zeros(classes))

    @property
    def learned(self) -> bool:
        """Whether it has learned anything."""
        return bool(self.bias.any())

    def fit(self, readings: Sequence[Reading], answers: Sequence[NDArray[np.int64]]) -> None:
        """Learn from labelled conversations; without an answer, nothing.

        Args:
            readings: those of training.
            answers: of each the index of the class, −1 where it is not known, shape (U,).
        """
        from threadpoolctl import threadpool_limits

        lessons = Lessons(readings, answers, self.modalities, causal=self.causal)
        if not len(lessons):
            return
        # The same sums on any number of threads, so that a training can be repeated bit by bit.
        with threadpool_limits(limits=1):
            for name in self.sources:
                self._fit_components(name, lessons)
            self._fit_weights(lessons)

    def forward(
        self, readings: Sequence[Reading], past: Past | None = None, name: str = ""
    ) -> list[Tensor]:
        """What it adds to the logits of each conversation, shape (U, K).

        Zeros until something is present (in a causal model: so far), and where nothing was
        learned.

        Args:
            readings: of the conversations.
            past: what was kept of the one conversation that the one reading goes on with.
            name: under which this reader keeps it there.
        """
        counts = [len(reading.speakers) for reading in readings]
        begun = np.concatenate([self._begun(reading, past, name) for reading in readings])
        if not self.learned or not (begun.any() or past is not None):
            said = self.bias.new_zeros(sum(counts), len(self.bias))
        else:
            around = (
                TurnsAround([reading.speakers for reading in readings], causal=self.causal)
                if past is None
                else TurnsSoFar(readings[0].speakers, past, name)
            )
            said = torch.from_numpy(self._said(readings, around) * begun[:, None])
        return list(said.to(self.bias).split(counts))

    def _begun(self, reading: Reading, past: Past | None, name: str) -> NDArray[np.bool_]:
        """Whether anything is present that may be read, of each utterance."""
        known = reading.known
        if not self.causal:
            return np.full(len(known), known.any())
        begun = np.logical_or.accumulate(known)
        if past is not None:
            begun |= past.kept(f"{name} begun", False)
            past.keep(f"{name} begun", bool(begun[-1]))
        return begun

    def _said(self, readings: Sequence[Reading], around: TurnsAround | TurnsSoFar) -> Floats:
        """The answers to all utterances of some conversations, shape (N, K)."""
        texts = [text for reading in readings for text in reading.texts]
        x = weighted(letter_counts(texts), _array(self.inverse_frequency))
        weight = _array(self.letter_weight)
        letters = around.weighed([x @ part for part in weight], self.letter_parts)
        letters *= self._letter_scale(x, around)[:, None]
        # In single precision: half the time, and as exact as the network.
        vectors = self._vectors(readings, around, np.float32)
        centres, centre_weight = (
            _array(buffer, np.float32) for buffer in (self.centres, self.centre_weight)
        )
        alike = _weighed_gaussian(vectors, centres, centre_weight)
        return np.asarray(letters + alike + _array(self.bias))

    def _fit_weights(self, lessons: Lessons) -> None:
        counts = letter_counts(lessons.texts)
        idf = inverse_frequency(counts)
        read = np.flatnonzero(idf)
        x = weighted(counts, idf)[:, read]
        centres, whitened, features = self._compared(lessons)
        classes = len(self.bias)
        letter_weight, centre_weight, bias = ReaderRegression(
            letters=x,
            around=lessons.around,
            weights=self.letter_parts,
            rows=lessons.rows(self._letter_scale(x, lessons.around)),
            features=features,
            right=lessons.right,
            classes=classes,
        ).solution()
        share = np.bincount(lessons.right, minlength=classes) + 1.0
        self.inverse_frequency.copy_(torch.from_numpy(idf))
        self.letter_weight.zero_()
        self.letter_weight[:, torch.from_numpy(read)] = torch.from_numpy(letter_weight).float()
        self.centres.zero_()
        self.centres[: len(centres)] = torch.from_numpy(centres).float()
        self.centre_weight.zero_()
        self.centre_weight[: len(centres)] = torch.from_numpy(whitened @ centre_weight).float()
        self.bias.copy_(torch.from_numpy(bias - np.log(share / share.sum())))

    def _compared(self, lessons: Lessons) -> tuple[Floats, Floats, NDArray[np.float16]]:
        """The centres, what makes features of the kernel, and those of every lesson.

        The features are most of what learning holds in memory: half precision, in blocks.
        """
        centres = self._typical(lessons)
        whitened = _whitening(centres) * KERNEL_WEIGHT**0.5
        features = np.empty((len(lessons), len(centres)), dtype=np.float16)
        for block in lessons.blocks():
            vectors = self._vectors(block.readings, block.around)[block.labelled]
            features[block.lessons] = _weighed_gaussian(vectors, centres, whitened)
        return centres, whitened, features

    def _typical(self, lessons: Lessons) -> Floats:
        """Means of lessons alike, at most `CENTRES`; the lessons themselves, if they are few."""
        from sklearn.cluster import MiniBatchKMeans

        count = min(len(lessons), COMPARED)
        chosen = np.arange(count) * len(lessons) // count
        vectors = np.empty((count, self.centres.shape[1]), dtype=np.float32)
        for block in lessons.blocks():
            first, last = np.searchsorted(chosen, (block.lessons.start, block.lessons.stop))
            if first == last:
                continue
            own = block.labelled[chosen[first:last] - block.lessons.start]
            vectors[first:last] = self._vectors(block.readings, block.around)[own]
        if count <= CENTRES:
            return np.unique(vectors, axis=0).astype(np.float64)
        means = MiniBatchKMeans(CENTRES, random_state=0, n_init=1, batch_size=2048).fit(vectors)
        return np.asarray(means.cluster_centers_, dtype=np.float64)

    def _letter_scale(self, x: Any, around: TurnsAround | TurnsSoFar) -> Floats:
        """2 over the length of an utterance's parts; 0 where there is no letter."""
        length = np.sqrt(around.squared_lengths(x, self.letter_parts))
        return np.where(length > 0, LETTERS_WEIGHT**0.5, 0.0) / np.where(length > 0, length, 1.0)

    def _fit_components(self, name: str, lessons: Lessons) -> None:
        mean, deviation, count = lessons.statistics(name)
        if not count:
            return
        # A number that hardly ever moves stays out instead of being blown up.
        unit = np.where(deviation > LEAST_DEVIATION, 1 / (deviation + 1e-12), 0.0)
        self.get_buffer(f"mean_{name}").copy_(torch.from_numpy(mean))
        self.get_buffer(f"unit_{name}").copy_(torch.from_numpy(unit))
        together = np.zeros((len(mean), len(mean)))
        for block in lessons.blocks():
            values, there = column(block.readings, name)
            x = self._standardised(name, values, there)[block.having(there)]
            together += x.T @ x
        components = self.get_buffer(f"components_{name}")
        _, directions = np.linalg.eigh(together)
        basis = directions[:, ::-1][:, : components.shape[1]]
        square = 0.0
        for block in lessons.blocks():
            x = self._standardised(name, *column(block.readings, name)) @ basis
            square += sum(
                w**2 * float((part[block.labelled] ** 2).sum())
                for w, part in zip(self.vector_parts, block.around.of(x), strict=True)
            )
        square /= len(lessons)
        wanted = TIMING_LENGTH if name == TIMING else MODALITIES_LENGTH / lessons.modalities
        scale = (wanted / square) ** 0.5 if square > 0 else 0.0
        components.copy_(torch.from_numpy(basis * scale))

    def _standardised(
        self,
        name: str,
        values: NDArray[np.floating],
        there: NDArray[np.bool_],
        dtype: type[np.floating] = np.float64,
    ) -> NDArray[Any]:
        mean, unit = (
            _array(self.get_buffer(f"{part}_{name}"), dtype) for part in ("mean", "unit")
        )
        x: NDArray[Any] = np.subtract(values, mean, dtype=dtype)
        x *= unit
        # What was nearly still in training and moves elsewhere must not outweigh all the rest.
        np.clip(x, -FARTHEST, FARTHEST, out=x)
        x *= there[:, None]
        return x

    def _vectors(
        self,
        readings: Sequence[Reading],
        around: TurnsAround | TurnsSoFar,
        dtype: type[np.floating] = np.float64,
    ) -> NDArray[Any]:
        """What the kernel compares (z) of every utterance, shape (N, width)."""
        found = []
        for name in self.sources:
            x = self._standardised(name, *column(readings, name), dtype)
            found.append(x @ _array(self.get_buffer(f"components_{name}"), dtype))
        x = np.concatenate(found, axis=1)
        width = x.shape[1]
        z = np.empty((len(x), around.parts * width), dtype=dtype)
        for number, part in enumerate(around.of(x)):
            own = z[:, number * width : (number + 1) * width]
            np.multiply(part, self.vector_parts[number], out=own)
        return z


def kernel_readers(
    config: AnyModelConfig, dims: Mapping[str, int], heads: Mapping[str, int]
) -> dict[str, KernelReader]:
    """The reader of each head of more than one output, where it is not switched off.

    One of several labels learns nothing: `fit` is for classes that exclude each other.
    """
    if not config.kernel_reader:
        return {}
    return {
        name: KernelReader(dims, outputs, causal=config.causal)
        for name, outputs in heads.items()
        if outputs > 1
    }


def add_readings(
    logits: Mapping[str, Tensor],
    readers: nn.ModuleDict,
    batch: ConversationBatch,
    timing: Tensor | None = None,
    past: Past | None = None,
) -> dict[str, Tensor]:
    """The logits of each head with what its reader says.

    Args:
        logits: head → shape (B, U, K).
        readers: head → `KernelReader`, of heads that have one.
        batch: what they were found for.
        timing: of the batch, shape (B, U, 6); None: it is computed.
        past: what was kept of the one conversation that the batch goes on with.
    """
    learned = {name: reader for name, reader in readers.items() if reader.learned}
    added = dict(logits)
    readings = readings_of(batch, timing) if learned else []
    for name, reader in learned.items():
        answers = logits[name].clone()
        for b, said in enumerate(reader(readings, past, f"reader {name}")):
            answers[b, : len(said)] += said.to(answers)
        added[name] = answers
    return added


def _gaussian(
    x: NDArray[np.floating], centres: NDArray[np.floating], half_squares: NDArray[np.floating]
) -> NDArray[Any]:
    """exp(−½ ‖x − c‖²) of every pair, shape (N, centres); `half_squares`: ½ ‖c‖²."""
    found: NDArray[Any] = x @ centres.T
    # In place: new memory for each step takes longer than the product.
    found -= _half_squares(x)[:, None]
    found -= half_squares
    np.minimum(found, 0.0, out=found)
    return np.asarray(np.exp(found, out=found))


def _half_squares(x: NDArray[np.floating]) -> NDArray[np.floating]:
    return np.asarray(0.5 * np.einsum("nk,nk->n", x, x))


def _weighed_gaussian(
    x: NDArray[np.floating], centres: NDArray[np.floating], weight: NDArray[np.floating]
) -> NDArray[Any]:
    """Those of every row, times a matrix (centres × columns): shape (N, columns).

    Reckoned in the precision of the centres.
    """
    half_squares = _half_squares(centres)
    found = np.empty((len(x), weight.shape[1]), dtype=centres.dtype)
    # In blocks: of a corpus all of them together would take more memory than its training.
    for first in range(0, len(x), BLOCK):
        rows = slice(first, first + BLOCK)
        block = x[rows].astype(centres.dtype, copy=False)
        found[rows] = _gaussian(block, centres, half_squares) @ weight
    return found


def _whitening(centres: Floats) -> Floats:
    """M with K_cc⁻¹ = M Mᵀ, shape (centres, centres)."""
    from scipy.linalg import cholesky, solve_triangular

    kernel = _gaussian(centres, centres, _half_squares(centres)) + JITTER * np.eye(len(centres))
    lower = cholesky(kernel, lower=True)
    return np.asarray(solve_triangular(lower, np.eye(len(centres)), lower=True).T)


def _array(buffer: Tensor, dtype: type[np.floating] = np.float64) -> NDArray[Any]:
    return buffer.float().cpu().numpy().astype(dtype, copy=False)
