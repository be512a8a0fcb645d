"""Checkpoints that a kill cannot damage: written beside, then renamed."""

from pathlib import Path
from typing import Any

from lightning.pytorch.plugins.io import TorchCheckpointIO

from emospot.files import written_beside

ADVICE = "free space and go on with --resume; the checkpoint before is kept"


class AtomicCheckpointIO(TorchCheckpointIO):
    """Lightning's checkpoint files, replaced in one step."""

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any | None = None
    ) -> None:
        """Write `checkpoint` to `path`.

        Raises:
            EmospotError: if it cannot be written; the one before is kept.
        """
        with written_beside(Path(path), "the checkpoint", advice=ADVICE) as draft:
            super().save_checkpoint(checkpoint, draft, storage_options)
