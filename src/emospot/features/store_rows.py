"""Conversations with their features as rows of a table, and back.

One row an utterance, in turn order; a conversation's rows stand together. The
tokens of modality m lie in four columns: `m:values` (the (T, d) numbers, row
after row in one list), `m:tokens` (T), `m:times` and `m:offsets` (2·T numbers
each). An absent modality is null in all four, never zeros.

Tokens are written as float16 (three significant digits) unless the store asks
for float32, and given back as they are stored. Times keep float64.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from emospot.conversation import Conversation, Hotspot, Tokens, Utterance, Word
from emospot.errors import FeatureError

if TYPE_CHECKING:
    import pyarrow as pa

VALUE_TYPES: dict[str, type[np.floating]] = {"float16": np.float16, "float32": np.float32}


@dataclass(frozen=True, slots=True)
class StoredConversation:
    """A conversation with what was measured in it.

    Args:
        conversation: the utterances in turn order.
        tokens: modality → tokens of each utterance, None where it is absent.
        hotspots: the hotspots of each utterance, of all modalities.
    """

    conversation: Conversation
    tokens: Mapping[str, tuple[Tokens | None, ...]]
    hotspots: tuple[tuple[Hotspot, ...], ...]


def stored_values(tokens: Tokens, value_type: str, where: str) -> NDArray[np.floating]:
    """The token values as they stand on disk, shape (T, d).

    Args:
        tokens: tokens of one utterance.
        value_type: "float16" or "float32".
        where: names the conversation, utterance and modality in errors.

    Raises:
        FeatureError: if a value is NaN or infinite, or too large for the type.
    """
    with np.errstate(over="ignore"):
        values = np.ascontiguousarray(tokens.values, dtype=VALUE_TYPES[value_type])
    wrong = np.argwhere(~np.isfinite(values))
    if len(wrong):
        token, column = (int(index) for index in wrong[0])
        name = f' ("{tokens.columns[column]}")' if tokens.columns else ""
        found = float(tokens.values[token, column])
        advice = "choose float32" if np.isfinite(found) else "repair the source"
        raise FeatureError(
            f"{where}: token {token}, column {column}{name} is {found:g}, which {value_type} "
            f"cannot hold; {advice}"
        )
    return values


def digest(stored: StoredConversation, value_type: str) -> str:
    """SHA-256 over all of a conversation that changes results, hexadecimal.

    The path of the recording is left out: moving a file changes no result.

    Raises:
        FeatureError: as `stored_values`.
    """
    rows = [{**row, "media": None} for row in _rows(stored)]
    total = hashlib.sha256(json.dumps(rows, sort_keys=True).encode())
    for modality in sorted(stored.tokens):
        for utterance, tokens in zip(
            stored.conversation.utterances, stored.tokens[modality], strict=True
        ):
            total.update(f"{modality} {tokens and len(tokens)};".encode())
            if tokens is not None:
                where = place(stored.conversation.id, utterance.id, modality)
                for array in (
                    stored_values(tokens, value_type, where),
                    _as(tokens.times, np.float64),
                    _as(tokens.offsets, np.int32),
                ):
                    total.update(b"-" if array is None else array.tobytes())
    return total.hexdigest()


def place(conversation: str, utterance: str, modality: str) -> str:
    """How errors name the tokens of one utterance."""
    return f'conversation "{conversation}", utterance "{utterance}", {modality}'


def schema(modalities: Sequence[str], value_type: str) -> "pa.Schema":
    """The columns of a shard, with their Arrow types."""
    import pyarrow as pa

    seconds, characters = pa.float64(), pa.int32()
    word = [("start", seconds), ("end", seconds)]
    span = [("char_start", characters), ("char_end", characters)]
    hotspot = [
        ("modality", pa.string()),
        *word,
        ("score", pa.float64()),
        ("fired_by", pa.string()),
        ("apex", seconds),
    ]
    fields = [
        ("conversation", pa.string()),
        ("position", pa.int32()),
        ("utterance", pa.string()),
        ("speaker", pa.string()),
        ("start", seconds),
        ("end", seconds),
        ("text", pa.string()),
        ("words", pa.list_(pa.struct([*word, *span]))),
        ("word_times_estimated", pa.bool_()),
        ("label", pa.string()),
        ("targets", pa.map_(pa.string(), pa.float64())),
        ("split", pa.string()),
        ("media", pa.string()),
        ("hotspots", pa.list_(pa.struct([*hotspot, *span]))),
    ]
    values = pa.float16() if value_type == "float16" else pa.float32()
    for modality in modalities:
        fields += [
            (f"{modality}:values", pa.large_list(values)),
            (f"{modality}:tokens", pa.int32()),
            (f"{modality}:times", pa.large_list(seconds)),
            (f"{modality}:offsets", pa.large_list(characters)),
        ]
    return pa.schema(fields)


def to_table(
    conversations: Sequence[StoredConversation], modalities: Sequence[str], value_type: str
) -> "pa.Table":
    """Conversations as one table, one row an utterance.

    Raises:
        FeatureError: as `stored_values`.
    """
    import pyarrow as pa

    types = schema(modalities, value_type)
    rows = [row for stored in conversations for row in _rows(stored)]
    arrays = {
        name: pa.array([row[name] for row in rows], types.field(name).type)
        for name in types.names
        if ":" not in name
    }
    for modality in modalities:
        tokens: list[Tokens | None] = []
        values: list[NDArray[np.floating] | None] = []
        for stored in conversations:
            for utterance, one in zip(
                stored.conversation.utterances, stored.tokens[modality], strict=True
            ):
                where = place(stored.conversation.id, utterance.id, modality)
                tokens.append(one)
                values.append(None if one is None else stored_values(one, value_type, where))
        flat = {
            "values": values,
            "times": [None if t is None else _as(t.times, np.float64) for t in tokens],
            "offsets": [None if t is None else _as(t.offsets, np.int32) for t in tokens],
        }
        arrays[f"{modality}:tokens"] = pa.array([t and len(t) for t in tokens], pa.int32())
        for part, parts in flat.items():
            name = f"{modality}:{part}"
            arrays[name] = _lists(parts, types.field(name).type)
    return pa.table([arrays[name] for name in types.names], schema=types)


def from_table(
    table: "pa.Table",
    dims: Mapping[str, int],
    columns: Mapping[str, tuple[str, ...]],
    wanted: Callable[[str, str | None], bool] = lambda conversation, split: True,
) -> Iterator[StoredConversation]:
    """The conversations of a shard, in order.

    Args:
        table: what `to_table` made.
        dims: modality → numbers a token.
        columns: modality → names of its columns, where they have names.
        wanted: whether a conversation is, by its id and split.
    """
    table = table.combine_chunks()
    readers = {m: _TokenReader(table, m, dim, columns.get(m)) for m, dim in dims.items()}
    plain = table.select([name for name in table.column_names if ":" not in name])
    ids, splits = (table.column(name).to_pylist() for name in ("conversation", "split"))
    for first, last in conversation_bounds(ids):
        # Passed over here: taking their rows out of the table would copy all of its numbers.
        if not wanted(ids[first], splits[first]):
            continue
        rows = plain.slice(first, last - first).to_pylist()
        tokens = {m: tuple(map(reader, range(first, last))) for m, reader in readers.items()}
        hotspots = tuple(tuple(Hotspot(**h) for h in row["hotspots"]) for row in rows)
        yield StoredConversation(_conversation(rows), tokens, hotspots)


def conversation_bounds(ids: Sequence[str]) -> Iterator[tuple[int, int]]:
    """First row and row after the last of each run of equal ids.

    >>> list(conversation_bounds(["a", "a", "b"]))
    [(0, 2), (2, 3)]
    """
    first = 0
    for row in range(1, len(ids) + 1):
        if row == len(ids) or ids[row] != ids[first]:
            yield first, row
            first = row


def _rows(stored: StoredConversation) -> Iterator[dict[str, Any]]:
    conversation = stored.conversation
    media = None if conversation.media is None else str(conversation.media)
    for position, utterance in enumerate(conversation.utterances):
        plain = _fields(utterance)
        plain["utterance"] = plain.pop("id")
        plain["targets"] = sorted(utterance.targets.items())
        plain["words"] = [_fields(word) for word in utterance.words]
        yield {
            **plain,
            "conversation": conversation.id,
            "position": position,
            "split": conversation.split,
            "media": media,
            "hotspots": [_hotspot(hotspot) for hotspot in stored.hotspots[position]],
        }


def _hotspot(hotspot: Hotspot) -> dict[str, Any]:
    """An apex that is not known is left out: stores from before it keep their hash."""
    fields = _fields(hotspot)
    if hotspot.apex is None:
        del fields["apex"]
    return fields


def _fields(item: Utterance | Word | Hotspot) -> dict[str, Any]:
    """The fields by name; `dataclasses.asdict` copies in depth and takes ten times as long."""
    return {name: getattr(item, name) for name in item.__dataclass_fields__}


def _conversation(rows: Sequence[Mapping[str, Any]]) -> Conversation:
    utterances = tuple(
        Utterance(
            id=row["utterance"],
            speaker=row["speaker"],
            start=row["start"],
            end=row["end"],
            text=row["text"],
            words=tuple(Word(**word) for word in row["words"]),
            word_times_estimated=row["word_times_estimated"],
            label=row["label"],
            targets=dict(row["targets"]),
        )
        for row in rows
    )
    media = rows[0]["media"]
    return Conversation(
        rows[0]["conversation"],
        utterances,
        None if media is None else Path(media),
        rows[0]["split"],
    )


def _as(
    array: NDArray[Any] | None, dtype: type[Any], *, copy: bool = False
) -> NDArray[Any] | None:
    return None if array is None else np.array(array, dtype=dtype, order="C", copy=copy or None)


def _lists(parts: Sequence[NDArray[Any] | None], list_type: "pa.LargeListType") -> "pa.Array":
    """One list an utterance, null where there is none, without Python numbers between."""
    import pyarrow as pa

    sizes = [0 if part is None else part.size for part in parts]
    offsets = pa.array(np.concatenate([[0], np.cumsum(sizes)]), pa.int64())
    given = [part.ravel() for part in parts if part is not None]
    empty = np.empty(0, dtype=list_type.value_type.to_pandas_dtype())
    values = pa.array(np.concatenate(given) if given else empty, list_type.value_type)
    absent = pa.array([part is None for part in parts], pa.bool_())
    return pa.LargeListArray.from_arrays(offsets, values, mask=absent)


class _Ragged:
    """Row number → the numbers of that row, or None where the row is null."""

    def __init__(self, column: "pa.ChunkedArray") -> None:
        array = column.chunk(0)
        self._values = array.values.to_numpy(zero_copy_only=False)
        self._offsets = array.offsets.to_numpy()
        self._valid = array.is_valid().to_numpy(zero_copy_only=False)

    def __call__(self, row: int, width: int) -> NDArray[Any] | None:
        """The numbers as an array of shape (T, width)."""
        if not self._valid[row]:
            return None
        numbers: NDArray[Any] = self._values[self._offsets[row] : self._offsets[row + 1]]
        return numbers.reshape(-1, width)


class _TokenReader:
    """Row number → the tokens of one modality, copied out of the shard."""

    def __init__(
        self, table: "pa.Table", modality: str, dim: int, columns: tuple[str, ...] | None
    ) -> None:
        self._values, self._times, self._offsets = (
            _Ragged(table.column(f"{modality}:{part}")) for part in ("values", "times", "offsets")
        )
        self._dim = dim
        self._columns = columns

    def __call__(self, row: int) -> Tokens | None:
        values = self._values(row, self._dim)
        if values is None:
            return None
        # Copies: a view would keep the whole shard in memory.
        return Tokens(
            values.copy(),
            _as(self._times(row, 2), np.float64, copy=True),
            _as(self._offsets(row, 2), np.int32, copy=True),
            self._columns,
        )
