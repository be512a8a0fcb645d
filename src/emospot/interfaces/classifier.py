"""`EmotionClassifier`: the recognizer in the manner of scikit-learn.

    classifier = emospot.EmotionClassifier(epochs=20).fit(conversations, labels)
    classifier.predict(conversations)
    cross_val_score(classifier, conversations, labels, cv=5)

A sample of scikit-learn is a conversation here, for an utterance is read in its
conversation: folds hold whole conversations, whose lengths differ, and y is a list of
labels a conversation. That is why `is_classifier` is false: scikit-learn would stratify by
one label a sample. With a data frame a sample is a row; share the rows out by conversation
then, as `GroupKFold` does with `groups=frame["dialogue"]`.

It is trained by the same code as `emospot train`, the epoch and the temperature chosen on
conversations that are held out.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted, check_random_state

from emospot.batch import Example
from emospot.config import Config, parse_config
from emospot.conversation import WORDS
from emospot.corpora.instruments import standard_instruments
from emospot.corpora.measured import Measuring
from emospot.corpora.measuring import Instruments
from emospot.emotions import LabelSet
from emospot.errors import FeatureError, ModelError, UsageError
from emospot.features.base import FeatureDescription
from emospot.features.store import StoredConversation
from emospot.files import write_json
from emospot.interfaces.classifier_inputs import DIALOGUE, Given, read_given
from emospot.interfaces.classifier_training import trained
from emospot.model.predict import predict
from emospot.model.pretrained import PretrainedModel, load_model, save_model

READY_MADE = "ready-made"
"""What stands for the extractor of features that were given."""

FILE = "classifier.json"
_SMALL = 32  # width of a recognizer that learns from what fits into a list
_SEEDS = 2**31 - 1


class EmotionClassifier(BaseEstimator):
    """Learns the emotions of conversations.

    Args:
        model: "emospot", or a baseline of the field (`emospot.config.MODEL_KINDS`).
        modalities: what is read. "words": the texts; any other name: ready-made features
            that stand under that name in every turn or row.
        words: extractor of the words: "minilm-l6", or the Hugging Face name or folder of an
            encoder that is on this machine.
        width: of the network; None: 32 (a baseline: as published).
        epochs: at most.
        batch_size: conversations a step.
        learning_rate: of the optimizer.
        class_weight: "balanced" makes rare classes weigh as much as frequent ones; or None.
        dev_fraction: share of the conversations that are held out to choose the epoch and
            the temperature; None: none, and the last epoch is taken.
        settings: further settings by their names, e.g. {"model.graph": False,
            "training.patience": 3}.
        dialogue: column of a data frame that tells its conversations apart.
        random_state: a number, a `numpy.random.RandomState`, or None for another seed each
            time.

    Attributes:
        classes_: the labels, sorted, shape (C,).
        model_: the trained model, which `emospot.analyze` reads too.
        seed_: of the training.
    """

    def __init__(
        self,
        *,
        model: str = "emospot",
        modalities: Sequence[str] = (WORDS,),
        words: str = "minilm-l6",
        width: int | None = None,
        epochs: int = 20,
        batch_size: int = 8,
        learning_rate: float = 1e-3,
        class_weight: str | None = None,
        dev_fraction: float | None = 0.1,
        settings: Mapping[str, Any] | None = None,
        dialogue: str = DIALOGUE,
        random_state: Any = 0,
    ) -> None:
        self.model = model
        self.modalities = modalities
        self.words = words
        self.width = width
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.class_weight = class_weight
        self.dev_fraction = dev_fraction
        self.settings = settings
        self.dialogue = dialogue
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn from labelled conversations.

        Args:
            X: conversations, or a data frame (`interfaces.classifier_inputs`).
            y: a list of labels a conversation (of a data frame: a label a row), None or NaN
                where there is none; without y, the labels that stand in X.

        Raises:
            UsageError: if X and y are malformed, or hold fewer than two classes.
            ConfigError: if a setting is wrong.
            FeatureError: if ready-made features are malformed or of different widths.
        """
        config = self._config()
        given = self._given(X, y)
        if given.labels is None:
            raise UsageError('fit needs labels: give y, or "emotion" in every turn or row')
        classes = _classes(given)
        names = {value: str(value) for value in classes}
        measured = self._measured(given)
        features = self._features(measured)
        self.seed_ = int(check_random_state(self.random_state).randint(_SEEDS))
        if isinstance(self.random_state, int | np.integer):
            self.seed_ = int(self.random_state)
        told = [[None if v is None else names[v] for v in own] for own in given.labels]
        instruments = self._instruments()
        self.model_ = trained(
            measured,
            told,
            LabelSet("classes", tuple(names.values())),
            features,
            instruments.detectors(),
            config,
            self.seed_,
        )
        self.classes_ = np.array(classes)
        return self

    def predict(self, X: Any) -> NDArray[Any]:
        """The most probable class of every utterance.

        Args:
            X: as in `fit`.

        Returns:
            Of conversations an array of objects, shape (conversations,), each an array of
            labels, shape (U,); of a data frame shape (rows,).
        """
        given, found = self._answers(X)
        labels = [self.classes_[own.argmax(axis=1)] for own in found]
        return given.as_given(labels, self.classes_[:0])

    def predict_proba(self, X: Any) -> NDArray[Any]:
        """The calibrated probabilities of the classes, in the order of `classes_`.

        Args:
            X: as in `fit`.

        Returns:
            As of `predict`, with one more axis of C classes, over which they sum to 1.
        """
        given, found = self._answers(X)
        return given.as_given(found, np.zeros((0, len(self.classes_)), np.float32))

    def score(self, X: Any, y: Any = None) -> float:
        """The accuracy over all utterances with a label, in [0, 1].

        Args:
            X: as in `fit`.
            y: as in `fit`.

        Raises:
            UsageError: if no utterance has a label.
        """
        true, predicted = self._pairs(X, y)
        return float(np.mean([t == p for t, p in zip(true, predicted, strict=True)]))

    def weighted_f1(self, X: Any, y: Any = None) -> float:
        """The weighted F1 over all utterances with a label, in [0, 1]; see `weighted_f1`.

        Args:
            X: as in `fit`.
            y: as in `fit`.
        """
        from sklearn.metrics import f1_score

        true, predicted = (list(map(str, own)) for own in self._pairs(X, y))
        return float(f1_score(true, predicted, average="weighted", zero_division=0))

    def save(self, folder: str | Path) -> None:
        """Write a model's folder, which `--model` and `emospot.load` read, too.

        Raises:
            UsageError: if parameters are no plain values.
            EmospotError: if it cannot be written.
        """
        check_is_fitted(self)
        parameters = {**self.get_params(), "random_state": self.seed_}
        told = {"parameters": parameters, "classes": self.classes_.tolist()}
        try:
            json.dumps(told)
        except TypeError as error:
            raise UsageError(f"the classifier cannot be written as JSON: {error}") from None
        save_model(self.model_, Path(folder))
        write_json(Path(folder) / FILE, told)

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read what `save` wrote; no code is run from it.

        Raises:
            ModelError: if it is missing or damaged.
        """
        path = Path(folder) / FILE
        try:
            told = json.loads(path.read_text(encoding="utf-8"))
            found = cls(**told["parameters"])
            found.classes_ = np.array(told["classes"])
        except OSError as error:
            raise ModelError(f"no classifier in {folder}: expected {FILE} ({error})") from None
        except (ValueError, KeyError, TypeError) as error:
            raise ModelError(f"{path} is damaged: {error}") from None
        found.seed_ = found.random_state
        found.model_ = load_model(Path(folder))
        if len(found.model_.card.labels) != len(found.classes_):
            raise ModelError(f"{path} and the model beside it have different classes")
        return found

    def __sklearn_tags__(self) -> Any:
        """What scikit-learn's own checks may try."""
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.dict = True
        tags.no_validation = True
        return tags

    def _config(self) -> Config:
        """The configuration that the parameters describe."""
        if self.class_weight not in (None, "balanced"):
            raise UsageError(f'class_weight is "balanced" or None, found {self.class_weight!r}')
        if isinstance(self.modalities, str):
            raise UsageError(f'modalities are a list, found "{self.modalities}"')
        own = self.model == "emospot"
        width = self.width or (_SMALL if own else None)
        model: dict[str, Any] = {"kind": self.model, "modalities": tuple(self.modalities)}
        training: dict[str, Any] = {
            "epochs": self.epochs,
            "batch_size": self.batch_size,
            "learning_rate": self.learning_rate,
            "class_weights": self.class_weight == "balanced",
            "warmup_epochs": min(2, max(0, self.epochs - 1)),
        }
        if width is not None:
            model["width"] = width
        held_out = {"choose": "last", "dev": "none"}
        training |= {"dev_fraction": self.dev_fraction} if self.dev_fraction else held_out
        sections = {"model": model, "training": training}
        for name, value in (self.settings or {}).items():
            section, dot, key = str(name).partition(".")
            if section not in sections or not dot:
                raise UsageError(f'setting "{name}": expected model.KEY or training.KEY')
            sections[section][key] = value
        return parse_config(sections)

    def _given(self, X: Any, y: Any = None) -> Given:
        ready_made = [m for m in self.modalities if m != WORDS]
        return read_given(X, y, ready_made=ready_made, dialogue=self.dialogue)

    def _instruments(self) -> Instruments:
        return (
            standard_instruments(words=self.words) if WORDS in self.modalities else Instruments()
        )

    def _measured(self, given: Given) -> list[StoredConversation]:
        """The conversations with their features; each is measured by itself."""
        measuring = Measuring(self._instruments())
        found = []
        for one in given.conversations:
            stored = measuring(one).stored
            if stored is not None:
                found.append(stored)
        return found

    def _features(self, measured: Sequence[StoredConversation]) -> dict[str, FeatureDescription]:
        """What identifies the features that were read, in the order of the modalities."""
        measuring = self._instruments().features()
        return {m: measuring.get(m) or _ready_made(m, measured) for m in self.modalities}

    def _answers(self, X: Any) -> tuple[Given, list[NDArray[np.float32]]]:
        """The probabilities of each conversation, shape (U, C)."""
        check_is_fitted(self)
        given = self._given(X)
        measured = self._measured(given)
        _check_widths(self.model_, measured)
        examples = [Example(s.conversation, s.tokens, s.hotspots) for s in measured]
        spoken = [e for e in examples if e.conversation.utterances]
        answers = iter(predict(self.model_, spoken))
        nothing = np.zeros((0, len(self.classes_)), np.float32)
        return given, [
            next(answers).probabilities if e.conversation.utterances else nothing for e in examples
        ]

    def _pairs(self, X: Any, y: Any) -> tuple[list[Any], list[Any]]:
        """The true and the predicted labels of all utterances that have one."""
        labels = self._given(X, y).labels
        _, found = self._answers(X)
        predicted = [self.classes_[own.argmax(axis=1)].tolist() for own in found]
        flat = [
            (true, answer)
            for own, answers in zip(labels or (), predicted, strict=labels is not None)
            for true, answer in zip(own, answers, strict=True)
            if true is not None
        ]
        if not flat:
            raise UsageError("no utterance has a label to score by: give y")
        return [true for true, _ in flat], [answer for _, answer in flat]


def weighted_f1(classifier: EmotionClassifier, X: Any, y: Any = None) -> float:
    """A scorer for `cross_val_score(…, scoring=weighted_f1)` over conversations.

    Args:
        classifier: fitted.
        X: as in `EmotionClassifier.fit`.
        y: as in `EmotionClassifier.fit`.
    """
    return classifier.weighted_f1(X, y)


def _classes(given: Given) -> list[Any]:
    """The labels that were given, sorted, as plain Python has them."""
    found = {value for own in given.labels or () for value in own if value is not None}
    strange = [v for v in found if not isinstance(v, str | int | float | bool)]
    if strange:
        raise UsageError(f"a label is a text or a number, found {strange[0]!r}")
    if len(found) < 2:
        only = f"one class alone, {next(iter(found))!r}" if found else "no label at all"
        raise UsageError(f"found {only}: expected at least two classes")
    if len({str(value) for value in found}) < len(found):
        raise UsageError('labels differ in their kind only, as 1 and "1" do: give one kind')
    try:
        return sorted(found)
    except TypeError:
        raise UsageError("labels are texts and numbers mixed: give one kind") from None


def _ready_made(modality: str, measured: Sequence[StoredConversation]) -> FeatureDescription:
    """What identifies given features of a modality."""
    tokens = [t for one in measured for t in one.tokens[modality] if t is not None]
    dims = sorted({t.dim for t in tokens})
    if len(dims) != 1:
        raise FeatureError(
            f'found {"no" if not dims else "different"} "{modality}" features '
            f"{dims or ''}: expected numbers under that name, as many in every utterance"
        )
    pooled = all(len(t) == 1 for t in tokens)
    return FeatureDescription(modality, READY_MADE, "", dims[0], pooled)


def _check_widths(model: PretrainedModel, measured: Sequence[StoredConversation]) -> None:
    """Raise where ready-made features are not as wide as those of the training."""
    for one in measured:
        for modality, feature in model.card.features.items():
            for tokens in one.tokens.get(modality, ()):
                if tokens is not None and tokens.dim != feature.dim:
                    raise FeatureError(
                        f'"{modality}" of conversation {one.conversation.id} has {tokens.dim} '
                        f"numbers, but the classifier was trained on {feature.dim}"
                    )
