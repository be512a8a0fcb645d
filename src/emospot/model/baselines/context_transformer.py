"""The context encoder that COGMEN and CORECT share: a transformer over the dialogue.

    h = W · TransformerEncoder(x) + b

as in Vaswani et al. (2017), normalised after each part, without positions: the
order of the utterances reaches these models through their graphs only. The
transformer works at the width of its input, with the first number of heads from
7 to 14 that divides it (else 1), a feed-forward width of 2048 and ReLU.

COGMEN reads all modalities side by side with it. CORECT gives it the words alone
and passes the others through two dense layers; MMGCN likewise keeps its recurrent
network for the words (`leading_modality`).
"""

from collections.abc import Mapping

from torch import Tensor, nn

from emospot.conversation.types import WORDS
from emospot.model.dropout import Dropout

FEED_FORWARD = 2048
MOST_HEADS = 14
FEWEST_HEADS = 7


def leading_modality(dims: Mapping[str, int]) -> str:
    """The modality whose context is modelled: the words, without words the first one.

    The published models leave dialogues without words without a context encoder.

    >>> leading_modality({"voice": 256, "words": 384}), leading_modality({"voice": 256})
    ('words', 'voice')
    """
    return WORDS if WORDS in dims else next(iter(dims))


def heads_for(size: int) -> int:
    """The published choice of heads for an input of `size` numbers.

    >>> heads_for(768), heads_for(1380), heads_for(256), heads_for(5)
    (8, 10, 8, 1)
    """
    fitting = (n for n in range(FEWEST_HEADS, MOST_HEADS + 1) if size % n == 0)
    return next(fitting, 1)


class ContextTransformer(nn.Module):
    """Utterances attend within the dialogue, then are projected.

    Args:
        size: numbers of the input.
        width: numbers of the output.
        layers: of the transformer.
        dropout: in the transformer.
    """

    def __init__(self, size: int, width: int, *, layers: int, dropout: float) -> None:
        super().__init__()
        layer = nn.TransformerEncoderLayer(
            size, heads_for(size), FEED_FORWARD, dropout, batch_first=True
        )
        for name in ("dropout", "dropout1", "dropout2"):
            setattr(layer, name, Dropout(dropout))
        self.transformer = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
        self.project = nn.Linear(size, width)

    def forward(self, x: Tensor, readable: Tensor | None) -> Tensor:
        """Encode `x` (B, U, size).

        Args:
            x: one vector an utterance.
            readable: which utterances may be read, shape (B, U); None: all,
                padding too.

        Returns:
            Shape (B, U, width). In a dialogue where nothing is readable the
            values mean nothing, but are finite.
        """
        hidden_keys = None
        if readable is not None:
            some = readable.any(dim=-1, keepdim=True)
            hidden_keys = ~(readable | ~some)
        encoded = self.transformer(x, src_key_padding_mask=hidden_keys)
        projected: Tensor = self.project(encoded)
        return projected
