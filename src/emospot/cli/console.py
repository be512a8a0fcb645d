"""How the command line speaks: progress and errors to stderr, results to stdout."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from rich.progress import Progress


def fail(message: str, status: int) -> NoReturn:
    """Print one line to stderr and end with `status`."""
    line = " ".join(message.split())
    print(f"emospot: {line}", file=sys.stderr)
    raise SystemExit(status)


def say(text: str = "") -> None:
    """Print a result."""
    print(text)


def note(text: str) -> None:
    """Print a remark to stderr."""
    print(text, file=sys.stderr)


def say_json(value: Any) -> None:
    """Print a result for machines."""
    print(json.dumps(value, indent=2, ensure_ascii=False))


def table(title: str, columns: list[str], rows: list[list[str]]) -> None:
    """Print a table."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    shown = Table(title=title, title_justify="left")
    for number, column in enumerate(columns):
        shown.add_column(column, justify="left" if number == 0 else "right")
    for row in rows:
        shown.add_row(*(escape(cell) for cell in row))
    Console().print(shown)


@contextmanager
def progress(*, quiet: bool = False) -> Iterator["Progress"]:
    """A progress display on stderr."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:.0f}/{task.total:.0f}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=quiet,
        transient=True,
    )
    with bar:
        yield bar
