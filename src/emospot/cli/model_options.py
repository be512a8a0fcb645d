"""What the commands that take a model have in common: --allow-download."""

from typing import Annotated

import typer

MODEL_HELP = (
    "A bundled or installed model's name (emospot models), a folder, a run, or hf:owner/name."
)

AllowDownload = Annotated[
    bool,
    typer.Option(
        "--allow-download",
        help="Fetch a model (hf:owner/name, or a recogniser's) that is not on this machine; else "
        "nothing is fetched.",
    ),
]


def here(model: str, allow_download: bool) -> str:
    """The model's name, once a model of Hugging Face is on this machine.

    What loads the model afterwards, here or in other processes, then finds it there and
    needs no network.

    Args:
        model: as it was typed.
        allow_download: whether it may be fetched.

    Raises:
        ModelError: if there is no such model.
    """
    if allow_download:
        from emospot.analysis.models import model_folder

        model_folder(model, allow_download=True)
    return model
