"""A corpus in a table: one row an utterance, in CSV or Parquet.

The columns are dialogue, utterance, speaker and emotion, and where there are
such columns start, end (seconds), text, split, position and media. Further
columns hold features (lists of one length: one vector an utterance, T = 1, so
that hotspot-gated fusion has nothing to choose from in them) and numeric
targets. Other names are mapped. Utterances without a label stay where they
are: they are context.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from emospot.conversation import FACE, VOICE, WORDS, Conversation, Tokens
from emospot.corpora.measuring import Instruments, measure
from emospot.corpora.table_columns import ABSENT, COLUMNS, ERROR, SourceTable, Vectors, read_table
from emospot.corpora.table_conversations import TableConversation, read_conversations
from emospot.corpora.table_labels import TableLabels, read_labels
from emospot.emotions import LabelSet
from emospot.errors import CorpusError, MediaError, UsageError
from emospot.features.base import FeatureDescription
from emospot.features.store import FeatureStore, SplitCounts, StoredConversation, StoreWriter

KIND = "table"
Progress = Callable[[int, int], None]
"""Called with the utterances done and all utterances."""


@dataclass(frozen=True, slots=True)
class FeatureColumn:
    """A column that holds ready-made features.

    Args:
        column: its name in the file.
        extractor: what made it, e.g. "ge2e": a model trained on the column can
            then read what that extractor makes of raw recordings. "" takes the
            column's name.
        version: version of the extractor, where it is known.
    """

    column: str
    extractor: str = ""
    version: str = "precomputed"

    def describe(self, modality: str, dim: int) -> FeatureDescription:
        """What identifies the feature."""
        return FeatureDescription(
            modality, self.extractor or self.column, self.version, dim, pooled=True
        )


@dataclass(frozen=True, slots=True)
class TableOptions:
    """How to read a table.

    Args:
        name: name of the corpus; "" takes the file's.
        columns: our name → name in the file, e.g. {"emotion": "label6"}; "+"
            joins columns, e.g. {"dialogue": "split+dialogue"}.
        label_set: name of the label set that names or indices are from.
        labels: or the labels of an own set, in the order of the logits.
        no_label: cells of the label column that mean "no label".
        features: modality → column of ready-made features.
        targets: numeric columns to keep as targets.
        missing: what a NaN or a row of zeros in a feature column means:
            "error" (a NaN stops the import, zeros are kept and told) or
            "absent" (the utterance has not got the feature). The same holds
            for a recording that cannot be read.
        value_type: "float16" or "float32" for the tokens on disk.
    """

    name: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    label_set: str | None = None
    labels: tuple[str, ...] = ()
    no_label: tuple[str, ...] = ()
    features: Mapping[str, FeatureColumn] = field(default_factory=dict)
    targets: tuple[str, ...] = ()
    missing: str = ERROR
    value_type: str = "float16"

    def __post_init__(self) -> None:
        if self.missing not in (ERROR, ABSENT):
            raise UsageError(f'missing must be "error" or "absent", found "{self.missing}"')
        for name in self.columns:
            if name not in COLUMNS:
                raise UsageError(f'no column "{name}" is read; mapped can be {", ".join(COLUMNS)}')


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


def import_table(
    source: Path,
    out: Path,
    options: TableOptions | None = None,
    by: Instruments | None = None,
    progress: Progress | None = None,
) -> ImportSummary:
    """Read a table, measure what the instruments can, and write a store.

    An interrupted import goes on where it stopped when it is called again with
    the same table, options and instruments.

    Args:
        source: the table.
        out: the store's folder.
        options: how to read it.
        by: what is measured besides the feature columns: words from the
            texts, voice and face from the recordings of the column media.
        progress: told after every conversation.

    Raises:
        CorpusError: if the table is not as documented; see the readers.
        UsageError: if a label set is unknown.
        StoreError: if the store cannot be written.
        MediaError: if a recording cannot be read; what was stored is kept.
        FeatureError: if a feature does not fit the number type.
    """
    options, by = options or TableOptions(), by or Instruments()
    corpus = options.name or source.stem
    table = read_table(source, options.columns)
    labels = read_labels(
        table,
        corpus=corpus,
        set_name=options.label_set,
        order=options.labels,
        no_label=options.no_label,
    )
    content = read_conversations(table, labels.labels, options.targets)
    conversations = [one.conversation for one in content.conversations]
    vectors = {
        modality: table.vectors(feature.column, options.missing)
        for modality, feature in options.features.items()
    }
    by, absent = _usable(table, conversations, by, options)
    features = {
        **{m: options.features[m].describe(m, column.dim) for m, column in vectors.items()},
        **by.features(),
    }
    writer = StoreWriter(
        out,
        corpus=corpus,
        label_set=labels.label_set,
        features=_in_order(features),
        kind=KIND,
        fingerprint=_fingerprint(source, options, by),
        value_type=options.value_type,
    )
    resumed = len(writer.done)
    unreadable: list[str] | None = [] if options.missing == ABSENT else None
    _fill(
        writer,
        content.conversations,
        lambda one: _measured(one, vectors, by, unreadable),
        progress,
    )
    notices = (*content.notices, *_notices(options, vectors), *absent, *(unreadable or ()))
    return _summary(FeatureStore.open(out), labels, resumed, notices)


def _usable(
    table: SourceTable,
    conversations: Sequence[Conversation],
    by: Instruments,
    options: TableOptions,
) -> tuple[Instruments, list[str]]:
    """The instruments that the table gives something to measure, and what is left out."""
    asked = by.features()
    for modality in asked:
        if modality in options.features:
            raise CorpusError(
                f"{modality} is to come from column {options.features[modality].column} and "
                f"from {asked[modality].extractor}; choose one of them"
            )
    notices = []
    if by.words is not None and not any(
        utterance.text for one in conversations for utterance in one.utterances
    ):
        by = replace(by, words=None, words_hotspots=None)
        notices.append("no words: the table has no texts (map the column text)")
    if not any(one.media for one in conversations) and {VOICE, FACE} & set(asked):
        by = replace(
            by, voice=None, voice_descriptors=None, voice_hotspots=None,
            face=None, face_hotspots=None,
        )  # fmt: skip
        notices.append("no voice and face from recordings: the table has no column media")
    if not by.features() and not options.features:
        raise CorpusError(
            f"{table.path}: nothing to learn from: name a feature column, or words (with a "
            "column text), or voice or face (with a column media)"
        )
    return by, notices


def _in_order(features: Mapping[str, FeatureDescription]) -> dict[str, FeatureDescription]:
    """Words, voice, face, then the others, however they were asked for."""
    first = [modality for modality in (WORDS, VOICE, FACE) if modality in features]
    return {modality: features[modality] for modality in dict.fromkeys((*first, *features))}


def _fill(
    writer: StoreWriter,
    conversations: Sequence[TableConversation],
    measured: Callable[[TableConversation], StoredConversation],
    progress: Progress | None,
) -> None:
    total = sum(len(one.rows) for one in conversations)
    done = 0
    with writer:
        for one in conversations:
            if one.conversation.id not in writer.done:
                writer.add(measured(one))
            done += len(one.rows)
            if progress is not None:
                progress(done, total)


def _measured(
    one: TableConversation,
    vectors: Mapping[str, Vectors],
    by: Instruments,
    unreadable: list[str] | None,
) -> StoredConversation:
    given = {
        modality: tuple(
            Tokens(column.values[row : row + 1]) if column.present[row] else None
            for row in one.rows
        )
        for modality, column in vectors.items()
    }
    try:
        return measure(one.conversation, by, given, unreadable)
    except MediaError as error:
        raise MediaError(
            f'dialogue "{one.conversation.id}": {error}. What was stored is kept: repair the '
            'recording and start again, or import into another folder with missing = "absent" '
            "to go on without it"
        ) from error


def _fingerprint(source: Path, options: TableOptions, by: Instruments) -> str:
    """Hash of the table, the options and the instruments: what an import depends on."""
    with source.open("rb") as file:
        table = hashlib.file_digest(file, "sha256").hexdigest()
    settings = json.dumps([table, asdict(options), by.identity()], sort_keys=True)
    return hashlib.sha256(settings.encode()).hexdigest()


def _notices(options: TableOptions, vectors: Mapping[str, Vectors]) -> list[str]:
    notices = []
    for modality, column in vectors.items():
        name = options.features[modality].column
        if column.zeros:
            notices.append(
                f"column {name} is all zeros in {column.zeros} rows; they are kept (import with "
                'missing = "absent" if they mean that the feature is missing)'
            )
        if column.absent_by_value:
            notices.append(
                f"column {name} is NaN or all zeros in {column.absent_by_value} rows; they are "
                f"taken as without {modality}"
            )
    return notices


def _summary(
    store: FeatureStore, labels: TableLabels, resumed: int, notices: Sequence[str]
) -> ImportSummary:
    counts = {split: dict.fromkeys(labels.label_set.labels, 0) for split in store.splits}
    for split, own in counts.items():
        for conversation in store.labels(split).values():
            for label in conversation:
                if label is not None:
                    own[label] += 1
    return ImportSummary(
        store=store.path,
        corpus=store.manifest.corpus,
        label_set=labels.label_set,
        splits=store.splits,
        label_counts=counts,
        resumed=resumed,
        notices=tuple(notices),
        content_hash=store.content_hash,
    )
