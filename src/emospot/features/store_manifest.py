"""The manifest of a feature store: what the store holds, and one hash over it.

A store is a folder of Parquet shards and one `manifest.json`. The manifest
names the corpus, the label set, the extractor of each modality, the splits and
the shards. Its *content hash* covers everything that changes a result trained
or evaluated on the store:

    content hash = SHA-256(label set, features, column names, number type, chain)
    chain_0 = "",  chain_n = SHA-256(chain_{n-1}, digest of conversation n)

It does not cover what changes no result: how conversations are spread over
shards, the compression, licences, paths of recordings. An import that was
interrupted and resumed therefore has the hash of one that ran through.

The manifest is written last. While an import runs, the same structure stands
in `unfinished.json`.
"""

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from emospot import __version__
from emospot.conversation import FACE, VOICE, WORDS
from emospot.emotions import LabelSet
from emospot.errors import StoreError
from emospot.features.base import FeatureDescription

FORMAT = "emospot-store"
FORMAT_VERSION = 1
MANIFEST = "manifest.json"
UNFINISHED = "unfinished.json"
_EARLIER_DETECTORS = {WORDS: "lexicon", VOICE: "prosody", FACE: "expression"}
NO_SPLIT = "none"
"""The name under which conversations without a split are counted."""


@dataclass(frozen=True, slots=True)
class SplitCounts:
    """How much a split holds.

    >>> SplitCounts(1, 10, 7) + SplitCounts(2, 5, 5)
    SplitCounts(conversations=3, utterances=15, labelled=12)
    """

    conversations: int = 0
    utterances: int = 0
    labelled: int = 0

    def __add__(self, other: "SplitCounts") -> "SplitCounts":
        return SplitCounts(
            self.conversations + other.conversations,
            self.utterances + other.utterances,
            self.labelled + other.labelled,
        )


@dataclass(frozen=True, slots=True)
class ShardEntry:
    """One Parquet file of a store.

    Args:
        file: its name within the store's folder.
        rows: its number of utterances.
        size: its size in bytes.
        sha256: hash of the file, hexadecimal.
        splits: split → what the shard holds of it.
    """

    file: str
    rows: int
    size: int
    sha256: str
    splits: Mapping[str, SplitCounts]


@dataclass(frozen=True, slots=True)
class StoreManifest:
    """What a store holds.

    Args:
        corpus: name of the corpus.
        kind: which importer made the store, e.g. "table".
        fingerprint: what identifies the source, e.g. its hash; an interrupted
            import is resumed only from the same source.
        label_set: the labels and their order.
        features: modality → what identifies its tokens.
        value_type: "float16" or "float32", the type of the tokens on disk.
        columns: modality → names of its columns, where they have names.
        shards: the Parquet files, in order.
        chain: running hash over the conversations, in order.
        detectors: modality → the choice of hotspot detectors (`hotspots.registry`).
        emospot_version: version of the program that wrote the store.
        format_version: version of the folder's structure.
    """

    corpus: str
    kind: str
    fingerprint: str
    label_set: LabelSet
    features: Mapping[str, FeatureDescription]
    value_type: str
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    shards: tuple[ShardEntry, ...] = ()
    chain: str = ""
    detectors: Mapping[str, str] = field(default_factory=dict)
    emospot_version: str = __version__
    format_version: int = FORMAT_VERSION

    @property
    def splits(self) -> dict[str, SplitCounts]:
        """Split → what the store holds of it, in the order of first appearance."""
        total: dict[str, SplitCounts] = {}
        for shard in self.shards:
            for split, counts in shard.splits.items():
                total[split] = total.get(split, SplitCounts()) + counts
        return total

    @property
    def content_hash(self) -> str:
        """SHA-256 over everything that changes results, hexadecimal."""
        features = {m: _identity(d) for m, d in self.features.items()}
        labels = [self.label_set.name, *self.label_set.labels]
        content = [labels, features, self.columns, self.value_type, self.chain]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def differences(self, other: "StoreManifest") -> list[str]:
        """What would make the conversations of `other` unfit for this store."""
        pairs = {
            "corpus": (self.corpus, other.corpus),
            "kind": (self.kind, other.kind),
            "source or settings": (self.fingerprint, other.fingerprint),
            "label set": (_plain(self.label_set), _plain(other.label_set)),
            "number type": (self.value_type, other.value_type),
        }
        found = [name for name, (ours, theirs) in pairs.items() if ours != theirs]
        for modality in dict.fromkeys((*self.features, *other.features)):
            ours, theirs = (_of(m.features, modality) for m in (self, other))
            if ours != theirs:
                found.append(f"features of {modality}")
        return found

    def to_json(self) -> str:
        """The manifest as JSON text."""
        plain = _plain(self)
        plain["splits"] = {split: _plain(counts) for split, counts in self.splits.items()}
        plain["content_hash"] = self.content_hash
        return json.dumps({"format": FORMAT, **plain}, indent=2, ensure_ascii=False)


def next_link(chain: str, digest: str) -> str:
    """The running hash after one more conversation."""
    return hashlib.sha256((chain + digest).encode()).hexdigest()


def read_manifest(path: Path) -> StoreManifest:
    """Read a manifest.

    Args:
        path: `manifest.json` or `unfinished.json`.

    Raises:
        StoreError: if the file is no manifest, of another format version, or
            was changed since it was written.
    """
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StoreError(
            f"{path} cannot be read as a store's manifest: {error}; import the corpus again"
        ) from error
    if not isinstance(plain, dict) or plain.get("format") != FORMAT:
        raise StoreError(
            f'{path} is not the manifest of an emospot store (no "format": "{FORMAT}")'
        )
    if plain.get("format_version") != FORMAT_VERSION:
        raise StoreError(
            f"{path} has store format {plain.get('format_version')}, written by emospot "
            f"{plain.get('emospot_version', 'of unknown version')}; emospot {__version__} reads "
            f"format {FORMAT_VERSION}: import the corpus again, or install the other version"
        )
    return _checked(path, plain)


def check_shard(path: Path, shard: ShardEntry, *, verify: bool) -> None:
    """Check that a shard is there and is the one that was written.

    Args:
        path: the store's folder.
        shard: what the manifest says of it.
        verify: compare the SHA-256 too.

    Raises:
        StoreError: if it is missing, or its size, rows or hash differ.
    """
    import pyarrow.parquet as pq

    file = path / shard.file
    remedy = "restore the file or import the corpus again"
    try:
        size = file.stat().st_size
        rows = pq.read_metadata(file).num_rows
        found = hashlib.sha256(file.read_bytes()).hexdigest() if verify else shard.sha256
    except FileNotFoundError:
        raise StoreError(f"{file} is missing; {remedy}") from None
    except (OSError, ValueError) as error:
        raise StoreError(f"{file} is damaged: {error}; {remedy}") from error
    if (size, rows) != (shard.size, shard.rows):
        raise StoreError(
            f"{file} has {size} bytes and {rows} rows, expected {shard.size} and {shard.rows}; "
            f"{remedy}"
        )
    if found != shard.sha256:
        raise StoreError(f"{file} is damaged: its SHA-256 is not the manifest's; {remedy}")


def _checked(path: Path, plain: dict[str, Any]) -> StoreManifest:
    try:
        manifest = _from_plain(plain)
        recorded = plain["content_hash"]
    except (KeyError, TypeError, AttributeError) as error:
        raise StoreError(
            f"{path} is damaged: {error} missing or malformed; import the corpus again"
        ) from error
    if manifest.content_hash != recorded:
        raise StoreError(
            f"{path} was changed after it was written (its content hash is not {recorded}); "
            "import the corpus again"
        )
    return manifest


def _from_plain(plain: dict[str, Any]) -> StoreManifest:
    plain = {"detectors": earlier_detectors(plain["features"]), **plain}
    known = {f.name: plain[f.name] for f in dataclasses.fields(StoreManifest)}
    label_set = LabelSet(plain["label_set"]["name"], tuple(plain["label_set"]["labels"]))
    features = {m: FeatureDescription(**entry) for m, entry in plain["features"].items()}
    columns = {m: tuple(names) for m, names in plain["columns"].items()}
    shards = tuple(_shard(entry) for entry in plain["shards"])
    return StoreManifest(
        **{
            **known,
            "label_set": label_set,
            "features": features,
            "columns": columns,
            "shards": shards,
        }
    )


def earlier_detectors(modalities: Iterable[str]) -> dict[str, str]:
    """What looked for hotspots before it was written down.

    Args:
        modalities: of a store or a model.
    """
    return {m: _EARLIER_DETECTORS[m] for m in modalities if m in _EARLIER_DETECTORS}


def _shard(entry: Mapping[str, Any]) -> ShardEntry:
    splits = {split: SplitCounts(**counts) for split, counts in entry["splits"].items()}
    return ShardEntry(**{**entry, "splits": splits})


def _identity(description: FeatureDescription) -> dict[str, Any]:
    plain: dict[str, Any] = _plain(description)
    plain.pop("licence")
    return plain


def _of(features: Mapping[str, FeatureDescription], modality: str) -> dict[str, Any] | None:
    return _identity(features[modality]) if modality in features else None


def _plain(value: Any) -> Any:
    """Dataclasses, mappings and sequences as JSON has them, so that they compare equal."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, str):
        return [_plain(item) for item in value]
    return value
