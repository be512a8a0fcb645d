"""JSON files of published corpora, read with errors that name file and place."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from emospot.errors import CorpusError

T = TypeVar("T")

_KINDS = {dict: "an object", list: "a list", str: "a text", int: "a number"}


@dataclass(frozen=True, slots=True)
class Node:
    """A value in a JSON file and where it stands.

    Args:
        path: the file.
        place: where in the file, e.g. `"tr_4466", turn 2`; "" at its root.
        value: what stands there.
    """

    path: Path
    place: str
    value: Any

    def error(self, problem: str) -> CorpusError:
        """An error that names the file and the place."""
        return CorpusError(f"{self.path}{', ' if self.place else ''}{self.place}: {problem}")

    def as_kind(self, kind: type[T]) -> T:
        """The value, which must be of this kind.

        Raises:
            CorpusError: if it is of another one.
        """
        if not isinstance(self.value, kind):
            raise self.error(f"expected {_KINDS[kind]}, found {_shown(self.value)}")
        return self.value

    def get(self, key: str) -> "Node":
        """What stands under a key.

        Args:
            key: of an object.

        Raises:
            CorpusError: if there is no object, or it has no such key.
        """
        content = self.as_kind(dict)
        if key not in content:
            found = ", ".join(map(str, content)) or "nothing"
            raise self.error(f'"{key}" is missing (found: {found}); get the file again')
        return Node(self.path, self._joined(f'"{key}"'), content[key])

    def items(self, name: str) -> "list[Node]":
        """The elements of a list, each named by `name` and its number from 1.

        Raises:
            CorpusError: if there is no list.
        """
        return [
            Node(self.path, self._joined(f"{name} {number}"), value)
            for number, value in enumerate(self.as_kind(list), start=1)
        ]

    def _joined(self, place: str) -> str:
        return f"{self.place}, {place}" if self.place else place


def read_json(path: Path) -> Node:
    """Read a JSON file.

    Args:
        path: the file, in UTF-8.

    Returns:
        Its root.

    Raises:
        CorpusError: if the file is missing, or is no JSON.
    """
    try:
        return Node(path, "", json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise CorpusError(
            f"{path}: no such file; name the file or folder of the release"
        ) from None
    except OSError as error:
        raise CorpusError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise CorpusError(
            f"{path}, byte {error.start}: is not UTF-8; get the file again"
        ) from error
    except json.JSONDecodeError as error:
        raise CorpusError(
            f"{path}, line {error.lineno}: is not JSON ({error.msg}); get the file again"
        ) from error
    except RecursionError as error:
        raise CorpusError(
            f"{path} is nested too deeply for a corpus; get the file again"
        ) from error


def _shown(value: object) -> str:
    if isinstance(value, Mapping):
        return "an object"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 40 else f"{text[:37]}..."
