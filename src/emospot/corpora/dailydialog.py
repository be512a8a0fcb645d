"""DailyDialog: written small talk of two people, seven emotions (text only).

Y. Li et al., "DailyDialog: a manually labelled multi-turn dialogue dataset",
IJCNLP 2017. The release (`ijcnlp_dailydialog.zip`, in it `train.zip`,
`validation.zip` and `test.zip`, to be unpacked) has a folder for each split:

    train/dialogues_train.txt            a dialogue a line; each turn ends in __eou__
    train/dialogues_emotion_train.txt    one number a turn, with blanks between
    train/dialogues_act_train.txt        dialogue acts, not read

Emotions count 0 no emotion, 1 anger, 2 disgust, 3 fear, 4 happiness, 5 sadness,
6 surprise; 11,118 / 1,000 / 1,000 dialogues. More than four turns of five are
"no emotion", so figures on this corpus conventionally leave it out: micro-F1
over the six emotions. The two speakers take turns and have no names: the one
who begins is A.
"""

from collections.abc import Iterator
from pathlib import Path

from emospot.conversation import Conversation, Utterance
from emospot.corpora.corpus import Corpus, CorpusConversation
from emospot.emotions import DAILYDIALOG7
from emospot.errors import CorpusError

NAME = "dailydialog"
SPLITS = {"train": "train", "validation": "dev", "test": "test"}
"""Folder of the release → our name of the split."""

END_OF_TURN = "__eou__"
SPEAKERS = ("A", "B")


def read_dailydialog(source: Path) -> Corpus:
    """Read DailyDialog.

    Args:
        source: the unpacked release; each split's files are looked for in its
            folder and in the folders within.

    Returns:
        Label set `dailydialog7`. A dialogue is named after its split and line
        ("train_17"), and its speakers after it, because A of one dialogue is
        not A of another.

    Raises:
        CorpusError: if files are missing, have unequal numbers of lines, or a
            line is not as published.
    """
    if not source.is_dir():
        raise CorpusError(f"{source}: no such folder; name the unpacked release of DailyDialog")
    conversations: list[CorpusConversation] = []
    missing = []
    for folder, split in SPLITS.items():
        texts = _find(source, f"dialogues_{folder}.txt")
        emotions = _find(source, f"dialogues_emotion_{folder}.txt")
        if texts is None or emotions is None:
            missing.append(folder)
            continue
        conversations += _dialogues(texts, emotions, folder, split)
    if missing:
        raise CorpusError(_how_to_get(source, missing))
    return Corpus(NAME, f"{NAME}-release", DAILYDIALOG7, tuple(conversations))


def _find(source: Path, name: str) -> Path | None:
    return min(source.rglob(name), default=None, key=lambda path: len(path.parts))


def _how_to_get(source: Path, missing: list[str]) -> str:
    packed = [name for name in missing if _find(source, f"{name}.zip")]
    advice = (
        f"unpack {', '.join(f'{name}.zip' for name in packed)} there"
        if packed
        else "name the folder that holds train, validation and test"
    )
    one = missing[0]
    return (
        f"{source} has no dialogues_{one}.txt with dialogues_emotion_{one}.txt "
        f"(missing: {', '.join(missing)}); {advice}"
    )


def _dialogues(
    texts: Path, emotions: Path, folder: str, split: str
) -> Iterator[CorpusConversation]:
    dialogues, labels = _lines(texts), _lines(emotions)
    if len(dialogues) != len(labels):
        raise CorpusError(
            f"{texts} has {len(dialogues)} lines, {emotions.name} has {len(labels)}; one of them "
            "is cut off, unpack the release again"
        )
    for number, (dialogue, numbers) in enumerate(zip(dialogues, labels, strict=True), start=1):
        turns = _turns(dialogue)
        names = [_label(cell, f"{emotions}, line {number}") for cell in numbers.split()]
        if len(turns) != len(names) or not turns:
            raise CorpusError(
                f"{texts}, line {number}: {len(turns)} turns, but {len(names)} emotions in "
                f"{emotions.name}; repair the line, or unpack the release again"
            )
        identity = f"{folder}_{number}"
        yield CorpusConversation(
            Conversation(
                identity,
                tuple(
                    Utterance(
                        id=str(turn),
                        speaker=f"{identity} {SPEAKERS[(turn - 1) % 2]}",
                        text=text or None,
                        label=label,
                    )
                    for turn, (text, label) in enumerate(zip(turns, names, strict=True), start=1)
                ),
                split=split,
            )
        )


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise CorpusError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise CorpusError(
            f"{path}, byte {error.start}: is not UTF-8; unpack the release again"
        ) from error


def _turns(line: str) -> list[str]:
    """The turns of a dialogue; the last one ends in the separator as well."""
    *turns, rest = (turn.strip() for turn in line.split(END_OF_TURN))
    return [*turns, rest] if rest else turns


def _label(cell: str, where: str) -> str:
    if not cell.isdecimal() or int(cell) >= len(DAILYDIALOG7):
        raise CorpusError(
            f'{where}: emotion "{cell}" is none of 0 to {len(DAILYDIALOG7) - 1} '
            f"({', '.join(DAILYDIALOG7.labels)})"
        )
    return DAILYDIALOG7.labels[int(cell)]
