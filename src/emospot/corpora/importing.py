"""From a corpus to a store: measure what can be measured, keep what is ready-made.

All readers of this room end here. Conversations are measured and written one
after another; an import that was stopped goes on where it was, if corpus,
instruments and settings are the same. The *fingerprint* tells whether they are:
a hash over the labels, texts, times and features' names of the corpus, the
instruments, and the settings that change what is stored.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emospot.conversation import FACE, VOICE, WORDS
from emospot.corpora.clips import measure_clips
from emospot.corpora.corpus import Corpus, CorpusConversation
from emospot.corpora.measuring import AudioReader, Instruments, measure
from emospot.corpora.table_columns import ABSENT, ERROR
from emospot.emotions import LabelSet
from emospot.errors import CorpusError, MediaError, UsageError, some
from emospot.features.base import FeatureDescription
from emospot.features.store import FeatureStore, SplitCounts, StoredConversation, StoreWriter
from emospot.features.store_rows import digest
from emospot.hotspots.marks import MarkedHotspots, is_called
from emospot.media.audio import SAMPLE_RATE

Progress = Callable[[int, int], None]
"""Called with the utterances done and all utterances."""


@dataclass(frozen=True, slots=True)
class ImportSummary:
    """What an import made.

    Args:
        store: the store's folder.
        corpus: name of the corpus.
        label_set: the labels and their order.
        splits: split → what it holds.
        label_counts: split → label → utterances.
        resumed: conversations that an interrupted import had already stored.
        notices: what was odd but is no error, one sentence each.
        content_hash: the store's.
    """

    store: Path
    corpus: str
    label_set: LabelSet
    splits: Mapping[str, SplitCounts]
    label_counts: Mapping[str, Mapping[str, int]]
    resumed: int
    notices: tuple[str, ...]
    content_hash: str

    @property
    def total(self) -> SplitCounts:
        """All splits together."""
        return sum(self.splits.values(), SplitCounts())


@dataclass(frozen=True, slots=True)
class Wording:
    """What is said of the parts that a corpus has not got.

    Args:
        no_texts: where words were asked for.
        no_recordings: where voice or face were asked for.
        nothing: where nothing at all is left to store.
    """

    no_texts: str = "no words: the corpus has no texts"
    no_recordings: str = "no voice and face from recordings: the corpus has none here"
    nothing: str = (
        "nothing to learn from: choose a words extractor (where there are texts), or a voice or "
        "face extractor (where there are recordings)"
    )


def import_corpus(
    corpus: Corpus,
    out: Path,
    by: Instruments | None = None,
    fingerprint: str | None = None,
    progress: Progress | None = None,
    *,
    missing: str = ERROR,
    value_type: str = "float16",
    wording: Wording | None = None,
) -> ImportSummary:
    """Measure what the instruments can of a corpus, and write a store.

    An interrupted import goes on where it stopped when it is called again with
    the same corpus, instruments and settings.

    Args:
        corpus: what a reader of this room gave.
        out: the store's folder.
        by: what is measured besides the ready-made features: words from the
            texts, voice and face from the recordings.
        fingerprint: what identifies the corpus; None takes a hash of its
            content (ready-made features by their description alone).
        progress: told after every conversation.
        missing: what a recording that cannot be read means: "error" stops the
            import, "absent" leaves out voice and face and tells it.
        value_type: "float16" or "float32" for the tokens on disk.
        wording: what is said of parts that are not there.

    Raises:
        CorpusError: if a modality is to be both measured and ready-made, or
            there is nothing to store.
        UsageError: if `missing` is neither "error" nor "absent".
        StoreError: if the store cannot be written.
        MediaError: if a recording cannot be read; what was stored is kept.
        FeatureError: if a feature does not fit the number type.
    """
    if missing not in (ERROR, ABSENT):
        raise UsageError(f'missing must be "error" or "absent", found "{missing}"')
    by, left_out = _usable(corpus, by or Instruments(), wording or Wording())
    left_out += _strange_marks(corpus, by)
    source = _identity(corpus) if fingerprint is None else fingerprint
    settings = json.dumps([source, by.identity(), missing, value_type], sort_keys=True)
    writer = StoreWriter(
        out,
        corpus=corpus.name,
        label_set=corpus.label_set,
        features=_in_order({**corpus.features, **by.features()}),
        kind=corpus.kind,
        fingerprint=hashlib.sha256(settings.encode()).hexdigest(),
        value_type=value_type,
        detectors=by.detectors(),
    )
    resumed = len(writer.done)
    unreadable: list[str] | None = [] if missing == ABSENT else None
    told: list[str] = []

    def measured(one: CorpusConversation) -> StoredConversation:
        stored = _measured(one, by, unreadable)
        for panel in by.panels():
            told.extend(f"{one.conversation.id}: {text}" for text in panel.notices)
        return stored

    _fill(writer, corpus, measured, progress)
    notices = (*corpus.notices, *left_out, *(unreadable or ()), *told)
    return _summary(FeatureStore.open(out), corpus.label_set, resumed, notices)


def _usable(corpus: Corpus, by: Instruments, wording: Wording) -> tuple[Instruments, list[str]]:
    """The instruments that the corpus gives something to measure, and what is left out."""
    asked = by.features()
    for modality in asked:
        if modality in corpus.features:
            raise CorpusError(
                f"{modality} is ready-made in this corpus "
                f"({corpus.features[modality].extractor}) and to be measured by "
                f"{asked[modality].extractor}; choose one of them"
            )
    notices = []
    if by.words is not None and not any(
        utterance.text for one in corpus.conversations for utterance in one.conversation.utterances
    ):
        by = replace(by, words=None, words_hotspots=None)
        notices.append(wording.no_texts)
    talks = corpus.conversations
    heard = any(one.conversation.media or one.video or any(one.clips) for one in talks)
    filmed = any(one.sound is None for one in talks)
    by, silent = (by, False) if heard else _without(by, VOICE)
    by, unseen = (by, False) if heard and filmed else _without(by, FACE)
    if silent or (unseen and filmed):
        notices.append(wording.no_recordings)
    elif unseen:
        notices.append("no face: the corpus is sound alone")
    if not by.features() and not corpus.features:
        raise CorpusError(wording.nothing)
    return by, notices


def _without(by: Instruments, modality: str) -> tuple[Instruments, bool]:
    """The instruments without those that read recordings of a modality, and whether any did."""
    spotter = getattr(by, f"{modality}_hotspots")
    reading = {modality: None} if modality in by.features() else {}
    if spotter is not None and spotter.readers:
        left = replace(spotter, readers={}) if spotter.ready_made else None
        reading[f"{modality}_hotspots"] = left
    return replace(by, **reading), bool(reading)


def _strange_marks(corpus: Corpus, by: Instruments) -> list[str]:
    """What marks are about that is not in the corpus, one sentence a modality.

    Raises:
        CorpusError: if nothing of what is marked is in the corpus, or a name is that of
            several recordings.
    """
    notices = []
    ours = [one.conversation for one in corpus.conversations]
    for marked in (d for panel in by.panels() for d in panel.detectors):
        if not isinstance(marked, MarkedHotspots):
            continue
        called = {n: [one for one in ours if is_called(one, n)] for n in marked.marks}
        for name, found in called.items():
            several = sorted({str(one.media) for one in found})
            if len(several) > 1:
                raise CorpusError(
                    f'marks of {marked.modality} are about "{name}", and that may be '
                    f"{some(several)}: name the folder too"
                )
        strange = [name for name, found in called.items() if not found]
        if len(strange) == len(called):
            raise CorpusError(
                f"the marks of {marked.modality} are about {some(strange)}, and the corpus has "
                f"{some(one.id for one in ours)}: name a recording by its file, or by the "
                "conversation's id"
            )
        if strange:
            notices.append(
                f"marks of {marked.modality} are about recordings that the corpus has not got: "
                f"{some(strange)}"
            )
    return notices


def _identity(corpus: Corpus) -> str:
    """Hash of a corpus but for its ready-made numbers, which their descriptions stand for."""
    total = hashlib.sha256()
    described = sorted((m, repr(feature)) for m, feature in corpus.features.items())
    total.update(
        json.dumps([corpus.name, corpus.kind, corpus.label_set.labels, described]).encode()
    )
    for one in corpus.conversations:
        spots = ((),) * len(one.conversation.utterances)
        plain = StoredConversation(one.conversation, {}, spots)
        files = [str(path) for path in (one.conversation.media, one.video, *one.clips)]
        total.update(digest(plain, "float32").encode())
        total.update(json.dumps(files).encode())
    return total.hexdigest()


def _in_order(features: Mapping[str, FeatureDescription]) -> dict[str, FeatureDescription]:
    """Words, voice, face, then the others, however they were asked for."""
    first = [modality for modality in (WORDS, VOICE, FACE) if modality in features]
    return {modality: features[modality] for modality in dict.fromkeys((*first, *features))}


def _fill(
    writer: StoreWriter,
    corpus: Corpus,
    measured: Callable[[CorpusConversation], StoredConversation],
    progress: Progress | None,
) -> None:
    lengths = [len(one.conversation.utterances) for one in corpus.conversations]
    done = 0
    with writer:
        for one, length in zip(corpus.conversations, lengths, strict=True):
            if one.conversation.id not in writer.done:
                writer.add(measured(one))
            done += length
            if progress is not None:
                progress(done, sum(lengths))


def _measured(
    one: CorpusConversation, by: Instruments, unreadable: list[str] | None
) -> StoredConversation:
    try:
        if one.sound is not None:
            by = replace(by, audio=_reader_of(one.sound()), frames=None)
        if one.clips:
            return measure_clips(one.conversation, one.clips, by, one.tokens, unreadable)
        return measure(one.conversation, by, one.tokens, unreadable, one.video)
    except MediaError as error:
        raise MediaError(
            f'dialogue "{one.conversation.id}": {error}. What was stored is kept: repair the '
            'recording and start again, or import into another folder with missing = "absent" '
            "to go on without it"
        ) from error


def _reader_of(sound: NDArray[np.float32]) -> AudioReader:
    """Reads spans of samples (mono, 16 kHz) that are there already."""

    def read(
        _: Path, spans: Sequence[tuple[float, float]]
    ) -> Iterator[tuple[int, NDArray[np.float32]]]:
        for index, span in enumerate(spans):
            start, end = (round(seconds * SAMPLE_RATE) for seconds in span)
            yield index, sound[start:end]

    return read


def _label_counts(store: FeatureStore) -> Iterator[tuple[str, dict[str, int]]]:
    for split in store.splits:
        own = dict.fromkeys(store.label_set.labels, 0)
        for conversation in store.labels(split).values():
            for label in conversation:
                if label is not None:
                    own[label] += 1
        yield split, own


def _summary(
    store: FeatureStore, label_set: LabelSet, resumed: int, notices: Sequence[str]
) -> ImportSummary:
    return ImportSummary(
        store=store.path,
        corpus=store.manifest.corpus,
        label_set=label_set,
        splits=store.splits,
        label_counts=dict(_label_counts(store)),
        resumed=resumed,
        notices=tuple(notices),
        content_hash=store.content_hash,
    )
