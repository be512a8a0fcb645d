"""Options that several commands share: who speaks and what is said, without a transcript."""

from typing import Annotated

import typer

Speakers = Annotated[
    str,
    typer.Option(
        help="Who tells speakers apart where the transcript does not: auto (by the voices), "
        "their number, off, or pyannote:PATH of a pipeline (extra [pyannote]; 2,pyannote:PATH "
        "where there are two)."
    ),
]
RecogniserName = Annotated[
    str,
    typer.Option(
        "--recogniser",
        "--recognizer",
        help="Recognises words where there is no transcript: faster-whisper:MODEL, a folder or "
        "the name of a model on this machine (extra [asr]).",
    ),
]
