"""An analysis in the formats of other programs, as the API gives them."""

from pathlib import Path, PurePosixPath

from emospot.errors import UsageError
from emospot.report.analysis_files import FORMATS, export_analysis
from emospot.serve.refused import RefusedError


def export_name(recording: str, export_format: str) -> str:
    """The file name of an export.

    >>> export_name("talk.mp4", "srt")
    'talk.emotions.srt'
    """
    return f"{PurePosixPath(recording).stem or 'analysis'}{FORMATS[export_format].ending}"


def export_file(analysis: Path, export_format: str) -> bytes:
    """An analysis in the format of another program.

    Args:
        analysis: its JSON.
        export_format: of `FORMATS`.

    Raises:
        RefusedError: 409, if the format is made of times, and the analysis has none.
    """
    from emospot.analysis.reading import read_analysis

    try:
        return export_analysis(read_analysis(analysis), export_format)
    except UsageError as error:
        raise RefusedError(409, str(error)) from error
