"""`emospot demo`: the bundled sample through the whole pipeline, offline."""

from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from emospot.cli.analyze import analyze_one
from emospot.cli.console import note, say


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
    analyze_one(
        files.conversation,
        files.transcript,
        "bundled",
        out,
        "auto",
        names=("analysis.json", "report.html"),
    )
    if find_spec("mediapipe") is None:
        note("the face sample is left out: it needs pip install 'emospot[face]'")
        return
    say("\nA face (a still portrait, animated; no sound, no words):")
    analyze_one(
        files.face, None, "bundled", out, "auto", names=("face.analysis.json", "face.html")
    )
