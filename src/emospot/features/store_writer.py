"""Writing a feature store so that nothing finished is ever lost.

Conversations are collected into shards. A shard is written beside its place
and renamed when it is whole; then `unfinished.json`, the manifest so far, is
replaced. `manifest.json` appears only when every conversation is in, so that
an interrupted import is visible and can go on: a second writer on the same
folder, with the same settings, keeps the finished shards and skips the
conversations in them.

At most one shard is held in memory. It closes at 16 conversations, at 64 MB
of tokens, or five minutes after its first conversation, so that a kill costs
little even where extraction is slow.
"""

import contextlib
import hashlib
import io
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import TracebackType

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
    next_link,
    read_manifest,
)
from emospot.features.store_rows import (
    VALUE_TYPES,
    StoredConversation,
    digest,
    place,
    to_table,
)
from emospot.files import write_file

SHARD_CONVERSATIONS = 16
SHARD_NUMBERS = 32_000_000
SHARD_SECONDS = 300.0
_ADVICE = "what was written is kept: make room and start the same import again"


class StoreWriter:
    """Writes a store, one conversation after another.

    Use it as a context manager: leaving it normally finishes the store,
    leaving it by an exception keeps what was added and leaves the store
    unfinished.

    Args:
        path: the store's folder; made if it is missing.
        corpus: name of the corpus.
        label_set: every label of an utterance must be in it.
        features: modality → what identifies its tokens.
        kind: which importer writes, e.g. "table".
        fingerprint: what identifies source and settings; an interrupted import
            is resumed only where it is equal.
        value_type: "float16" (half the disk, three digits) or "float32".
        detectors: modality → the choice of hotspot detectors.
        shard_conversations: conversations a shard at most.

    Attributes:
        done: ids of the conversations that finished shards already hold.

    Raises:
        StoreError: if the folder holds a finished store, an interrupted import
            of other data or settings, or other files; or cannot be written.
    """

    def __init__(
        self,
        path: Path,
        *,
        corpus: str,
        label_set: LabelSet,
        features: Mapping[str, FeatureDescription],
        kind: str = "table",
        fingerprint: str = "",
        value_type: str = "float16",
        detectors: Mapping[str, str] | None = None,
        shard_conversations: int = SHARD_CONVERSATIONS,
    ) -> None:
        if value_type not in VALUE_TYPES:
            raise StoreError(f'number type must be float16 or float32, found "{value_type}"')
        self.path = path
        self._manifest = StoreManifest(
            corpus,
            kind,
            fingerprint,
            label_set,
            dict(features),
            value_type,
            detectors=dict(detectors or {}),
        )
        self._shard_conversations = shard_conversations
        self._pending: list[StoredConversation] = []
        self._numbers = 0
        self._opened = time.monotonic()
        self._added: set[str] = set()
        self._failed = False
        self.done: frozenset[str] = frozenset()
        self._start_or_resume()

    def __enter__(self) -> "StoreWriter":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None:
            self.finish()
        elif not self._failed:
            with contextlib.suppress(StoreError):  # the first error is the one to tell
                self._flush()

    def add(self, stored: StoredConversation) -> None:
        """Add one conversation; one that a finished shard holds is skipped.

        Raises:
            StoreError: if it does not fit the store (label outside the label
                set, unknown modality, other width, an id twice), or the disk
                is full: what was written is kept.
            FeatureError: if a value cannot be stored (NaN, too large).
        """
        identity = stored.conversation.id
        if identity in self._added:
            raise StoreError(f'conversation "{identity}" was added twice to {self.path}')
        self._added.add(identity)
        if identity in self.done:
            return
        self._check(stored)
        self._note_columns(stored)
        link = next_link(self._manifest.chain, digest(stored, self._manifest.value_type))
        self._manifest = replace(self._manifest, chain=link)
        if not self._pending:
            self._opened = time.monotonic()
        self._pending.append(stored)
        self._numbers += sum(
            t.values.size for tokens in stored.tokens.values() for t in tokens if t is not None
        )
        if (
            len(self._pending) >= self._shard_conversations
            or self._numbers >= SHARD_NUMBERS
            or time.monotonic() - self._opened >= SHARD_SECONDS
        ):
            self._flush()

    def finish(self) -> StoreManifest:
        """Write what is pending and the manifest; the store is whole afterwards.

        Raises:
            StoreError: if nothing was added, or the disk is full.
        """
        self._flush()
        if not self._manifest.shards:
            raise StoreError(f"no conversation was added to {self.path}: nothing to store")
        self._write(MANIFEST, self._manifest.to_json().encode())
        (self.path / UNFINISHED).unlink(missing_ok=True)
        return self._manifest

    def _start_or_resume(self) -> None:
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            present = {entry.name for entry in self.path.iterdir()}
        except OSError as error:
            raise StoreError(f"cannot make the folder {self.path}: {error.strerror}") from error
        if MANIFEST in present:
            raise StoreError(
                f"{self.path} holds a finished store; choose another folder or delete it"
            )
        if UNFINISHED in present:
            self._resume()
        elif present:
            raise StoreError(
                f"{self.path} is not empty and holds no store (found {min(present)}); "
                "choose another folder"
            )
        else:
            self._write(UNFINISHED, self._manifest.to_json().encode())

    def _resume(self) -> None:
        before = read_manifest(self.path / UNFINISHED)
        if not before.shards:  # nothing was kept, so nothing can disagree
            self._write(UNFINISHED, self._manifest.to_json().encode())
            return
        differences = before.differences(self._manifest)
        if differences:
            raise StoreError(
                f"{self.path} holds an interrupted import that differs in: "
                f"{', '.join(differences)}; choose another folder or delete it"
            )
        self._manifest = before
        known = {shard.file for shard in before.shards}
        for entry in self.path.iterdir():
            # A shard that was whole but not yet noted would be written again.
            if entry.name.endswith(".part") or (
                entry.name.startswith("shard-") and entry.name not in known
            ):
                entry.unlink()
        self.done = frozenset(_ids(self.path, before))

    def _check(self, stored: StoredConversation) -> None:
        conversation, features = stored.conversation, self._manifest.features
        where = f'conversation "{conversation.id}"'
        count = len(conversation.utterances)
        if count == 0:
            raise StoreError(f"{where} has no utterances; leave it out")
        lengths = {m: len(tokens) for m, tokens in stored.tokens.items()}
        if set(lengths) != set(features) or set(lengths.values()) - {count}:
            raise StoreError(
                f"{where} has {count} utterances and tokens {lengths}; expected one entry an "
                f"utterance of each of: {', '.join(features)}"
            )
        if len(stored.hotspots) != count:
            raise StoreError(f"{where}: {len(stored.hotspots)} lists of hotspots for {count}")
        ids = [utterance.id for utterance in conversation.utterances]
        if len(set(ids)) < count:
            twice = next(i for i in ids if ids.count(i) > 1)
            raise StoreError(f'{where} has utterance "{twice}" twice; ids must be unique')
        for utterance in conversation.utterances:
            if utterance.label not in (None, *self._manifest.label_set.labels):
                raise StoreError(
                    f'{where}, utterance "{utterance.id}": label "{utterance.label}" is not in '
                    f"{', '.join(self._manifest.label_set.labels)}"
                )
        self._check_tokens(stored)

    def _check_tokens(self, stored: StoredConversation) -> None:
        for modality, sequence in stored.tokens.items():
            expected = self._manifest.features[modality]
            for utterance, tokens in zip(stored.conversation.utterances, sequence, strict=True):
                if tokens is None:
                    continue
                where = place(stored.conversation.id, utterance.id, modality)
                if tokens.dim != expected.dim:
                    raise StoreError(
                        f"{where}: {tokens.dim} numbers a token, but {expected.extractor} "
                        f"gives {expected.dim}"
                    )
                if expected.pooled and len(tokens) != 1:
                    raise StoreError(
                        f"{where}: {len(tokens)} tokens, but {expected.extractor} is pooled (one)"
                    )

    def _note_columns(self, stored: StoredConversation) -> None:
        columns = dict(self._manifest.columns)
        for modality, sequence in stored.tokens.items():
            for tokens in sequence:
                if tokens is None or tokens.columns is None:
                    continue
                if columns.setdefault(modality, tokens.columns) != tokens.columns:
                    raise StoreError(
                        f'conversation "{stored.conversation.id}": the columns of {modality} '
                        "have other names than before"
                    )
        self._manifest = replace(self._manifest, columns=columns)

    def _flush(self) -> None:
        """Write the pending conversations as one shard and note it."""
        if not self._pending:
            return
        import pyarrow.parquet as pq

        table = to_table(self._pending, list(self._manifest.features), self._manifest.value_type)
        # Through memory, so that the hash and the bytes on disk are the same
        # ones and a full disk shows as a plain OSError.
        buffer = io.BytesIO()
        names = [name for name in table.column_names if ":" not in name]
        pq.write_table(table, buffer, compression="zstd", use_dictionary=names)
        data = buffer.getvalue()
        file = f"shard-{len(self._manifest.shards):05d}.parquet"
        self._write(file, data)
        entry = ShardEntry(
            file,
            table.num_rows,
            len(data),
            hashlib.sha256(data).hexdigest(),
            _counts(self._pending),
        )
        self._manifest = replace(self._manifest, shards=(*self._manifest.shards, entry))
        self._pending, self._numbers = [], 0
        self._write(UNFINISHED, self._manifest.to_json().encode())

    def _write(self, name: str, data: bytes) -> None:
        try:
            write_file(self.path / name, data, advice=_ADVICE, error=StoreError)
        except StoreError:
            self._failed = True
            raise


def _counts(conversations: list[StoredConversation]) -> dict[str, SplitCounts]:
    counts: dict[str, SplitCounts] = {}
    for stored in conversations:
        split = stored.conversation.split or NO_SPLIT
        utterances = stored.conversation.utterances
        labelled = sum(utterance.label is not None for utterance in utterances)
        counts[split] = counts.get(split, SplitCounts()) + SplitCounts(
            1, len(utterances), labelled
        )
    return counts


def _ids(path: Path, manifest: StoreManifest) -> set[str]:
    """Ids of the conversations in the finished shards, which must be unharmed."""
    import pyarrow.parquet as pq

    ids: set[str] = set()
    for shard in manifest.shards:
        check_shard(path, shard, verify=True)
        ids.update(pq.read_table(path / shard.file, columns=["conversation"])[0].to_pylist())
    return ids
