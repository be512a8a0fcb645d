"""`emospot analyze`: recordings in, reports out."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from emospot.analysis.types import Analysis
from emospot.cli.analyze_many import Asked, each_analysed
from emospot.cli.console import Session, note, say, say_json, told
from emospot.cli.listening_options import RecogniserName, Speakers
from emospot.cli.model_options import MODEL_HELP, AllowDownload, here
from emospot.errors import EmospotError, UsageError
from emospot.files import make_folder

Recordings = Annotated[
    list[Path], typer.Argument(help="Recordings, or transcripts by themselves.")
]
Transcript = Annotated[
    Path | None,
    typer.Option(help="SRT, VTT, CSV, TSV, TextGrid, EAF, RTTM or JSON of the recording."),
]


EXPORT_HELP = (
    "Further files: srt, vtt, csv, jsonl, textgrid, eaf, rttm, webannotation; separated by "
    "commas, or all."
)


def analyze(
    context: typer.Context,
    recordings: Recordings,
    transcript: Transcript = None,
    model: Annotated[str, typer.Option(help=MODEL_HELP)] = "bundled",
    out: Annotated[Path, typer.Option(help="Folder for report and JSON.")] = Path("emospot-out"),
    export: Annotated[str, typer.Option(help=EXPORT_HELP)] = "",
    detector: Annotated[
        list[str] | None,
        typer.Option(
            help="Detector of hotspots that the model does not read (emospot hotspots list); may "
            "be repeated."
        ),
    ] = None,
    speakers: Speakers = "auto",
    recogniser: RecogniserName = "",
    allow_download: AllowDownload = False,
    stills: Annotated[
        bool,
        typer.Option(help="Put pictures of the face at its strongest moments into the report."),
    ] = True,
    jobs: Annotated[
        int, typer.Option(min=1, help="Recordings at a time; the cores are shared out.")
    ] = 1,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="Leave alone what is there already, of the same files, model and settings.",
        ),
    ] = False,
    json_output: Annotated[
        bool,
        typer.Option("--json", help="Print the analysis as JSON (of several: a list)."),
    ] = False,
) -> None:
    """Say which emotion each utterance shows, with the evidence.

    An analysis that was killed goes on where it stopped when it is called again.

    Example: emospot analyze talk.mp4 --transcript talk.srt --out out/

    Example: emospot analyze talk.mp4 --export eaf,csv

    Example: emospot analyze calls/*.wav --out out/ --jobs 4 --resume

    Example: emospot analyze talk.wav --speakers 2 --recogniser faster-whisper:models/small
    """
    if transcript is not None and len(recordings) > 1:
        raise UsageError("--transcript belongs to one recording: analyse them one by one")
    formats = named_formats(export, "--export")
    make_folder(out)
    here(model, allow_download)
    several = len(recordings) > 1
    asked = [
        Asked(
            recording,
            transcript,
            model,
            out,
            tuple(detector or ()),
            stem,
            stills,
            speakers=speakers,
            recogniser=recogniser,
            # The emotion model is here by now; what is left to fetch is the recogniser's.
            allow_download=allow_download and bool(recogniser),
        )
        for recording, stem in zip(recordings, output_stems(recordings), strict=True)
    ]
    before = [one.done_before() if resume else None for one in asked]
    plain = {one.stem: found for one, found in zip(asked, before, strict=True) if found}
    for one in asked:
        if one.stem in plain:
            note(f"{one.recording.name} was done before")
    failed: list[str] = []
    for one, result in each_analysed([one for one in asked if one.stem not in plain], jobs):
        try:
            analysis = result()
        except Exception as error:
            if not several or _debug(context):
                raise
            # One bad recording must not cost the others.
            failed.append(one.recording.name)
            note(f"emospot: {told(error)[0]}")
            continue
        show_warnings(analysis, one.recording.name if several else "")
        plain[one.stem] = analysis.to_dict()
        if not json_output:
            title = str(one.recording) if several else ""
            show_summary(analysis, out, one.names, title, one.recording)
    if formats:
        _export(asked, plain, formats, failed)
    if json_output and plain:
        in_order = [plain[one.stem] for one in asked if one.stem in plain]
        say_json(in_order if several else in_order[0])
    if failed:
        kept = f"; the others are in {out}" if len(failed) < len(asked) else ""
        raise EmospotError(
            f"{len(failed)} of {len(recordings)} recordings failed: {', '.join(failed)}{kept}"
        )


def named_formats(text: str, option: str) -> tuple[str, ...]:
    """The formats of an option, () where it was not given."""
    if not text:
        return ()
    from emospot.report.analysis_files import formats_named

    return formats_named(text, option)


def _export(
    asked: Sequence[Asked],
    plain: dict[str, Any],
    formats: Sequence[str],
    failed: list[str],
) -> None:
    """Write what was asked for of every analysis, those that were done before included."""
    for one in asked:
        if one.stem not in plain:
            continue
        try:
            analysis = Analysis.from_dict(plain[one.stem])
            export_files(analysis, one.out, one.stem, formats, one.recording)
        except EmospotError as error:
            if len(asked) == 1:
                raise
            failed.append(one.recording.name)
            note(f"emospot: {told(error)[0]}")


def export_files(
    analysis: Analysis, out: Path, stem: str, formats: Sequence[str], media: Path | None
) -> None:
    """Write an analysis in other formats, and say what was written and left out."""
    from emospot.report.analysis_files import FORMATS, untimed, write_exports

    linked = media if analysis.duration is not None else None
    paths = write_exports(analysis, out, stem, formats, media=linked, on_kept=_tell_kept)
    for path in paths:
        note(f"written: {path}")
    without = untimed(analysis)
    if without and any(FORMATS[name].timed for name in formats):
        note(
            f"warning: {without} of {len(analysis.utterances)} utterances have no times and are "
            "not in the formats that are made of times"
        )


def _tell_kept(path: Path, kept: Path) -> None:
    note(f"warning: {path.name} had been changed since it was written; that is now {kept}")


def show_warnings(analysis: Analysis, name: str = "") -> None:
    """Print the warnings of an analysis to stderr, after a name if one is given."""
    for warning in analysis.warnings:
        named = not name or warning.startswith(name)
        note(f"warning: {warning}" if named else f"warning: {name}: {warning}")


def show_summary(
    analysis: Analysis,
    out: Path,
    names: tuple[str, str],
    title: str = "",
    recording: Path | None = None,
) -> None:
    """Print a line an utterance, and where JSON (first name) and report lie.

    Where the report does not find the recording, it is said what to do.
    """
    from emospot.report.player import is_found
    from emospot.report.summary_text import summary_lines

    if title:
        say(f"{title}:")
    for line in summary_lines(analysis.utterances):
        say(line)
    say(f"report:   {out / names[1]}")
    if recording and analysis.duration is not None and not is_found(out / names[1], recording):
        say(
            "          it plays the recording if that lies beside it: copy or link "
            f"{recording} to {out / recording.name}"
        )
    say(f"analysis: {out / names[0]}")


def output_stems(recordings: Sequence[Path]) -> list[str]:
    """The names of the outputs without ending; where two would be one, the whole file name.

    Raises:
        UsageError: if two recordings have the same file name.

    >>> output_stems([Path("a/talk.mp4"), Path("hall.wav"), Path("b/talk.wav")])
    ['talk.mp4', 'hall', 'talk.wav']
    """
    names = Counter(path.name for path in recordings)
    twice = next((name for name, count in names.items() if count > 1), None)
    if twice is not None:
        raise UsageError(
            f"two recordings are called {twice}, so their reports would have one name: "
            "analyse them into different folders"
        )
    stems = Counter(path.stem for path in recordings)
    return [path.stem if stems[path.stem] == 1 else path.name for path in recordings]


def _debug(context: typer.Context) -> bool:
    return isinstance(context.obj, Session) and context.obj.debug
