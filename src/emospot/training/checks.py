"""Whether configuration and store fit, before a training begins."""

from emospot.config import Config
from emospot.errors import ConfigError
from emospot.features.store import FeatureStore
from emospot.hotspots.marks import is_marks


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
    if getattr(config.model, "fusion", "") != "hotspot_gated":
        return
    for modality in config.model.modalities:
        if modality not in learned and is_marks(store.detectors.get(modality, "")):
            raise ConfigError(
                f"the store's hotspots of {modality} are marks, right answers that no recording "
                f"brings along: name {modality} in model.learned_hotspots to learn from them, or "
                "import the corpus without --marks"
            )
