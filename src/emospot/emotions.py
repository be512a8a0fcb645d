"""Label sets and their order, stated once.

The order of a label set is the order of the logits of every model trained on
it, so it never changes: a new order is a new label set.
"""

from dataclasses import dataclass

from emospot.errors import UsageError


@dataclass(frozen=True, slots=True)
class LabelSet:
    """An ordered set of emotion classes, exactly one of which an utterance carries.

    Args:
        name: how configurations and stores refer to it.
        labels: the classes, in the order of the logits.

    >>> IEMOCAP6.index("neutral")
    2
    """

    name: str
    labels: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.labels)

    def index(self, label: str) -> int:
        """The position of `label` in the logits.

        Raises:
            UsageError: if `label` is not in the set.
        """
        try:
            return self.labels.index(label)
        except ValueError:
            expected = ", ".join(self.labels)
            raise UsageError(
                f'label "{label}" is not in the label set {self.name} ({expected})'
            ) from None


IEMOCAP6 = LabelSet(
    "iemocap6", ("happiness", "sadness", "neutral", "anger", "excited", "frustration")
)
"""The six classes of IEMOCAP in the order of the published feature files."""

IEMOCAP4 = LabelSet("iemocap4", ("happiness", "sadness", "neutral", "anger"))
"""The four classes of IEMOCAP, with or without excited merged into happiness."""

MELD7 = LabelSet("meld7", ("neutral", "surprise", "fear", "sadness", "joy", "disgust", "anger"))
"""The seven emotions of MELD in the order of the published feature files."""

LABEL_SETS: dict[str, LabelSet] = {
    label_set.name: label_set for label_set in (IEMOCAP6, IEMOCAP4, MELD7)
}


def label_set(name: str) -> LabelSet:
    """The label set of that name.

    Raises:
        UsageError: if there is none.
    """
    try:
        return LABEL_SETS[name]
    except KeyError:
        known = ", ".join(LABEL_SETS)
        raise UsageError(f'unknown label set "{name}"; known: {known}') from None
