"""Whether configuration and store fit, before a training begins."""

from emospot.config import Config
from emospot.errors import ConfigError
from emospot.evaluation.marks import check_marks_unread
from emospot.features.store import FeatureStore


def check_hotspots(store: FeatureStore, config: Config) -> None:
    """Whether the store's hotspots are of use to the model.

    Raises:
        ConfigError: if hotspots are to be learned where there is nothing to choose from,
            or the model would read marks as it reads what a detector finds.
    """
    learned = getattr(config.model, "learned_hotspots", ())
    for modality in learned:
        if modality in store.features and store.features[modality].pooled:
            raise ConfigError(
                f"learned_hotspots names {modality}, of which the store has one vector an "
                "utterance: there is no moment to find in it. Take it out of "
                "model.learned_hotspots, or import features with tokens"
            )
    check_marks_unread(store, config.model)
