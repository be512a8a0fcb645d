"""How far a model's probabilities can be trusted, by what it has read.

Logits are divided by a temperature before they are turned into probabilities, and an
answer below a threshold is "unsure"; both are chosen on dev conversations (see
`emospot.evaluation.calibration`). A model that reads words and voice is surer of itself
than one that is given the words alone, and not surer by the same factor: its logits add
up what every modality says. One temperature for both would be too high for what has been
read in part. So each set of modalities has its own, fitted on the same conversations
with the others withheld (docs/experiments.md, "How sure of what is read in part").

The sets are told by number: bit m is set where the m-th modality of the model was there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import torch
from torch import Tensor

SEPARATOR = "+"
TEMPERATURES = (0.05, 20.0)
"""Between which the temperature is looked for (`evaluation.calibration.fit_temperature`)."""
THRESHOLDS = (0.0, 1.0)
ROUNDING = 1e-6
"""A threshold may lie just above the greatest confidence, where no answer is to be given."""


@dataclass(frozen=True, slots=True)
class Confidence:
    """How probabilities come of logits, and when an answer is withheld.

    Args:
        temperature: divides the logits.
        unsure_below: calibrated probability under which the answer is "unsure".
    """

    temperature: float = 1.0
    unsure_below: float = 0.0


def parts(modalities: Sequence[str]) -> list[tuple[str, ...]]:
    """The sets of modalities, short of all, that have a confidence of their own.

    Each alone, and all but one; with up to three modalities that is every set.

    >>> parts(["words", "voice"])
    [('words',), ('voice',)]
    >>> parts(["words"])
    []
    """
    sizes = sorted({1, len(modalities) - 1} - {0, len(modalities)})
    return [kept for size in sizes for kept in combinations(modalities, size)]


def part_name(kept: Sequence[str]) -> str:
    """How a set of modalities is called on a card.

    >>> part_name(("words", "face"))
    'words+face'
    """
    return SEPARATOR.join(kept)


def part_number(name: str, modalities: Sequence[str]) -> int | None:
    """The number of a set of modalities, or None where the name is that of no set.

    Args:
        name: as `part_name` makes it.
        modalities: in the model's order.

    >>> part_number("words+face", ["words", "voice", "face"])
    5
    >>> part_number("face+words", ["words", "voice", "face"]) is None
    True
    """
    named = name.split(SEPARATOR)
    bits = [bit for bit, modality in enumerate(modalities) if modality in named]
    if part_name([modalities[bit] for bit in bits]) != name:
        return None
    return sum(1 << bit for bit in bits)


def check_confidence(own: Confidence, of: str) -> None:
    """Whether a temperature and a threshold are such as calibration finds.

    Args:
        own: both, perhaps of a card that somebody else wrote.
        of: what they hold for, for the message.

    Raises:
        ValueError: if they are not numbers within `TEMPERATURES` and `THRESHOLDS`.
    """
    for what, value, (least, most) in (
        ("temperature", own.temperature, TEMPERATURES),
        ("unsure_below", own.unsure_below, THRESHOLDS),
    ):
        # A value that is no number (NaN) is in no range.
        if not least - ROUNDING <= value <= most + ROUNDING:
            raise ValueError(
                f"{what} of {of} is {value}, expected a number from {least:g} to {most:g}"
            )


def by_presence(
    whole: Confidence, partial: Mapping[str, Confidence], modalities: Sequence[str]
) -> tuple[Tensor, Tensor]:
    """Temperature and threshold for every set of modalities that may have been read.

    Args:
        whole: where all have been, and for sets that have none of their own.
        partial: name of a set → its own.
        modalities: M of them, in the model's order.

    Returns:
        Both of shape (2^M,), to be looked up by `presence_number`.
    """
    temperatures = torch.full((2 ** len(modalities),), float(whole.temperature))
    thresholds = torch.full((2 ** len(modalities),), float(whole.unsure_below))
    for name, own in partial.items():
        number = part_number(name, modalities)
        if number is not None:
            temperatures[number], thresholds[number] = own.temperature, own.unsure_below
    return temperatures, thresholds


def presence_number(present: Tensor) -> Tensor:
    """The number of the set of modalities that was there.

    Args:
        present: bool, shape (..., M).

    Returns:
        Integer, shape (...).

    >>> presence_number(torch.tensor([[True, False], [False, True], [True, True]]))
    tensor([1, 2, 3])
    """
    weights = 2 ** torch.arange(present.shape[-1], device=present.device)
    return (present * weights).sum(dim=-1)
