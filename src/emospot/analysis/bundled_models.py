"""The models that come with the package: where they lie, found without loading PyTorch."""

from pathlib import Path

from emospot.model.names import DESCRIPTION


def models_folder() -> Path:
    """The folder of the models that come with the package."""
    return Path(__file__).resolve().parent.parent / "models"


def bundled_names() -> list[str]:
    """The names of the models that come with the package, in order."""
    return sorted(path.parent.name for path in models_folder().glob(f"*/{DESCRIPTION}"))
