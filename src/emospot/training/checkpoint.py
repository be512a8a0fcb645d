"""Checkpoints that a kill cannot damage: written beside, then renamed."""

import os
from pathlib import Path
from typing import Any

from lightning.pytorch.plugins.io import TorchCheckpointIO


class AtomicCheckpointIO(TorchCheckpointIO):
    """Lightning's checkpoint files, replaced in one step."""

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any | None = None
    ) -> None:
        """Write `checkpoint` to `path`."""
        final = Path(path)
        temporary = final.with_name(f".{final.name}.part")
        super().save_checkpoint(checkpoint, temporary, storage_options)
        os.replace(temporary, final)
