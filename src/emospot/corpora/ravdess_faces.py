"""Turns made of still faces: action units of one actor's clips, most of them neutral.

OpenFace's action units of RAVDESS are means over a clip and have no course in time. So
a clip becomes a still of two seconds, and five stills of one actor a turn:

    the four neutral clips and one emotional one among them, which the turn is named by, or
    the four neutral clips and one of them again: a neutral turn

in random order, ten turns a conversation. So where in a turn emotion shows is known, and
whether hotspots of the face help a model can be asked. Nothing moves within a still:
onsets and offsets are cuts.

Every emotional clip (calm is none) stands in one turn of its actor. Actors are split as in
`ravdess_conversations`.
"""

from pathlib import Path

import numpy as np

from emospot.conversation import FACE, Conversation, Hotspot, Tokens, Utterance
from emospot.corpora.corpus import Corpus, CorpusConversation
from emospot.corpora.ravdess import ACTION_UNITS, LICENCE, action_units_file
from emospot.corpora.ravdess_conversations import SEED, SPLITS
from emospot.corpora.ravdess_splices import EMOTIONAL
from emospot.corpora.ravdess_units import (
    NEUTRAL,
    STILL_SECONDS,
    ActorUnits,
    Units,
    actors_units,
    film_of,
)
from emospot.corpora.ready_made import ReadyMade, file_version
from emospot.emotions import RAVDESS8

NAME = "ravdess-faces"
TURNS = 10
"""Of a conversation."""
NEUTRAL_SHARE = 0.2
"""Of an actor's turns."""
_Turn = tuple[int, list[Units], int | None]
"""Emotion, stills, and which of them is emotional."""


def read_ravdess_faces(source: Path) -> Corpus:
    """Lay the stills.

    Args:
        source: folder with the table of action units, also in subfolders.

    Returns:
        Label set `ravdess8`; of every actor with all clips 60 turns in six conversations.

    Raises:
        CorpusError: if there is no table, or an actor's neutral clips are not in it.
    """
    made = ReadyMade(
        FACE, "openface", file_version(action_units_file(source)), ACTION_UNITS, LICENCE
    )
    conversations = tuple(
        one
        for split, actors in SPLITS.items()
        for own in actors_units(source, actors)
        for one in _conversations(own, split, made)
    )
    return Corpus(NAME, NAME, RAVDESS8, conversations, {FACE: made.description()})


def _conversations(own: ActorUnits, split: str, made: ReadyMade) -> list[CorpusConversation]:
    random = np.random.default_rng((SEED, own.actor))
    turns = _turns(own, random)
    shuffled = [turns[place] for place in random.permutation(len(turns))]
    return [
        _conversation(own.actor, first // TURNS, split, shuffled[first : first + TURNS], made)
        for first in range(0, len(shuffled), TURNS)
    ]


def _turns(own: ActorUnits, random: np.random.Generator) -> list[_Turn]:
    moved = [(code[0], units) for code, units in sorted(own.moved.items()) if code[0] in EMOTIONAL]
    neutral = round(len(moved) * NEUTRAL_SHARE / (1 - NEUTRAL_SHARE))
    turns: list[_Turn] = []
    for emotion, units in [*moved, *((NEUTRAL, None) for _ in range(neutral))]:
        fifth = units if units is not None else own.neutral[int(random.integers(4))]
        stills = [*own.neutral, fifth]
        order = random.permutation(len(stills))
        shown = int(np.flatnonzero(order == len(stills) - 1)[0])
        turns.append((emotion, [stills[i] for i in order], None if units is None else shown))
    return turns


def _conversation(
    actor: int, number: int, split: str, turns: list[_Turn], made: ReadyMade
) -> CorpusConversation:
    speaker = f"actor {actor:02}"
    utterances: list[Utterance] = []
    tokens: list[Tokens | None] = []
    marked: list[tuple[Hotspot, ...]] = []
    start = 0.0
    for place, (emotion, stills, shown) in enumerate(turns, 1):
        film = film_of(stills, start)
        end = start + len(stills) * STILL_SECONDS
        label = RAVDESS8.labels[emotion - 1]
        utterances.append(Utterance(str(place), speaker, start, end, label=label))
        tokens.append(made.tokens(film.values, f"{speaker}, {number}", film.times))
        onset = start + (shown or 0) * STILL_SECONDS
        spot = Hotspot(FACE, onset, onset + STILL_SECONDS, 1.0, "clip")
        marked.append(() if shown is None else (spot,))
        start = end
    return CorpusConversation(
        Conversation(f"{speaker}, {number}", tuple(utterances), None, split),
        {FACE: tuple(tokens)},
        marked=tuple(marked),
    )
