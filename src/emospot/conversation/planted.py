"""Conversations whose emotions, hotspots and best possible score are known exactly.

**Emotions.** K emotions with prior π. At a turn the speaker's emotion

    stays what it was                                   with probability `stay`,
    is caught: the last one of another speaker          with probability `catch`,
    is drawn from π                                      otherwise.

Before a speaker's first turn it is a draw from π, and alone there is nobody to catch
from. Who speaks depends on no emotion: the same speaker goes on with probability
`repeat`, else any of the others comes.

**Evidence.** Each modality m of an utterance is a sequence of T tokens of d numbers,
Gaussian noise of deviation `noise[m]`. A hotspot of `length` tokens adds `strength` times
a unit vector v_m(g), which tells only the *group* g of the emotion in that modality.
Groups differ between modalities: one modality alone never tells the emotion. An
utterance crests at c, uniform over the places where everything fits, and modality m at

    c + lag(style, m) + jitter,         jitter uniform in −J … J

The *style* is the speaker's, drawn once a conversation. With probability `distractors` a
modality also shows a burst of the same length and strength that means nothing: its group
is uniform, its place uniform over those that do not touch the hotspot. Only the lag
against the other modalities tells the two apart. With probability `conflict` one modality
(any of them) shows the group of another emotion than its speaker's. A modality is missing
with probability `missing`, whatever is felt.

What is best to be done with such conversations is computed exactly by
`evaluation.planted_posterior`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import chain, permutations
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from emospot.conversation.types import MODALITIES

Floats = NDArray[np.float64]
Places = NDArray[np.int64]

MOST_STATES = 100_000
"""Of styles and last emotions of all speakers together, so that the posterior stays fast."""
_GROUPS, _DIRECTIONS = 10**9 + 1, 10**9 + 2  # beyond the numbers of conversations


class PlantedWorld(BaseModel):
    """The dials of a world of planted conversations.

    Args:
        emotions: how many, K.
        imbalance: how much likelier the most frequent emotion is than the rarest.
        modalities: their names.
        groups: of emotions that a modality can tell apart.
        speakers: of each conversation.
        turns: fewest and most of a conversation.
        repeat: probability that a speaker goes on.
        stay: probability that an emotion lasts.
        catch: probability that it is caught.
        tokens: of a modality of an utterance, T.
        dim: numbers a token, d.
        length: of a hotspot in tokens.
        strength: of a hotspot, in deviations of noise 1.
        noise: deviation in each modality, or one for all.
        styles: ways of lagging.
        lag: the greatest, in tokens.
        jitter: the greatest, J, in tokens.
        distractors: probability of a burst that means nothing, a modality.
        conflict: probability that a modality shows another emotion's group.
        missing: probability that a modality is missing.
        seed: of directions and groups.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    emotions: int = Field(6, ge=2)
    imbalance: float = Field(1.0, ge=1.0)
    modalities: tuple[str, ...] = MODALITIES
    groups: int = Field(3, ge=2)
    speakers: int = Field(2, ge=1)
    turns: tuple[int, int] = (12, 24)
    repeat: float = Field(0.25, ge=0.0, le=1.0)
    stay: float = Field(0.5, ge=0.0, le=1.0)
    catch: float = Field(0.25, ge=0.0, le=1.0)
    tokens: int = Field(24, ge=1)
    dim: int = Field(8, ge=1)
    length: int = Field(3, ge=1)
    strength: float = Field(1.3, ge=0.0)
    noise: tuple[float, ...] = (1.0,)
    styles: int = Field(3, ge=1)
    lag: int = Field(4, ge=0)
    jitter: int = Field(0, ge=0)
    distractors: float = Field(1.0, ge=0.0, le=1.0)
    conflict: float = Field(0.0, ge=0.0, le=1.0)
    missing: float = Field(0.0, ge=0.0, le=1.0)
    seed: int = Field(0, ge=0)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if not self.modalities or len(set(self.modalities)) != len(self.modalities):
            raise ValueError(f"modalities must be distinct, found {self.modalities}")
        if not 1 <= self.turns[0] <= self.turns[1]:
            raise ValueError(f"turns must be fewest and most, found {self.turns}")
        if self.groups > min(self.emotions, self.dim):
            raise ValueError(
                f"groups {self.groups} must not exceed emotions {self.emotions} and dim {self.dim}"
            )
        if self.stay + self.catch > 1 + 1e-9:
            raise ValueError(f"stay {self.stay} and catch {self.catch} must not exceed 1 together")
        if len(self.noise) not in (1, len(self.modalities)) or min(self.noise) <= 0:
            raise ValueError(
                f"noise must be one deviation above 0 or one a modality, found {self.noise}"
            )
        if self.crests < 1:
            raise ValueError(
                f"tokens {self.tokens} have no place for a hotspot of length {self.length} with "
                f"lags up to {self.lag} and jitter {self.jitter} to both sides"
            )
        if self.styles > len(self.lags):
            raise ValueError(
                f"styles {self.styles}: {len(self.modalities)} modalities have only "
                f"{len(self.lags)} ways of lagging"
            )
        if self.distractors and self.length < self.places < 2 * self.length:
            raise ValueError(
                f"tokens {self.tokens}: beside some hotspots of length {self.length} there is no "
                "room for a distractor; take more tokens, or no distractors"
            )
        states = (self.styles * self.emotions) ** self.speakers
        if states > MOST_STATES:
            raise ValueError(
                f"{self.speakers} speakers with {self.styles} styles and {self.emotions} emotions "
                f"make {states} states, at most {MOST_STATES} can be enumerated"
            )
        return self

    def changed(self, **dials: Any) -> "PlantedWorld":
        """The same world with other dials.

        Raises:
            ValidationError: if they do not fit each other.
        """
        return PlantedWorld(**{**self.model_dump(), **dials})

    @property
    def crests(self) -> int:
        """Places where an utterance may crest."""
        return self.tokens - self.length - 2 * (self.lag + self.jitter) + 1

    @property
    def places(self) -> int:
        """Places where a burst may begin."""
        return self.tokens - self.length + 1

    @property
    def prior(self) -> Floats:
        """How likely each emotion is, shape (K,)."""
        share = self.imbalance ** -np.linspace(0.0, 1.0, self.emotions)
        return np.asarray(share / share.sum())

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the emotions."""
        return tuple(f"emotion {number}" for number in range(1, self.emotions + 1))

    @property
    def lags(self) -> Places:
        """Tokens by which each modality lags in each style, shape (styles, M).

        Evenly spread from −lag to +lag, in other orders: first those that turn the
        modalities round, in which each lags differently in every style. There may be
        fewer than are asked for.
        """
        return _lags(self)

    @property
    def group_table(self) -> Places:
        """Group of each emotion in each modality, shape (M, K).

        Groups are as even as can be. Of a thousand random divisions that in which the
        modalities together tell the most pairs of emotions apart is taken.
        """
        return _group_table(self)

    @property
    def directions(self) -> Floats:
        """Direction of each group in each modality, orthonormal, shape (M, G, d)."""
        return _directions(self)

    def deviation(self, modality: int) -> float:
        """Of the noise in a modality."""
        return self.noise[modality if len(self.noise) > 1 else 0]


@cache
def _lags(world: PlantedWorld) -> Places:
    M = len(world.modalities)
    spread = np.rint(np.linspace(-world.lag, world.lag, M)).astype(np.int64)
    if M == 1 or world.lag == 0:
        return np.zeros((max(1, world.styles), M), dtype=np.int64)
    turned = (tuple((place + turn) % M for place in range(M)) for turn in range(M))
    rows: dict[tuple[int, ...], None] = {}
    for order in chain(turned, permutations(range(M))):
        rows[tuple(spread[list(order)].tolist())] = None
        if len(rows) == world.styles:
            break
    return np.array(list(rows))


@cache
def _group_table(world: PlantedWorld) -> Places:
    random = np.random.default_rng((world.seed, _GROUPS))
    even = np.arange(world.emotions) % world.groups
    best, told = np.zeros((0, 0), dtype=np.int64), -1
    for _ in range(1000):
        own = np.stack([random.permutation(even) for _ in world.modalities])
        apart = int((own[:, :, None] != own[:, None, :]).any(axis=0).sum())
        if apart > told:
            best, told = own, apart
    return best


@cache
def _directions(world: PlantedWorld) -> Floats:
    random = np.random.default_rng((world.seed, _DIRECTIONS))
    found = []
    for _ in world.modalities:
        basis, _ = np.linalg.qr(random.normal(size=(world.dim, world.dim)))
        found.append(basis[:, : world.groups].T)
    return np.stack(found)


PRESETS: Mapping[str, PlantedWorld] = {
    "easy": PlantedWorld(strength=2.0, distractors=0.0, lag=1, tokens=16),
    "standard": PlantedWorld(),
    "hard": PlantedWorld(
        strength=1.2, jitter=1, conflict=0.05, missing=0.1, imbalance=4.0, tokens=28
    ),
    "long": PlantedWorld(turns=(300, 500), stay=0.7, catch=0.2),
}
"""Worlds by name."""


@dataclass(frozen=True, slots=True)
class PlantedDialogue:
    """A drawn conversation of U utterances with M modalities, and all that is true of it.

    Args:
        number: of the conversation.
        speakers: who speaks, from 0, shape (U,).
        emotions: what they feel, from 0, shape (U,).
        styles: of each speaker, shape (S,).
        crests: of each utterance, shape (U,).
        values: the tokens, zeros where missing, shape (U, M, T, d).
        present: shape (U, M).
        groups: what each modality shows, shape (U, M).
        starts: first token of each hotspot, shape (U, M).
        distractors: first token of each distractor, −1 where there is none, shape (U, M).
    """

    number: int
    speakers: Places
    emotions: Places
    styles: Places
    crests: Places
    values: NDArray[np.float32]
    present: NDArray[np.bool_]
    groups: Places
    starts: Places
    distractors: Places

    def __len__(self) -> int:
        return len(self.emotions)


def draw(
    world: PlantedWorld, count: int, seed: int | tuple[int, ...]
) -> Iterator[PlantedDialogue]:
    """Draw conversations; the n-th of a seed is always the same.

    Args:
        world: the dials.
        count: how many.
        seed: of every choice.

    >>> one, other = draw(PlantedWorld(), 2, seed=0)
    >>> one.values.shape[1:]
    (3, 24, 8)
    """
    seeds = seed if isinstance(seed, tuple) else (seed,)
    for number in range(count):
        yield _dialogue(world, number, np.random.default_rng((*seeds, number)))


def _dialogue(world: PlantedWorld, number: int, random: np.random.Generator) -> PlantedDialogue:
    U = int(random.integers(world.turns[0], world.turns[1] + 1))
    M, T, L = len(world.modalities), world.tokens, world.length
    speakers = _turns(world, U, random)
    emotions = _emotions(world, speakers, random)
    styles = random.integers(world.styles, size=world.speakers)
    crests = random.integers(world.crests, size=U) + world.lag + world.jitter
    jitter = random.integers(-world.jitter, world.jitter + 1, size=(U, M))
    starts = crests[:, None] + world.lags[styles[speakers]] + jitter
    groups = _shown(world, emotions, random)
    present = random.random((U, M)) >= world.missing
    distractors = np.full((U, M), -1)
    values = random.normal(size=(U, M, T, world.dim))
    for u in range(U):
        for m in range(M):
            values[u, m] *= world.deviation(m)
            bursts = [(starts[u, m], groups[u, m])]
            apart = np.flatnonzero(np.abs(np.arange(world.places) - starts[u, m]) >= L)
            if len(apart) and random.random() < world.distractors:
                distractors[u, m] = random.choice(apart)
                bursts.append((distractors[u, m], random.integers(world.groups)))
            for start, group in bursts:
                values[u, m, start : start + L] += world.strength * world.directions[m, group]
    values[~present] = 0.0
    return PlantedDialogue(
        number,
        speakers,
        emotions,
        styles,
        crests,
        values.astype(np.float32),
        present,
        groups,
        starts,
        distractors,
    )


def _turns(world: PlantedWorld, count: int, random: np.random.Generator) -> Places:
    speakers = [int(random.integers(world.speakers))]
    for _ in range(count - 1):
        others = [s for s in range(world.speakers) if s != speakers[-1]]
        goes_on = not others or random.random() < world.repeat
        speakers.append(speakers[-1] if goes_on else int(random.choice(others)))
    return np.array(speakers)


def _emotions(world: PlantedWorld, speakers: Places, random: np.random.Generator) -> Places:
    last = random.choice(world.emotions, size=world.speakers, p=world.prior)
    felt = []
    for speaker in speakers:
        others = np.delete(last, speaker)
        what = random.random()
        if what >= world.stay:
            caught = what < world.stay + world.catch and len(others) > 0
            last[speaker] = (
                random.choice(others) if caught else random.choice(world.emotions, p=world.prior)
            )
        felt.append(int(last[speaker]))
    return np.array(felt)


def _shown(world: PlantedWorld, emotions: Places, random: np.random.Generator) -> Places:
    """The groups that the modalities show, shape (U, M)."""
    groups = world.group_table[:, emotions].T.copy()
    for u in range(len(emotions)):
        if random.random() < world.conflict:
            m = int(random.integers(len(world.modalities)))
            groups[u, m] = (groups[u, m] + random.integers(1, world.groups)) % world.groups
    return groups
