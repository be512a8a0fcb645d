"""Options of all imports: where a corpus is measured."""

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
