"""`emospot`: parse, call, print. One line for an error; a traceback with --debug."""

import sys
from io import TextIOWrapper
from typing import Annotated

import typer

import emospot
from emospot.cli import (
    analyze,
    bench,
    convert,
    corpus,
    demo,
    diagnose,
    experiment,
    export,
    hotspots,
    models,
    serve,
    speakers,
    stream,
    train,
)
from emospot.cli.console import Session, fail, note, told

STOPPED = 130
"""Exit status after Ctrl-C."""

app = typer.Typer(
    name="emospot",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("demo")(demo.demo)
app.command("analyze")(analyze.analyze)
app.command("convert")(convert.convert)
app.command("stream")(stream.stream)
app.command("serve")(serve.serve)
app.add_typer(hotspots.app, name="hotspots")
app.add_typer(speakers.app, name="speakers")
app.add_typer(corpus.app, name="corpus")
app.command("train")(train.train)
app.command("evaluate")(train.evaluate)
app.command("diagnose")(diagnose.diagnose)
app.command("experiment")(experiment.experiment)
app.add_typer(models.app, name="models")
app.command("export")(export.export)
app.add_typer(bench.app, name="bench")


def _show_version(value: bool) -> None:
    if value:
        typer.echo(f"emospot {emospot.__version__}")
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
) -> None:
    """Emotion recognition in conversations that shows its evidence.

    Example: emospot analyze talk.mp4 --transcript talk.srt --out out/
    """


def run() -> None:
    """The console script: exit status 0, 1 (failed), 2 (wrong use) or 130 (stopped)."""
    arguments = sys.argv[1:]
    debug = "--debug" in arguments
    # --debug is understood in any place, as everybody types it last.
    arguments = [a for a in arguments if a != "--debug"]
    for output in (sys.stdout, sys.stderr):
        if isinstance(output, TextIOWrapper):
            # A terminal that lacks a character must not cost the result.
            output.reconfigure(errors="backslashreplace")
    try:
        app(args=arguments, prog_name="emospot", obj=Session(debug))
    except SystemExit as end:
        if end.code == STOPPED:
            note("emospot: stopped; what was finished is kept")
        raise
    except Exception as error:
        if debug:
            raise
        fail(*told(error))


if __name__ == "__main__":
    run()
