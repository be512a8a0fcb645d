"""Conversations cut from clips of RAVDESS: turns of one actor, most of them neutral.

The recordings are those of `ravdess_splices`, with other random choices than the truth
of that name: every clip is a turn with its own label, and what is emotional in them is
marked. So a model can learn where in a voice emotion shows from labels of turns alone,
or from the marks, and be held against known moments.

Actors 1 to 10 train, 11 and 12 are for choosing and 13 to 24 for testing, as thresholds and
figures of detectors are taken from 1 to 12 and 13 to 24 too. It is a convention of this
project. The conversations of an actor share their clips, so whoever draws conversations at
random must draw an actor's together.
"""

from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emospot.conversation import VOICE, Conversation, Hotspot, Utterance
from emospot.corpora.corpus import Corpus, CorpusConversation
from emospot.corpora.ravdess_splices import NEUTRAL, Splice, splice
from emospot.emotions import RAVDESS8

NAME = "ravdess-conversations"
EACH = 60
"""Conversations an actor."""
SEED = 7
SPLITS = {"train": range(1, 11), "dev": range(11, 13), "test": range(13, 25)}


def read_ravdess_conversations(source: Path) -> Corpus:
    """Cut the conversations.

    Args:
        source: folder with the clips of RAVDESS speech, also in subfolders.

    Returns:
        Label set `ravdess8`; 600 conversations to train with, 120 to choose and 720 to test
        with, of four neutral turns and up to two emotional ones. The sound is made when
        it is read.

    Raises:
        CorpusError: if an actor's clips are not there.
    """
    conversations = tuple(
        _conversation(splice(source, actor, number, SEED), split, source)
        for split, actors in SPLITS.items()
        for actor in actors
        for number in range(EACH)
    )
    return Corpus(NAME, NAME, RAVDESS8, conversations)


def _conversation(made: Splice, split: str, source: Path) -> CorpusConversation:
    speaker = f"actor {made.actor:02}"
    clips = [(clip.start, clip.end, clip.emotion) for clip in made.emotional]
    clips += [(start, end, NEUTRAL) for start, end in made.neutral]
    utterances = tuple(
        Utterance(str(number), speaker, start, end, label=RAVDESS8.labels[emotion - 1])
        for number, (start, end, emotion) in enumerate(sorted(clips), 1)
    )
    moved = {
        clip.start: Hotspot(VOICE, clip.start, clip.end, 1.0, "clip") for clip in made.emotional
    }
    return CorpusConversation(
        Conversation(f"{speaker}, {made.number}", utterances, source, split),
        marked=tuple((moved[u.start],) if u.start in moved else () for u in utterances),
        sound=partial(_sound, source, made.actor, made.number),
    )


def _sound(source: Path, actor: int, number: int) -> NDArray[np.float32]:
    return splice(source, actor, number, SEED).audio
