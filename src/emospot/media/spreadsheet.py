"""Cells of a table that spreadsheet programs take as text, not as a formula.

A cell that begins with =, +, -, @, a tab or a carriage return is run as a formula by Excel
and others, and what somebody says or is called can begin like that. An apostrophe before
it makes it a text. It is taken away again where a table is read; a text that itself begins
with an apostrophe before such a sign gets another one, so that nothing is lost.
"""

import re
from typing import TypeVar

T = TypeVar("T")

_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_DEFUSED = re.compile(r"'+[=+\-@\t\r]")


def defused(cell: T) -> T | str:
    """The cell; a text that would be run has an apostrophe before it.

    Args:
        cell: a text, or a number, which is what it is.

    >>> defused("=1+1"), defused("Hi"), defused(-0.5)
    ("'=1+1", 'Hi', -0.5)
    """
    if isinstance(cell, str) and _FORMULA.match(cell):
        return f"'{cell}"
    return cell


def as_meant(cell: str) -> str:
    """The cell without the apostrophe that `defused` has put before it.

    >>> as_meant("'=1+1"), as_meant("'tis")
    ('=1+1', "'tis")
    """
    return cell[1:] if _DEFUSED.match(cell) else cell
