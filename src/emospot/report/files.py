"""The analysis as a file."""

from pathlib import Path

from emospot.analysis.types import Analysis
from emospot.files import write_file


def write_analysis(analysis: Analysis, path: Path) -> None:
    """Write the analysis as JSON.

    Args:
        analysis: what is written.
        path: the file; missing folders are made.

    Raises:
        EmospotError: if it cannot be written; an older file is left as it was.
    """
    # A file name that is not valid Unicode must not lose the analysis.
    write_file(path, (analysis.to_json() + "\n").encode("utf-8", "replace"), "the analysis")
