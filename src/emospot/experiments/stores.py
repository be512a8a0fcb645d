"""The corpora of a study as stores: opened where they lie, or imported as by hand.

A corpus of the study that names a `source` is read by the reader of its kind and
measured by the same instruments as `emospot corpus import KIND`. Beside each
imported store stands what it was imported from:

    stores/NAME/        the store
    stores/NAME.json    the corpus's entry in the study

so that a store is never taken for another corpus of the same name.
"""

import json
from collections.abc import Callable
from pathlib import Path

from emospot.corpora.corpus import Corpus
from emospot.corpora.importing import ImportSummary, import_corpus
from emospot.corpora.instruments import corpus_instruments
from emospot.corpora.measuring import Instruments
from emospot.corpora.planted import NAME as PLANTED
from emospot.corpora.planted import PlantedSource, as_source, planted_corpus, planted_source
from emospot.corpora.table import FeatureColumn, TableOptions, import_table
from emospot.errors import ConfigError, EmospotError, UsageError
from emospot.evaluation.marks import OWN, marks_from
from emospot.experiments.corpus_entry import TABLE, CorpusEntry, corpus_kind
from emospot.experiments.study import DATA_VARIABLE, data_folder, shipped_file
from emospot.features.store import FeatureStore
from emospot.files import write_json

Tell = Callable[[int, int], None]
"""Called with the utterances done and all utterances."""


def open_store(
    name: str,
    entry: CorpusEntry,
    folder: Path,
    tell: Tell = lambda done, total: None,
    notice: Callable[[str], None] = lambda text: None,
) -> FeatureStore:
    """The store of a corpus, imported if it is not there.

    An import that was stopped goes on where it was.

    Args:
        name: of the corpus in the study.
        entry: where it comes from.
        folder: where an imported store lies, or is to lie.
        tell: told after every conversation of an import.
        notice: told what was odd in an import, one sentence each.

    Raises:
        EmospotError: of the kind that reading, measuring or storing raises, its
            message beginning with the name of the corpus.
    """
    try:
        if entry.store is not None:
            return FeatureStore.open(data_folder() / entry.store)
        _check_same(entry, folder)
        if not (folder / "manifest.json").is_file():
            for text in _import(name, entry, folder, tell).notices:
                notice(f"corpus {name}: {text}")
        return FeatureStore.open(folder)
    except EmospotError as error:
        # In place, so that its kind, and with it the exit status, stays as it is.
        error.args = (f"corpus {name}: {error}",)
        raise


def _check_same(entry: CorpusEntry, folder: Path) -> None:
    """Write down what a store is imported from, or find that it is the same."""
    path = folder.with_name(f"{folder.name}.json")
    wanted = entry.model_dump(mode="json")
    if not path.is_file():
        folder.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, wanted)
        return
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        raise UsageError(f"{path} is damaged: remove it and the store beside it") from None
    # A key that is younger than the store was then what it is by default.
    usual = CorpusEntry.model_construct().model_dump(mode="json")
    changed = [key for key in wanted if found.get(key, usual[key]) != wanted[key]]
    if changed:
        raise UsageError(
            f"{folder} was imported with another {' and '.join(changed)}: remove it and {path}, "
            "or choose another --out"
        )


def _import(name: str, entry: CorpusEntry, folder: Path, tell: Tell) -> ImportSummary:
    if entry.kind == TABLE:
        table = _file(str(entry.source))
        return import_table(table, folder, _table(name, entry), _instruments(entry), tell)
    splits = None if entry.splits is None else _file(entry.splits)
    kind = corpus_kind(entry.kind)
    corpus = (
        planted_corpus(planted_entry(entry))
        if entry.kind == PLANTED
        else kind.read(_file(str(entry.source)), entry.task, splits=splits, tokens=entry.tokens)
    )
    return import_corpus(
        corpus,
        folder,
        _instruments(entry, corpus),
        progress=tell,
        missing=entry.missing,
        value_type=entry.value_type,
    )


def planted_entry(entry: CorpusEntry) -> PlantedSource:
    """What is drawn for a corpus of the kind "planted".

    Raises:
        CorpusError: if a key or a dial of its source is wrong.
        ConfigError: if the source is not there.
    """
    if entry.world is not None:
        return as_source(entry.world, "world")
    named = entry.source in corpus_kind(PLANTED).worlds
    return planted_source(Path(str(entry.source)) if named else _file(str(entry.source)))


def _file(name: str) -> Path:
    """A file that comes with emospot, or one in the folder of data."""
    path = shipped_file(name) or data_folder() / name
    if not path.exists():
        raise ConfigError(
            f"{path} is not there; set {DATA_VARIABLE} to the folder that holds {name}"
        )
    return path


def _table(name: str, entry: CorpusEntry) -> TableOptions:
    return TableOptions(
        name=name,
        columns=entry.columns,
        label_set=entry.label_set,
        labels=entry.labels,
        no_label=entry.no_label,
        features={m: FeatureColumn(*c.split(":", 1)) for m, c in entry.features.items()},
        targets=entry.targets,
        missing=entry.missing,
        value_type=entry.value_type,
    )


def _instruments(entry: CorpusEntry, corpus: Corpus | None = None) -> Instruments:
    marks = {m: Path(OWN) if own == OWN else _file(own) for m, own in entry.marks.items()}
    own = corpus.ready_made if corpus is not None else {}
    return corpus_instruments(
        dict.fromkeys(entry.features, "") | own,
        words=entry.words,
        voice=entry.voice,
        face=entry.face,
        detectors=entry.detectors,
        marks=marks_from(marks, corpus),
    )
