"""What a classifier is given: conversations as lists of turns, or the rows of a data frame.

    X = [[{"speaker": "Anna", "text": "I won!"}, …], …]        y = [["joy", …], …]
    X = a data frame with a row an utterance                    y = one label a row

A turn, like a row, has speaker, text, start and end (seconds), each if it is known, the
label under "emotion" where y is not given, and ready-made features under the name of their
modality: one vector of an utterance, shape (d,), or tokens, shape (T, d). Rows of one
conversation have the same value in the column "dialogue", in the order of their turns. A
missing value is None or NaN; an utterance without a label is context.
"""

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emospot.conversation import Conversation, Tokens, Utterance
from emospot.conversation.build import UNKNOWN_SPEAKER
from emospot.conversation.word_times import spread_words
from emospot.corpora.corpus import CorpusConversation
from emospot.errors import FeatureError, UsageError

EMOTION = "emotion"
DIALOGUE = "dialogue"
_TURNS = ("turns", "utterances")


@dataclass(frozen=True, slots=True)
class Given:
    """What was given, as conversations.

    Args:
        conversations: without labels, with their ready-made features.
        labels: of each utterance of each conversation, None where there is none; None
            where nobody named any.
        rows: of each conversation, the places of its utterances among the rows of a data
            frame; None where conversations were given.
        count: rows or conversations.
    """

    conversations: tuple[CorpusConversation, ...]
    labels: tuple[tuple[Any, ...], ...] | None
    rows: tuple[NDArray[np.intp], ...] | None
    count: int

    def as_given(self, values: Sequence[NDArray[Any]], like: NDArray[Any]) -> NDArray[Any]:
        """What was found of each conversation, in the form in which they were given.

        Args:
            values: of each conversation, shape (U, …).
            like: an array of no utterances, shape (0, …).

        Returns:
            Of a data frame shape (N, …), in the order of its rows; else an array of
            objects, shape (conversations,).
        """
        if self.rows is None:
            found = np.empty(len(values), dtype=object)
            for place, own in enumerate(values):
                found[place] = own
            return found
        joined = np.concatenate([like, *values])
        places = np.concatenate([np.zeros(0, np.intp), *self.rows])
        return joined[np.argsort(places)]


def read_given(
    X: Any, y: Any = None, *, ready_made: Sequence[str] = (), dialogue: str = DIALOGUE
) -> Given:
    """Read what a classifier is given.

    Args:
        X: conversations or a data frame, see the module.
        y: labels, or None: those that stand in X, if any.
        ready_made: modalities whose features stand in X.
        dialogue: column of a data frame that tells its conversations apart.

    Raises:
        UsageError: if it is neither, or labels do not fit.
        FeatureError: if ready-made features are malformed.
    """
    if hasattr(X, "columns") and hasattr(X, "iloc"):
        return _of_frame(X, y, ready_made, dialogue)
    if isinstance(X, str | bytes | Mapping) or not isinstance(X, Iterable):
        raise UsageError(
            f"found a {type(X).__name__}: expected a list of conversations, each a list of turns "
            '[{"speaker": …, "text": …}], or a data frame with a row an utterance'
        )
    talks = [_turns(one, number) for number, one in enumerate(X)]
    given = None if y is None else [*y]
    if given is not None:
        _check_counts([*map(_count, given)], [*map(len, talks)])
    if given is None and any(EMOTION in turn for turns in talks for turn in turns):
        given = [[turn.get(EMOTION) for turn in turns] for turns in talks]
    conversations = tuple(
        _conversation(str(number), turns, ready_made) for number, turns in enumerate(talks)
    )
    labels = None if given is None else tuple(tuple(map(_label, own)) for own in given)
    return Given(conversations, labels, None, len(talks))


def missing(value: Any) -> bool:
    """Whether a value stands for none: None, NaN, or what pandas writes for it."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, float | np.floating) and math.isnan(value)


def _of_frame(X: Any, y: Any, ready_made: Sequence[str], dialogue: str) -> Given:
    columns = [str(column) for column in X.columns]
    if dialogue not in columns:
        raise UsageError(
            f'the data frame has no column "{dialogue}" that tells its conversations apart; it '
            f"has: {', '.join(columns)}"
        )
    labels = None if y is None else [*y]
    if labels is not None and len(labels) != len(X):
        raise UsageError(f"found {len(labels)} labels for {len(X)} rows: expected one a row")
    if labels is None and EMOTION in columns:
        labels = [*X[EMOTION]]
    read = [c for c in ("speaker", "text", "start", "end", *ready_made) if c in columns]
    cells = {column: [*X[column]] for column in read}
    rows: dict[Hashable, list[int]] = {}
    for row, name in enumerate(X[dialogue]):
        if missing(name):
            raise UsageError(f'row {row} has no "{dialogue}"')
        rows.setdefault(name, []).append(row)
    conversations = tuple(
        _conversation(str(name), [{c: cells[c][row] for c in read} for row in own], ready_made)
        for name, own in rows.items()
    )
    told = None
    if labels is not None:
        told = tuple(tuple(_label(labels[row]) for row in own) for own in rows.values())
    places = tuple(np.array(own, np.intp) for own in rows.values())
    return Given(conversations, told, places, len(X))


def _turns(one: Any, number: int) -> list[Mapping[str, Any]]:
    """The turns of a conversation: a list of them, a mapping with one, or a data frame."""
    if hasattr(one, "columns") and hasattr(one, "to_dict"):
        one = one.to_dict("records")
    if isinstance(one, Mapping):
        one = next((one[name] for name in _TURNS if name in one), None)
    if isinstance(one, str | bytes) or not isinstance(one, Iterable):
        raise UsageError(
            f'conversation {number} is no list of turns [{{"speaker": …, "text": …}}]'
        )
    turns = [{"text": turn} if isinstance(turn, str) else turn for turn in one]
    for place, turn in enumerate(turns):
        if not isinstance(turn, Mapping):
            raise UsageError(
                f"conversation {number}, turn {place} is a {type(turn).__name__}: expected "
                '{"speaker": …, "text": …}'
            )
    return turns


def _conversation(
    name: str, turns: Sequence[Mapping[str, Any]], ready_made: Sequence[str]
) -> CorpusConversation:
    utterances = tuple(_utterance(f"{name}-{n}", turn) for n, turn in enumerate(turns))
    tokens = {
        modality: tuple(
            _tokens(turn.get(modality), f'"{modality}" of utterance {n} of conversation {name}')
            for n, turn in enumerate(turns)
        )
        for modality in ready_made
    }
    return CorpusConversation(Conversation(name, utterances), tokens)


def _utterance(identity: str, turn: Mapping[str, Any]) -> Utterance:
    speaker, text = turn.get("speaker"), turn.get("text")
    if not missing(text) and not isinstance(text, str):
        raise UsageError(f"the text of utterance {identity} is {text!r}: expected a text")
    words = None if missing(text) else str(text)
    start, end = (_seconds(turn.get(key), identity) for key in ("start", "end"))
    if start is None or end is None or end < start:
        start = end = None
    timed = () if start is None or end is None or not words else spread_words(words, start, end)
    return Utterance(
        identity,
        UNKNOWN_SPEAKER if missing(speaker) else str(speaker),
        start,
        end,
        words,
        words=timed,
        word_times_estimated=bool(timed),
    )


def _seconds(value: Any, identity: str) -> float | None:
    if missing(value):
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        raise UsageError(
            f"a time of utterance {identity} is {value!r}: expected seconds as a number"
        ) from None


def _tokens(value: Any, where: str) -> Tokens | None:
    """Ready-made features of an utterance; None where there are none."""
    if missing(value):
        return None
    try:
        values = np.atleast_2d(np.asarray(value, dtype=np.float32))
    except (TypeError, ValueError) as error:
        raise FeatureError(f"{where} is no array of numbers: {error}") from None
    if values.ndim != 2 or values.size == 0:
        raise FeatureError(f"{where} has shape {np.shape(value)}: expected (d,) or (T, d)")
    if not np.isfinite(values).all():
        raise FeatureError(f"{where} contains NaN or infinite values")
    return Tokens(values)


def _check_counts(labels: Sequence[int], utterances: Sequence[int]) -> None:
    """Whether there is a list of labels a conversation, and a label an utterance."""
    expected = "y must hold a list of labels a conversation, one an utterance"
    if len(labels) != len(utterances):
        raise UsageError(
            f"{expected}: found {len(labels)} such lists, and the conversations are "
            f"{len(utterances)}"
        )
    for number, (found, spoken) in enumerate(zip(labels, utterances, strict=True)):
        if found != spoken:
            raise UsageError(
                f"{expected}: conversation {number} has labels: {found}, utterances: {spoken}"
            )


def _count(labels: Any) -> int:
    if isinstance(labels, str | bytes) or not hasattr(labels, "__len__"):
        raise UsageError(f"y must hold a list of labels a conversation, found {labels!r}")
    return len(labels)


def _label(value: Any) -> Any:
    """A label as plain Python has it, None for a missing one."""
    if missing(value):
        return None
    return value.item() if isinstance(value, np.generic) else value
