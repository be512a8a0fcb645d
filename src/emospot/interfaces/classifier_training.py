"""From labelled conversations in memory to a trained model, by the code of `emospot train`.

The conversations are written as a store into a folder that is deleted afterwards, so that
nothing is trained in another way than from the command line.
"""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from emospot.config import Config
from emospot.emotions import LabelSet
from emospot.features.base import FeatureDescription
from emospot.features.store import FeatureStore, StoredConversation, StoreWriter
from emospot.model.pretrained import PretrainedModel, load_model, renamed

NAME = "emotion-classifier"


def trained(
    measured: Sequence[StoredConversation],
    labels: Sequence[Sequence[str | None]],
    label_set: LabelSet,
    features: Mapping[str, FeatureDescription],
    detectors: Mapping[str, str],
    config: Config,
    seed: int,
) -> PretrainedModel:
    """Train one model.

    Args:
        measured: conversations with their features; those without any label are left out.
        labels: of each utterance, None where there is none.
        label_set: all labels.
        features: modality → what identifies it.
        detectors: modality → the choice of its hotspot detectors.
        config: sizes and recipe.
        seed: of every random choice; the generators of the caller are left as they are.

    Raises:
        EmospotError: as `training.fit.train`.
    """
    import torch

    from emospot.training.fit import train

    with tempfile.TemporaryDirectory(prefix="emospot-") as folder:
        path = Path(folder) / "store"
        writer = StoreWriter(
            path,
            corpus=NAME,
            label_set=label_set,
            features=features,
            value_type="float32",
            detectors=detectors,
        )
        with writer:
            for stored, own in zip(measured, labels, strict=True):
                if any(label is not None for label in own):
                    writer.add(_labelled(stored, own))
        with torch.random.fork_rng():
            train(FeatureStore.open(path), Path(folder) / "run", config, seeds=(seed,))
            model = load_model(Path(folder) / "run" / f"seed-{seed}" / "model")
    return renamed(model, name=NAME)


def _labelled(stored: StoredConversation, labels: Sequence[str | None]) -> StoredConversation:
    utterances = tuple(
        replace(utterance, label=label)
        for utterance, label in zip(stored.conversation.utterances, labels, strict=True)
    )
    return replace(stored, conversation=replace(stored.conversation, utterances=utterances))
