"""An analysis as files that other programs open.

| format | file | for |
|---|---|---|
| srt, vtt | NAME.emotions.srt, .vtt | players |
| csv | NAME.emotions.csv | spreadsheets |
| jsonl | NAME.emotions.jsonl | programs; holds everything |
| textgrid | NAME.emotions.TextGrid | Praat |
| eaf | NAME.emotions.eaf | ELAN |
| rttm | NAME.emotions.rttm | tools of diarisation: who speaks when, no emotions |
| webannotation | NAME.emotions.jsonld | W3C web annotations |

docs/formats.md says what each keeps. A text without times has no place in the formats that
are made of times; what of an analysis has none is left out of them.
"""

import os
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from emospot.analysis.types import Analysis
from emospot.errors import UsageError
from emospot.report.analysis_rttm import to_rttm
from emospot.report.analysis_subtitles import to_srt, to_vtt
from emospot.report.analysis_tables import to_csv, to_json_lines
from emospot.report.analysis_tiers import to_eaf, to_textgrid
from emospot.report.kept_exports import write_export
from emospot.report.web_annotation import to_web_annotations


@dataclass(frozen=True, slots=True)
class ExportFormat:
    """A format.

    Args:
        ending: of the file, after the recording's name.
        media_type: as HTTP names it.
        timed: whether it is made of times, so that an utterance must have some.
        write: analysis and address of the recording (or None) → text.
    """

    ending: str
    media_type: str
    timed: bool
    write: Callable[[Analysis, str | None], str]


FORMATS: dict[str, ExportFormat] = {
    "srt": ExportFormat(".emotions.srt", "application/x-subrip", True, to_srt),
    "vtt": ExportFormat(".emotions.vtt", "text/vtt; charset=utf-8", True, to_vtt),
    "csv": ExportFormat(".emotions.csv", "text/csv; charset=utf-8", False, to_csv),
    "jsonl": ExportFormat(".emotions.jsonl", "application/jsonl", False, to_json_lines),
    "textgrid": ExportFormat(".emotions.TextGrid", "text/plain; charset=utf-8", True, to_textgrid),
    "eaf": ExportFormat(".emotions.eaf", "text/xml", True, to_eaf),
    "rttm": ExportFormat(".emotions.rttm", "text/plain; charset=utf-8", True, to_rttm),
    "webannotation": ExportFormat(
        ".emotions.jsonld", "application/ld+json", False, to_web_annotations
    ),
}
"""By the names that `--export` and the HTTP API use."""


def formats_named(
    text: str, option: str, known: Collection[str] = tuple(FORMATS)
) -> tuple[str, ...]:
    """The formats of a list as it is typed: separated by commas, or "all".

    Args:
        text: e.g. "srt, eaf"; "" for none.
        option: after which it was typed, for the message.
        known: the formats that there are.

    Raises:
        UsageError: if there is no such format, or a list without any.

    >>> formats_named("eaf,SRT,eaf", "--export")
    ('eaf', 'srt')
    """
    names = tuple(dict.fromkeys(part.strip().lower() for part in text.split(",") if part.strip()))
    if names == ("all",):
        return tuple(known)
    if text and (not names or any(name not in known for name in names)):
        raise UsageError(
            f'{option} "{text}": known formats are {", ".join(known)}, separated by commas, or all'
        )
    return names


def export_analysis(analysis: Analysis, format: str, *, media: str | None = None) -> bytes:  # noqa: A002
    """The analysis in another format, as the bytes of its file.

    Args:
        analysis: what `emospot.analyze` gave or `Analysis.from_dict` read back.
        format: a name of `FORMATS`.
        media: address of the recording as seen from the file, for formats that link to
            it (eaf, webannotation); None: the recording's name, beside the file.

    Raises:
        UsageError: if there is no such format, or the format is made of times and no
            utterance has any.
    """
    if format not in FORMATS:
        raise UsageError(f'no format "{format}"; known: {", ".join(FORMATS)}')
    chosen = FORMATS[format]
    if chosen.timed and analysis.utterances and untimed(analysis) == len(analysis.utterances):
        without = ", ".join(name for name, one in FORMATS.items() if not one.timed)
        raise UsageError(
            f"{analysis.recording}: its utterances have no times, and {format} is made of times; "
            f"choose {without}, or analyse a transcript with times"
        )
    address = media
    if media is None and analysis.duration is not None:
        address = analysis.recording
    # A file name that is not valid Unicode must not lose the analysis.
    return chosen.write(analysis, address).encode("utf-8", "replace")


def write_exports(
    analysis: Analysis,
    out: Path,
    stem: str,
    formats: Iterable[str],
    *,
    media: Path | None = None,
    on_kept: Callable[[Path, Path], None] = lambda path, kept: None,
) -> list[Path]:
    """Write an analysis in other formats; what somebody has changed is kept (`kept_exports`).

    Args:
        analysis: what is written.
        out: folder; missing ones are made.
        stem: the files are called STEM.emotions.srt and so on.
        formats: names of `FORMATS`.
        media: the recording, which is linked by its path from `out`; None: as if it lay
            beside the files.
        on_kept: told of an export that had been changed, and where it lies now.

    Returns:
        The files, in the order of the formats.

    Raises:
        UsageError: as `export_analysis`, when all that can be written is.
        EmospotError: if a file cannot be written; an older one is left as it was.
    """
    address = _address(media, out) if media is not None else None
    written: list[Path] = []
    refused: list[UsageError] = []
    for name in dict.fromkeys(formats):
        try:
            data = export_analysis(analysis, name, media=address)
        except UsageError as error:
            refused.append(error)
            continue
        path = out / f"{stem}{FORMATS[name].ending}"
        kept = write_export(path, data, f"the export {name}")
        if kept is not None:
            on_kept(path, kept)
        written.append(path)
    if refused:
        raise refused[0]
    return written


def untimed(analysis: Analysis) -> int:
    """How many utterances have no times."""
    return sum(one.start is None or one.end is None for one in analysis.utterances)


def _address(media: Path, out: Path) -> str:
    """The path of a recording from a folder, with slashes on every system."""
    try:
        relative = os.path.relpath(media.resolve(), out.resolve())
    except ValueError:  # another drive
        return media.resolve().as_uri()
    return Path(relative).as_posix()
