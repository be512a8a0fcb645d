"""`emospot demo`: the bundled sample through the whole pipeline, offline."""

from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from emospot.cli.analyze import show_summary, show_warnings
from emospot.cli.analyze_one import analyze_one
from emospot.cli.console import note, say
from emospot.files import write_file


def demo(
    out: Annotated[Path, typer.Option(help="Folder for report and JSON.")] = Path("emospot-demo"),
) -> None:
    """Analyse the bundled sample recording with the bundled model, offline.

    Example: emospot demo --out emospot-demo
    """
    from emospot.sample import sample_files

    files = sample_files()
    say("A conversation of two speakers, with transcript. The voices are synthetic: they show")
    say("what a result looks like, not how well emotions are recognised.\n")
    _show(files.conversation, files.transcript, out, ("analysis.json", "report.html"))
    if find_spec("mediapipe") is None:
        note("the face sample is left out: it needs pip install 'emospot[face]'")
        return
    say("\nA face (a still portrait, animated; no sound, no words):")
    _show(files.face, None, out, ("face.analysis.json", "face.html"))


def _show(recording: Path, transcript: Path | None, out: Path, names: tuple[str, str]) -> None:
    # A report plays a recording that lies beside it.
    copy = out / recording.name
    write_file(copy, recording.read_bytes(), "the sample")
    analysis = analyze_one(copy, transcript, "bundled", out, (), names=names)
    show_warnings(analysis)
    show_summary(analysis, out, names)
