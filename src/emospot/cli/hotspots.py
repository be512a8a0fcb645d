"""`emospot hotspots`: the emotional moments of recordings, and how well they are found."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from emospot.cli.analyze import Recordings, Transcript, output_stems
from emospot.cli.analyze_one import STAGES, stage_progress
from emospot.cli.console import note, say, say_json, table, told
from emospot.cli.hotspot_options import DetectorChoices, LlmBaseUrl, LlmModel, endpoint
from emospot.cli.hotspot_scores import add_scores
from emospot.cli.listening_options import RecogniserName, Speakers
from emospot.cli.model_options import AllowDownload
from emospot.errors import EmospotError, UsageError
from emospot.files import write_file

if TYPE_CHECKING:
    from emospot.analysis.spot import RecordingHotspots
    from emospot.hotspots.panel import Panel

FIND = "find"


class _FindByDefault(TyperGroup):
    """`emospot hotspots talk.wav` is `emospot hotspots find talk.wav`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] != "--help":
            args = [FIND, *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    help="Find the emotional moments of recordings.\n\n"
    "Example: emospot hotspots talk.mp4 --transcript talk.srt",
    cls=_FindByDefault,
    no_args_is_help=True,
)


@app.command(FIND)
def find(
    recordings: Recordings,
    transcript: Transcript = None,
    detector: DetectorChoices = None,
    llm_base_url: LlmBaseUrl = "",
    llm_model: LlmModel = "",
    speakers: Speakers = "auto",
    recogniser: RecogniserName = "",
    allow_download: AllowDownload = False,
    out: Annotated[Path | None, typer.Option(help="Folder for the files of --export.")] = None,
    export: Annotated[
        str,
        typer.Option(
            help="json, csv, textgrid, eaf, srt, vtt; separated by commas, or all. Without it, "
            "--out gets JSON."
        ),
    ] = "",
    json_output: Annotated[
        bool, typer.Option("--json", help="Print as JSON (of several: a list).")
    ] = False,
) -> None:
    """Print and export the emotional moments of recordings.

    Example: emospot hotspots talk.mp4 --transcript talk.srt --out OUT --export textgrid,csv
    """
    if transcript is not None and len(recordings) > 1:
        raise UsageError("--transcript belongs to one recording: ask for them one by one")
    from emospot.hotspots.registry import panels

    formats = _formats(export) if export else ()
    if formats and out is None:
        raise UsageError("--export needs --out, the folder for its files")
    stems = output_stems(recordings)
    detectors = panels(detector, endpoint(llm_base_url, llm_model)) if detector else None
    done, failed = [], []
    for recording, stem in zip(recordings, stems, strict=True):
        try:
            found = _find(recording, transcript, detectors, speakers, recogniser, allow_download)
        except EmospotError as error:
            if len(recordings) == 1:
                raise
            failed.append(recording.name)
            note(f"emospot: {told(error)[0]}")
            continue
        done.append(found)
        if not json_output:
            _show(found, str(recording) if len(recordings) > 1 else "")
        if out is not None:
            _export(found, out, stem, formats or ("json",))
    if json_output and done:
        plain = [found.to_dict() for found in done]
        say_json(plain if len(recordings) > 1 else plain[0])
    if failed:
        raise EmospotError(
            f"{len(failed)} of {len(recordings)} recordings failed: {', '.join(failed)}"
        )


@app.command("list")
def list_detectors(
    json_output: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """List the detectors, those of other packages included.

    Example: emospot hotspots list
    """
    from emospot.hotspots.registry import DEFAULTS, known_detectors

    known = list(known_detectors().values())
    if json_output:
        say_json({one.name: {"modality": one.modality, "about": one.about} for one in known})
        return
    usual = set(DEFAULTS.values())
    rows = [
        [one.name, one.modality, "usual" if one.name in usual else "", one.about] for one in known
    ]
    table("", ["detector", "looks at", "", "finds"], rows)


add_scores(app)


def _formats(text: str) -> tuple[str, ...]:
    from emospot.report.analysis_files import formats_named
    from emospot.report.hotspot_files import FORMATS

    return formats_named(text, "--export", FORMATS)


def _find(
    recording: Path,
    transcript: Path | None,
    detectors: "dict[str, Panel] | None",
    speakers: str,
    recogniser: str,
    allow_download: bool,
) -> "RecordingHotspots":
    from emospot.analysis.spot import find_hotspots

    with stage_progress(recording.name, len(STAGES) - 1) as shown:
        found = find_hotspots(
            recording,
            transcript,
            detectors=detectors,
            speakers=speakers,
            recogniser=recogniser,
            allow_download=allow_download,
            on_stage=shown.stage,
            on_share=shown.share,
        )
    for notice in found.notices:
        note(f"warning: {notice}")
    return found


def _show(found: "RecordingHotspots", title: str) -> None:
    from emospot.report.summary_text import hotspot_lines

    if title:
        say(f"{title}:")
    for line in hotspot_lines(found):
        say(line)
    for modality, reason in found.absent.items():
        note(f"{modality}: {reason}")


def _export(found: "RecordingHotspots", out: Path, stem: str, formats: Sequence[str]) -> None:
    from emospot.report.hotspot_files import FORMATS

    for name in formats:
        ending, write = FORMATS[name]
        path = out / f"{stem}{ending}"
        write_file(path, write(found).encode("utf-8", "replace"), "the hotspots")
        note(f"written: {path}")
