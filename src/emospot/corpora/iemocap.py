"""IEMOCAP: ten actors in five sessions, two at a time, improvised and scripted.

The release (`IEMOCAP_full_release`, from https://sail.usc.edu/iemocap/) has for
each session N and dialogue D, e.g. Ses01F_impro01:

    SessionN/dialog/EmoEvaluation/D.txt    labels and ratings of each turn
    SessionN/dialog/transcriptions/D.txt   the words, in turn order
    SessionN/dialog/wav/D.wav              the sound
    SessionN/dialog/avi/DivX/D.avi         the film, both actors side by side

The structure of the text files is described in `iemocap_files`. Sessions 1 to 4
are for training, session 5 is the test, as in all work that this one is compared
with; a dev set is taken from the training dialogues (see the protocol).

Three label sets are in use, in the order of the published feature files:

| task           | classes                                                    | turns |
|----------------|------------------------------------------------------------|-------|
| "6-way"        | happiness, sadness, neutral, anger, excited, frustration    | 7,380 |
| "4-way"        | happiness, sadness, neutral, anger                          | 4,490 |
| "4-way-merged" | the same four, with excited counted as happiness            | 5,531 |

The published feature files label 53 turns more, all happiness, on which the
raters had no majority; see `published_pickles`. All other turns are context.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from emospot.conversation import Conversation, Utterance
from emospot.conversation.word_times import spread_words
from emospot.corpora.corpus import Corpus, CorpusConversation
from emospot.corpora.iemocap_files import EvaluatedTurn, read_evaluation, read_transcription
from emospot.corpora.published_pickles import LabelOrder, read_published
from emospot.emotions import IEMOCAP4, IEMOCAP6, LabelSet
from emospot.errors import CorpusError, UsageError

NAME = "iemocap"
RELEASE = "IEMOCAP_full_release"
SESSIONS = (1, 2, 3, 4, 5)
TEST_SESSION = 5


@dataclass(frozen=True, slots=True)
class EmotionTask:
    """Which emotions are classes, and which count as another one.

    Args:
        label_set: the classes.
        merged: emotion → the class that it counts as.
    """

    label_set: LabelSet
    merged: Mapping[str, str]

    def label(self, emotion: str | None) -> str | None:
        """The class of an emotion, None where it is none of them."""
        counted = self.merged.get(emotion or "", emotion)
        return counted if counted in self.label_set.labels else None


TASKS = {
    "6-way": EmotionTask(IEMOCAP6, {}),
    "4-way": EmotionTask(IEMOCAP4, {}),
    "4-way-merged": EmotionTask(IEMOCAP4, {"excited": "happiness"}),
}


def iemocap_task(name: str) -> EmotionTask:
    """The task of that name.

    Raises:
        UsageError: if there is none.
    """
    try:
        return TASKS[name]
    except KeyError:
        raise UsageError(f'there is no task "{name}"; known: {", ".join(TASKS)}') from None


def read_iemocap(source: Path, task: str = "6-way") -> Corpus:
    """Read the release, or one of the published feature files.

    Args:
        source: the folder with Session1 to Session5, or the one above it, or a
            pickle (see `published_pickles`).
        task: "6-way", "4-way" or "4-way-merged".

    Returns:
        Of the release 151 conversations with labels, the means of the raters' valence,
        activation and dominance as targets, and the number of raters for each
        emotion as targets "votes_…" (not those of the actors themselves).
        Speakers are named by session and sex, e.g. "Ses01_F".

    Raises:
        UsageError: if there is no such task.
        CorpusError: if a folder or file is missing, a line is damaged, or the
            two text files of a dialogue do not list the same turns.
    """
    asked = iemocap_task(task)
    if source.is_file():
        order = LabelOrder("labels", IEMOCAP6.labels, asked.label_set, asked.merged)
        return read_published(source, NAME, order)
    root = source / RELEASE if (source / RELEASE).is_dir() else source
    if not root.is_dir():
        raise CorpusError(f"no folder {root}: name the folder {RELEASE}")
    left_out: list[int] = []
    conversations = tuple(
        _dialogue(session, path, asked, left_out)
        for session in SESSIONS
        for path in _evaluations(root, session)
    )
    notices = []
    if sum(left_out):
        notices.append(f"{sum(left_out)} lines of the transcriptions are no evaluated turns")
    films = sum(one.video is not None for one in conversations)
    sounds = sum(one.conversation.media is not None for one in conversations)
    for count, what in ((sounds, "sound (dialog/wav)"), (films, "film (dialog/avi/DivX)")):
        if count < len(conversations):
            notices.append(f"{len(conversations) - count} dialogues have no {what}")
    return Corpus(NAME, f"{NAME}-release", asked.label_set, conversations, notices=tuple(notices))


def _evaluations(root: Path, session: int) -> list[Path]:
    """The evaluation files of a session; those of single raters lie in folders below."""
    folder = root / f"Session{session}" / "dialog" / "EmoEvaluation"
    if not folder.is_dir():
        raise CorpusError(
            f"no folder {folder}: expected the release as published, {RELEASE} with Session1 to "
            f"Session{SESSIONS[-1]}; unpack it again"
        )
    found = sorted(folder.glob(f"Ses{session:02d}*.txt"))
    if not found:
        raise CorpusError(f"{folder} has no files Ses{session:02d}….txt; unpack the release again")
    return found


def _dialogue(
    session: int, path: Path, task: EmotionTask, left_out: list[int]
) -> CorpusConversation:
    folder, name = path.parent.parent, path.stem
    words = folder / "transcriptions" / path.name
    evaluated, spoken = read_evaluation(path), read_transcription(words)
    left_out.append(spoken.others)
    _check_same(words, spoken.words, path, evaluated)
    _check_same(path, evaluated, words, spoken.words)
    utterances = tuple(_utterances(evaluated, spoken.words, task))
    sound, film = folder / "wav" / f"{name}.wav", folder / "avi" / "DivX" / f"{name}.avi"
    return CorpusConversation(
        Conversation(
            name,
            utterances,
            sound if sound.is_file() else None,
            "test" if session == TEST_SESSION else "train",
        ),
        video=film if film.is_file() else None,
    )


def _check_same(path: Path, turns: Collection[str], other: Path, known: Collection[str]) -> None:
    for turn in turns:
        if turn not in known:
            raise CorpusError(
                f"{other} has no line for {turn}, which {path} has; unpack the release again"
            )


def _utterances(
    evaluated: Mapping[str, EvaluatedTurn], spoken: Mapping[str, str], task: EmotionTask
) -> Iterator[Utterance]:
    """The turns in the order of the transcription."""
    for name, text in spoken.items():
        turn = evaluated[name]
        yield Utterance(
            id=name,
            speaker=speaker_of(name),
            start=turn.start,
            end=turn.end,
            text=text or None,
            words=spread_words(text, turn.start, turn.end),
            word_times_estimated=bool(text),
            label=task.label(turn.emotion),
            targets={
                **turn.ratings,
                **{f"votes_{emotion}": count for emotion, count in turn.votes.items()},
            },
        )


def speaker_of(turn: str) -> str:
    """Who speaks in a turn: its session, and the sex of the actor.

    The letter after the session names the actor who wears the markers; the one
    before the turn's number names the one who speaks.

    >>> speaker_of("Ses05M_script01_1b_F003")
    'Ses05_F'
    """
    return f"{turn[:5]}_{turn.rpartition('_')[2][0]}"
