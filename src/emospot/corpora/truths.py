"""Recordings and texts whose emotional moments are known, to score detectors with.

| name | moments | from |
|---|---|---|
| `ravdess-splices` | emotional clips among neutral ones of an actor | actors 13–24, twelve each |
| `reccon-dailydialog` | words that caused the emotion of their utterance | the test dialogues |
| `reccon-iemocap` | the same | all 16 dialogues |

RECCON marks causes, a proxy for where emotion shows: most of its causes lie in other
utterances. Those within the emotional utterance that cover less than 70 % of it are
taken; of the others nothing could be told from the whole utterance.

What fits a detector must not be among these: the weights in the package were learned
from actors 1 to 12 and from RECCON's training dialogues.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from emospot.conversation import VOICE, WORDS, Conversation, Hotspot, Tokens, Utterance
from emospot.corpora.corpus import Corpus
from emospot.corpora.ravdess_splices import splices
from emospot.corpora.reccon import CAUSE, Cause, read_causes, read_reccon
from emospot.features.registry import voice_extractor, words_extractor
from emospot.media.audio import SAMPLE_RATE

MOST_OF_AN_UTTERANCE = 0.7
TEST_ACTORS = range(13, 25)
SPLICES_EACH = 12
SPLICES_SEED = 0


@dataclass(frozen=True, slots=True)
class MarkedRecording:
    """A recording or a dialogue with its known moments.

    Args:
        conversation: U utterances.
        marked: the known moments of each utterance; utterances that nobody has
            looked at have none and are not scored.
        tokens: extractor → what detectors read, shape (U,).
        group: recordings of one group depend on each other (one actor).
    """

    conversation: Conversation
    marked: tuple[tuple[Hotspot, ...], ...]
    tokens: Mapping[str, Sequence[Tokens | None]]
    group: str


@dataclass(frozen=True, slots=True)
class Truth:
    """A set of recordings with known moments.

    Args:
        name: by which it is asked for.
        title: what it holds.
        modality: where the moments are.
        scored_by: "spans" (were they found, with their borders?) or "tokens" (do the
            marked words of an utterance score higher than its others?).
        read: folder of data and extractors → the recordings.
    """

    name: str
    title: str
    modality: str
    scored_by: Literal["spans", "tokens"]
    read: Callable[[Path, Collection[str]], Iterator[MarkedRecording]]


def _splices(data: Path, extractors: Collection[str]) -> Iterator[MarkedRecording]:
    readers = {name: voice_extractor(name) for name in extractors}
    folder = data / "ravdess" / "speech16k"
    for splice in splices(folder, TEST_ACTORS, each=SPLICES_EACH, seed=SPLICES_SEED):
        name = f"actor {splice.actor}"
        end = len(splice.audio) / SAMPLE_RATE
        utterance = Utterance("1", name, 0.0, end)
        marked = tuple(Hotspot(VOICE, c.start, c.end, 1.0, "clip") for c in splice.emotional)
        yield MarkedRecording(
            Conversation(f"{name}, {splice.number}", (utterance,)),
            (marked,),
            {n: (reader.extract(splice.audio, 0.0),) for n, reader in readers.items()},
            name,
        )


def _causes(data: Path, extractors: Collection[str], task: str) -> Iterator[MarkedRecording]:
    readers = {name: words_extractor(name) for name in extractors}
    folder = data / "reccon"
    corpus, causes = read_reccon(folder, task), read_causes(folder, task)
    for conversation, marked in marked_within(corpus, causes, "test"):
        tokens = {n: reader.extract(conversation.utterances) for n, reader in readers.items()}
        yield MarkedRecording(conversation, marked, tokens, conversation.id)


def marked_within(
    corpus: Corpus, causes: Sequence[Cause], split: str
) -> Iterator[tuple[Conversation, tuple[tuple[Hotspot, ...], ...]]]:
    """The dialogues with causes within the emotional utterance, and these.

    Args:
        corpus: whose dialogues.
        causes: of the same dialogues.
        split: of the corpus.
    """
    own: dict[tuple[str, str], set[tuple[int, int]]] = {}
    for cause in causes:
        if cause.emotion_of == cause.utterance:
            place = own.setdefault((cause.conversation, cause.utterance), set())
            place.add((cause.char_start, cause.char_end))
    for one in corpus.conversations:
        conversation = one.conversation
        if conversation.split != split:
            continue
        marked = tuple(
            tuple(
                Hotspot(WORDS, None, None, 1.0, CAUSE, start, end)
                for start, end in sorted(own.get((conversation.id, utterance.id), ()))
                if end - start < MOST_OF_AN_UTTERANCE * len(utterance.text or "")
            )
            for utterance in conversation.utterances
        )
        if any(marked):
            yield conversation, marked


def _daily(data: Path, extractors: Collection[str]) -> Iterator[MarkedRecording]:
    return _causes(data, extractors, "dailydialog")


def _acted(data: Path, extractors: Collection[str]) -> Iterator[MarkedRecording]:
    return _causes(data, extractors, "iemocap")


TRUTHS = (
    Truth("ravdess-splices", "emotional clips of an actor among neutral ones", VOICE, "spans",
          _splices),
    Truth("reccon-dailydialog", "causes marked in daily conversation", WORDS, "tokens", _daily),
    Truth("reccon-iemocap", "causes marked in acted conversation", WORDS, "tokens", _acted),
)  # fmt: skip
"""All sets, in the order of the table."""
