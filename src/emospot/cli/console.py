"""How the command line speaks: progress and errors to stderr, results to stdout."""

import json
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from emospot.errors import EmospotError, UsageError

if TYPE_CHECKING:
    from rich.progress import Progress

_STEERING = ("Cc", "Cf")
"""Unicode's categories of characters that are not seen but do something."""
_KEPT = "\n\t\u200c\u200d"


@dataclass(frozen=True, slots=True)
class Session:
    """What holds for the whole call.

    Args:
        debug: whether an error is shown with its traceback.
    """

    debug: bool = False


def fail(message: str, status: int) -> NoReturn:
    """Print one line to stderr and end with `status`."""
    note(f"emospot: {one_line(message)}")
    raise SystemExit(status)


def told(error: Exception) -> tuple[str, int]:
    """What an error says to a user, in one line, and the exit status.

    >>> from emospot.errors import UsageError
    >>> told(UsageError("two transcripts: give one"))
    ('two transcripts: give one', 2)
    >>> told(FileNotFoundError(2, "No such file or directory", "talk.wav"))
    ('talk.wav: No such file or directory', 1)
    >>> told(KeyError("x"))
    ("unexpected KeyError: 'x' (run again with --debug for the traceback)", 1)
    """
    if isinstance(error, EmospotError):
        return one_line(str(error)), error.exit_status
    if isinstance(error, OSError) and error.strerror:
        if error.filename:
            return one_line(f"{error.filename}: {error.strerror}"), EmospotError.exit_status
        message = f"{one_line(error.strerror)} (run again with --debug to see where)"
        return message, EmospotError.exit_status
    what = one_line(str(error))[:300]
    message = (
        f"unexpected {type(error).__name__}: {what} (run again with --debug for the traceback)"
    )
    return message, EmospotError.exit_status


def pair(text: str, option: str) -> tuple[str, str]:
    """The name and the value of "name=value".

    Args:
        text: as it was typed.
        option: after which, for the message.

    Raises:
        UsageError: if it is no such pair.
    """
    name, equals, value = text.partition("=")
    if not (equals and name and value):
        raise UsageError(f'{option} "{text}": expected name=value')
    return name.strip(), value.strip()


def names(text: str | None) -> tuple[str, ...]:
    """The names of a list as it is typed: separated by commas; none of no text.

    >>> names("calm, glad,"), names(None)
    (('calm', 'glad'), ())
    """
    return tuple(part.strip() for part in text.split(",") if part.strip()) if text else ()


def one_line(text: str) -> str:
    """The text without line breaks."""
    return " ".join(text.split())


def harmless(text: str) -> str:
    r"""The text without characters that steer a terminal or turn its lines around.

    Cards, pages, transcripts and names of files come from others. An escape sequence in
    them could rewrite what stands on the screen or set the title; a mark of direction could
    show a licence backwards. Line breaks and tabs stay, and the two joiners (U+200C,
    U+200D), which words of Persian and Hindi and many emojis are spelled with.

    >>> harmless("licence: \x1b[2Jmit\x07, \u202etim")
    'licence: [2Jmit, tim'
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(c for c in text if c in _KEPT or unicodedata.category(c) not in _STEERING)


def say(text: str = "") -> None:
    """Print a result."""
    print(harmless(text))


def note(text: str) -> None:
    """Print a remark to stderr."""
    print(harmless(text), file=sys.stderr)


def say_json(value: Any, *, indent: int | None = 2) -> None:
    """Print a result for machines, as it is; indent None: in one line."""
    print(json.dumps(value, indent=indent, ensure_ascii=False))


def table(title: str, columns: list[str], rows: list[list[str]]) -> None:
    """Print a table."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    # Not as the table's title, which would be broken at the table's width.
    if title:
        say(title)
    shown = Table()
    for number, column in enumerate(columns):
        shown.add_column(escape(harmless(column)), justify="left" if number == 0 else "right")
    for row in rows:
        shown.add_row(*(escape(harmless(cell)) for cell in row))
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
        # Where lines cannot overwrite each other they would pile up: in a file, and in a
        # notebook, which asks for colours (FORCE_COLOR) and so looks like a terminal to rich.
        disable=quiet or not sys.stderr.isatty(),
        transient=True,
    )
    with bar:
        yield bar
