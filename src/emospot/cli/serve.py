"""`emospot serve`: the web page and the HTTP API."""

import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from emospot.cli.console import note
from emospot.errors import UsageError
from emospot.serve.settings import (
    LOOPBACK,
    MEGABYTE,
    PORT,
    Settings,
    bundled_models,
    installed_models,
    usual_data_folder,
)

VARIABLE = "EMOSPOT_TOKEN"


def serve(
    host: Annotated[
        str, typer.Option(help="Address; any but the loopback address needs a token.")
    ] = LOOPBACK[0],
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any that is free.")] = PORT,
    token: Annotated[
        str | None,
        typer.Option(
            help=f"That every request must bring (better in {VARIABLE}); where one is "
            "needed and none is given, one is made up and shown."
        ),
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="Folder of jobs and media; else among the user's data.")
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(help="Folder of a model or run to offer besides; may be repeated."),
    ] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Analyses at a time.")] = 1,
    queue: Annotated[int, typer.Option(min=1, help="Jobs that may wait.")] = 100,
    max_upload_mb: Annotated[float, typer.Option(min=0.001, help="Of a recording.")] = 2000,
    max_hours: Annotated[float, typer.Option(min=0.001, help="Length of a recording.")] = 4,
    max_job_hours: Annotated[float, typer.Option(min=0.001, help="Of an analysis.")] = 6,
    max_memory_gb: Annotated[
        float, typer.Option(min=1, help="Of addresses that an analysis may use.")
    ] = 8,
    keep_hours: Annotated[
        float, typer.Option(min=0, help="After which media and results are deleted.")
    ] = 24,
    live: Annotated[int, typer.Option(min=0, help="Live sessions at a time.")] = 2,
    live_minutes: Annotated[float, typer.Option(min=0.1, help="Of a live session.")] = 60,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(help="Name of this server, e.g. behind a proxy; may be repeated."),
    ] = None,
) -> None:
    """Show the web page and answer the HTTP API, until Ctrl-C.

    Example: emospot serve

    Example: EMOSPOT_TOKEN=… emospot serve --host 0.0.0.0 --keep-hours 2
    """
    from emospot.serve.run import serve as run

    names = tuple(name.lower() for name in allow_host or ())
    chosen = token if token is not None else os.environ.get(VARIABLE, "")
    if not chosen and (host not in LOOPBACK or names):
        chosen = secrets.token_urlsafe(24)
        note(f"token: {chosen}")
    settings = Settings(
        data=data or usual_data_folder(),
        host=host,
        port=port,
        token=chosen,
        names=names,
        models=offered_models(model or []),
        upload_bytes=round(max_upload_mb * MEGABYTE),
        media_hours=max_hours,
        queue=queue,
        jobs=jobs,
        keep_hours=keep_hours,
        job_hours=max_job_hours,
        memory_bytes=round(max_memory_gb * 1000 * MEGABYTE),
        live=live,
        live_minutes=live_minutes,
    )
    # Ctrl-C ends the server, and only mostly comes through it as an exception.
    with suppress(KeyboardInterrupt):
        run(settings, lambda at: _begun(at, settings))
    note("stopped; what waits is taken up at the next start")


def _begun(address: str, settings: Settings) -> None:
    note(f"open {address} · Ctrl-C ends · data in {settings.data}")
    if not settings.token:
        note(f"no token: every user of this machine can read what is analysed ({VARIABLE})")


def offered_models(folders: list[str]) -> dict[str, str]:
    """Name → folder of the models that may be asked for: bundled, installed, and these.

    Raises:
        UsageError: if two models have one name.
        ModelError: if a folder holds no model.
    """
    offered = {**installed_models(), **bundled_models()}
    given: dict[str, str] = {}
    for folder in folders:
        from emospot.analysis.models import model_folder

        name, found = Path(folder).resolve().name, str(model_folder(folder).resolve())
        if given.get(name, offered.get(name, found)) != found:
            other = {**offered, **given}[name]
            raise UsageError(
                f'--model {folder}: the model in {other} is offered as "{name}" already; '
                "give the folder another name"
            )
        given[name] = found
    return {**offered, **given}
