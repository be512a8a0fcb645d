"""Label sets, the tasks that are learned, and their order, stated once.

The order of a label set is the order of the logits of every model trained on
it, so it never changes: a new order is a new label set.

A task is what one head of a model says of an utterance: one label of a set,
several labels at once, or a number. An utterance brings one label and any
number of named numbers, its targets; a task says what it makes of them.
"""

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from emospot.errors import UsageError

UNSURE = "unsure"
"""What is answered, and means no label, where no class is likely enough."""


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

MELD3 = LabelSet("meld3", ("neutral", "positive", "negative"))
"""The three sentiments of MELD in the order of the published feature files."""

EMORYNLP7 = LabelSet(
    "emorynlp7", ("neutral", "joyful", "peaceful", "powerful", "scared", "mad", "sad")
)
"""The seven emotions of EmoryNLP in the order of its release's table."""

DAILYDIALOG7 = LabelSet(
    "dailydialog7", ("neutral", "anger", "disgust", "fear", "happiness", "sadness", "surprise")
)
"""The seven emotions of DailyDialog by their published numbers; 0 ("no emotion") is neutral."""

RAVDESS8 = LabelSet(
    "ravdess8",
    ("neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised"),
)
"""The eight emotions of RAVDESS in the order of its file names."""

NO_LABELS = LabelSet("none", ())
"""Of a corpus whose utterances carry targets only."""

LABEL_SETS: dict[str, LabelSet] = {
    label_set.name: label_set
    for label_set in (IEMOCAP6, IEMOCAP4, MELD7, MELD3, EMORYNLP7, DAILYDIALOG7, RAVDESS8)
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


TaskKind = Literal["single", "several", "number"]
"""One label of several, any of several labels, or a number."""

NEUTRAL = "neutral"
"""The class that is no emotion, where a label set has it."""
EMOTION = "emotion"
"""The task of the store's own labels."""


@dataclass(frozen=True, slots=True)
class Task:
    """What one head of a model is to say of an utterance.

    Args:
        name: of the task and of its head.
        kind: "single", "several" or "number".
        outputs: the labels in the order of the logits; of "several" they are
            the targets too, and a label applies where its target is above 0;
            of "number" the one target.
        source: for "single": the target that the label is derived from, ""
            where it is the utterance's own label.
        rule: how the label is derived, see `RULES`; "" without a source.
        label_set: for "single": name of the label set, "" where it is the
            task's.
        sentiment: for "number": whether it runs from -3 (strongly negative) to
            3, so that it is scored by sign and by class as well.
        center: for "number": mean over the training data.
        scale: for "number": standard deviation over the training data; the
            target is center + scale · output of the head.

    Raises:
        UsageError: if name or outputs cannot be those of a head.

    >>> Task("valence", "number", ("valence",)).answer(None, {"valence": 2.5})
    (2.5,)
    """

    name: str
    kind: TaskKind
    outputs: tuple[str, ...]
    source: str = ""
    rule: str = ""
    label_set: str = ""
    sentiment: bool = False
    center: float = 0.0
    scale: float = 1.0

    def __post_init__(self) -> None:
        if not self.name or "." in self.name:
            raise UsageError(f'a task needs a name without dots, found "{self.name}"')
        count = len(self.outputs)
        if count == 0 or (self.kind == "number" and count > 1):
            raise UsageError(
                f'task "{self.name}": found {count} outputs ({", ".join(self.outputs)}); expected '
                "one for a number and at least one label for labels"
            )

    @property
    def targets(self) -> tuple[str, ...]:
        """The targets that the task reads; none where it reads the label."""
        if self.kind == "single":
            return (self.source,) if self.source else ()
        return self.outputs

    @property
    def labels(self) -> LabelSet:
        """The outputs as a label set."""
        return LabelSet(self.label_set or self.name, self.outputs)

    def answer(self, label: str | None, targets: Mapping[str, float]) -> tuple[float, ...] | None:
        """The right answer for an utterance, or None where it is not known.

        Args:
            label: the utterance's label.
            targets: its targets.

        Returns:
            "single": the index of the label; "several": 0 or 1 for each label,
            where all of them are known; "number": the number.

        Raises:
            UsageError: if the label is not one of the outputs.
        """
        if self.kind == "single" and not self.source:
            return None if label is None else (self.labels.index(label),)
        values = tuple(targets[name] for name in self.targets if name in targets)
        if len(values) < len(self.targets):
            return None
        if self.kind == "several":
            return tuple(float(value > 0) for value in values)
        return values if self.kind == "number" else (RULES[self.rule](values[0]),)


def not_negative(value: float) -> int:
    """0 for a number below 0, else 1."""
    return int(value >= 0)


def away_from_zero(value: float) -> int:
    """A number from -3 to 3 rounded away from zero, counted from 0.

    >>> [away_from_zero(value) for value in (-3.0, -2.1, -1.0, 0.0, 0.3, 2.0, 2.3)]
    [0, 0, 2, 3, 4, 5, 6]
    """
    rounded = math.copysign(math.ceil(abs(value)), value)
    return int(min(3.0, max(-3.0, rounded))) + 3


RULES: dict[str, Callable[[float], int]] = {
    "not_negative": not_negative,
    "away_from_zero": away_from_zero,
}
"""How a label is derived from a number."""

MOSEI_EMOTIONS = Task(
    "mosei_emotions",
    "several",
    ("happiness", "sadness", "anger", "surprise", "disgust", "fear"),
)
"""The six emotions of CMU-MOSEI in the order of its release, present where above 0."""

MOSEI_SENTIMENT = Task("mosei_sentiment", "number", ("sentiment",), sentiment=True)
"""The sentiment of CMU-MOSEI, from -3 to 3."""

MOSI_SENTIMENT = Task("mosi_sentiment", "number", ("sentiment",), sentiment=True)
"""The sentiment of CMU-MOSI, from -3 to 3."""

MOSEI2 = Task(
    "mosei2", "single", ("negative", "positive"), source="sentiment", rule="not_negative"
)
"""Sentiment below 0 or not, as the models of the COGMEN and CORECT families are scored."""

MOSEI7 = Task(
    "mosei7",
    "single",
    (
        "strong negative",
        "negative",
        "weak negative",
        "neutral",
        "weak positive",
        "positive",
        "strong positive",
    ),
    source="sentiment",
    rule="away_from_zero",
)
"""Sentiment in seven classes, rounded away from zero as in the published feature files of
the same families. Acc-7 (`evaluation.intensity`) rounds to the nearest instead."""

TASKS: dict[str, Task] = {
    task.name: task for task in (MOSEI_EMOTIONS, MOSEI_SENTIMENT, MOSI_SENTIMENT, MOSEI2, MOSEI7)
}


def emotion_task(labels: LabelSet) -> Task:
    """The task of a label set: one label an utterance.

    Raises:
        UsageError: if the set has no label.
    """
    return Task(EMOTION, "single", labels.labels, label_set=labels.name)


def task_named(name: str, labels: LabelSet, targets: Collection[str]) -> Task:
    """The task of that name over some data.

    Args:
        name: "emotion" (the data's own labels), a name of `TASKS`, a target
            ("valence": a number) or several joined by plus signs ("joy+fear":
            labels, any of which may apply).
        labels: the data's label set.
        targets: names of the data's targets.

    Raises:
        UsageError: if the data lack what the task needs.

    >>> task_named("joy+fear", IEMOCAP6, ["joy", "fear"]).kind
    'several'
    """
    there = ", ".join(sorted(targets)) or "none"
    if name == EMOTION and len(labels) == 0:
        raise UsageError(
            f'task "{EMOTION}" needs utterances with labels, but the label set {labels.name} has '
            f"none; the data have the targets: {there}. Set training.tasks to one of "
            f"them or to one of: {', '.join(TASKS)}"
        )
    if name == EMOTION:
        return emotion_task(labels)
    parts = tuple(name.split("+"))
    own = Task(name, "several" if len(parts) > 1 else "number", parts)
    task = TASKS.get(name, own)
    if task.source and labels == task.labels:
        # Some published files carry the derived label itself.
        return replace(task, source="", rule="")
    missing = [target for target in task.targets if target not in targets]
    if missing:
        raise UsageError(
            f'task "{name}" needs the target "{missing[0]}", but the data have the targets: '
            f"{there}; known tasks: {', '.join((EMOTION, *TASKS))}"
        )
    return task
