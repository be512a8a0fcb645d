"""What the letters of the turns say, near and far, read by one linear map.

Token vectors tell what a turn is about, and blur how it is put: "Oh", "I mean", "!",
"[LAUGHTER]". Networks over turns follow what just happened, and blur how a
conversation goes on the whole. So a second, plain reader stands beside the network:
the n-grams of letters of a turn, and their means over the turns around it.

x_i are the n-grams (two to four letters within a word) of utterance i, weighted by
(1 + log count) · idf and of unit length. With r the turns before and after by the
same speaker, and before and after by others, at most 64 away:

    c_i^r = Σ_{j ∈ r(i)} e^(−|i−j|/16) x_j / Σ_{j ∈ r(i)} e^(−|i−j|/16)
    m_i   = mean of x over the conversation (a causal model: over the turns up to i)
    a_i   = b + W_0 x_i + 2 Σ_r W_r c_i^r + 3 W_m m_i

A causal model leaves out what comes after. W and b minimise
Σ cross-entropy + ‖W‖² / 2, a convex sum over the labelled training utterances (at most
60 steps of L-BFGS): there is no seed, and nothing goes through the network. The answer
is a_i less the log of the classes' shares in training, so that adding it to the network's
logits counts them once (a product of experts, Hinton 2002). A conversation without a
word (in a causal model: before the first) gets nothing. Turns of which it is not known
who speaks count as one speaker's.

The weights on the context and the reach were chosen by leaving training sessions
out (docs/experiments.md). N-grams are hashed (Weinberger et al., 2009), so that
there is no list of words to keep; those of fewer than five utterances are not read.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from emospot.batch import ConversationBatch
from emospot.config import AnyModelConfig
from emospot.conversation import WORDS

BUCKETS = 2**14
LETTERS = (2, 4)
LEAST_UTTERANCES = 5
REACH = 64
"""Turns before and after that are read."""
DECAY = 16.0
"""Turns after which a turn counts e times less."""
AROUND, WHOLE = 2.0, 3.0
"""Weights of the turns around and of the whole conversation beside the utterance's own 1."""
STRENGTH = 1.0
ITERATIONS = 60

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Turns:
    """The turns of one conversation of U utterances, as this reader learns from them.

    Args:
        texts: what may be read of each, "" for nothing.
        speakers: index of the speaker, shape (U,).
        answers: index of the class, −1 where it is not known, shape (U,).
    """

    texts: Sequence[str]
    speakers: NDArray[np.int64]
    answers: NDArray[np.int64]


class Wording(nn.Module):
    """The linear reader of one head.

    Args:
        classes: K.
        causal: whether later utterances must not be read.
    """

    inverse_frequency: Tensor
    weight: Tensor
    bias: Tensor

    def __init__(self, classes: int, *, causal: bool) -> None:
        super().__init__()
        self.causal = causal
        parts = 2 + len(relations(causal))
        self.register_buffer("inverse_frequency", torch.zeros(BUCKETS))
        self.register_buffer("weight", torch.zeros(parts, BUCKETS, classes))
        self.register_buffer("bias", torch.zeros(classes))

    def fit(self, conversations: Sequence[Turns]) -> None:
        """Learn from labelled conversations; without words or without answers, nothing.

        Args:
            conversations: those of training.
        """
        answers = np.concatenate([turns.answers for turns in conversations])
        known = np.flatnonzero(answers >= 0)
        texts = [text for turns in conversations for text in turns.texts]
        if len(known) == 0 or not any(texts):
            return
        counts = letter_counts(texts)
        frequency = np.asarray((counts > 0).sum(axis=0)).ravel()
        idf = np.log((1 + counts.shape[0]) / (1 + frequency)) + 1
        idf[frequency < LEAST_UTTERANCES] = 0.0
        if not idf.any():
            return
        read = np.flatnonzero(idf)
        x = weighted(counts, idf)[:, read]
        mixing = Mixing([turns.speakers for turns in conversations], causal=self.causal)
        classes = len(self.bias)
        weight, bias = _solution(x, mixing, known, answers[known], classes)
        share = np.bincount(answers[known], minlength=classes) + 1.0
        self.inverse_frequency.copy_(torch.from_numpy(idf))
        self.weight.zero_()
        self.weight[:, torch.from_numpy(read)] = torch.from_numpy(weight).to(self.weight)
        self.bias.copy_(torch.from_numpy(bias - np.log(share / share.sum())))

    def forward(self, texts: Sequence[Sequence[str]], speakers: Tensor) -> Tensor:
        """What the words add to the logits.

        Args:
            texts: of each conversation what may be read of its utterances.
            speakers: index of the speaker within the conversation, shape (B, U).

        Returns:
            Shape (B, U, K); zeros in the padding, in a conversation without a word (in
            a causal model: before the first), and where nothing was learned.
        """
        answers = self.bias.new_zeros(*speakers.shape, len(self.bias))
        if not self.inverse_frequency.any():
            return answers
        idf = self.inverse_frequency.double().cpu().numpy()
        weight = self.weight.double().cpu().numpy()
        for b, own in enumerate(texts):
            worded = np.array([bool(text) for text in own])
            if not worded.any():
                continue
            x = weighted(letter_counts(own), idf)
            mixing = Mixing([speakers[b, : len(own)].cpu().numpy()], causal=self.causal)
            said = torch.from_numpy(mixing.read([x @ part for part in weight]))
            begun = np.logical_or.accumulate(worded) if self.causal else np.ones_like(worded)
            told = torch.from_numpy(begun).to(answers.device).unsqueeze(-1)
            answers[b, : len(own)] = (said.to(answers) + self.bias) * told
        return answers


def wording_readers(config: AnyModelConfig, heads: Mapping[str, int]) -> dict[str, Wording]:
    """The reader of letters of each head, where words are read and it is not switched off."""
    if not config.wording or WORDS not in config.modalities:
        return {}
    return {
        name: Wording(outputs, causal=config.causal)
        for name, outputs in heads.items()
        if outputs > 1
    }


def add_wording(
    logits: Mapping[str, Tensor], readers: nn.ModuleDict, batch: ConversationBatch, present: Tensor
) -> dict[str, Tensor]:
    """The logits of each head with what its reader of letters says.

    Args:
        logits: head → shape (B, U, K).
        readers: head → `Wording`, of heads that have one.
        batch: with the texts.
        present: which utterance has which modality, shape (B, U, M); the letters are
            read where the words are present.
    """
    if not readers:
        return dict(logits)
    words = present[:, :, list(batch.modalities).index(WORDS)].tolist()
    texts = [
        [text if there else "" for text, there in zip(own, row, strict=False)]
        for own, row in zip(batch.texts, words, strict=True)
    ]
    said = {name: reader(texts, batch.speakers) for name, reader in readers.items()}
    return {name: own + said[name] if name in said else own for name, own in logits.items()}


def relations(causal: bool) -> tuple[tuple[bool, bool], ...]:
    """The kinds of turns around: whether they come before, and are by the same speaker."""
    sides = (True,) if causal else (True, False)
    return tuple((before, same) for before in sides for same in (True, False))


def letter_counts(texts: Sequence[str]) -> Any:
    """How often each n-gram of letters occurs, a sparse matrix (texts × buckets)."""
    from sklearn.feature_extraction.text import HashingVectorizer

    vectorizer = HashingVectorizer(
        analyzer="char_wb",
        ngram_range=LETTERS,
        n_features=BUCKETS,
        alternate_sign=False,
        norm=None,
    )
    return vectorizer.transform(texts)


def weighted(counts: Any, inverse_frequency: Floats) -> Any:
    """Counts made vectors of length 1, or 0 where nothing known is in the text."""
    from scipy import sparse

    x = counts.copy()
    x.data = 1 + np.log(x.data)
    x = sparse.csr_matrix(x.multiply(inverse_frequency))
    length = np.sqrt(np.asarray(x.multiply(x).sum(axis=1)).ravel())
    return sparse.diags(1 / np.where(length > 0, length, 1.0)) @ x


class Mixing:
    """The means over the turns around each utterance, for any vectors of the utterances.

    Args:
        speakers: of each conversation the index of the speaker, shape (U,).
        causal: whether later utterances are not read.
    """

    def __init__(self, speakers: Sequence[NDArray[np.integer]], *, causal: bool) -> None:
        from scipy import sparse

        self.causal = causal
        self.lengths = [len(own) for own in speakers]
        near = [_near(own, causal=causal) for own in speakers]
        self.near = [sparse.block_diag(blocks, format="csr") for blocks in zip(*near, strict=True)]

    def read(self, parts: Sequence[Floats]) -> Floats:
        """The weighted sum of the own vectors, the means around and the whole.

        Args:
            parts: own, one of each relation, whole; each of shape (N, K), with the
                utterances of all conversations in order.
        """
        own, *around, whole = parts
        means = [mixed @ part for mixed, part in zip(self.near, around, strict=True)]
        return np.asarray(own + AROUND * sum(means) + WHOLE * self._whole(whole, self._mean))

    def parts(self, gradient: Floats) -> list[Floats]:
        """The transpose of `read`: what each part of its input gets of a gradient (N, K)."""
        around = [AROUND * (mixed.T @ gradient) for mixed in self.near]
        return [gradient, *around, WHOLE * self._whole(gradient, self._mean_transposed)]

    def _whole(self, x: Floats, of: Callable[[Floats], Floats]) -> Floats:
        ends = np.cumsum(self.lengths)[:-1]
        return np.concatenate([of(own) for own in np.split(x, ends)])

    def _mean(self, x: Floats) -> Floats:
        if not self.causal:
            return np.broadcast_to(x.sum(axis=0) / max(1, len(x)), x.shape)
        return x.cumsum(axis=0) / np.arange(1, len(x) + 1)[:, None]

    def _mean_transposed(self, x: Floats) -> Floats:
        if not self.causal:
            return self._mean(x)
        shared = x / np.arange(1, len(x) + 1)[:, None]
        return np.asarray(shared[::-1].cumsum(axis=0)[::-1])


def _near(speakers: NDArray[np.integer], *, causal: bool) -> list[Any]:
    """For each relation the matrix (U × U) of what is read of whom; rows sum to 1 or are empty."""
    from scipy import sparse

    U = len(speakers)
    distance = np.arange(1, min(REACH, U - 1) + 1)
    later = np.concatenate([np.arange(d, U) for d in distance] or [np.zeros(0, dtype=int)])
    steps = np.repeat(distance, U - distance)
    earlier = later - steps
    share = np.exp(-steps / DECAY)
    matrices = []
    for before, same in relations(causal):
        rows, columns = (later, earlier) if before else (earlier, later)
        kept = (speakers[rows] == speakers[columns]) == same
        sums = np.bincount(rows[kept], share[kept], minlength=U)
        values = share[kept] / sums[rows[kept]]
        matrices.append(sparse.csr_matrix((values, (rows[kept], columns[kept])), shape=(U, U)))
    return matrices


def _solution(
    x: Any, mixing: Mixing, known: NDArray[np.intp], answers: NDArray[np.int64], classes: int
) -> tuple[Floats, Floats]:
    """Weights (parts × columns of x × classes) and biases of the convex problem."""
    from scipy.optimize import minimize
    from scipy.special import log_softmax
    from threadpoolctl import threadpool_limits

    shape = (2 + len(mixing.near), x.shape[1], classes)
    right = np.eye(classes)[answers]

    def loss(flat: Floats) -> tuple[float, Floats]:
        weight, bias = flat[:-classes].reshape(shape), flat[-classes:]
        said = mixing.read([x @ part for part in weight])[known] + bias
        log_p = log_softmax(said, axis=1)
        gradient = np.zeros((x.shape[0], classes))
        gradient[known] = np.exp(log_p) - right
        slopes = [x.T @ part for part in mixing.parts(gradient)]
        slope = np.stack(slopes) + weight / STRENGTH
        value = -(log_p * right).sum() + (weight**2).sum() / (2 * STRENGTH)
        return float(value), np.concatenate([slope.ravel(), gradient.sum(axis=0)])

    start = np.zeros(int(np.prod(shape)) + classes)
    # The same sums on any number of threads, so that a training can be repeated bit by bit.
    with threadpool_limits(limits=1):
        found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": ITERATIONS})
    return found.x[:-classes].reshape(shape), found.x[-classes:]
