"""The feature store: conversations with their tokens and hotspots, on disk.

A store is what an import leaves and what training, evaluation and description
read. It is a folder of Parquet shards and a `manifest.json` (see
`store_manifest`), never a pickle: opening it runs no code of its maker.
Conversations are streamed shard by shard, so that memory is bounded by one
shard whatever the size of the corpus.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from emospot.emotions import LabelSet
from emospot.errors import StoreError
from emospot.features.base import FeatureDescription
from emospot.features.store_manifest import (
    MANIFEST,
    NO_SPLIT,
    UNFINISHED,
    ShardEntry,
    SplitCounts,
    StoreManifest,
    check_shard,
    read_manifest,
)
from emospot.features.store_rows import StoredConversation, conversation_bounds, from_table
from emospot.features.store_writer import StoreWriter

__all__ = [
    "NO_SPLIT",
    "FeatureStore",
    "ShardEntry",
    "SplitCounts",
    "StoreManifest",
    "StoreWriter",
    "StoredConversation",
]


class FeatureStore:
    """A finished store, for reading. Make one with `FeatureStore.open`.

    Args:
        path: the store's folder.
        manifest: what it holds.
    """

    def __init__(self, path: Path, manifest: StoreManifest) -> None:
        self.path = path
        self.manifest = manifest

    @classmethod
    def open(cls, path: Path, *, verify: bool = False) -> "FeatureStore":
        """Open a store.

        Args:
            path: the store's folder.
            verify: compare the SHA-256 of every shard, which reads all of
                them; by default only their sizes and row counts.

        Raises:
            StoreError: if there is no such folder, no manifest (no store, or an
                interrupted import), another format version, or a shard is
                missing or damaged.
        """
        path = Path(path)
        if not path.is_dir():
            raise StoreError(f"no store at {path}: no such folder")
        if not (path / MANIFEST).is_file():
            if (path / UNFINISHED).is_file():
                raise StoreError(
                    f"{path} holds an interrupted import (no {MANIFEST}): run the same import "
                    "again, it goes on where it stopped"
                )
            raise StoreError(f"{path} is not a feature store: it has no {MANIFEST}")
        manifest = read_manifest(path / MANIFEST)
        for shard in manifest.shards:
            check_shard(path, shard, verify=verify)
        return cls(path, manifest)

    @property
    def features(self) -> Mapping[str, FeatureDescription]:
        """Modality → what identifies its tokens."""
        return self.manifest.features

    @property
    def detectors(self) -> Mapping[str, str]:
        """Modality → the choice of hotspot detectors (`hotspots.registry`)."""
        return self.manifest.detectors

    @property
    def label_set(self) -> LabelSet:
        """The labels and their order."""
        return self.manifest.label_set

    @property
    def content_hash(self) -> str:
        """SHA-256 over everything that changes results, hexadecimal."""
        return self.manifest.content_hash

    @property
    def splits(self) -> Mapping[str, SplitCounts]:
        """Split → what the store holds of it; "none": conversations without a split."""
        return self.manifest.splits

    def conversations(
        self, split: str | None = None, *, ids: Collection[str] | None = None
    ) -> Iterator[StoredConversation]:
        """The conversations in order, read shard by shard.

        Args:
            split: only this split ("none": those without one), or None for all.
            ids: only these conversations, or None for all.

        Raises:
            StoreError: if the store has no such split.
        """
        self._require(split)
        return self._conversations(split, ids)

    def labels(self, split: str | None = None) -> dict[str, tuple[str | None, ...]]:
        """Conversation id → labels in turn order, without reading tokens.

        Args:
            split: as in `conversations`.
        """
        return {
            rows[0]["conversation"]: tuple(row["label"] for row in rows)
            for rows in self.rows(("label",), split)
        }

    def rows(
        self, columns: Sequence[str], split: str | None = None
    ) -> Iterator[list[dict[str, Any]]]:
        """Some columns of one conversation after another, without reading the others.

        Args:
            columns: e.g. "speaker", "voice:tokens"; see `store_rows`.
                "conversation" is always there.
            split: as in `conversations`.

        Yields:
            For each conversation one dictionary an utterance.
        """
        self._require(split)
        names = list(dict.fromkeys(("conversation", "split", *columns)))
        for shard in self._shards(split):
            rows = self._table(shard, names).to_pylist()
            for first, last in conversation_bounds([row["conversation"] for row in rows]):
                if split in (None, rows[first]["split"] or NO_SPLIT):
                    yield rows[first:last]

    def _require(self, split: str | None) -> None:
        if split is not None and split not in self.splits:
            raise StoreError(
                f'no split "{split}" in {self.path}; it has: {", ".join(self.splits)}'
            )

    def _conversations(
        self, split: str | None, ids: Collection[str] | None
    ) -> Iterator[StoredConversation]:
        import pyarrow as pa

        dims = {modality: feature.dim for modality, feature in self.features.items()}
        named = None if ids is None else frozenset(ids)

        def wanted(conversation: str, own: str | None) -> bool:
            return (named is None or conversation in named) and split in (None, own or NO_SPLIT)

        for shard in self._shards(split):
            yield from from_table(self._table(shard), dims, self.manifest.columns, wanted)
            # What was read of one shard must not lie beside the next.
            pa.default_memory_pool().release_unused()

    def _shards(self, split: str | None) -> Iterator[ShardEntry]:
        return (s for s in self.manifest.shards if split is None or split in s.splits)

    def _table(self, shard: ShardEntry, columns: list[str] | None = None) -> Any:
        import pyarrow.parquet as pq

        try:
            return pq.read_table(self.path / shard.file, columns=columns)
        except (OSError, ValueError) as error:
            raise StoreError(
                f"{self.path / shard.file} cannot be read: {error}; import the corpus again"
            ) from error
