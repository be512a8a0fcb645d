"""Options of all imports: where a corpus is measured, and what of it may be missing."""

from typing import Annotated

import typer

EngineName = Annotated[
    str | None,
    typer.Option(
        "--engine",
        help="Where recordings are measured: local (over the cores) or ray (over a cluster, "
        "extra [ray]). Without it, one after another.",
    ),
]
Workers = Annotated[
    int | None, typer.Option(help="Processes at a time; without it, one a core.", min=1)
]
Address = Annotated[
    str | None,
    typer.Option(
        help="Ray cluster, e.g. auto or ray://HOST:10001; without it, one is begun here."
    ),
]
Missing = Annotated[
    str,
    typer.Option(
        help="A recording that cannot be read: error (told at the end), absent (without "
        "voice and face) or skip (without the conversation)."
    ),
]
