"""Reading the pickles of others without running them.

A pickle is a program: it names classes and functions and calls them, so that
opening one from a stranger can do anything. Here nothing is called but what a
data file needs: built-in containers, and numpy arrays, numbers and types. All
other names are refused, with the name in the error.

Not even numpy's own unpickling sees the content unchecked: an array is built
from a shape, a plain number type and bytes whose count fits both. Arrays of
objects are read as well; the objects in them come from the same pickle and obey
the same list. Tensors are refused.

Pickles of Python 2 are read with their byte strings as Latin-1.
"""

import pickle
import re
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emospot.errors import CorpusError

Name = tuple[str, str]
"""Module and name of a class or function in a pickle."""

_CONTAINERS: dict[str, Any] = {
    **{kind.__name__: kind for kind in (dict, list, tuple, set, frozenset, bytearray, complex)},
    **{kind.__name__: kind for kind in (int, float, bool, str, bytes)},
    "long": int,
    "unicode": str,
}
_COLLECTIONS: dict[str, Any] = {"OrderedDict": OrderedDict, "defaultdict": defaultdict}
_NUMPY_CORE = ("numpy.core", "numpy._core")
"""The home of numpy's functions before and since version 2."""

_TYPE = re.compile(r"[<>|=]?([biufcSUO]\d*|\?)")
_ENCODINGS = ("latin1", "latin-1", "iso-8859-1", "utf-8", "ascii")
_DAMAGE = (
    pickle.UnpicklingError, EOFError, ValueError, TypeError, KeyError, IndexError, AttributeError,
    OverflowError, RecursionError, MemoryError,
)  # fmt: skip
"""What a damaged pickle makes the reader raise."""


@dataclass(slots=True)
class Record:
    """An object of a foreign class, as its attributes; none of its code is there.

    Args:
        values: attribute → value.
    """

    values: dict[str, Any] = field(default_factory=dict)

    def __setstate__(self, state: object) -> None:
        if not isinstance(state, dict):
            raise ValueError("an object without named attributes")
        self.values = state


def read_pickle(path: Path, records: Collection[Name] = ()) -> Any:
    """Read a pickle that holds nothing but data.

    Args:
        path: the file.
        records: module and name of classes whose objects are read as `Record`.

    Returns:
        Containers, strings, numbers and numpy arrays.

    Raises:
        CorpusError: if the file is missing or damaged, or names anything that
            is not on the list; it says what.
    """
    if not path.is_file():
        raise CorpusError(f"no pickle at {path}: no such file")
    try:
        with path.open("rb") as file:
            return _Reader(file, path, records).load()
    except OSError as error:
        raise CorpusError(f"{path} cannot be read: {error.strerror}") from error
    except _DAMAGE as error:
        raise CorpusError(
            f"{path} is not a whole pickle ({type(error).__name__}: {error}); get the file again"
        ) from error


class _Reader(pickle.Unpickler):
    """Looks up every name in a list that is made anew for each file.

    A pickle can set attributes of what it names. Classes of our own are
    therefore derived for each file: what it spoils, it spoils for itself.
    """

    def __init__(self, file: Any, path: Path, records: Collection[Name]) -> None:
        super().__init__(file, encoding="latin1")
        self._path = path
        self._known = _allowed()
        for name in records:
            self._known[name] = type("Record", (Record,), {"__slots__": ()})

    def find_class(self, module: str, name: str) -> Any:
        try:
            return self._known[module, name]
        except KeyError:
            raise CorpusError(
                f"{self._path} is refused: it wants to load {module}.{name}, and a data file "
                "needs only containers, numbers and numpy arrays. Do not open it by other means "
                "unless you trust where it comes from"
            ) from None


def _allowed() -> dict[Name, Any]:
    array = type("_Array", (_Array,), {})
    calls: dict[Name, Callable[..., Any]] = {("_codecs", "encode"): _encoded}
    for core in _NUMPY_CORE:
        calls[f"{core}.multiarray", "_reconstruct"] = lambda *_: array.__new__(array, (0,))
        calls[f"{core}.multiarray", "scalar"] = _scalar
        calls[f"{core}.numeric", "_frombuffer"] = lambda *parts: _from_buffer(*parts).view(array)
    calls["numpy", "dtype"] = _Type
    return {
        **{("builtins", name): kind for name, kind in _CONTAINERS.items()},
        **{("__builtin__", name): kind for name, kind in _CONTAINERS.items()},
        **{("collections", name): kind for name, kind in _COLLECTIONS.items()},
        **{name: _Call(call) for name, call in calls.items()},
        ("numpy", "ndarray"): _Call(_nothing),
    }


class _Call:
    """A function that a pickle may call, and do nothing else with."""

    __slots__ = ("_call",)

    def __init__(self, call: Callable[..., Any]) -> None:
        self._call = call

    def __call__(self, *arguments: Any) -> Any:
        return self._call(*arguments)

    def __setstate__(self, state: object) -> None:
        raise ValueError("a function whose attributes are set")


def _nothing(*_: object) -> None:
    raise ValueError("an array without _reconstruct")


def _encoded(text: object, encoding: object = "latin1") -> bytes:
    """How bytes are written where a pickle has none (protocol 2 of Python 3)."""
    if not isinstance(text, str) or encoding not in _ENCODINGS:
        raise ValueError(f"bytes in the encoding {encoding!r}")
    return text.encode(str(encoding))


class _Type:
    """A number type: its letter and its byte order, nothing nested."""

    __slots__ = ("_code", "_order")

    def __init__(self, code: object, *_: object) -> None:
        if not isinstance(code, str) or not _TYPE.fullmatch(code):
            raise ValueError(f"number type {code!r}")
        self._code = code
        self._order = "="

    def __setstate__(self, state: object) -> None:
        # version, byte order, sub-array, names, fields, size, alignment, flags, …
        if not isinstance(state, tuple) or len(state) < 5 or any(state[2:5]):
            raise ValueError(f"number type with the state {state!r}")
        if state[1] not in ("<", ">", "|", "="):
            raise ValueError(f"byte order {state[1]!r}")
        self._order = state[1]

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type for numpy."""
        return np.dtype(self._code).newbyteorder(self._order)  # type: ignore[arg-type]


def _checked_type(kind: object) -> np.dtype[Any]:
    if not isinstance(kind, _Type):
        raise ValueError(f"array of the type {kind!r}")
    return kind.dtype


def _bytes(raw: object) -> bytes:
    """Python 2 writes bytes as a string, which Latin-1 gives back unchanged."""
    if isinstance(raw, str):
        return raw.encode("latin1")
    if isinstance(raw, bytes | bytearray | pickle.PickleBuffer | memoryview):
        return bytes(raw)
    raise ValueError(f"array content of the type {type(raw).__name__}")


class _Array(np.ndarray[Any, Any]):
    """An array that checks its content before numpy takes it."""

    def __setstate__(self, state: object) -> None:
        if not isinstance(state, tuple) or len(state) != 5:
            raise ValueError("array with a state of another length than 5")
        _, shape, kind, by_column, content = state
        dtype = _checked_type(kind)
        count = prod(_shape(shape))
        if dtype.hasobject:
            if not isinstance(content, list) or len(content) != count:
                raise ValueError(f"array of objects, shape {shape}, without as many objects")
        else:
            content = _bytes(content)
            if len(content) != count * dtype.itemsize:
                raise ValueError(f"{len(content)} bytes for shape {shape} of {dtype}")
        checked: Any = (1, shape, dtype, bool(by_column), content)
        super().__setstate__(checked)


def _shape(shape: object) -> tuple[int, ...]:
    if not isinstance(shape, tuple) or not all(
        isinstance(size, int) and size >= 0 for size in shape
    ):
        raise ValueError(f"shape {shape!r}")
    return shape


def _scalar(kind: object, content: object) -> Any:
    """A single number of numpy, as a plain one."""
    return np.frombuffer(_bytes(content), _checked_type(kind), count=1)[0].item()


def _from_buffer(content: object, kind: object, shape: object, order: object) -> NDArray[Any]:
    """An array in protocol 5."""
    flat: NDArray[Any] = np.frombuffer(_bytes(content), _checked_type(kind)).copy()
    return flat.reshape(_shape(shape), order="F" if order == "F" else "C")
