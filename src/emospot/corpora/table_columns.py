"""The columns of a table file (CSV or Parquet), by the names that emospot uses.

A table has one row an utterance. Its columns may have other names than ours:
a mapping from our name to theirs is applied here and nowhere else. Several
columns joined by "+" make one key (`{"dialogue": "split+dialogue"}` for a
corpus that counts its dialogues anew in every split).

Rows are counted from 1, without the header line. Empty cells, nulls and, for
single numbers, NaN all mean "not known".
"""

import csv
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from emospot.errors import CorpusError
from emospot.media.spreadsheet import as_meant

if TYPE_CHECKING:
    import pyarrow as pa

PARQUET = (".parquet", ".pq")
TEXT = (".csv", ".tsv")
COLUMNS = (
    "dialogue", "utterance", "speaker", "start", "end", "text", "emotion", "split", "position",
    "media",
)  # fmt: skip
"""Our names of the columns; only dialogue, utterance, speaker and emotion must be there."""

JOIN = "+"
ABSENT = "absent"
ERROR = "error"
SKIP = "skip"


@dataclass(frozen=True, slots=True)
class Vectors:
    """A feature column.

    Args:
        values: one vector a row, shape (N, d); zeros where not `present`.
        present: whether the row has the feature, shape (N,).
        absent_by_value: rows taken as absent because they are NaN or all zeros.
        zeros: rows that are all zeros and were kept.
    """

    values: NDArray[np.floating]
    present: NDArray[np.bool_]
    absent_by_value: int = 0
    zeros: int = 0

    @property
    def dim(self) -> int:
        """Numbers a row."""
        return int(self.values.shape[1])


@dataclass(frozen=True, slots=True)
class SourceTable:
    """A table file in memory.

    Args:
        path: the file, for errors.
        data: its columns.
        columns: our name → name in the file, where they differ.
    """

    path: Path
    data: "pa.Table"
    columns: Mapping[str, str]

    def __len__(self) -> int:
        return int(self.data.num_rows)

    def error(self, row: int, problem: str) -> CorpusError:
        """An error that names the file and the row (index from 0, told from 1)."""
        return CorpusError(f"{self.path}, row {row + 1}: {problem}")

    def has(self, name: str) -> bool:
        """Whether the file has the column that we call `name`."""
        return all(part in self.data.column_names for part in self._parts(name))

    def strings(self, name: str) -> list[str | None]:
        """A column as text, None where it is empty; 5.0 and 5 are both "5".

        Raises:
            CorpusError: if there is no such column.
        """
        columns = [self._plain(part) for part in self._require(name)]
        joined = []
        for cells in zip(*columns, strict=True):
            texts = [_text(cell) for cell in cells]
            given = [text for text in texts if text is not None]
            joined.append("_".join(given) if len(given) == len(texts) else None)
        return joined

    def numbers(self, name: str) -> list[float | None]:
        """A column as numbers, None where it is empty or NaN.

        Raises:
            CorpusError: if there is no such column, or a cell is no number.
        """
        theirs = self._single(name)
        found: list[float | None] = []
        for row, cell in enumerate(self._plain(theirs)):
            try:
                number = None if _text(cell) is None else float(cell)
            except (TypeError, ValueError):
                raise self.error(
                    row, f'column "{theirs}" must be a number, found "{cell}"'
                ) from None
            if number is not None and math.isinf(number):
                raise self.error(row, f'column "{theirs}" is infinite')
            found.append(number)
        return found

    def vectors(self, name: str, missing: str = ERROR) -> Vectors:
        """A feature column: lists of one length, null or empty where absent.

        Args:
            name: our name, or the file's.
            missing: "error": a NaN is an error, rows of zeros are kept (and
                counted). "absent": a row with a NaN, or of zeros only, has not
                got the feature: published files often mark absence that way.

        Raises:
            CorpusError: if there is no such column, it holds no lists of
                numbers, their lengths differ, or a number is NaN or infinite.
        """
        theirs = self._single(name)
        flat, lengths = self._lists(theirs)
        present = lengths > 0
        if not present.any():
            raise CorpusError(f'{self.path}: column "{theirs}" is empty in every row')
        usual = Counter(lengths[present].tolist()).most_common(1)[0][0]
        odd = np.flatnonzero(present & (lengths != usual))
        if len(odd):
            raise self.error(
                int(odd[0]),
                f'column "{theirs}" has {lengths[odd[0]]} numbers, other rows have {usual}; '
                "a feature column needs lists of one length",
            )
        values = np.zeros((len(self), usual), dtype=flat.dtype)
        values[present] = flat.reshape(-1, usual)
        return self._judged(theirs, values, present, missing)

    def _judged(
        self, theirs: str, values: NDArray[np.floating], present: NDArray[np.bool_], missing: str
    ) -> Vectors:
        """Apply the rule for NaN and zeros."""
        broken = ~np.isfinite(values).all(axis=1)
        zeros = present & ~values.any(axis=1)
        if missing == ABSENT:
            absent = broken | zeros
            values[absent] = 0
            return Vectors(values, present & ~absent, absent_by_value=int(absent.sum()))
        if broken.any():
            row = int(np.flatnonzero(broken)[0])
            number = int(np.flatnonzero(~np.isfinite(values[row]))[0])
            raise self.error(
                row,
                f'column "{theirs}", number {number + 1} of {values.shape[1]} is '
                f"{values[row, number]} (so are {broken.sum()} rows in all); repair the table, "
                "or import with --missing absent to take such rows as without the feature",
            )
        return Vectors(values, present, zeros=int(zeros.sum()))

    def _lists(self, theirs: str) -> tuple[NDArray[np.floating], NDArray[np.int64]]:
        """All numbers of a list column in one array, and each row's count."""
        import pyarrow as pa
        import pyarrow.compute as pc

        column = self.data.column(theirs).combine_chunks()
        kind = column.type
        if pa.types.is_string(kind) or pa.types.is_large_string(kind):
            return self._parsed_lists(theirs)
        listed = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)
        numeric = (pa.types.is_floating, pa.types.is_integer)
        if not any(check(kind) for check in listed) or not any(
            check(kind.value_type) for check in numeric
        ):
            raise CorpusError(
                f'{self.path}: column "{theirs}" must hold lists of numbers, found {kind}'
            )
        flat = column.flatten().to_numpy(zero_copy_only=False)
        lengths = pc.fill_null(pc.list_value_length(column), 0).to_numpy(zero_copy_only=False)
        floating = flat if flat.dtype.kind == "f" else flat.astype(np.float32)
        return floating, lengths.astype(np.int64)

    def _parsed_lists(self, theirs: str) -> tuple[NDArray[np.floating], NDArray[np.int64]]:
        """Lists written as text: "[0.1, 0.2]" or "0.1 0.2"."""
        rows = []
        for row, cell in enumerate(self._plain(theirs)):
            try:
                numbers = [
                    float(part) for part in str(cell or "").strip("[] ").replace(",", " ").split()
                ]
            except ValueError as error:
                raise self.error(
                    row, f'column "{theirs}" must hold lists of numbers: {error}'
                ) from None
            rows.append(np.array(numbers, dtype=np.float32))
        return np.concatenate(rows), np.array([len(row) for row in rows], dtype=np.int64)

    def _plain(self, theirs: str) -> list[Any]:
        cells: list[Any] = self.data.column(theirs).to_pylist()
        return cells

    def _parts(self, name: str) -> list[str]:
        theirs = self.columns.get(name, name)
        return [theirs] if theirs in self.data.column_names else theirs.split(JOIN)

    def _single(self, name: str) -> str:
        parts = self._require(name)
        if len(parts) > 1:
            raise CorpusError(f"{name} must be one column, found {JOIN.join(parts)}")
        return parts[0]

    def _require(self, name: str) -> list[str]:
        parts = self._parts(name)
        for part in parts:
            if part not in self.data.column_names:
                raise CorpusError(
                    f'{self.path} has no column "{part}" for {name}; found: '
                    f"{', '.join(self.data.column_names)}. Map another one, e.g. "
                    f"--columns {name}=COLUMN"
                )
        return parts


def read_table(path: Path, columns: Mapping[str, str]) -> SourceTable:
    """Read a table file.

    Args:
        path: a .parquet or .pq file, or a .csv (comma or semicolon) or .tsv
            file in UTF-8 with a header line.
        columns: our name → name in the file, where they differ.

    Raises:
        CorpusError: if the file is missing, of another kind, empty or damaged.
    """
    if not path.is_file():
        raise CorpusError(f"no table at {path}: no such file")
    suffix = path.suffix.lower()
    if suffix in PARQUET:
        data = _read_parquet(path)
    elif suffix in TEXT:
        data = _read_text(path)
    else:
        raise CorpusError(
            f"{path} is no table that can be read: expected {', '.join((*PARQUET, *TEXT))}"
        )
    if data.num_rows == 0:
        raise CorpusError(f"{path} has no rows")
    return SourceTable(path, data, dict(columns))


def _read_parquet(path: Path) -> "pa.Table":
    import pyarrow.parquet as pq

    try:
        return pq.read_table(path)
    except (OSError, ValueError) as error:
        raise CorpusError(f"{path} cannot be read as Parquet: {_line(error)}") from error


def _read_text(path: Path) -> "pa.Table":
    import pyarrow as pa

    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header = file.readline()
            file.seek(0)
            delimiter = max("\t;,", key=header.count) if header.strip() else ","
            rows = list(csv.reader(file, delimiter=delimiter, strict=True))
    except UnicodeDecodeError as error:
        raise CorpusError(f"{path} is not UTF-8 ({_line(error)}); save it as UTF-8") from error
    except (OSError, csv.Error) as error:
        raise CorpusError(f"{path} cannot be read as CSV: {_line(error)}") from error
    if not rows:
        raise CorpusError(f"{path} has no rows")
    names, *cells = rows
    if len(set(names)) < len(names):
        twice = Counter(names).most_common(1)[0][0]
        raise CorpusError(f'{path} has two columns named "{twice}"; rename one')
    cells = [[as_meant(cell) for cell in row] for row in cells if row]
    for number, row in enumerate(cells, start=1):
        if len(row) != len(names):
            raise CorpusError(
                f"{path}, row {number}: {len(row)} cells, but the header has {len(names)}; "
                "quote cells that contain the delimiter"
            )
    columns = list(zip(*cells, strict=True)) or [()] * len(names)
    return pa.table(
        {name: pa.array(column, pa.string()) for name, column in zip(names, columns, strict=True)}
    )


def _text(cell: Any) -> str | None:
    """A cell as text, None where it is not known."""
    if cell is None:
        return None
    if isinstance(cell, float):
        if math.isnan(cell):
            return None
        return str(int(cell)) if cell.is_integer() else str(cell)
    return str(cell).strip() or None


def _line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
