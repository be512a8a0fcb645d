"""Which models there are, and where: bundled, installed, a folder, a run, or Hugging Face.

A name is looked up in this order:

1. "bundled" and "bundled-causal", which come with the package;
2. an installed model (`analysis.installed_models`);
3. a model's folder, or a run's (its first seed);
4. "hf:owner/name[@revision]" on Hugging Face (`analysis.hub_models`).

A folder that is called like a model is meant by "./NAME".
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emospot.analysis.bundled_models import bundled_names, models_folder
from emospot.analysis.hub_models import PREFIX, bare_reference, hub_folder, hub_reference
from emospot.analysis.installed_models import (
    installed_model,
    installed_names,
    model_sources,
)
from emospot.errors import ModelError
from emospot.evaluation.run import seed_folders
from emospot.model.names import DESCRIPTION, WEIGHTS
from emospot.model.pretrained import (
    ModelCard,
    PretrainedModel,
    load_model,
    read_description,
)

BUNDLED = "bundled"
BUNDLED_CAUSAL = "bundled-causal"
"""Reads nothing that comes later, so that it can answer while people speak."""

_PAGES = ("CARD.md", "README.md")


def model_folder(name: str | Path, *, allow_download: bool = False) -> Path:
    """Where a model lies.

    Args:
        name: a bundled or an installed model, a model's folder, a run's folder (its first
            seed), or "hf:owner/name[@revision]".
        allow_download: whether a model of Hugging Face that is not on this machine may be
            fetched; without it nothing is, unless the environment allows it.

    Raises:
        ModelError: if there is no such model.
    """
    found = local_folder(name)
    if found is not None:
        return found
    reference = None if Path(name).exists() else hub_reference(str(name))
    if reference is not None:
        return hub_folder(reference, allow_download=allow_download or None)
    known = [*bundled_names(), *installed_names()]
    there = "owner/name" if bare_reference(str(name)) is None else name
    raise ModelError(
        f'no model "{name}": expected {", ".join(_quoted(known))}, a folder with '
        f"{DESCRIPTION}, a run folder, or {PREFIX}{there} for one of Hugging Face"
    )


def local_folder(name: str | Path) -> Path | None:
    """The folder of a bundled or installed model, or the one that a path means, or None."""
    return _named_folder(str(name)) or _own_folder(Path(name))


def load(name: str | Path = BUNDLED, *, allow_download: bool = False) -> PretrainedModel:
    """Load a model for inference.

    Args:
        name: see `model_folder`.
        allow_download: see `model_folder`.

    Raises:
        ModelError: if there is none, it is damaged, or it is an oracle.
    """
    model = load_model(model_folder(name, allow_download=allow_download))
    if getattr(model.config, "oracle", False):
        raise ModelError(
            f"{name} is an oracle: it reads marks of where emotion shows, which no recording "
            "brings along. Train a model without model.oracle"
        )
    return model


def bundled_cards() -> dict[str, ModelCard]:
    """Name → card of the models that come with the package."""
    return {name: read_description(models_folder() / name)[1] for name in bundled_names()}


@dataclass(frozen=True, slots=True)
class KnownModel:
    """A model that can be chosen by its name.

    Args:
        name: the name.
        folder: where it lies.
        card: what must be known to use it rightly; None where it cannot be read.
        size: bytes of its weights.
        source: "bundled", or where it came from, "" where that is not known.
        problem: why it cannot be read, "" where it can.
    """

    name: str
    folder: Path
    card: ModelCard | None
    size: int
    source: str = ""
    problem: str = ""

    @property
    def weighted_f1(self) -> tuple[str, float] | None:
        """Where its weighted F1 was measured ("test", "dev") and what it is, in [0, 1]."""
        return None if self.card is None else weighted_f1(self.card.scores or {})

    @property
    def page(self) -> str:
        """What its maker wrote about it, as Markdown, or ""."""
        for name in _PAGES:
            path = self.folder / name
            if path.is_file():
                return path.read_text(encoding="utf-8", errors="replace")
        return ""

    def to_dict(self) -> dict[str, Any]:
        """Plain lists, dictionaries, texts and numbers: the card, and what is around it."""
        from dataclasses import asdict

        card = {} if self.card is None else asdict(self.card)
        score = self.weighted_f1
        return {
            **card,
            "folder": str(self.folder),
            "size": self.size,
            "source": self.source,
            "problem": self.problem,
            "weighted_f1": None if score is None else {"on": score[0], "value": score[1]},
        }


def known_models() -> dict[str, KnownModel]:
    """Name → model of all bundled and installed ones, the bundled first."""
    sources = model_sources()
    bundled = {name: models_folder() / name for name in bundled_names()}
    found = {name: _known(name, folder, BUNDLED) for name, folder in bundled.items()}
    for name in installed_names():
        folder = installed_model(name)
        if folder is not None and name not in found:
            found[name] = _known(name, folder, sources.get(name, ""))
    return found


def known_model(name: str | Path, *, allow_download: bool = False) -> KnownModel:
    """Any model that `model_folder` finds, to be shown.

    Raises:
        ModelError: if there is none, or it is damaged.
    """
    listed = known_models().get(str(name))
    if listed is not None:
        return listed
    folder = model_folder(name, allow_download=allow_download)
    read_description(folder)
    return _known(str(name), folder, "")


def weighted_f1(scores: dict[str, float] | Any) -> tuple[str, float] | None:
    """Where a card's weighted F1 was measured and its value; test goes before dev.

    >>> weighted_f1({"dev_weighted_f1": 0.6, "test_weighted_f1_mean_of_seeds": 0.7})
    ('test', 0.7)
    """
    for split in ("test", "dev"):
        for name, value in scores.items():
            if re.match(rf"{split}_weighted_f1(?!.*_sd)", name):
                return split, float(value)
    return None


def _known(name: str, folder: Path, source: str) -> KnownModel:
    weights = folder / WEIGHTS
    size = weights.stat().st_size if weights.is_file() else 0
    try:
        card = read_description(folder)[1]
    except ModelError as error:
        return KnownModel(name, folder, None, size, source, str(error))
    problem = "" if size else f"{weights} is missing"
    return KnownModel(name, folder, card, size, source, problem)


def _named_folder(name: str) -> Path | None:
    """The folder of a bundled or installed model, or None."""
    return models_folder() / name if name in bundled_names() else installed_model(name)


def _own_folder(folder: Path) -> Path | None:
    """The model's folder that a path means, or None where it is none."""
    if (folder / DESCRIPTION).is_file():
        return folder
    return seed_folders(folder)[0][1] if (folder / "run.json").is_file() else None


def _quoted(names: list[str]) -> list[str]:
    return [f'"{name}"' for name in names]
