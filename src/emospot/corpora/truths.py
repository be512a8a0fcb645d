"""Recordings and texts whose emotional moments are known, to score detectors with.

| name | moments | from |
|---|---|---|
| `ravdess-splices` | emotional clips among neutral ones of an actor | actors 13–24, twelve each |
| `ravdess-intensity` | which of two clips is the strongly spoken one | the same actors |
| `face-films` | expressions of drawn faces that turn, blink and talk | `face_films`, 12 people |
| `face-videos` | expressions of filmed faces, marked by hand | `face_videos`, 5 videos |
| `ravdess-units` | which of two clips is the strong one, by action units | actors 13–24 |
| `reccon-dailydialog` | words that caused the emotion of their utterance | the test dialogues |
| `reccon-iemocap` | the same | all 16 dialogues |
| `iemocap-activation` | how activated raters find each utterance | all ten speakers |

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

from emospot.conversation import FACE, VOICE, WORDS, Conversation, Hotspot, Tokens, Utterance
from emospot.corpora.corpus import Corpus
from emospot.corpora.face_films import SECONDS, films
from emospot.corpora.face_videos import marked_videos
from emospot.corpora.ravdess_splices import EmotionalClip, Splice, intensity_pairs, splices
from emospot.corpora.ravdess_units import intensity_films
from emospot.corpora.reccon import CAUSE, Cause, read_causes, read_reccon
from emospot.errors import CorpusError
from emospot.features.registry import face_extractor, voice_extractor, words_extractor
from emospot.media.audio import SAMPLE_RATE

MOST_OF_AN_UTTERANCE = 0.7
TEST_ACTORS = range(13, 25)
SPLICES_EACH = 12
SPLICES_SEED = 0
FILM_PEOPLE = 12
FILMS_EACH = 8


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
        scored_by: "spans" (were they found, with their borders?), "tokens" (do the
            marked words of an utterance score higher than its others?), "order" (is the
            strongest of a recording's moments found to be that?) or "strength" (do the
            hotspots of utterances grow with what is known of these?).
        read: folder of data and extractors → the recordings.
        brings: extractor of the tokens that these recordings are made of, where there is
            no sound, text or film that others could read; else "".
    """

    name: str
    title: str
    modality: str
    scored_by: Literal["spans", "tokens", "order", "strength"]
    read: Callable[[Path, Collection[str]], Iterator[MarkedRecording]]
    brings: str = ""


def _splices(data: Path, extractors: Collection[str]) -> Iterator[MarkedRecording]:
    return _spliced(splices, data, extractors, lambda clip: 1.0)


def _intensities(data: Path, extractors: Collection[str]) -> Iterator[MarkedRecording]:
    return _spliced(intensity_pairs, data, extractors, lambda clip: clip.intensity / 2)


def _spliced(
    cut: Callable[..., Iterator[Splice]],
    data: Path,
    extractors: Collection[str],
    strength: Callable[[EmotionalClip], float],
) -> Iterator[MarkedRecording]:
    readers = {name: voice_extractor(name) for name in extractors}
    folder = data / "ravdess" / "speech16k"
    for splice in cut(folder, TEST_ACTORS, each=SPLICES_EACH, seed=SPLICES_SEED):
        name = f"actor {splice.actor}"
        end = len(splice.audio) / SAMPLE_RATE
        utterance = Utterance("1", name, 0.0, end)
        marked = tuple(
            Hotspot(VOICE, clip.start, clip.end, strength(clip), "clip")
            for clip in splice.emotional
        )
        yield MarkedRecording(
            Conversation(f"{name}, {splice.number}", (utterance,)),
            (marked,),
            {n: (reader.extract(splice.audio, 0.0),) for n, reader in readers.items()},
            name,
        )


def _films(data: Path, extractors: Collection[str]) -> Iterator[MarkedRecording]:
    """Drawn, not read: needs neither the folder nor an extractor."""
    for film in films(range(FILM_PEOPLE), each=FILMS_EACH):
        name = f"person {film.person}"
        utterance = Utterance("1", name, 0.0, SECONDS)
        marked = tuple(Hotspot(FACE, e.onset, e.offset, 1.0, e.name) for e in film.expressions)
        yield MarkedRecording(
            Conversation(f"{name}, {film.number}", (utterance,)),
            (marked,),
            dict.fromkeys(extractors, (film.tokens,)),
            name,
        )


def _videos(data: Path, extractors: Collection[str]) -> Iterator[MarkedRecording]:
    readers = {name: face_extractor(name) for name in extractors}
    for video in marked_videos(data / "faces"):
        utterance = Utterance("1", video.person, 0.0, video.seconds)
        marked = tuple(
            Hotspot(FACE, e.onset, e.offset, 1.0, e.name, apex=e.apex) for e in video.expressions
        )
        tokens = {
            name: tuple(seen for _, seen in reader.extract(video.frames(), [(0.0, video.seconds)]))
            for name, reader in readers.items()
        }
        yield MarkedRecording(
            Conversation(video.path.name, (utterance,)), (marked,), tokens, video.person
        )


def _units(data: Path, extractors: Collection[str]) -> Iterator[MarkedRecording]:
    for film in intensity_films(data / "ravdess", TEST_ACTORS):
        name = f"actor {film.actor}"
        marked = tuple(
            Hotspot(FACE, start, end, intensity / 2, "clip")
            for start, end, intensity in film.emotional
        )
        utterance = Utterance("1", name, 0.0, film.seconds)
        yield MarkedRecording(
            Conversation(f"{name}, {film.number}", (utterance,)),
            (marked,),
            dict.fromkeys(extractors, (film.tokens,)),
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


def _activation(data: Path, extractors: Collection[str]) -> Iterator[MarkedRecording]:
    """One recording a speaker, of all their utterances, marked as a whole by activation."""
    from pyarrow.parquet import read_table

    path = data / "iemocap" / "iemocap.parquet"
    if not path.is_file():
        raise CorpusError(f"{path} is not there: see docs/corpora.md for the table")
    readers = {name: words_extractor(name) for name in extractors}
    rows = read_table(path, columns=["utterance", "speaker", "text", "activation"]).to_pylist()
    for speaker in dict.fromkeys(row["speaker"] for row in rows):
        own = [row for row in rows if row["speaker"] == speaker and row["text"]]
        utterances = tuple(Utterance(r["utterance"], speaker, text=r["text"]) for r in own)
        marked = tuple(
            (Hotspot(WORDS, None, None, _share(r["activation"]), "activation", 0, len(r["text"])),)
            for r in own
        )
        tokens = {name: reader.extract(utterances) for name, reader in readers.items()}
        yield MarkedRecording(Conversation(speaker, utterances), marked, tokens, speaker)


def _share(rating: float) -> float:
    """A rating from 1 to 5 (a few lie outside) in [0, 1]."""
    return min(max((rating - 0.5) / 5.0, 0.0), 1.0)


def _daily(data: Path, extractors: Collection[str]) -> Iterator[MarkedRecording]:
    return _causes(data, extractors, "dailydialog")


def _acted(data: Path, extractors: Collection[str]) -> Iterator[MarkedRecording]:
    return _causes(data, extractors, "iemocap")


TRUTHS = (
    Truth("ravdess-splices", "emotional clips of an actor among neutral ones", VOICE, "spans",
          _splices),
    Truth("ravdess-intensity", "one sentence in both intensities among neutral ones", VOICE,
          "order", _intensities),
    Truth("face-films", "expressions of drawn faces that also turn, blink and talk", FACE,
          "spans", _films),
    Truth("face-videos", "expressions of two filmed people, marked by hand", FACE, "spans",
          _videos),
    Truth("ravdess-units", "one sentence in both intensities among neutral ones, by action units",
          FACE, "order", _units, brings="openface"),
    Truth("reccon-dailydialog", "causes marked in daily conversation", WORDS, "tokens", _daily),
    Truth("reccon-iemocap", "causes marked in acted conversation", WORDS, "tokens", _acted),
    Truth("iemocap-activation", "ratings of activation in acted conversation", WORDS,
          "strength", _activation),
)  # fmt: skip
"""All sets, in the order of the table."""
