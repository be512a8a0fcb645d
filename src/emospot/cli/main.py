"""`emospot`: parse, call, print. One line for an error; a traceback with --debug."""

import sys
from typing import Annotated

import typer

import emospot
from emospot.cli import analyze, bench, corpus, demo, models, train
from emospot.cli.console import fail
from emospot.errors import EmospotError

app = typer.Typer(
    name="emospot",
    help="Emotion recognition in conversations that shows its evidence.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("demo")(demo.demo)
app.command("analyze")(analyze.analyze)
app.add_typer(corpus.app, name="corpus")
app.command("train")(train.train)
app.command("evaluate")(train.evaluate)
app.command("models")(models.models)
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
    """The console script: exit status 0, 1 (failed) or 2 (wrong use)."""
    arguments = sys.argv[1:]
    debug = "--debug" in arguments
    # --debug is understood in any place, as everybody types it last.
    arguments = [a for a in arguments if a != "--debug"]
    try:
        app(args=arguments)
    except EmospotError as error:
        if debug:
            raise
        fail(str(error), error.exit_status)
    except KeyboardInterrupt:
        fail("stopped; what was finished is kept", 130)
    except OSError as error:
        if debug:
            raise
        fail(f"{error.strerror or error}: {error.filename or ''}".rstrip(": "), 1)
    except Exception as error:
        if debug:
            raise
        fail(
            f"unexpected {type(error).__name__}: {' '.join(str(error).split())[:300]} "
            "(run again with --debug for the traceback)",
            1,
        )


if __name__ == "__main__":
    run()
