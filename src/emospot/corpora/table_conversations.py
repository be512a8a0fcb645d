"""Rows of a table as conversations.

Rows with the same dialogue belong together, in the order of the column
`position` where the table has one, else in the order of the file. They are
never sorted by start time: in a conversation that overlaps, the order of the
starts is not the order of the turns.

A table does not time its words. Where an utterance has a text and times, they
are spread over it by their characters and marked as estimated, as for a
transcript without word times: a model then sees the same kind of token times
in training and in an analysis.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from emospot.conversation import Conversation, Utterance, Word
from emospot.conversation.word_times import spread_words
from emospot.corpora.table_columns import SourceTable

SPLITS = {"train": "train", "dev": "dev", "test": "test"} | dict.fromkeys(
    ("val", "valid", "validation", "development"), "dev"
)
"""Names of splits in the wild and ours for them."""


@dataclass(frozen=True, slots=True)
class TableConversation:
    """A conversation and where it stands in the table.

    Args:
        conversation: the utterances in turn order.
        rows: their rows (index from 0), in turn order.
    """

    conversation: Conversation
    rows: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TableContent:
    """All conversations of a table.

    Args:
        conversations: in the order of their first rows.
        notices: what was odd but is no error, one sentence each.
    """

    conversations: tuple[TableConversation, ...]
    notices: tuple[str, ...]


def read_conversations(
    table: SourceTable, labels: Sequence[str | None], targets: Sequence[str] = ()
) -> TableContent:
    """The conversations of a table.

    Args:
        table: columns dialogue, utterance and speaker; where there are such
            columns also start, end (seconds), text, split, position and media
            (a path relative to the table's folder).
        labels: the label of each row.
        targets: names of numeric columns to keep as targets.

    Raises:
        CorpusError: if a column or cell is missing, an utterance stands twice
            in a dialogue, a dialogue is in two splits or on two recordings, a
            split is unknown, or a recording is not there.
    """
    notices: list[str] = []
    dialogues = _filled(table, "dialogue")
    utterances = _utterances(table, labels, targets, notices)
    splits = _optional(table, "split", notices)
    media = table.strings("media") if table.has("media") else [None] * len(table)
    rows_of: dict[str, list[int]] = {}
    for row, dialogue in enumerate(dialogues):
        rows_of.setdefault(dialogue, []).append(row)
    positions = _positions(table)
    conversations = []
    for dialogue, rows in rows_of.items():
        rows = sorted(rows, key=lambda row: positions[row])  # stable: equal keys keep file order
        _check_unique(table, dialogue, rows, utterances, positions)
        split = _one(table, dialogue, rows, splits, "split")
        recording = _one(table, dialogue, rows, media, "media")
        conversation = Conversation(
            dialogue,
            tuple(utterances[row] for row in rows),
            listed_recording(table, rows[0], recording),
            listed_split(table, rows[0], split),
        )
        conversations.append(TableConversation(conversation, tuple(rows)))
    return TableContent(tuple(conversations), tuple(notices))


def _utterances(
    table: SourceTable, labels: Sequence[str | None], targets: Sequence[str], notices: list[str]
) -> list[Utterance]:
    ids, speakers = _filled(table, "utterance"), _filled(table, "speaker")
    texts = _optional(table, "text", notices)
    silent = texts.count(None)
    if 0 < silent < len(table):
        notices.append(f"{silent} of {len(table)} utterances have no text")
    spans = _spans(table, notices)
    numbers = {name: table.numbers(name) for name in targets}
    utterances = []
    for row, (start, end) in enumerate(spans):
        known = {name: column[row] for name, column in numbers.items()}
        words = _words(texts[row], start, end)
        utterances.append(
            Utterance(
                id=ids[row],
                speaker=speakers[row],
                start=start,
                end=end,
                text=texts[row],
                words=words,
                word_times_estimated=bool(words),
                label=labels[row],
                targets={name: number for name, number in known.items() if number is not None},
            )
        )
    return utterances


def _spans(
    table: SourceTable, notices: list[str]
) -> list[tuple[float, float] | tuple[None, None]]:
    """Start and end of each row; (None, None) where they are missing or impossible."""
    if not (table.has("start") and table.has("end")):
        # Asked for by name but not there: an error; not mentioned: no times.
        for name in ("start", "end"):
            if name in table.columns:
                table.numbers(name)
        notices.append("no times: the table has no columns start and end")
        return [(None, None)] * len(table)
    spans: list[tuple[float, float] | tuple[None, None]] = []
    wrong = []
    for row, (start, end) in enumerate(
        zip(table.numbers("start"), table.numbers("end"), strict=True)
    ):
        if start is not None and end is not None and 0 <= start < end:
            spans.append((start, end))
            continue
        spans.append((None, None))
        if (start, end) != (None, None):
            wrong.append(f"row {row + 1}: {start} to {end}")
    if wrong:
        notices.append(
            f"{len(wrong)} rows have times that are negative, incomplete or run backwards "
            f"(first: {wrong[0]}); they are kept without times"
        )
    return spans


def _words(text: str | None, start: float | None, end: float | None) -> tuple[Word, ...]:
    if text is None or start is None or end is None:
        return ()
    return spread_words(text, start, end)


def _filled(table: SourceTable, name: str) -> list[str]:
    cells = []
    for row, cell in enumerate(table.strings(name)):
        if cell is None:
            raise table.error(row, f"{name} is empty; fill it in or delete the row")
        cells.append(cell)
    return cells


def _optional(table: SourceTable, name: str, notices: list[str]) -> list[str | None]:
    if table.has(name) or name in table.columns:
        return table.strings(name)
    notices.append(f"no {name}: the table has no such column")
    return [None] * len(table)


def _positions(table: SourceTable) -> list[float]:
    if not table.has("position"):
        return [0.0] * len(table)
    cells = []
    for row, cell in enumerate(table.numbers("position")):
        if cell is None:
            raise table.error(row, "position is empty; fill it in, or drop the column")
        cells.append(cell)
    return cells


def _check_unique(
    table: SourceTable,
    dialogue: str,
    rows: Sequence[int],
    utterances: Sequence[Utterance],
    positions: Sequence[float],
) -> None:
    seen: dict[str, int] = {}
    for row in rows:
        first = seen.setdefault(utterances[row].id, row)
        if first != row:
            raise table.error(
                row,
                f'utterance "{utterances[row].id}" stands twice in dialogue "{dialogue}" (also '
                f"in row {first + 1}); make ids unique, or join columns into the dialogue, "
                "e.g. --columns dialogue=split+dialogue",
            )
    if not table.has("position"):
        return
    for before, row in itertools.pairwise(rows):
        if positions[before] == positions[row]:
            raise table.error(
                row, f'position {positions[row]:g} stands twice in dialogue "{dialogue}"'
            )


def _one(
    table: SourceTable,
    dialogue: str,
    rows: Sequence[int],
    column: Sequence[str | None],
    name: str,
) -> str | None:
    """The one value that all rows of a dialogue must share."""
    first = column[rows[0]]
    for row in rows:
        if column[row] != first:
            raise table.error(
                row,
                f'dialogue "{dialogue}" has {name} "{column[row]}" here and "{first}" in row '
                f"{rows[0] + 1}; a dialogue needs one {name} (if its id is used twice, join "
                f"columns, e.g. --columns dialogue={name}+dialogue)",
            )
    return first


def listed_split(table: SourceTable, row: int, split: str | None) -> str | None:
    """The split that a table names, by our name of it.

    Raises:
        CorpusError: if it is none.
    """
    if split is None:
        return None
    try:
        return SPLITS[split.lower()]
    except KeyError:
        raise table.error(
            row, f'split "{split}" is unknown; expected train, dev or test'
        ) from None


def listed_recording(table: SourceTable, row: int, name: str | None) -> Path | None:
    """The recording that a table names, from its own folder.

    Raises:
        CorpusError: if it is not there.
    """
    if name is None:
        return None
    recording = (table.path.parent / name).resolve()
    if not recording.is_file():
        raise table.error(row, f"no recording at {recording}")
    return recording
