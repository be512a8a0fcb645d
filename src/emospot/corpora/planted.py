"""Planted conversations as a corpus: nothing downstream knows that they are drawn.

A source is the name of a world (`conversation.planted.PRESETS`) or a YAML file:

    world: standard                what is not named below
    dials: {lag: 0, styles: 1}     what differs
    dialogues: {train: 600, dev: 60, test: 1200}
    seed: 0

The tokens last a quarter of a second; half a second lies between two turns. What is true
of hotspots is `marked`, to score detectors with, and no model reads it.
"""

import hashlib
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, ValidationError

from emospot.config import problem, read_yaml
from emospot.conversation import Conversation, Hotspot, Tokens, Utterance
from emospot.conversation.planted import PRESETS, PlantedDialogue, PlantedWorld, draw
from emospot.corpora.corpus import Corpus, CorpusConversation
from emospot.emotions import LabelSet
from emospot.errors import CorpusError
from emospot.features.base import FeatureDescription

NAME = "planted"
TOKEN_SECONDS = 0.25
PAUSE_SECONDS = 0.5
SPLITS = ("train", "dev", "test")
TEST_TURNS = 20_500
"""Drawn to test with where nothing else is asked for, or nearly; half as many to train with."""


class PlantedSource(BaseModel):
    """What is drawn.

    Args:
        world: name of the world that is changed.
        dials: what differs from it.
        dialogues: how many of each split; those that are not named are none.
        seed: of the drawing; each split has its own, so that its conversations do not
            depend on how many the others have.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    world: str = "standard"
    dials: Mapping[str, Any] = Field(default_factory=dict)
    dialogues: Mapping[str, NonNegativeInt] = Field(default_factory=dict)
    seed: int = Field(0, ge=0)

    @property
    def planted(self) -> PlantedWorld:
        """The world.

        Raises:
            ValidationError: if the dials do not fit each other.
        """
        return PRESETS[self.world].changed(**self.dials)

    def drawn(self, split: str) -> Iterator[PlantedDialogue]:
        """The conversations of a split."""
        count = self.counts.get(split, 0)
        return draw(self.planted, count, (self.seed, SPLITS.index(split)))

    @property
    def counts(self) -> Mapping[str, int]:
        """Split → conversations: those that are asked for, or enough for 20,000 test turns."""
        if self.dialogues:
            return self.dialogues
        test = -(-TEST_TURNS * 2 // sum(self.planted.turns))
        return {"train": test // 2, "dev": -(-test // 20), "test": test}


def planted_source(source: Path) -> PlantedSource:
    """What a source says.

    Args:
        source: name of a world, or a YAML file.

    Raises:
        CorpusError: if it is neither, or a key or a dial is wrong.
    """
    if str(source) in PRESETS:
        return PlantedSource(world=str(source))
    try:
        values = read_yaml(source, CorpusError) or {}
    except OSError:
        raise CorpusError(
            f"{source}: expected a YAML file, or one of {', '.join(PRESETS)}"
        ) from None
    return as_source(values, str(source))


def as_source(values: Any, where: str) -> PlantedSource:
    """What the values of a source say.

    Args:
        values: as a YAML file holds them.
        where: they stand, for the message.

    Raises:
        CorpusError: if a key or a dial is wrong.
    """
    try:
        found = PlantedSource.model_validate(values)
        if found.world not in PRESETS:
            raise CorpusError(f'{where}: no world "{found.world}", only {", ".join(PRESETS)}')
        if strange := sorted(set(found.dialogues) - set(SPLITS)):
            raise CorpusError(f"{where}: no split {strange[0]}, only {', '.join(SPLITS)}")
        _ = found.planted
    except ValidationError as error:
        wrong = ("; ".join(f"{_key(e)}: {problem(e)}" for e in error.errors())).strip(": ")
        raise CorpusError(f"{where}: {wrong}") from None
    return found


def _key(error: Mapping[str, Any]) -> str:
    return ".".join(str(part) for part in error["loc"])


def read_planted(source: Path) -> Corpus:
    """Draw the conversations.

    Args:
        source: name of a world, or a YAML file.

    Returns:
        Label set "plantedK" of the K emotions; features of every modality.

    Raises:
        CorpusError: as `planted_source`.
    """
    return planted_corpus(planted_source(source))


def planted_corpus(wanted: PlantedSource) -> Corpus:
    """Draw the conversations that a source says, see `read_planted`."""
    world = wanted.planted
    labels = LabelSet(f"{NAME}{world.emotions}", world.labels)
    version = hashlib.sha256(world.model_dump_json().encode()).hexdigest()[:12]
    features = {
        m: FeatureDescription(m, NAME, version, world.dim, pooled=world.tokens == 1)
        for m in world.modalities
    }
    conversations = tuple(
        as_conversation(world, dialogue, split)
        for split in SPLITS
        for dialogue in wanted.drawn(split)
    )
    return Corpus(NAME, NAME, labels, conversations, features)


def true_styles(source: PlantedSource, splits: Collection[str]) -> dict[tuple[str, str], int]:
    """The style of every speaker of some splits, by conversation and name.

    No model may ask: it is for scoring what a model has found out.
    """
    return {
        (_name(dialogue, split), _speaker(number)): int(style)
        for split in SPLITS
        if split in splits
        for dialogue in source.drawn(split)
        for number, style in enumerate(dialogue.styles)
    }


def _name(dialogue: PlantedDialogue, split: str | None) -> str:
    return f"{split or NAME} {dialogue.number}"


def _speaker(number: int) -> str:
    return f"speaker {number + 1}"


def as_conversation(
    world: PlantedWorld, dialogue: PlantedDialogue, split: str | None = None
) -> CorpusConversation:
    """A drawn conversation as any other.

    Args:
        world: from which it was drawn.
        dialogue: the conversation.
        split: of the corpus.
    """
    length = world.tokens * TOKEN_SECONDS
    utterances = []
    tokens: dict[str, list[Tokens | None]] = {m: [] for m in world.modalities}
    marked = []
    for u in range(len(dialogue)):
        start = u * (length + PAUSE_SECONDS)
        label = world.labels[dialogue.emotions[u]]
        speaker = _speaker(dialogue.speakers[u])
        utterances.append(Utterance(str(u + 1), speaker, start, start + length, label=label))
        begins = start + np.arange(world.tokens) * TOKEN_SECONDS
        times = np.column_stack([begins, begins + TOKEN_SECONDS])
        own = []
        for m, name in enumerate(world.modalities):
            there = bool(dialogue.present[u, m])
            tokens[name].append(Tokens(dialogue.values[u, m], times) if there else None)
            if there:
                first = dialogue.starts[u, m]
                last = first + world.length - 1
                own.append(Hotspot(name, times[first, 0], times[last, 1], 1.0, NAME))
        marked.append(tuple(own))
    conversation = Conversation(_name(dialogue, split), tuple(utterances), None, split)
    return CorpusConversation(
        conversation, {m: tuple(own) for m, own in tokens.items()}, marked=tuple(marked)
    )
