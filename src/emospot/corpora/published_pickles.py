"""The feature files that most papers on IEMOCAP and MELD share, as pickles.

They hold one vector an utterance and modality. Two forms are read.

A tuple of mappings from a dialogue's name to lists, one entry an utterance, and
at its end the dialogues of each split. What the tuple holds depends on the
family, and is told by its length:

| fields | IEMOCAP                             | MELD                               |
|--------|-------------------------------------|------------------------------------|
| 9      | IEMOCAP_features.pkl (MMGCN, …)     | MELD_features_raw.pkl (DialogueRNN)|
| 10     | iemocap_features_roberta.pkl        | MELD_features_raw1.pkl (MMGCN)     |
| 11     |                                     | meld_features_roberta.pkl          |
| 12     | iemocap_multimodal_features.pkl     |                                    |
| 13     |                                     | meld_multimodal_features.pkl       |

(the RoBERTa files are those of COSMIC, the multimodal ones those of SDT;
DialogueRNN and COGMEN use the nine fields as well, with features of their own).

Or a dictionary with "train", "dev" and "test", each a list of dialogues with
their fields by name: `data_iemocap.pkl` of CORECT (dictionaries) and COGMEN
(objects of their class `Sample`). In these, dev is the first tenth of train.

Labels count in the order of the label sets iemocap6, iemocap4, meld7 and meld3.
Where words come as four RoBERTa vectors, their mean is taken. Speakers of IEMOCAP
are M and F, named here as in the release's reader; those of MELD are one-hot
vectors that count anew in every dialogue, so they are named after it. MELD
dialogues are numbered through the splits: 0 to 1038 train, 1039 to 1152 dev,
then test; most of the files count dev as train, this reader does not.

The structures were taken from the code that reads the files:
hujingwen6666/MMGCN, Exploration-Lab/COGMEN, leson502/CORECT_EMNLP2023 and, for
the fields of the RoBERTa and SDT files, other public loaders of them; that the
speakers count anew, from zerohd4869/MM-DFN, issue 13.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emospot.conversation import FACE, VOICE, WORDS, Conversation, Tokens, Utterance
from emospot.corpora.corpus import Corpus, CorpusConversation
from emospot.corpora.mojibake import repaired
from emospot.corpora.safe_pickle import Record, read_pickle
from emospot.emotions import LabelSet
from emospot.errors import CorpusError
from emospot.features.base import FeatureDescription

IDS, SPEAKERS, LABELS, TEXTS, SENTIMENT, UNUSED = (
    "ids", "speakers", "labels", "texts", "sentiment", "unused",
)  # fmt: skip
_SPLITS = ("train", "dev", "test")
_ROBERTA = ("words", "words2", "words3", "words4")
_SIX = (IDS, SPEAKERS, LABELS, WORDS, VOICE, FACE, TEXTS, "train", "test")
_DEEP = (IDS, SPEAKERS, LABELS, *_ROBERTA, VOICE, FACE, TEXTS, "train", "test")

LAYOUTS: dict[str, dict[int, tuple[str, ...]]] = {
    "iemocap": {
        9: _SIX,
        10: (SPEAKERS, LABELS, *_ROBERTA, TEXTS, "train", "test", "dev"),
        12: _DEEP,
    },
    "meld": {
        9: (IDS, SPEAKERS, LABELS, WORDS, VOICE, TEXTS, "train", "test", SENTIMENT),
        10: (*_SIX, UNUSED),
        11: (SPEAKERS, LABELS, SENTIMENT, *_ROBERTA, TEXTS, "train", "test", "dev"),
        13: (*_DEEP, UNUSED),
    },
}
"""Corpus → number of fields → their meaning, in order."""

SAMPLE = (("cogmen.Sample", "Sample"), ("joyful.Sample", "Sample"), ("corect.Sample", "Sample"))
"""Classes of the dialogues in the dictionaries, read as plain records."""

_NAMES = {
    SPEAKERS: ("speakers", "speaker"),
    LABELS: ("labels", "label"),
    # COGMEN keeps an older text feature and adds the one it reads.
    WORDS: ("sbert_sentence_embeddings", "text"),
    VOICE: ("audio",),
    FACE: ("visual",),
    TEXTS: ("sentence",),
}
_MELD_DEV = range(1039, 1153)


@dataclass(frozen=True, slots=True)
class PublishedDialogue:
    """A dialogue as its file has it, checked for nothing yet.

    Args:
        name: its key.
        split: "train", "dev" or "test".
        fields: name of a field → one entry an utterance.
    """

    name: Any
    split: str
    fields: Mapping[str, Sequence[Any]]


@dataclass(frozen=True, slots=True)
class LabelOrder:
    """How the numbers of a file are read as labels.

    Args:
        field: "labels" or "sentiment".
        order: the labels in the order of the file.
        label_set: the set asked for.
        merged: label of the file → the label that it counts as; one that is
            then not in the set is no label.
    """

    field: str
    order: tuple[str, ...]
    label_set: LabelSet
    merged: Mapping[str, str]


def read_published(path: Path, corpus: str, labels: LabelOrder) -> Corpus:
    """Read a published feature file.

    Args:
        path: the pickle.
        corpus: "iemocap" or "meld".
        labels: how its labels are read.

    Returns:
        A corpus with one vector an utterance and modality. Its features are
        identified by the file's name and hash: those of two files never mix.

    Raises:
        CorpusError: if the file is refused (see `safe_pickle`), has another
            structure, or a dialogue's fields do not fit each other.
    """
    dialogues = _dialogues(path, corpus, read_pickle(path, SAMPLE))
    if not dialogues:
        raise CorpusError(f"{path} has no dialogues")
    with path.open("rb") as file:
        version = hashlib.file_digest(file, "sha256").hexdigest()[:16]
    modalities = [m for m in (WORDS, VOICE, FACE) if m in dialogues[0].fields]
    zeros = dict.fromkeys(modalities, 0)
    dims: dict[str, int] = {}
    conversations = tuple(
        _conversation(path, corpus, one, labels, dims, zeros) for one in dialogues
    )
    features = {
        modality: FeatureDescription(
            modality, f"{path.stem}:{modality}", version, dims[modality], pooled=True
        )
        for modality in modalities
    }
    notices = tuple(
        f"{modality} is all zeros in {count} utterances; they are kept"
        for modality, count in zeros.items()
        if count
    )
    return Corpus(corpus, f"{corpus}-pickle", labels.label_set, conversations, features, notices)


def _dialogues(path: Path, corpus: str, content: Any) -> list[PublishedDialogue]:
    layouts = LAYOUTS[corpus]
    if isinstance(content, Mapping) and set(_SPLITS) <= set(content):
        return [
            _by_name(path, split, number, sample)
            for split in _SPLITS
            for number, sample in enumerate(content[split])
        ]
    if isinstance(content, tuple | list) and len(content) in layouts:
        return list(
            _by_place(path, corpus, dict(zip(layouts[len(content)], content, strict=True)))
        )
    found = f"{len(content)} fields" if isinstance(content, tuple | list) else _kind(content)
    raise CorpusError(
        f"{path} has {found}; a feature file of {corpus} has "
        f"{', '.join(map(str, layouts))} fields, or a dictionary with train, dev and test"
    )


def _by_name(path: Path, split: str, number: int, sample: Any) -> PublishedDialogue:
    values = sample.values if isinstance(sample, Record) else sample
    where = f"{path}, {split}, dialogue {number + 1}"
    if not isinstance(values, Mapping) or "vid" not in values:
        raise CorpusError(f'{where}: expected fields by name with "vid", found {_kind(values)}')
    fields = {}
    for field, names in _NAMES.items():
        name = next((name for name in names if name in values), None)
        if name is None:
            raise CorpusError(f'{where} has no field "{names[-1]}"; found {", ".join(values)}')
        fields[field] = values[name]
    return PublishedDialogue(values["vid"], split, fields)


def _by_place(path: Path, corpus: str, fields: dict[str, Any]) -> Iterator[PublishedDialogue]:
    own = {name: one for name, one in fields.items() if name not in (*_SPLITS, UNUSED)}
    for name, one in own.items():
        if not isinstance(one, Mapping):
            raise CorpusError(
                f'{path}: field "{name}" must map dialogues to lists, found {_kind(one)}'
            )
    for split in _SPLITS:
        names = fields.get(split, ())
        if isinstance(names, Mapping) or not _is_list(names, sets=True):
            raise CorpusError(f'{path}: "{split}" must list dialogues, found {_kind(names)}')
        # A set has no order of its own.
        ordered = sorted(names, key=str) if isinstance(names, set | frozenset) else list(names)
        for name in ordered:
            for field, one in own.items():
                if not isinstance(name, str | int | np.integer) or name not in one:
                    raise CorpusError(f'{path}: dialogue {name} of {split} has no "{field}"')
            dev = corpus == "meld" and isinstance(name, int) and name in _MELD_DEV
            yield PublishedDialogue(
                name, "dev" if dev else split, {field: one[name] for field, one in own.items()}
            )


def _conversation(
    path: Path,
    corpus: str,
    one: PublishedDialogue,
    labels: LabelOrder,
    dims: dict[str, int],
    zeros: dict[str, int],
) -> CorpusConversation:
    where = f"{path}, dialogue {one.name}"
    if labels.field not in one.fields:
        raise CorpusError(f"{path} has no {labels.field}; choose another task")
    count = len(one.fields[labels.field])
    for field, entries in one.fields.items():
        if not _is_list(entries) or len(entries) != count:
            found = len(entries) if _is_list(entries) else _kind(entries)
            raise CorpusError(f'{where}: "{field}" has {found} entries, the labels {count}')
    ids = one.fields.get(IDS, range(count))
    utterances = tuple(
        Utterance(
            id=str(ids[i]),
            speaker=_speaker(where, corpus, one, i),
            text=repaired(str(one.fields[TEXTS][i])).strip() or None,
            label=_label(where, i, one.fields[labels.field][i], labels),
        )
        for i in range(count)
    )
    tokens = {}
    for modality in zeros:
        values = _vectors(where, modality, one.fields)
        if dims.setdefault(modality, values.shape[1]) != values.shape[1]:
            raise CorpusError(
                f"{where}: {modality} has {values.shape[1]} numbers, other dialogues have "
                f"{dims[modality]}"
            )
        zeros[modality] += int((~values.any(axis=1)).sum())
        tokens[modality] = tuple(Tokens(row[None]) for row in values)
    return CorpusConversation(Conversation(str(one.name), utterances, split=one.split), tokens)


def _vectors(
    where: str, modality: str, fields: Mapping[str, Sequence[Any]]
) -> NDArray[np.float32]:
    """The vectors of a modality, shape (U, d); the mean where there are several a turn."""
    kinds = [name for name in _ROBERTA if name in fields] if modality == WORDS else [modality]
    try:
        several = [np.array([np.asarray(v, np.float32) for v in fields[name]]) for name in kinds]
        values: NDArray[np.float32] = np.mean(several, axis=0, dtype=np.float32)
    except (ValueError, TypeError) as error:
        raise CorpusError(
            f"{where}: {modality} must hold vectors of one length ({error})"
        ) from error
    if values.ndim != 2:
        raise CorpusError(
            f"{where}: {modality} has shape {values.shape}, expected one vector an utterance"
        )
    wrong = np.argwhere(~np.isfinite(values))
    if len(wrong):
        turn, number = wrong[0]
        raise CorpusError(
            f"{where}, utterance {turn + 1}: number {number + 1} of {modality} is "
            f"{values[turn, number]}; get the file again"
        )
    return values


def _label(where: str, turn: int, entry: Any, labels: LabelOrder) -> str | None:
    index = entry if isinstance(entry, int | np.integer) else -1
    if not 0 <= index < len(labels.order):
        raise CorpusError(
            f"{where}, utterance {turn + 1}: label {entry!r} is outside 0 to "
            f"{len(labels.order) - 1} ({', '.join(labels.order)})"
        )
    label = labels.order[index]
    counted = labels.merged.get(label, label)
    return counted if counted in labels.label_set.labels else None


def _speaker(where: str, corpus: str, one: PublishedDialogue, turn: int) -> str:
    entry = one.fields[SPEAKERS][turn]
    if isinstance(entry, str):
        return f"{str(one.name)[:5]}_{entry}" if corpus == "iemocap" else entry
    if _is_list(entry):
        places = np.flatnonzero(np.asarray(entry))
        if len(places) != 1:
            raise CorpusError(
                f"{where}, utterance {turn + 1}: the speaker has {len(places)} ones, expected one"
            )
        return f"{one.name} speaker {places[0]}"
    return f"{one.name} speaker {entry}"


def _is_list(entries: Any, *, sets: bool = False) -> bool:
    kinds = (list, tuple, np.ndarray, *((set, frozenset) if sets else ()))
    return isinstance(entries, kinds)


def _kind(content: Any) -> str:
    return type(content).__name__
