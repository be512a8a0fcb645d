"""When and how fast people speak: numbers that every utterance brings along.

A transcript's times tell how long a turn is, how fast its words come, and whether
it waits or cuts in. Anger interrupts, sadness hesitates; the words and the voice of
a turn by themselves say nothing of that. The numbers are read beside the
modalities, not as one of them: they have no tokens and no hotspots.

For an utterance from t₀ to t₁ with w words, after one that ended at e:

    log(t₁ − t₀) − 1,   log(1 + w) − 2,   w / (t₁ − t₀) − 2.5,
    t₀ − e (cut to −3 … 5),   whether t₀ < e,   whether the times are known

Shifts and limits are round numbers near the mean and range of turns in free
conversation, so that all numbers are of the order of one. What is not known is 0: the times of a
bare text, the words where they are withheld, the pause before the first turn.
"""

import torch
from torch import Tensor

from emospot.batch import ConversationBatch
from emospot.conversation import WORDS
from emospot.model.past import Past

TIMING_WIDTH = 6
"""Numbers an utterance."""
OF_WORDS = (1, 2)
"""Which of them tell of the words."""

SHORTEST, LONGEST = 0.3, 60.0
"""Seconds; shorter and longer utterances count as such."""
FASTEST = 10.0
"""Words a second."""
EARLIEST, LATEST = -3.0, 5.0
"""Seconds after the end of the utterance before."""


def timing_of(batch: ConversationBatch, past: Past | None = None) -> Tensor:
    """The numbers of each utterance, shape (B, U, 6); zeros in the padding.

    An utterance's numbers depend on it and on the one before, so a causal model
    may read them.

    Args:
        batch: conversations.
        past: what was kept of the one conversation that the batch goes on with.
    """
    known = torch.isfinite(batch.times).all(dim=-1) & batch.mask
    # Differences in double precision: a recording's clock may be an epoch time.
    times = torch.where(known.unsqueeze(-1), batch.times, 0.0)
    length = (times[..., 1] - times[..., 0]).clamp(SHORTEST, LONGEST)
    words = batch.word_counts * _words_present(batch)
    has_words = (words > 0) & batch.mask
    pause = _pauses(times, known, past)
    columns = (
        (length.log() - 1) * known,
        (torch.log1p(words) - 2) * has_words,
        ((words / length).clamp(max=FASTEST) - 2.5) * (known & has_words),
        pause,
        pause < 0,
        known,
    )
    return torch.stack([c.to(batch.word_counts.dtype) for c in columns], dim=-1)


def _pauses(times: Tensor, known: Tensor, past: Past | None) -> Tensor:
    """Seconds after the end of the utterance before, 0 where that is not known, (B, U)."""
    U = known.shape[1]
    if past is not None:
        times, known = past.window("turn", times, 1), past.window("turn known", known, 1)
    pause = (times[:, 1:, 0] - times[:, :-1, 1]).clamp(EARLIEST, LATEST)
    pause = torch.where(known[:, 1:] & known[:, :-1], pause, 0.0)
    return torch.cat([pause.new_zeros(len(pause), 1), pause], dim=1)[:, -U:]


def _words_present(batch: ConversationBatch) -> Tensor:
    """Whether the words of an utterance may be read, shape (B, U)."""
    names = list(batch.modalities)
    if WORDS not in names:
        return torch.zeros_like(batch.mask)
    return batch.present[:, :, names.index(WORDS)]
