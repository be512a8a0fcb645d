"""A store seen through a study: some modalities, some pooled, other splits.

A view is a store for everybody who reads it (training, evaluation); nothing is
written. The pooled vector of an utterance is the mean of its tokens; that of words
is scaled to length 1, as sentence encoders give it.
"""

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from emospot.conversation import WORDS, Conversation, Hotspot, Tokens
from emospot.errors import StoreError
from emospot.experiments.study import FeatureEntry
from emospot.features.base import FeatureDescription
from emospot.features.store import FeatureStore, SplitCounts, StoredConversation


class StoreView(FeatureStore):
    """A store with other features and splits.

    Args:
        store: what is seen.
        features: which modalities, and which of them pooled.
        splits: conversation id → "train" or "test", or None for the store's own;
            other conversations are not seen.

    Raises:
        StoreError: if a modality is not in the store.
    """

    def __init__(
        self,
        store: FeatureStore,
        features: FeatureEntry,
        splits: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(store.path, store.manifest)
        self._store = store
        self._entry = features
        self._splits = splits
        for modality in (*features.modalities, *features.pool):
            if modality not in store.features:
                raise StoreError(
                    f'{store.path} has no features "{modality}", only {", ".join(store.features)}'
                )

    @property
    def features(self) -> Mapping[str, FeatureDescription]:
        """Modality → what identifies its tokens."""
        kept = self._entry.modalities or tuple(self._store.features)
        return {
            m: pooled_description(self._store.features[m])
            if m in self._entry.pool
            else self._store.features[m]
            for m in kept
        }

    @property
    def content_hash(self) -> str:
        """SHA-256 over the store's hash and what the view changes."""
        what = [
            self._store.content_hash,
            self._entry.model_dump(mode="json"),
            sorted(self._splits.items()) if self._splits is not None else None,
        ]
        return hashlib.sha256(json.dumps(what).encode()).hexdigest()

    @property
    def splits(self) -> Mapping[str, SplitCounts]:
        """Split → what the view holds of it."""
        if self._splits is None:
            return self._store.splits
        found: dict[str, SplitCounts] = {}
        for name, labels in self._store.labels().items():
            split = self._splits.get(name)
            if split is not None:
                labelled = sum(label is not None for label in labels)
                own = SplitCounts(1, len(labels), labelled)
                found[split] = found.get(split, SplitCounts()) + own
        return found

    def conversations(
        self, split: str | None = None, *, ids: Collection[str] | None = None
    ) -> Iterator[StoredConversation]:
        """The conversations in order; see `FeatureStore.conversations`."""
        if self._splits is None:
            stored = self._store.conversations(split, ids=ids)
        else:
            wanted = {n for n, s in self._splits.items() if split is None or s == split}
            stored = self._store.conversations(ids=wanted & set(ids) if ids else wanted)
        return (self._seen(one) for one in stored)

    def _seen(self, stored: StoredConversation) -> StoredConversation:
        tokens = {
            m: tuple(pooled(t, scaled=m == WORDS) for t in stored.tokens[m])
            if m in self._entry.pool
            else stored.tokens[m]
            for m in self.features
        }
        conversation = stored.conversation
        if self._splits is not None:
            conversation = replace(conversation, split=self._splits[conversation.id])
        if self._entry.unlabelled:
            return StoredConversation(conversation, tokens, stored.hotspots)
        kept = _labelled(conversation, by_label=len(self.label_set) > 0)
        return _these_alone(kept, conversation, tokens, stored.hotspots)


def _labelled(conversation: Conversation, *, by_label: bool) -> list[int]:
    """The places of the utterances with a label or, where there is no label set, a target."""
    return [
        place
        for place, utterance in enumerate(conversation.utterances)
        if (utterance.label is not None if by_label else utterance.targets)
    ]


def _these_alone(
    kept: Sequence[int],
    conversation: Conversation,
    tokens: Mapping[str, tuple[Tokens | None, ...]],
    hotspots: tuple[tuple[Hotspot, ...], ...],
) -> StoredConversation:
    return StoredConversation(
        replace(conversation, utterances=tuple(conversation.utterances[i] for i in kept)),
        {m: tuple(own[i] for i in kept) for m, own in tokens.items()},
        tuple(hotspots[i] for i in kept),
    )


def pooled(tokens: Tokens | None, *, scaled: bool = True) -> Tokens | None:
    """The mean of the tokens as one token.

    Args:
        tokens: of one utterance, or None.
        scaled: whether the mean is scaled to length 1; not for numbers that
            have units.

    >>> pooled(Tokens(np.array([[3.0, 0.0], [3.0, 8.0]]))).values
    array([[0.6, 0.8]])
    """
    if tokens is None:
        return None
    mean = tokens.values.astype(np.float64).mean(axis=0)
    length = np.linalg.norm(mean) if scaled else 0.0
    vector = mean / length if length > 0 else mean
    return Tokens(vector[None].astype(np.promote_types(tokens.values.dtype, np.float32)))


def pooled_description(feature: FeatureDescription) -> FeatureDescription:
    """What identifies the pooled feature."""
    return replace(feature, extractor=f"{feature.extractor}+mean", pooled=True)
