"""EmoryNLP: scenes of a television series with seven emotions (text, several speakers).

S. Zahiri and J. D. Choi, "Emotion detection on TV show transcripts with
sequence-based convolutional neural networks", AAAI workshops 2018. Published in
two forms:

JSON (the corpus's own release, version 1.0; 12,606 utterances), one file a
split, `emotion-detection-trn.json`, `-dev`, `-tst`:

    {"season_id", "episodes": [{"episode_id", "scenes": [{"scene_id", "utterances": [
        {"utterance_id", "speakers": [..], "transcript", "tokens", "emotion"}]}]}]}

CSV (the multimodal edition of the makers of MELD; 9,489 utterances, those that
were found in the film), one file a split, `emorynlp_train_final.csv`, `_dev_`,
`_test_`, with the columns Utterance, Speaker (a list as text), Emotion,
Scene_ID, Utterance_ID, Season, Episode, Start_Time and End_Time (from the
start of the episode); its clips are named `sea1_ep2_sc6_utt3.mp4`.

A scene is a conversation. What several speak together is said by a speaker of
its own, named after all of them.
"""

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from emospot.conversation import Conversation, Utterance
from emospot.conversation.word_times import spread_words
from emospot.corpora.corpus import Corpus, CorpusConversation
from emospot.corpora.json_file import Node, read_json
from emospot.corpora.table_columns import SourceTable, read_table
from emospot.emotions import EMORYNLP7
from emospot.errors import CorpusError

NAME = "emorynlp"
SPLITS = {"trn": "train", "train": "train", "dev": "dev", "tst": "test", "test": "test"}
"""Names of splits in the file names and ours for them."""

JSON_FILE = re.compile(r"emotion-detection-(trn|dev|tst)\.json")
CSV_FILE = re.compile(r"emorynlp_(train|dev|test)_final\.csv")
CLIP = "sea{}_ep{}_sc{}_utt{}"
TOGETHER = " + "
"""Between the names of those who speak together."""

_CELLS = ("Utterance", "Speaker", "Emotion", "Start_Time", "End_Time")
_TIME = re.compile(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)")


def read_emorynlp(source: Path) -> Corpus:
    """Read EmoryNLP.

    Args:
        source: the folder of the release (its JSON or its CSV files, and with
            the CSV files the clips, also in subfolders), or one of the files.

    Returns:
        Label set `emorynlp7`, the splits of the file names.

    Raises:
        CorpusError: if a file is missing or not as published.
    """
    files = _files(source)
    notes = _Notes()
    forms = {path.suffix.lower().removeprefix(".") for path in files}
    if len(forms) > 1:
        raise CorpusError(
            f"{source} holds both editions of EmoryNLP (.json and .csv), which share utterances; "
            "name the folder or a file of one of them"
        )
    (form,) = forms
    clips = _clips(source) if form == "csv" else {}
    conversations: list[CorpusConversation] = []
    for path, split in files.items():
        if form == "json":
            conversations += _json_scenes(path, split, notes)
        else:
            conversations += _csv_scenes(path, split, notes, clips)
    return Corpus(
        NAME, f"{NAME}-{form}", EMORYNLP7, tuple(conversations), notices=notes.sentences()
    )


@dataclass
class _Notes:
    """What is told once for the whole corpus."""

    together: int = 0
    untimed: list[str] = field(default_factory=list)
    without_clip: int = 0

    def sentences(self) -> tuple[str, ...]:
        found = []
        if self.together:
            found.append(
                f"{self.together} utterances have several speakers; each such group is taken as "
                "one speaker"
            )
        if self.untimed:
            found.append(
                f"{len(self.untimed)} utterances have times that run backwards (first: "
                f"{self.untimed[0]}); they are kept without times"
            )
        if self.without_clip:
            found.append(f"{self.without_clip} utterances have no clip")
        return tuple(found)


def _files(source: Path) -> dict[Path, str]:
    """File → split, in the order train, dev, test."""
    if source.is_file():
        candidates = [source]
    elif source.is_dir():
        candidates = sorted(path for path in source.rglob("*") if path.is_file())
    else:
        raise CorpusError(f"{source}: no such file or folder; name the folder of the release")
    found: dict[str, Path] = {}
    for path in candidates:
        match = JSON_FILE.fullmatch(path.name) or CSV_FILE.fullmatch(path.name)
        if match is None:
            continue
        twice = found.setdefault(path.name, path)
        if twice != path:
            raise CorpusError(f"{path} is there twice, also as {twice}; name the folder of one")
    if not found:
        raise CorpusError(
            f"{source} holds no file of EmoryNLP; expected emotion-detection-trn.json, -dev and "
            "-tst, or emorynlp_train_final.csv, _dev_ and _test_"
        )
    order = list(dict.fromkeys(SPLITS.values()))
    named = {path: _split(path) for path in found.values()}
    return dict(sorted(named.items(), key=lambda pair: order.index(pair[1])))


def _split(path: Path) -> str:
    match = JSON_FILE.fullmatch(path.name) or CSV_FILE.fullmatch(path.name)
    return SPLITS[match.group(1)] if match else "train"


def _label(emotion: str, error: Callable[[str], CorpusError]) -> str:
    label = emotion.strip().lower()
    if label not in EMORYNLP7.labels:
        raise error(f'emotion "{emotion}" is none of {", ".join(EMORYNLP7.labels)}')
    return label


def _speaker(names: object, notes: _Notes, error: Callable[[str], CorpusError]) -> str:
    if not isinstance(names, list) or not names or not all(isinstance(n, str) for n in names):
        raise error(f"speakers must be a list of names, found {names!r}")
    notes.together += len(names) > 1
    return TOGETHER.join(names)


def _json_scenes(path: Path, split: str, notes: _Notes) -> Iterator[CorpusConversation]:
    for episode in read_json(path).get("episodes").items("episode"):
        for scene in episode.get("scenes").items("scene"):
            utterances = tuple(
                _json_utterance(one, notes) for one in scene.get("utterances").items("utterance")
            )
            identity = scene.get("scene_id").as_kind(str)
            if utterances:
                yield CorpusConversation(Conversation(identity, utterances, split=split))


def _json_utterance(node: Node, notes: _Notes) -> Utterance:
    names = node.get("speakers")
    emotion = node.get("emotion")
    return Utterance(
        id=node.get("utterance_id").as_kind(str),
        speaker=_speaker(names.value, notes, names.error),
        text=node.get("transcript").as_kind(str),
        label=_label(emotion.as_kind(str), emotion.error),
    )


def _csv_scenes(
    path: Path, split: str, notes: _Notes, clips: dict[str, Path]
) -> Iterator[CorpusConversation]:
    table = read_table(path, {})
    keys = [_whole(table, name) for name in ("Season", "Episode", "Scene_ID", "Utterance_ID")]
    places = list(zip(*keys, strict=True))
    scenes: dict[str, list[int]] = {}
    for row, (season, episode, scene, _) in enumerate(places):
        scenes.setdefault(f"s{season:02}_e{episode:02}_c{scene:02}", []).append(row)
    cells = {name: table.strings(name) for name in _CELLS}
    for identity, rows in scenes.items():
        rows.sort(key=lambda row: places[row][-1])
        films = tuple(clips.get(CLIP.format(*places[row])) for row in rows)
        notes.without_clip += films.count(None) if clips else 0
        utterances = tuple(
            _csv_utterance(_Row(table, row, cells), f"{identity}_u{places[row][-1]:03}", notes)
            for row in rows
        )
        yield CorpusConversation(
            Conversation(identity, utterances, split=split), clips=films if any(films) else ()
        )


@dataclass(frozen=True, slots=True)
class _Row:
    """One row of the CSV edition."""

    table: SourceTable
    row: int
    cells: dict[str, list[str | None]]

    def __getitem__(self, column: str) -> str:
        return self.cells[column][self.row] or ""

    def error(self, problem: str) -> CorpusError:
        return self.table.error(self.row, problem)


def _csv_utterance(row: _Row, identity: str, notes: _Notes) -> Utterance:
    start, end = (_seconds(row[column], row.error) for column in ("Start_Time", "End_Time"))
    timed = end > start
    if not timed:
        notes.untimed.append(f"{row.table.path.name}, row {row.row + 1}")
    words = spread_words(row["Utterance"], start, end) if timed else ()
    return Utterance(
        id=identity,
        speaker=_speaker(_listed(row["Speaker"]), notes, row.error),
        start=start if timed else None,
        end=end if timed else None,
        text=row["Utterance"] or None,
        words=words,
        word_times_estimated=bool(words),
        label=_label(row["Emotion"], row.error),
    )


def _listed(cell: str) -> object:
    """The cell `['Monica Geller', 'Ross Geller']` as a list."""
    try:
        return ast.literal_eval(cell)
    except (SyntaxError, ValueError):
        return cell


def _seconds(cell: str, error: Callable[[str], CorpusError]) -> float:
    match = _TIME.fullmatch(cell)
    if match is None:
        raise error(f'time "{cell}" is not of the form 00:01:02.345')
    hours, minutes, seconds = match.groups()
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


def _whole(table: SourceTable, name: str) -> list[int]:
    found = []
    for row, number in enumerate(table.numbers(name)):
        if number is None or not number.is_integer():
            raise table.error(row, f'column "{name}" must be a whole number, found {number}')
        found.append(int(number))
    return found


def _clips(folder: Path) -> dict[str, Path]:
    """Name without suffix → clip."""
    if not folder.is_dir():
        return {}
    return {path.stem: path for path in sorted(folder.rglob("sea*_ep*_sc*_utt*.*"))}
