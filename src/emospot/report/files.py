"""The analysis as a file."""

import os
from pathlib import Path

from emospot.analysis.types import Analysis
from emospot.errors import EmospotError


def write_analysis(analysis: Analysis, path: Path) -> None:
    """Write the analysis as JSON, beside and renamed.

    Raises:
        EmospotError: if it cannot be written; an older file is left as it was.
    """
    draft = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            draft.write_text(analysis.to_json() + "\n", encoding="utf-8", errors="replace")
            os.replace(draft, path)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise EmospotError(
            f"cannot write the analysis {path}: {error.strerror}; free space or choose "
            "another folder, an older analysis is left as it was"
        ) from error
