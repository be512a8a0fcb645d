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
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from emospot.conversation import Tokens
from emospot.corpora.corpus import Corpus, CorpusConversation
from emospot.corpora.engines import Engine
from emospot.corpora.importing import (
    WHERE_MISSING,
    ImportSummary,
    Progress,
    Wording,
    import_corpus,
)
from emospot.corpora.measuring import Instruments
from emospot.corpora.table_columns import COLUMNS, ERROR, SourceTable, Vectors, read_table
from emospot.corpora.table_conversations import TableConversation, read_conversations
from emospot.corpora.table_labels import read_labels
from emospot.errors import CorpusError, UsageError
from emospot.features.base import FeatureDescription

__all__ = ["FeatureColumn", "ImportSummary", "TableOptions", "import_table"]

KIND = "table"


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
            "absent" (the utterance has not got the feature). What it means for a
            recording that cannot be read, `import_corpus` says, where it may also
            be "skip".
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
        if self.missing not in WHERE_MISSING:
            known = ", ".join(WHERE_MISSING)
            raise UsageError(f'missing must be one of {known}, found "{self.missing}"')
        for name in self.columns:
            if name not in COLUMNS:
                raise UsageError(f'no column "{name}" is read; mapped can be {", ".join(COLUMNS)}')


def import_table(
    source: Path,
    out: Path,
    options: TableOptions | None = None,
    by: Instruments | None = None,
    progress: Progress | None = None,
    engine: Engine | None = None,
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
        engine: where conversations are measured; None: in this process.

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
    _check_choice(options, by)
    vectors = {
        modality: table.vectors(feature.column, options.missing)
        for modality, feature in options.features.items()
    }
    conversations = tuple(
        CorpusConversation(one.conversation, _tokens(one, vectors))
        for one in content.conversations
    )
    described = {m: options.features[m].describe(m, column.dim) for m, column in vectors.items()}
    notices = (*content.notices, *_notices(options, vectors))
    return import_corpus(
        Corpus(corpus, KIND, labels.label_set, conversations, described, notices),
        out,
        by,
        _fingerprint(source, options),
        progress,
        missing=options.missing,
        value_type=options.value_type,
        wording=_wording(table),
        engine=engine,
    )


def _check_choice(options: TableOptions, by: Instruments) -> None:
    asked = by.features()
    for modality, feature in options.features.items():
        if modality in asked:
            raise CorpusError(
                f"{modality} is to come from column {feature.column} and from "
                f"{asked[modality].extractor}; choose one of them"
            )


def _wording(table: SourceTable) -> Wording:
    return Wording(
        no_texts="no words: the table has no texts (map the column text)",
        no_recordings="no voice and face from recordings: the table has no column media",
        nothing=f"{table.path}: nothing to learn from: name a feature column, or words (with a "
        "column text), or voice or face (with a column media)",
    )


def _tokens(
    one: TableConversation, vectors: Mapping[str, Vectors]
) -> dict[str, tuple[Tokens | None, ...]]:
    """The feature columns of one conversation's rows."""
    return {
        modality: tuple(
            Tokens(column.values[row : row + 1]) if column.present[row] else None
            for row in one.rows
        )
        for modality, column in vectors.items()
    }


def _fingerprint(source: Path, options: TableOptions) -> str:
    """Hash of the table and the options: what an import depends on.

    What a recording that cannot be read means may change on the way.
    """
    if not options.features:
        options = replace(options, missing=ERROR)
    with source.open("rb") as file:
        table = hashlib.file_digest(file, "sha256").hexdigest()
    return hashlib.sha256(
        json.dumps([table, asdict(options)], sort_keys=True).encode()
    ).hexdigest()


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
