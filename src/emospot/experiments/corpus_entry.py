"""What a study says of a corpus: a store, or something to import and how.

The options are those of `emospot corpus import KIND`. An option that the kind of
corpus does not read is an error, so that no study says what has no effect.
"""

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, model_validator

from emospot.corpora.kinds import KINDS, CorpusKind
from emospot.corpora.planted import NAME as PLANTED
from emospot.corpora.planted import as_source

TABLE = "table"
"""The kind of a corpus of one's own, see `corpora.table`."""

_TABLE_ALONE = ("columns", "label_set", "labels", "no_label", "features", "targets")
_KINDS_ALONE = ("task", "splits", "tokens")


class CorpusEntry(BaseModel):
    """Where a corpus comes from: a store, or something to import.

    Paths are relative to the folder of data (`EMOSPOT_DATA`); a file that comes
    with emospot is named alone.

    - store: folder of a store; no other key is read then.
    - kind: "table", or one of `corpora.kinds`.
    - source: what that kind reads.
    - world: of the kind "planted", in the place of a source: what its file would say.
    - columns, label_set, labels, no_label, features, targets: of a table, see
      `corpora.table.TableOptions`; features as COLUMN:EXTRACTOR.
    - task, splits, tokens: of the other kinds, see `CorpusKind.read`.
    - words: extractor or "none"; None takes minilm-l6 unless the corpus has
      ready-made features of words.
    - voice, face: extractor of recordings, or "none".
    - detectors: choices of hotspot detectors (`hotspots.registry`), at most one a
      modality; without one, the usual detector of each measured modality.
    - marks: modality → a file of marked moments that take the place of a detector, or
      "corpus" for those that the corpus brings itself (`evaluation.marks`).
    - missing: "error" or "absent": what a recording that cannot be read means.
    - value_type: "float16" or "float32" for the numbers on disk.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    store: str | None = None
    kind: str = TABLE
    source: str | None = None
    world: dict[str, Any] | None = None
    columns: dict[str, str] = {}
    label_set: str | None = None
    labels: tuple[str, ...] = ()
    no_label: tuple[str, ...] = ()
    features: dict[str, str] = {}
    targets: tuple[str, ...] = ()
    task: str | None = None
    splits: str | None = None
    tokens: str | None = None
    words: str | None = None
    voice: str = "none"
    face: str = "none"
    detectors: tuple[str, ...] = ()
    marks: dict[str, str] = {}
    missing: str = "error"
    value_type: str = "float16"

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        origins = (self.store, self.source, self.world)
        if sum(origin is not None for origin in origins) != 1:
            raise ValueError("a corpus needs either store or source (or a world of kind planted)")
        if self.world is not None:
            if self.kind != PLANTED:
                raise ValueError(f"a corpus of the kind {self.kind} has no world")
            as_source(self.world, "the world of a corpus")
        if self.store is not None:
            return self
        unread = _KINDS_ALONE if self.kind == TABLE else (*_TABLE_ALONE, *self._not_read())
        for key in unread:
            if getattr(self, key) != type(self).model_fields[key].default:
                raise ValueError(f'a corpus of the kind {self.kind} does not read "{key}"')
        return self

    @property
    def planted(self) -> bool:
        """Whether its conversations are drawn here, so that what is true of them is known."""
        return self.store is None and self.kind == PLANTED

    def _not_read(self) -> list[str]:
        """The options that this kind of corpus has not got; checks the kind and the task."""
        kind = corpus_kind(self.kind)
        if self.task is not None and kind.tasks and self.task not in kind.tasks:
            raise ValueError(f'there is no task "{self.task}"; known: {", ".join(kind.tasks)}')
        read = {"task"} if kind.tasks else set()
        return [key for key in _KINDS_ALONE if key not in read | set(kind.options)]


def corpus_kind(name: str) -> CorpusKind:
    """The kind of corpus of that name.

    Raises:
        ValueError: if there is none.

    >>> corpus_kind("mosi").reader
    ('mosei', 'read_mosi')
    """
    kinds = {kind.name: kind for kind in KINDS}
    if name not in kinds:
        raise ValueError(f'there is no kind "{name}"; known: {", ".join((TABLE, *kinds))}')
    return kinds[name]
