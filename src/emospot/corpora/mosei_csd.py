"""CMU-MOSEI and CMU-MOSI from computational sequences: the release itself.

A folder with `.csd` files (see `csd`), told apart by their root names:

| root name                                | holds                                   |
|------------------------------------------|-----------------------------------------|
| All Labels, Opinion Segment Labels       | the utterances and what they say        |
| words                                    | words as byte strings, "sp" for silence |
| glove_vectors                            | word vectors (300)                      |
| COVAREP, OpenSMILE                       | voice, about 100 frames a second        |
| FACET 4.2, OpenFace_2                    | face, 30 frames a second                |
| phones                                   | not read                                |

Labels must be there; the other files as wanted, one for each modality. An
interval of the labels is an utterance: "All Labels" (MOSEI) has seven columns,
sentiment, happy, sad, anger, surprise, disgust, fear; "Opinion Segment Labels"
(MOSI) has the sentiment alone. Whatever overlaps the interval by time belongs to
the utterance. Voice and face are averaged over each word, as most work on these
corpora has it; without word times, or if asked for, their frames are kept.

Utterances stand in the order of their times, named after their place in the
label file, as in the SDK (VIDEO[3]). Each video is a monologue by one person,
who is named after it. The splits come from a file beside the sequences; see
`mosei_splits`.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emospot.conversation import FACE, VOICE, WORDS, Conversation, Tokens, Utterance, Word
from emospot.corpora.corpus import Corpus, CorpusConversation
from emospot.corpora.csd import OVERLAP, SUFFIX, ComputationalSequence, Segments, open_sequence
from emospot.corpora.mosei_splits import FOLDS, JSON, read_splits, splits_beside
from emospot.corpora.mosei_targets import COLUMNS, PUBLISHED, SENTIMENT, named_targets
from emospot.corpora.ready_made import ReadyMade, file_version
from emospot.emotions import NO_LABELS
from emospot.errors import CorpusError, UsageError

LABELS = "labels"
TEXTS = "texts"
SILENCE = ("sp", "")
"""Words that are none."""

WORD, FRAME = "word", "frame"
"""What a token of voice and face is: the mean over a word, or a frame of the file."""

_ROLES = {
    "label": LABELS, "glove": WORDS, "wordvector": WORDS, "covarep": VOICE, "opensmile": VOICE,
    "facet": FACE, "openface": FACE, "phone": "", "phoneme": "", "words": TEXTS,
}  # fmt: skip
"""What a root name contains → what the sequence is for; the first that fits."""


def csd_corpus(folder: Path, name: str, splits: Path | None = None, tokens: str = WORD) -> Corpus:
    """Read a folder of computational sequences.

    Args:
        folder: with the .csd files, also in subfolders.
        name: of the corpus, "mosei" or "mosi".
        splits: file of the splits; None looks for one in the folder.
        tokens: "word" averages voice and face over words, "frame" keeps frames.

    Returns:
        No single labels; the targets "sentiment" and, for MOSEI, six emotions.

    Raises:
        UsageError: if `tokens` is neither.
        MissingExtraError: if h5py is not installed.
        CorpusError: if there are no labels, two files are for one modality, or
            a file is damaged.
    """
    if tokens not in (WORD, FRAME):
        raise UsageError(f'tokens must be "{WORD}" or "{FRAME}", found "{tokens}"')
    notices: list[str] = []
    home = _splits(folder, splits, notices)
    with ExitStack() as stack:
        paths = sorted(folder.rglob(f"*{SUFFIX}"))
        opened = [stack.enter_context(open_sequence(path)) for path in paths]
        reader = _Reader(_by_role(folder, opened), home, tokens)
        conversations = tuple(reader.conversations())
    used = {m: one for m, one in reader.made.items() if one.present}
    notices += reader.notices()
    return Corpus(
        name,
        f"{name}-csd",
        NO_LABELS,
        tuple(
            CorpusConversation(one.conversation, {m: one.tokens[m] for m in used})
            for one in conversations
        ),
        {m: one.description() for m, one in used.items()},
        tuple(notices),
    )


def _splits(folder: Path, given: Path | None, notices: list[str]) -> Mapping[str, str]:
    path = given or splits_beside(folder)
    if path is None:
        notices.append(
            f"no splits: put the SDK's {FOLDS} or a {JSON} beside the .csd files to have the "
            "official ones"
        )
        return {}
    return read_splits(path)


def _by_role(
    folder: Path, opened: Sequence[ComputationalSequence]
) -> dict[str, ComputationalSequence]:
    """What each sequence is for, by its root name."""
    found: dict[str, ComputationalSequence] = {}
    for one in opened:
        plain = "".join(letter for letter in one.name.lower() if letter.isalnum())
        role = next((role for part, role in _ROLES.items() if part in plain), None)
        if role is None:
            raise CorpusError(
                f'{one.path}: nothing is known of a sequence named "{one.name}"; move the file '
                "out of the folder"
            )
        if role and found.setdefault(role, one) is not one:
            raise CorpusError(
                f"{folder}: {found[role].path.name} and {one.path.name} are both for {role}; move "
                "one of them out of the folder"
            )
    if LABELS not in found:
        names = ", ".join(one.path.name for one in opened) or f"no {SUFFIX} file"
        raise CorpusError(
            f"{folder} has no labels (found: {names}); download CMU_MOSEI_Labels.csd or "
            "CMU_MOSI_Opinion_Labels.csd"
        )
    return found


@dataclass(slots=True)
class _Video:
    """What the files have of one video: role → segments."""

    name: str
    labels: Segments
    parts: Mapping[str, Segments]


class _Reader:
    """Reads video after video; remembers what is told at the end."""

    def __init__(
        self, roles: Mapping[str, ComputationalSequence], home: Mapping[str, str], tokens: str
    ) -> None:
        self._labels = roles[LABELS]
        self._parts = {role: one for role, one in roles.items() if role != LABELS}
        self._home = home
        timed = TEXTS in roles or WORDS in roles
        self._by_word = tokens == WORD and timed
        unit = WORD if self._by_word else FRAME
        self.made = {
            role: ReadyMade(
                role,
                f"{one.name}:{unit}" if role != WORDS else one.name,
                file_version(one.path),
            )
            for role, one in self._parts.items()
            if role != TEXTS
        }
        self._untimed = not timed and tokens == WORD and {VOICE, FACE} & set(roles)
        self._homeless = 0
        self._empty = 0

    def conversations(self) -> Iterator[CorpusConversation]:
        for name in self._labels.groups:
            labels = self._labels.read(name)
            if labels is None or not len(labels.features):
                continue
            read = {role: one.read(name) for role, one in self._parts.items()}
            parts = {role: one for role, one in read.items() if one is not None}
            video = _Video(name, labels, parts)
            split = self._home.get(name)
            self._homeless += bool(self._home) and split is None
            order = np.argsort(labels.intervals[:, 0], kind="stable")
            own = [int(place) for place in order if self._spoken(labels, int(place))]
            if not own:
                continue
            utterances = tuple(self._utterance(video, place) for place in own)
            tokens = {m: tuple(self._tokens(video, m, place) for place in own) for m in self.made}
            yield CorpusConversation(Conversation(name, utterances, split=split), tokens)

    def notices(self) -> Iterator[str]:
        if self._untimed:
            yield "voice and face keep their frames: there is no file of words to average over"
        if self._empty:
            yield f"{self._empty} intervals of the labels have no length; they are left out"
        if self._homeless:
            yield f"{self._homeless} videos are in no split"
        for one in self.made.values():
            yield from one.notices()

    def _spoken(self, labels: Segments, place: int) -> bool:
        start, end = labels.intervals[place]
        long_enough = bool(end - start > OVERLAP)
        self._empty += not long_enough
        return long_enough

    def _utterance(self, video: _Video, place: int) -> Utterance:
        start, end = (float(second) for second in video.labels.intervals[place])
        where = f"{self._labels.path}, {video.name}[{place}]"
        names = _columns(self._labels, video.labels.features.shape[1])
        try:
            values = [float(value) for value in video.labels.features[place]]
        except (TypeError, ValueError) as error:
            raise CorpusError(f"{where}: labels must be numbers ({error})") from error
        targets = named_targets(names, values, where)
        texts = video.parts.get(TEXTS)
        text, words = _spelled(texts.within(start, end)) if texts else ("", ())
        return Utterance(
            id=str(place),
            speaker=video.name,
            start=start,
            end=end,
            text=text or None,
            words=words,
            targets=targets,
        )

    def _tokens(self, video: _Video, modality: str, place: int) -> Tokens | None:
        part = video.parts.get(modality)
        if part is None:
            return None
        start, end = (float(second) for second in video.labels.intervals[place])
        where = f"{self._parts[modality].path}, {video.name}[{place}]"
        own = part.within(start, end)
        if self._by_word and modality != WORDS:
            pivot = video.parts.get(TEXTS) or video.parts.get(WORDS)
            if pivot is None:
                return None
            rows = self.made[modality].repaired(_floats(own.features, where))
            own = mean_over(Segments(own.intervals, rows), pivot.within(start, end).intervals)
        if not len(own.features):
            return None
        return self.made[modality].tokens(own.features, where, own.intervals)


def mean_over(frames: Segments, spans: NDArray[np.float64]) -> Segments:
    """The mean of the frames that overlap each span.

    Args:
        frames: T frames with d numbers.
        spans: start and end in seconds, shape (W, 2).

    Returns:
        One row a span, in order; a span without frames has none.

    >>> frames = Segments(np.array([[0.0, 1.0], [1.0, 2.0]]), np.array([[1.0], [3.0]]))
    >>> mean_over(frames, np.array([[0.0, 2.0], [5.0, 6.0]])).features.tolist()
    [[2.0]]
    """
    found = [(span, frames.within(*span).features) for span in spans]
    full = [(span, rows.mean(axis=0)) for span, rows in found if len(rows)]
    if not full:
        return Segments(np.zeros((0, 2)), frames.features[:0])
    return Segments(np.array([span for span, _ in full]), np.array([mean for _, mean in full]))


def _columns(labels: ComputationalSequence, width: int) -> tuple[str, ...]:
    """Our names of the columns: as the file names them, else in the published order."""
    named = tuple(PUBLISHED.get(name.lower(), name.lower()) for name in labels.dimensions)
    if len(named) == width and set(named) <= set(COLUMNS):
        return named
    if width in (1, len(COLUMNS)):
        return COLUMNS[:width]
    raise CorpusError(
        f"{labels.path} has {width} columns; expected {len(COLUMNS)} ({', '.join(COLUMNS)}) or "
        f"1 ({SENTIMENT})"
    )


def _spelled(part: Segments) -> tuple[str, tuple[Word, ...]]:
    """The text of an utterance and its words' times."""
    text, words = "", []
    order = np.argsort(part.intervals[:, 0], kind="stable")
    for (start, end), cell in zip(part.intervals[order], part.features[order], strict=True):
        raw = cell[0]
        spoken = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else str(raw)
        spoken = spoken.strip()
        if spoken in SILENCE:
            continue
        at = len(text) + bool(text)
        text = f"{text} {spoken}" if text else spoken
        words.append(Word(float(start), float(end), at, len(text)))
    return text, tuple(words)


def _floats(values: NDArray[np.generic], where: str) -> NDArray[np.float32]:
    try:
        return values.astype(np.float32)
    except ValueError as error:
        raise CorpusError(f"{where}: features must be numbers ({error})") from error
