"""Which models there are: the bundled one, or a folder made by training."""

from pathlib import Path

from emospot.errors import ModelError
from emospot.evaluation.run import seed_folders
from emospot.model.pretrained import (
    DESCRIPTION,
    ModelCard,
    PretrainedModel,
    load_model,
    read_description,
)

BUNDLED = "bundled"
BUNDLED_CAUSAL = "bundled-causal"
"""Reads nothing that comes later, so that it can answer while people speak."""


def models_folder() -> Path:
    """The folder of the models that come with the package."""
    return Path(__file__).resolve().parent.parent / "models"


def model_folder(name: str | Path) -> Path:
    """Where a model lies.

    Args:
        name: "bundled", "bundled-causal", a model's folder, or a run's folder (its first
            seed).

    Raises:
        ModelError: if there is no such model.
    """
    if str(name) in (BUNDLED, BUNDLED_CAUSAL):
        return models_folder() / name
    folder = Path(name)
    if (folder / DESCRIPTION).is_file():
        return folder
    if (folder / "run.json").is_file():
        return seed_folders(folder)[0][1]
    raise ModelError(
        f'no model "{name}": expected "{BUNDLED}", "{BUNDLED_CAUSAL}", a folder with '
        f"{DESCRIPTION}, or a run folder"
    )


def load(name: str | Path = BUNDLED) -> PretrainedModel:
    """Load a model for inference.

    Args:
        name: see `model_folder`.

    Raises:
        ModelError: if there is none, it is damaged, or it is an oracle.
    """
    model = load_model(model_folder(name))
    if getattr(model.config, "oracle", False):
        raise ModelError(
            f"{name} is an oracle: it reads marks of where emotion shows, which no recording "
            "brings along. Train a model without model.oracle"
        )
    return model


def bundled_cards() -> dict[str, ModelCard]:
    """Name → card of the models that come with the package."""
    found = sorted(models_folder().glob(f"*/{DESCRIPTION}"))
    return {path.parent.name: read_description(path.parent)[1] for path in found}
