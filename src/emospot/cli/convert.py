"""`emospot convert`: an analysis that is there already, in other formats."""

from pathlib import Path
from typing import Annotated

import typer

from emospot.cli.analyze import export_files, named_formats
from emospot.cli.console import note, told
from emospot.errors import EmospotError, UsageError
from emospot.files import stem


def convert(
    analyses: Annotated[
        list[Path], typer.Argument(help="NAME.analysis.json, as emospot analyze writes it.")
    ],
    to: Annotated[
        str,
        typer.Option(
            help="srt, vtt, csv, jsonl, textgrid, eaf, rttm, webannotation; separated by commas, "
            "or all."
        ),
    ],
    out: Annotated[
        Path | None, typer.Option(help="Folder for the files; without it, beside the analysis.")
    ] = None,
    media: Annotated[
        Path | None,
        typer.Option(
            help="The recording, or the folder of the recordings, for formats that link to it; "
            "without it, it is taken to lie beside the files."
        ),
    ] = None,
) -> None:
    """Write analyses as subtitles, tables, or files of Praat, ELAN and other programs.

    Example: emospot convert emospot-out/talk.analysis.json --to eaf,textgrid --media talk.mp4
    """
    formats = named_formats(to, "--to")
    if not formats:
        raise UsageError("--to names no format: give one, for example --to eaf")
    if media is not None and not media.exists():
        raise UsageError(f"--media {media} is not there: name the recording or its folder")
    if media is not None and media.is_file() and len(analyses) > 1:
        raise UsageError("--media is one recording, of several analyses: name their folder")
    from emospot.analysis.reading import read_analysis

    failed = []
    for path in analyses:
        try:
            analysis = read_analysis(path)
            linked = media / analysis.recording if media is not None and media.is_dir() else media
            export_files(analysis, out or path.parent, stem(path.name), formats, linked)
        except EmospotError as error:
            if len(analyses) == 1:
                raise
            failed.append(path.name)
            note(f"emospot: {told(error)[0]}")
    if failed:
        raise EmospotError(
            f"{len(failed)} of {len(analyses)} analyses failed: {', '.join(failed)}"
        )
