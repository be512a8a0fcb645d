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

from emospot.conversation import FACE, VOICE, WORDS
from emospot.corpora.corpus import Corpus
from emospot.corpora.engines import Engine, Here
from emospot.corpora.measured import Measuring
from emospot.corpora.measuring import Instruments
from emospot.corpora.table_columns import ABSENT, ERROR, SKIP
from emospot.emotions import LabelSet
from emospot.errors import CorpusError, MediaError, UsageError, some
from emospot.features.base import FeatureDescription
from emospot.features.store import FeatureStore, SplitCounts, StoredConversation, StoreWriter
from emospot.features.store_rows import digest
from emospot.hotspots.marks import MarkedHotspots, is_called

WHERE_MISSING = (ERROR, ABSENT, SKIP)

MOST_TOLD = 20
"""Broken recordings that an error lists."""

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
    engine: Engine | None = None,
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
        missing: what a recording that cannot be read means. "error": all other
            conversations are stored, and then the import fails; called again, it
            measures what is left. "absent": voice and face are left out. "skip":
            the conversation is left out. Both are told.
        value_type: "float16" or "float32" for the tokens on disk.
        wording: what is said of parts that are not there.
        engine: where the conversations are measured (`corpora.engines`); None: in
            this process, one after another.

    Raises:
        CorpusError: if a modality is to be both measured and ready-made, or
            there is nothing to store.
        UsageError: if `missing` is none of these.
        StoreError: if the store cannot be written.
        MediaError: if recordings cannot be read; what could be is stored and kept.
        FeatureError: if a feature does not fit the number type.
    """
    if missing not in WHERE_MISSING:
        raise UsageError(f'missing must be one of {", ".join(WHERE_MISSING)}, found "{missing}"')
    by, left_out = _usable(corpus, by or Instruments(), wording or Wording())
    left_out += _strange_marks(corpus, by)
    source = _identity(corpus) if fingerprint is None else fingerprint
    settings = json.dumps([source, by.identity(), value_type], sort_keys=True)
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
    told = _fill(writer, corpus, by, engine or Here(), missing, progress)
    notices = (*corpus.notices, *left_out, *told)
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
    by: Instruments,
    engine: Engine,
    missing: str,
    progress: Progress | None,
) -> list[str]:
    """Measure and write what is not there yet; what was odd, one sentence each."""
    everything = sum(len(one.conversation.utterances) for one in corpus.conversations)
    left = [one for one in corpus.conversations if one.conversation.id not in writer.done]
    done = everything - sum(len(one.conversation.utterances) for one in left)
    broken: list[str] = []
    unreadable: list[str] = []
    told: list[str] = []
    if done and progress is not None:
        progress(done, everything)
    with writer:
        measured = engine.each(Measuring(by, absent=missing == ABSENT), left)
        for one, found in zip(left, measured, strict=True):
            if found.stored is None:
                broken.append(f'dialogue "{one.conversation.id}": {found.broken}')
            else:
                writer.add(found.stored)
            unreadable += found.unreadable
            told += found.notices
            done += len(one.conversation.utterances)
            if progress is not None:
                progress(done, everything)
        # With "absent" only what kills its process is broken: words it may have, too.
        if broken and (missing != SKIP or len(broken) == len(corpus.conversations)):
            raise _not_measured(broken, len(corpus.conversations))
    return [*unreadable, *(f"left out: {text}" for text in broken), *told]


def _not_measured(broken: Sequence[str], conversations: int) -> MediaError:
    more = f"; and {len(broken) - MOST_TOLD} more" if len(broken) > MOST_TOLD else ""
    return MediaError(
        f"{len(broken)} of {conversations} conversations could not be measured: "
        f"{'; '.join(broken[:MOST_TOLD])}{more}. What could be is stored and kept: repair the "
        'recordings and start the same import again, or start it with missing = "absent" '
        '(without their voice and face) or "skip" (without these conversations)'
    )


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
