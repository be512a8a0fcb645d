"""Is a model that somebody else made what it says, before memory is spent on it?

Loading runs no code whatever a model's files hold. But `model.json` states sizes, and a
network is made of them before its weights are read: a width of a million would fill any
machine's memory. So files are limited in size, and the shapes that the configuration
asks for, which PyTorch can tell without making a single number ("meta" tensors), must be
those in the head of the safetensors file.
"""

from pathlib import Path

from emospot.errors import ModelError
from emospot.model.names import DESCRIPTION, WEIGHTS
from emospot.model.pretrained import read_description

README = "README.md"
MOST_BYTES = {WEIGHTS: 4_000_000_000, DESCRIPTION: 32_000_000, README: 1_000_000}
"""What a model's folder may hold, and how large that may be. Nothing else is taken."""

Shapes = dict[str, tuple[int, ...]]


def check_size(name: str, size: int | None, where: str) -> None:
    """Whether a file of a model may be as large as it is.

    Args:
        name: of the file.
        size: bytes, None where they are not known.
        where: what holds it, for the message.

    Raises:
        ModelError: if it is too large, or nobody says how large.
    """
    most = MOST_BYTES[name]
    if size is None or size > most:
        found = "of unknown size" if size is None else f"{size / 1e6:.0f} MB large"
        raise ModelError(
            f"{name} of {where} is {found}; at most {most / 1e6:.0f} MB are taken: it is no model "
            "of emospot, or it must be read on a machine of your own choice by its folder"
        )


def check_foreign(folder: Path) -> None:
    """Whether the weights of a folder are those that its configuration describes.

    Takes seconds the first time in a process.

    Raises:
        ModelError: if files are missing, too large or damaged, or sizes do not agree.
    """
    for name in (DESCRIPTION, WEIGHTS):
        path = folder / name
        if path.is_file():
            check_size(name, path.stat().st_size, str(folder))
    wanted, found = _described_shapes(folder), _stored_shapes(folder / WEIGHTS)
    different = sorted(n for n in wanted.keys() | found.keys() if wanted.get(n) != found.get(n))
    if different:
        name = different[0]
        raise ModelError(
            f"the model in {folder} is damaged: {len(different)} of its weights are not as "
            f"{DESCRIPTION} says, the first is {name}: expected {wanted.get(name, 'none')}, "
            f"found {found.get(name, 'none')}"
        )


def _described_shapes(folder: Path) -> Shapes:
    """Name → shape of every weight that the configuration asks for."""
    import torch

    from emospot.model.builder import build_model

    config, card = read_description(folder)
    dims = {m: f.dim for m, f in card.features.items()}
    outputs = {task.name: len(task.outputs) for task in card.heads}
    try:
        with torch.device("meta"):
            model = build_model(config, dims, outputs)
    except (RuntimeError, ValueError, TypeError, OverflowError, MemoryError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ModelError(f"{folder / DESCRIPTION} describes no model: {reason}") from None
    return {name: tuple(weight.shape) for name, weight in model.state_dict().items()}


def _stored_shapes(path: Path) -> Shapes:
    """Name → shape of every weight in a safetensors file; only its head is read."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "pt") as weights:
            return {name: tuple(weights.get_slice(name).get_shape()) for name in weights.keys()}  # noqa: SIM118 (it is no mapping)
    except (OSError, SafetensorError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ModelError(f"the weights {path} are damaged: {reason}") from None
