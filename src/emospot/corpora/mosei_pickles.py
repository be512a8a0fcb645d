"""CMU-MOSEI in the pickles of the COGMEN and CORECT family.

A. Joshi et al., "COGMEN", NAACL 2022 (github.com/Exploration-Lab/COGMEN) and
C. V. T. Nguyen et al., "CORECT", EMNLP 2023 (github.com/leson502/CORECT_EMNLP2023).
Their code reads MOSEI from these structures:

    categorical.p               9 fields: ids, speakers, labels, text, audio, visual,
                                sentences, train, test
    tbje_mosei_updated.pkl,     10 fields: the same with train, dev, test; audio has
    tbje_mosei_EMOTION.pkl      frames (T, 80), visual one vector (35), a sentence is
                                a list of words
    data_mosei_2class.pkl,      {"train": [..], "dev": [..], "test": [..]}, a dialogue
    _7class, _multilabel,       being a dictionary or an object `Sample` with vid,
    _EMOTION                    speaker(s), label(s), text, audio, visual, sentence and,
                                in objects, sbert_sentence_embeddings (768)

All fields but the splits map a dialogue to a list over its utterances. What a
label is, is told by its form:

| a label is           | meaning                               | read as                      |
|----------------------|---------------------------------------|------------------------------|
| six numbers          | the emotions, in the release's order  | six targets                  |
| another list, or a   | its first number is the sentiment     | target "sentiment"           |
| number with fraction |                                       |                              |
| 0 or 1               | negative or not; in a file named after| label of `mosei2`, or target |
|                      | an emotion: whether it is present     | and label of that emotion    |
| 0 to 6               | sentiment in seven classes            | label of `mosei7`            |

A file without a dev set is left without one: the family takes the first tenth
of train, the protocol a seeded part. The speakers M and F of these files are
placeholders (each video is a monologue), so a dialogue is its own speaker.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from emospot.conversation import FACE, VOICE, WORDS, Conversation, Utterance
from emospot.corpora.corpus import Corpus, CorpusConversation
from emospot.corpora.mosei_targets import EMOTIONS, PUBLISHED, SENTIMENT, named_targets
from emospot.corpora.published_pickles import SAMPLE
from emospot.corpora.ready_made import ReadyMade, file_version
from emospot.corpora.safe_pickle import Record
from emospot.emotions import MOSEI2, MOSEI7, NO_LABELS, LabelSet
from emospot.errors import CorpusError

CLASSES = SAMPLE
"""Classes of the dialogues in the dictionaries, read as plain records."""

FIELDS = ("ids", "speakers", "labels", "text", "audio", "visual", "sentences")
"""The first fields of a tuple; the dialogues of each split follow."""

PRESENCE = ("absent", "present")
"""Labels of a file about one emotion."""

_SPLITS = {2: ("train", "test"), 3: ("train", "dev", "test")}
_NAMED = {
    "labels": ("labels", "label"),
    "text": ("sbert_sentence_embeddings", "text"),
    "audio": ("audio",),
    "visual": ("visual",),
    "sentences": ("sentence",),
}
_MODALITIES = {WORDS: "text", VOICE: "audio", FACE: "visual"}
_ONE_EMOTION = re.compile(rf"_({'|'.join((*EMOTIONS, *PUBLISHED))})$")


@dataclass(frozen=True, slots=True)
class Dialogue:
    """A dialogue as its file has it.

    Args:
        name: of the dialogue.
        split: "train", "dev" or "test".
        fields: name of a field → one entry an utterance.
    """

    name: str
    split: str
    fields: Mapping[str, Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Meaning:
    """What the labels of a file mean.

    Args:
        label_set: of single labels; empty where there are none.
        targets: names of the numbers that are kept, none for classes.
    """

    label_set: LabelSet
    targets: tuple[str, ...] = ()

    def read(self, entry: Any, where: str) -> tuple[str | None, dict[str, float]]:
        """Label and targets of an utterance.

        Raises:
            CorpusError: if a number is outside its scale.
        """
        numbers = np.asarray(entry, dtype=float).ravel()
        label = self.label_set.labels[int(numbers[0])] if len(self.label_set) else None
        values = [float(number) for number in numbers[: len(self.targets)]]
        return label, named_targets(self.targets, values, where)


def mosei_corpus(path: Path, content: object, name: str) -> Corpus:
    """The content of such a pickle as a corpus.

    Args:
        path: the file; its name tells which emotion it is about, if any.
        content: what `read_pickle` gave (with the records `CLASSES`).
        name: of the corpus.

    Raises:
        CorpusError: if the structure is another one, or parts do not fit.
    """
    dialogues = list(_dialogues(path, content))
    meaning = _meaning(path, dialogues)
    version = file_version(path)
    made = {
        m: ReadyMade(m, f"{path.stem}:{m}", version)
        for m, field in _MODALITIES.items()
        if all(_numeric(one, field) for one in dialogues)
    }
    conversations = tuple(
        _conversation(path, one, meaning, made) for one in dialogues if len(one.fields["labels"])
    )
    notices = [text for one in made.values() for text in one.notices()]
    left_out = len(dialogues) - len(conversations)
    if left_out:
        notices.append(f"{left_out} dialogues without utterances are left out")
    if WORDS not in made:
        notices.append("no ready-made words: the file has texts only; choose a words extractor")
    features = {m: one.description() for m, one in made.items() if one.present}
    return Corpus(
        name,
        f"{name}-pickle",
        meaning.label_set,
        tuple(
            CorpusConversation(one.conversation, {m: one.tokens[m] for m in features})
            for one in conversations
        ),
        features,
        tuple(notices),
    )


def _dialogues(path: Path, content: object) -> Iterator[Dialogue]:
    if isinstance(content, Mapping) and {"train", "test"} <= set(content):
        for split in ("train", "dev", "test"):
            for number, sample in enumerate(content.get(split, ()), start=1):
                yield _by_name(f"{path}, {split}, dialogue {number}", split, sample)
        return
    if isinstance(content, tuple | list) and len(content) - len(FIELDS) in _SPLITS:
        yield from _by_place(path, content)
        return
    found = (
        f"{len(content)} fields"
        if isinstance(content, tuple | list)
        else f"a {type(content).__name__}"
    )
    raise CorpusError(
        f"{path} has {found}; a feature file of CMU-MOSEI is a dictionary with train, valid and "
        "test (MMSA), one with train, dev and test, or has 9 or 10 fields (COGMEN, CORECT)"
    )


def _by_name(where: str, split: str, sample: Any) -> Dialogue:
    values = sample.values if isinstance(sample, Record) else sample
    if not isinstance(values, Mapping) or "vid" not in values:
        raise CorpusError(f'{where}: expected named fields with "vid", found {type(sample)}')
    fields = {}
    for field, names in _NAMED.items():
        known = [name for name in names if name in values]
        if not known:
            raise CorpusError(f'{where} has no "{names[-1]}"; found: {", ".join(values)}')
        fields[field] = values[known[0]]
    return Dialogue(str(values["vid"]), split, fields)


def _by_place(path: Path, content: Sequence[Any]) -> Iterator[Dialogue]:
    fields = dict(zip(FIELDS, content, strict=False))
    for field, entries in fields.items():
        if not isinstance(entries, Mapping):
            raise CorpusError(
                f'{path}: "{field}" must map dialogues to lists, found a {type(entries).__name__}'
            )
    splits = _SPLITS[len(content) - len(FIELDS)]
    for split, names in zip(splits, content[len(FIELDS) :], strict=True):
        # A set has no order of its own.
        for name in sorted(names, key=str) if isinstance(names, set | frozenset) else names:
            lacking = [field for field, entries in fields.items() if name not in entries]
            if lacking:
                raise CorpusError(f'{path}: dialogue {name} of {split} has no "{lacking[0]}"')
            own = {field: entries[name] for field, entries in fields.items()}
            del own["speakers"]
            yield Dialogue(str(name), split, own)


def _meaning(path: Path, dialogues: Sequence[Dialogue]) -> Meaning:
    """What the labels are, by their form in the whole file."""
    try:
        labels = [np.asarray(e, dtype=float) for one in dialogues for e in one.fields["labels"]]
    except (TypeError, ValueError) as error:
        raise CorpusError(f"{path}: labels must be numbers ({error})") from error
    forms = {(label.ndim > 0, label.size) for label in labels}
    if len(forms) != 1 or (True, 0) in forms:
        raise CorpusError(
            f"{path}: labels must be of one form, found {len(forms)} "
            f"({', '.join(str(size) + ' numbers' for _, size in sorted(forms))})"
        )
    ((listed, size),) = forms
    if listed:
        return Meaning(NO_LABELS, EMOTIONS if size == len(EMOTIONS) else (SENTIMENT,))
    numbers = np.array(labels)
    if (numbers != np.round(numbers)).any() or numbers.min() < 0:
        return Meaning(NO_LABELS, (SENTIMENT,))
    about = _ONE_EMOTION.search(path.stem)
    if numbers.max() <= 1 and about:
        emotion = PUBLISHED.get(about.group(1), about.group(1))
        return Meaning(LabelSet(f"mosei_{emotion}", PRESENCE), (emotion,))
    if numbers.max() < len(MOSEI7.outputs):
        return Meaning((MOSEI2 if numbers.max() <= 1 else MOSEI7).labels)
    raise CorpusError(
        f"{path}: label {numbers.max():g} is outside 0 to {len(MOSEI7.outputs) - 1} "
        f"({', '.join(MOSEI7.outputs)})"
    )


def _numeric(one: Dialogue, field: str) -> bool:
    """Whether a field holds numbers of each utterance, and not texts."""
    entries = one.fields[field]
    try:
        numbers = all(np.asarray(entry).dtype.kind in "fiu" for entry in entries)
    except (TypeError, ValueError):
        return False
    # The family's code does not read the text of every file, which can be anything.
    return numbers and (field != "text" or len(entries) == len(one.fields["labels"]))


def _conversation(
    path: Path, one: Dialogue, meaning: Meaning, made: Mapping[str, ReadyMade]
) -> CorpusConversation:
    where = f"{path}, dialogue {one.name}"
    count = len(one.fields["labels"])
    used = ("labels", "sentences", *(_MODALITIES[modality] for modality in made))
    for field in used:
        entries = one.fields[field]
        if len(entries) != count:
            raise CorpusError(f'{where}: "{field}" has {len(entries)} entries, the labels {count}')
    ids = [str(name) for name in one.fields.get("ids", ())]
    if len(ids) != count or len(set(ids)) < count:
        ids = [str(number) for number in range(1, count + 1)]
    utterances = []
    for place, identity in enumerate(ids):
        label, targets = meaning.read(one.fields["labels"][place], f"{where}, {identity}")
        text = _text(one.fields["sentences"][place])
        utterances.append(Utterance(identity, one.name, text=text, label=label, targets=targets))
    tokens = {
        m: tuple(
            ready.tokens(entry, f"{where}, {identity}")
            for entry, identity in zip(one.fields[_MODALITIES[m]], ids, strict=True)
        )
        for m, ready in made.items()
    }
    return CorpusConversation(Conversation(one.name, tuple(utterances), split=one.split), tokens)


def _text(sentence: Any) -> str | None:
    """A sentence, which some files have as a list of words."""
    words = [sentence] if isinstance(sentence, str) else [str(word) for word in sentence]
    return " ".join(words).strip() or None
