"""RAVDESS: 24 actors speak two sentences with eight emotions (voice, face; no dialogue).

S. R. Livingstone and F. A. Russo, "The Ryerson audio-visual database of
emotional speech and song", PLoS ONE 2018; Zenodo record 1188976. A clip is
named by seven numbers, e.g. `03-01-06-01-02-01-12.wav`:

    modality     01 sound and picture, 02 picture, 03 sound
    channel      01 speech, 02 song
    emotion      01 neutral, 02 calm, 03 happy, 04 sad, 05 angry, 06 fearful,
                 07 disgust, 08 surprised
    intensity    01 normal, 02 strong (not with neutral)
    statement    01 "Kids are talking by the door", 02 "Dogs are sitting by the door"
    repetition   01, 02
    actor        01 to 24; odd numbers are men, even ones women

Songs are left out. Every clip is a conversation of one utterance, with the
target "intensity" (1 or 2): clips of one actor do not answer each other. Words
say nothing of the emotion here, as both sentences are spoken with all of them.

The release has no splits. Actors 1 to 18 train, 19 to 21 are for choosing and
22 to 24 for testing, so that every split has men and women and no actor is in
two. It is a convention of this project, not a published one.

Beside the clips, a file `au35.parquet` (columns clip and au35) may give the
face: OpenFace's 17 action unit intensities (0 to 5) and 18 presences (0 to 1),
averaged over the clip.
"""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emospot.conversation import FACE, Conversation, Tokens, Utterance
from emospot.corpora.corpus import Corpus, CorpusConversation
from emospot.corpora.ready_made import ReadyMade, file_version
from emospot.corpora.table_columns import SourceTable, Vectors, read_table
from emospot.emotions import RAVDESS8
from emospot.errors import CorpusError

NAME = "ravdess"
STATEMENTS = {1: "Kids are talking by the door", 2: "Dogs are sitting by the door"}
TRAIN_ACTORS = range(1, 19)
DEV_ACTORS = range(19, 22)
TEST_ACTORS = range(22, 25)

LICENCE = "RAVDESS: CC BY-NC-SA 4.0"
FACE_FILE = "au35.parquet"
_INTENSITIES = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 20, 23, 25, 26, 45)
_PRESENCES = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 20, 23, 25, 26, 28, 45)
ACTION_UNITS = (
    *(f"AU{unit:02}_r" for unit in _INTENSITIES),
    *(f"AU{unit:02}_c" for unit in _PRESENCES),
)
"""Names of the 35 numbers, in OpenFace's order."""

SUFFIXES = (".wav", ".flac", ".mp4")
_CODE = re.compile(r"(\d\d)-(\d\d)-(\d\d)-(\d\d)-(\d\d)-(\d\d)-(\d\d)")
_SONG = 2
_SOUND_AND_PICTURE, _PICTURE, _SOUND = 1, 2, 3
_LIMITS = {
    "modality": 3, "channel": 2, "emotion": 8, "intensity": 2, "statement": 2, "repetition": 2,
    "actor": 24,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ClipCode:
    """What the name of a clip says; numbers as published."""

    modality: int
    channel: int
    emotion: int
    intensity: int
    statement: int
    repetition: int
    actor: int

    @property
    def take(self) -> str:
        """The name without the modality: the same in sound, picture and both."""
        return "-".join(
            f"{number:02}"
            for number in (
                self.channel, self.emotion, self.intensity, self.statement, self.repetition,
                self.actor,
            )
        )  # fmt: skip

    @property
    def split(self) -> str:
        """The split of the actor."""
        if self.actor in TRAIN_ACTORS:
            return "train"
        return "dev" if self.actor in DEV_ACTORS else "test"


def read_ravdess(source: Path) -> Corpus:
    """Read RAVDESS.

    Args:
        source: folder with the clips (.wav, .flac or .mp4) and, if wanted,
            `au35.parquet`, also in subfolders.

    Returns:
        Label set `ravdess8`; where a take is there as sound and as film, the
        film is read, which has both.

    Raises:
        CorpusError: if there is no clip, a name is no code, or the face
            features do not fit.
    """
    notices: list[str] = []
    clips = speech_clips(source, notices)
    face = _read_face(source, notices)
    conversations = tuple(
        _conversation(path, code, face.tokens if face else None) for path, code in clips.items()
    )
    if face is not None and all(one.tokens[FACE][0] is None for one in conversations):
        raise CorpusError(
            f"{source}: {FACE_FILE} has none of the clips; its column clip holds names"
        )
    features = {FACE: face.made.description()} if face else {}
    return Corpus(NAME, f"{NAME}-clips", RAVDESS8, conversations, features, tuple(notices))


def clip_code(path: Path) -> ClipCode:
    """Read the name of a clip.

    Raises:
        CorpusError: if it is no code, or a number is outside the published range.

    >>> clip_code(Path("03-01-06-01-02-01-12.wav")).take
    '01-06-01-02-01-12'
    """
    match = _CODE.fullmatch(path.stem)
    if match is None:
        raise CorpusError(
            f"{path}: the name of a clip has seven numbers, e.g. 03-01-06-01-02-01-12"
        )
    numbers = dict(zip(_LIMITS, map(int, match.groups()), strict=True))
    for name, number in numbers.items():
        if not 1 <= number <= _LIMITS[name]:
            raise CorpusError(f"{path}: {name} {number:02} is not in 01 to {_LIMITS[name]:02}")
    return ClipCode(**numbers)


def speech_clips(source: Path, notices: list[str]) -> dict[Path, ClipCode]:
    """The clips of speech with sound, one a take, one after another by actor.

    Args:
        source: folder of the clips, also in subfolders.
        notices: sentences about what is left out are added to it.

    Raises:
        CorpusError: if there is none, or a name is no code.
    """
    if not source.is_dir():
        raise CorpusError(f"{source}: no such folder; name the folder of the RAVDESS clips")
    songs = silent = doubled = 0
    takes: dict[str, tuple[ClipCode, Path]] = {}
    for path in sorted(source.rglob("*")):
        if path.suffix.lower() not in SUFFIXES or not path.is_file():
            continue
        code = clip_code(path)
        if code.channel == _SONG:
            songs += 1
        elif code.modality == _PICTURE:
            silent += 1
        else:
            before = takes.setdefault(code.take, (code, path))
            doubled += before[1] != path
            if code.modality == _SOUND_AND_PICTURE and before[0].modality == _SOUND:
                takes[code.take] = (code, path)
    for count, what in (
        (songs, "songs are left out"),
        (silent, "clips without sound are left out"),
        (doubled, "clips are left out because their take is there twice"),
    ):
        if count:
            notices.append(f"{count} {what}")
    if not takes:
        raise CorpusError(
            f"{source} holds no speech clip of RAVDESS ({', '.join(SUFFIXES)}), e.g. "
            "03-01-06-01-02-01-12.wav"
        )
    ordered = sorted(takes.values(), key=lambda pair: (pair[0].actor, pair[0].take))
    return {path: code for code, path in ordered}


def _conversation(
    path: Path, code: ClipCode, face: Mapping[str, Tokens | None] | None
) -> CorpusConversation:
    utterance = Utterance(
        id="1",
        speaker=f"actor {code.actor:02}",
        text=STATEMENTS[code.statement],
        label=RAVDESS8.labels[code.emotion - 1],
        targets={"intensity": float(code.intensity)},
    )
    conversation = Conversation(code.take, (utterance,), media=path, split=code.split)
    tokens = {} if face is None else {FACE: (face.get(code.take),)}
    return CorpusConversation(conversation, tokens)


def action_units(source: Path) -> dict[ClipCode, NDArray[np.float32]]:
    """Clip → its action units, shape (35,), of the clips that have some.

    Args:
        source: folder that holds the table, also in subfolders.

    Raises:
        CorpusError: if there is no table, or it has other columns.
    """
    table, values = _unit_table(action_units_file(source))
    return {
        clip_code(Path(name or "")): values.values[row]
        for row, name in enumerate(table.strings("clip"))
        if values.present[row]
    }


def action_units_file(source: Path) -> Path:
    """The table of action units in a folder, also in subfolders.

    Raises:
        CorpusError: if there is none.
    """
    path = _face_file(source)
    if path is None:
        raise CorpusError(f"{source} holds no {FACE_FILE}: see docs/corpora.md")
    return path


def _face_file(source: Path) -> Path | None:
    return next(iter(sorted(source.rglob(FACE_FILE))), None)


def _unit_table(path: Path) -> tuple[SourceTable, Vectors]:
    table = read_table(path, {})
    values = table.vectors("au35")
    if values.dim != len(ACTION_UNITS):
        raise CorpusError(f"{path}: au35 has {values.dim} numbers a clip, expected 35")
    return table, values


@dataclass(frozen=True, slots=True)
class _Face:
    """The face features of a folder."""

    made: ReadyMade
    tokens: Mapping[str, Tokens | None]


def _read_face(source: Path, notices: list[str]) -> _Face | None:
    path = _face_file(source)
    if path is None:
        return None
    table, values = _unit_table(path)
    made = ReadyMade(FACE, "openface-au35-mean", file_version(path), ACTION_UNITS, LICENCE)
    tokens: dict[str, Tokens | None] = {}
    for row, name in enumerate(table.strings("clip")):
        take = clip_code(Path(name or "")).take
        if take in tokens:
            raise table.error(row, f'clip "{name}" stands twice')
        tokens[take] = (
            made.tokens(values.values[row], f"{path}, row {row + 1}")
            if values.present[row]
            else None
        )
    shared = Counter(one.values.tobytes() for one in tokens.values() if one is not None)
    twins = sum(count for count in shared.values() if count > 1)
    if twins:
        notices.append(f"{path.name}: {twins} clips do not have face features of their own")
    notices += made.notices()
    return _Face(made, tokens)
