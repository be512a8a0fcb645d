"""`EmotionRecognizer`: a model with the methods that users of Hugging Face know.

    recognizer = emospot.EmotionRecognizer.from_pretrained("bundled")
    recognizer.save_pretrained("my-model")
    recognizer.push_to_hub("owner/my-model")

It is a `PretrainedModel`, so that whatever takes a model takes it too: `emospot.analyze`,
`emospot.Stream`, `emospot.EmotionPipeline`. Unlike elsewhere nothing is fetched unasked:
`from_pretrained("owner/name")` looks on this machine, and `local_files_only=False` allows
the download. Where a folder "owner" is there, write "hf:owner/name": else it is a path.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import torch
from huggingface_hub import ModelHubMixin

from emospot.analysis.hub_models import bare_reference, hub_folder
from emospot.analysis.models import load, local_folder
from emospot.errors import ModelError
from emospot.files import write_file
from emospot.interfaces.model_page import model_page
from emospot.model.foreign_weights import README
from emospot.model.pretrained import PretrainedModel, save_model


class EmotionRecognizer(PretrainedModel, ModelHubMixin):
    """A trained model that is loaded from and published to Hugging Face.

    Args:
        recognizer: the network.
        config: its configuration.
        card: what must be known to use it rightly.
    """

    def __new__(cls, *arguments: Any, **named: Any) -> Self:
        """Make it; the mixin would keep what it is made of as a `config.json` of its own."""
        return object.__new__(cls)

    @classmethod
    def of(cls, model: PretrainedModel) -> Self:
        """The same model with these methods."""
        return cls(model.recognizer, model.config, model.card)

    @classmethod
    def from_pretrained(
        cls,
        pretrained_model_name_or_path: str | Path = "bundled",
        *,
        revision: str | None = None,
        local_files_only: bool | None = None,
        force_download: bool = False,
        token: str | bool | None = None,
        cache_dir: str | Path | None = None,
    ) -> Self:
        """Load a model.

        Args:
            pretrained_model_name_or_path: a bundled or installed model, a model's folder, a
                run, or "owner/name" on Hugging Face ("hf:owner/name" where a folder "owner"
                is there).
            revision: branch, tag or commit, of Hugging Face only.
            local_files_only: False allows the download of a model that is not on this
                machine; None: as EMOSPOT_ALLOW_DOWNLOAD says, which is no by default.
            force_download: fetch it again; allows the download too.
            token: for repositories that need one.
            cache_dir: Hugging Face's cache folder.

        Raises:
            ModelError: if there is none, it may not or cannot be fetched, or is damaged.
        """
        name = pretrained_model_name_or_path
        here = local_folder(name)
        if here is not None and revision is not None:
            raise ModelError(
                f"{name} lies on this machine and has no revisions, found {revision}: leave it out"
            )
        reference = None if here is not None else bare_reference(str(name), revision)
        if reference is None:
            return cls.of(load(name))
        allowed = None if local_files_only is None else not local_files_only
        folder = hub_folder(
            reference,
            allow_download=True if allowed is None and force_download else allowed,
            refresh=force_download,
            token=token,
            cache=None if cache_dir is None else Path(cache_dir),
        )
        return cls.of(load(folder))

    def _save_pretrained(self, save_directory: Path) -> None:
        """Write weights, description and page; what `save_pretrained` calls."""
        weights = self.recognizer.state_dict().values()
        # Half the size where nothing is lost, as of a model that came in half precision.
        half = all(torch.equal(w.half().float(), w.float()) for w in weights)
        save_model(self, save_directory, half=half)
        write_file(save_directory / README, model_page(self.card).encode(), "the model's page")

    def with_card(self, **changes: Any) -> Self:
        """The same model with another card, e.g. `licence="cc-by-4.0", language="en"`.

        Raises:
            ModelError: if the card has no such field.
        """
        try:
            return type(self)(self.recognizer, self.config, replace(self.card, **changes))
        except TypeError as error:
            raise ModelError(f"a model's card cannot be changed so: {error}") from None
