"""MELD: scenes of the series Friends, with many speakers.

The release (https://github.com/declare-lab/MELD) has one CSV file a split,

    train_sent_emo.csv, dev_sent_emo.csv, test_sent_emo.csv

with the columns Sr No., Utterance, Speaker, Emotion, Sentiment, Dialogue_ID,
Utterance_ID, Season, Episode, StartTime, EndTime, and one clip an utterance,
`diaD_uttU.mp4`, in the folders train_splits, dev_splits_complete and
output_repeated_splits_test (MELD.Raw.tar.gz). Both are looked for in the folder
given and in folders train, dev and test below it.

Dialogues are counted anew in every split, so they are named by split and number,
"train_0". Times count from the start of the episode. Early copies of the CSV
files have characters of Windows-1252 in the wrong place; they are mended.

Known faults of the release: one clip is missing (dev, dialogue 110, utterance
7), one cannot be decoded (train, dialogue 125, utterance 3), two utterances of
the test split last minutes (dialogues 38 and 220), and one has no duration.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from emospot.conversation import Conversation, Utterance
from emospot.conversation.word_times import spread_words
from emospot.corpora.corpus import Corpus, CorpusConversation
from emospot.corpora.mojibake import repaired
from emospot.corpora.published_pickles import LabelOrder, read_published
from emospot.corpora.table_columns import SourceTable, read_table
from emospot.emotions import MELD3, MELD7, LabelSet
from emospot.errors import CorpusError, UsageError

NAME = "meld"
CLIPS = {
    "train": "train_splits",
    "dev": "dev_splits_complete",
    "test": "output_repeated_splits_test",
}
"""Split → folder of its clips."""

COLUMNS = {
    "text": "Utterance", "speaker": "Speaker", "dialogue": "Dialogue_ID",
    "utterance": "Utterance_ID", "start": "StartTime", "end": "EndTime",
}  # fmt: skip
_CLOCK = re.compile(r"(\d+):(\d\d):(\d\d)[,.](\d{1,3})")


@dataclass(frozen=True, slots=True)
class LabelColumn:
    """A column of labels and the set they are from.

    Args:
        column: its name in the CSV files.
        field: its name in the published feature files.
        label_set: the labels and their order.
    """

    column: str
    field: str
    label_set: LabelSet


TASKS = {
    "emotions": LabelColumn("Emotion", "labels", MELD7),
    "sentiment": LabelColumn("Sentiment", "sentiment", MELD3),
}


def meld_task(name: str) -> LabelColumn:
    """The task of that name.

    Raises:
        UsageError: if there is none.
    """
    try:
        return TASKS[name]
    except KeyError:
        raise UsageError(f'there is no task "{name}"; known: {", ".join(TASKS)}') from None


def read_meld(source: Path, task: str = "emotions") -> Corpus:
    """Read the release, or one of the published feature files.

    Args:
        source: the folder with the three CSV files, and the clips if there are
            any, or a pickle (see `published_pickles`).
        task: "emotions" (seven) or "sentiment" (three).

    Returns:
        Of the release 1,432 conversations, each utterance with its clip where there is one.

    Raises:
        UsageError: if there is no such task.
        CorpusError: if a file or column is missing, a label is unknown, or an
            utterance stands twice.
    """
    asked = meld_task(task)
    if source.is_file():
        labels = asked.label_set
        return read_published(source, NAME, LabelOrder(asked.field, labels.labels, labels, {}))
    if not source.is_dir():
        raise CorpusError(f"no folder {source}: name the folder with train_sent_emo.csv")
    notices: list[str] = []
    conversations = tuple(one for split in CLIPS for one in _split(source, split, asked, notices))
    return Corpus(NAME, f"{NAME}-release", asked.label_set, conversations, notices=tuple(notices))


def _split(
    source: Path, split: str, task: LabelColumn, notices: list[str]
) -> list[CorpusConversation]:
    name = f"{split}_sent_emo.csv"
    file = _found(source, split, name)
    if file is None:
        raise CorpusError(
            f"no file {name} in {source} or {source / split}; get it from "
            "https://github.com/declare-lab/MELD (data/MELD)"
        )
    table = read_table(file, {**COLUMNS, "emotion": task.column})
    dialogues: dict[str, dict[str, Utterance]] = {}
    for row, (dialogue, utterance) in enumerate(_utterances(table, task, notices)):
        own = dialogues.setdefault(dialogue, {})
        if utterance.id in own:
            raise table.error(row, f"dialogue {dialogue} has utterance {utterance.id} twice")
        own[utterance.id] = utterance
    clips = _clips(source, split, dialogues, notices)
    return [
        CorpusConversation(
            Conversation(f"{split}_{dialogue}", tuple(own.values()), split=split),
            clips=clips.get(dialogue, ()),
        )
        for dialogue, own in dialogues.items()
    ]


def _utterances(
    table: SourceTable, task: LabelColumn, notices: list[str]
) -> list[tuple[str, Utterance]]:
    """The dialogue and the utterance of each row."""
    columns = {name: table.strings(name) for name in (*COLUMNS, "emotion")}
    found, mended, timeless = [], 0, 0
    for row, cells in enumerate(zip(*columns.values(), strict=True)):
        cell = dict(zip(columns, cells, strict=True))
        text = repaired(cell["text"]) if cell["text"] else None
        start, end = _span(table, row, cell)
        mended += text != cell["text"]
        timeless += start is None
        words = spread_words(text, start, end) if text and start is not None and end else ()
        utterance = Utterance(
            id=_filled(table, row, cell, "utterance"),
            speaker=repaired(_filled(table, row, cell, "speaker")),
            start=start,
            end=end,
            text=text,
            words=words,
            word_times_estimated=bool(words),
            label=_label(table, row, cell["emotion"], task),
        )
        found.append((_filled(table, row, cell, "dialogue"), utterance))
    name = table.path.name
    if mended:
        notices.append(f"{name}: wrongly decoded characters mended in {mended} texts")
    if timeless:
        notices.append(f"{name}: {timeless} utterances have no times, or end before they start")
    return found


def _span(
    table: SourceTable, row: int, cell: Mapping[str, str | None]
) -> tuple[float, float] | tuple[None, None]:
    """Start and end; (None, None) where they are missing or do not ascend."""
    start, end = _seconds(table, row, cell["start"]), _seconds(table, row, cell["end"])
    return (None, None) if start is None or end is None or start >= end else (start, end)


def _filled(table: SourceTable, row: int, cell: Mapping[str, str | None], name: str) -> str:
    found = cell[name]
    if found is None:
        raise table.error(row, f"{COLUMNS[name]} is empty; get the file again")
    return found


def _label(table: SourceTable, row: int, cell: str | None, task: LabelColumn) -> str:
    if cell not in task.label_set.labels:
        raise table.error(
            row,
            f'{task.column} "{cell}" is unknown; expected {", ".join(task.label_set.labels)}',
        )
    return cell


def _seconds(table: SourceTable, row: int, cell: str | None) -> float | None:
    """A clock time (00:14:38,127) in seconds."""
    if cell is None:
        return None
    match = _CLOCK.fullmatch(cell)
    if match is None:
        raise table.error(row, f'"{cell}" is no time like 00:14:38,127')
    hours, minutes, seconds = (int(part) for part in match.group(1, 2, 3))
    return hours * 3600 + minutes * 60 + seconds + int(match[4].ljust(3, "0")) / 1000


def _found(source: Path, split: str, name: str) -> Path | None:
    """A file or folder as the release has it, or as its archive unpacks."""
    places = (source / name, source / split / name)
    return next((place for place in places if place.exists()), None)


def _clips(
    source: Path,
    split: str,
    dialogues: Mapping[str, Mapping[str, Utterance]],
    notices: list[str],
) -> dict[str, tuple[Path | None, ...]]:
    """Dialogue → clip of each utterance; empty where the split's folder is not there."""
    folder = _found(source, split, CLIPS[split])
    if folder is None:
        notices.append(f"{split} has no clips: no folder {CLIPS[split]}")
        return {}
    missing = []
    found: dict[str, tuple[Path | None, ...]] = {}
    for dialogue, own in dialogues.items():
        clips = [folder / f"dia{dialogue}_utt{utterance}.mp4" for utterance in own]
        there = [clip.is_file() for clip in clips]
        missing += [clip.name for clip, exists in zip(clips, there, strict=True) if not exists]
        found[dialogue] = tuple(
            clip if exists else None for clip, exists in zip(clips, there, strict=True)
        )
    if missing:
        notices.append(f"{split}: {len(missing)} clips are missing (first: {missing[0]})")
    return found
