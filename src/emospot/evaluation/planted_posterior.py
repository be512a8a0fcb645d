"""The exact posterior of planted conversations: what can be known of them at best.

Given emotion e, style z and crest c the modalities of an utterance are independent. The
likelihood of a modality's tokens against noise alone, with a burst of group g at place s, is
that of a matched filter

    R(g, s) = exp Σ_{t = s}^{s+L−1} (A x_t·v(g) − A²/2) / σ²

and with a distractor (probability q, group and place uniform over the n(s) places that do
not touch) R(g, s) · (1 − q + q / n(s) · Σ_{|s′−s| ≥ L} mean_g′ R(g′, s′)), whose sum is that
of a prefix and a suffix: linear in the tokens. Mean over jitter gives B_m(g, p), and

    Λ(e, z) = mean_c Π_m B_m(g_m(e), c + lag(z, m))

(with conflict, a mixture over which modality shows another group). Emotions are a Markov
chain whose state is the last emotion of every speaker; forward and backward through it,
for every combination of the speakers' styles at once, give p(e | whole conversation).

Three readings know less:

    without context     every utterance by itself, its style unknown
    pooled              the mean of the tokens alone, as features of one vector hold it
    blind to lag        the places of the modalities' hotspots taken for independent,
                        each with its own distribution: what it would be exact for

The first two are exact for what they know.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp, softmax

from emospot.conversation.planted import PlantedDialogue, PlantedWorld

Floats = NDArray[np.float64]
Knowledge = Literal["all", "without context", "blind to lag", "pooled"]
KNOWLEDGE: tuple[Knowledge, ...] = ("all", "without context", "blind to lag", "pooled")


@dataclass(frozen=True, slots=True)
class PlantedPosterior:
    """What can be known of a conversation of U utterances.

    Args:
        emotions: probability of each emotion, shape (U, K).
        starts: probability that the hotspot of a modality begins at a place, shape
            (U, M, places); zeros where the modality is missing or places are not known.
    """

    emotions: Floats
    starts: Floats


def posterior(
    world: PlantedWorld,
    dialogue: PlantedDialogue,
    knowledge: Knowledge = "all",
    *,
    causal: bool = False,
) -> PlantedPosterior:
    """The posterior of a conversation.

    Args:
        world: from which it was drawn.
        dialogue: its tokens and speakers are read, nothing of what is true.
        knowledge: how much is known.
        causal: up to each utterance alone.
    """
    nowhere = np.zeros((*dialogue.present.shape, world.places))
    if knowledge == "pooled":
        likelihood = _pooled_likelihood(world, dialogue)
        emotions = _chain(world, dialogue, likelihood, causal=causal).sum(axis=1)
        return PlantedPosterior(emotions, nowhere)
    places = [
        place_ratios(world, burst_ratios(world, dialogue, m)) for m in range(len(world.modalities))
    ]
    joint = _joint(world, places, blind=knowledge == "blind to lag")
    likelihood = logsumexp(joint, axis=-1) - np.log(joint.shape[-1])
    if knowledge == "without context":
        known = likelihood + np.log(world.prior) - np.log(world.styles)
        felt = np.exp(known - logsumexp(known, axis=(1, 2), keepdims=True))
    else:
        felt = _chain(world, dialogue, likelihood, causal=causal)
    starts = nowhere
    if knowledge != "blind to lag":
        starts = _starts(world, places, joint, felt) * dialogue.present[:, :, None]
    return PlantedPosterior(felt.sum(axis=1), starts)


def burst_ratios(world: PlantedWorld, dialogue: PlantedDialogue, modality: int) -> Floats:
    """Log R(g, s) of a modality, shape (U, G, places); zeros where it is missing."""
    x = dialogue.values[:, modality].astype(np.float64)
    along = np.einsum("utd,gd->ugt", x, world.directions[modality])
    gain = (world.strength * along - world.strength**2 / 2) / world.deviation(modality) ** 2
    total = np.concatenate([np.zeros((*gain.shape[:2], 1)), gain.cumsum(axis=2)], axis=2)
    ratios: Floats = total[:, :, world.length :] - total[:, :, : -world.length]
    return ratios * dialogue.present[:, modality, None, None]


def place_ratios(world: PlantedWorld, ratios: Floats) -> Floats:
    """Log of the likelihood with a hotspot of group g at s and a distractor anywhere.

    Args:
        world: the dials.
        ratios: `burst_ratios`, shape (U, G, places).

    Returns:
        The same shape.
    """
    if world.distractors == 0:
        return ratios
    L, P = world.length, world.places
    any_group = logsumexp(ratios, axis=1) - np.log(world.groups)
    before = np.full_like(any_group, -np.inf)
    after = np.full_like(any_group, -np.inf)
    if P > L:
        before[:, L:] = np.logaddexp.accumulate(any_group, axis=1)[:, :-L]
        after[:, :-L] = np.logaddexp.accumulate(any_group[:, ::-1], axis=1)[:, ::-1][:, L:]
    s = np.arange(P)
    count = np.maximum(0, s - L + 1) + np.maximum(0, P - s - L)
    with np.errstate(divide="ignore"):
        none = np.log1p(-world.distractors)
    mean = np.logaddexp(before, after) - np.log(np.maximum(1, count))
    shown = np.logaddexp(mean + np.log(world.distractors), none)
    return ratios + np.where(count > 0, shown, 0.0)[:, None]


def _jittered(world: PlantedWorld, places: Floats) -> Floats:
    """Log B(g, p): the mean over jitter, −∞ where a place does not fit, shape (U, G, P)."""
    J = world.jitter
    if J == 0:
        return places
    found = np.full_like(places, -np.inf)
    inside = places.shape[2] - 2 * J
    moved = [places[:, :, j : j + inside] for j in range(2 * J + 1)]
    found[:, :, J : J + inside] = logsumexp(np.stack(moved), axis=0) - np.log(2 * J + 1)
    return found


def _joint(world: PlantedWorld, places: Sequence[Floats], *, blind: bool) -> Floats:
    """Log Π_m B_m(g_m(e), c + lag(z, m)), shape (U, styles, K, crests).

    Blind to lag, each modality's mean over all crests and styles stands for its place.
    """
    jittered = [_jittered(world, own) for own in places]
    crests = crest_places(world)
    if blind:
        at = crests + world.lags[:, :, None]
        jittered = [
            np.broadcast_to(
                logsumexp(own[:, :, at[:, m].ravel()], axis=2, keepdims=True)
                - np.log(at[:, m].size),
                own.shape,
            )
            for m, own in enumerate(jittered)
        ]
    found = []
    for lags in world.lags:
        shown = [own[:, :, crests + lag] for own, lag in zip(jittered, lags, strict=True)]
        found.append(logsumexp(_options(world, shown), axis=0))
    return np.stack(found, axis=1)


def _options(world: PlantedWorld, shown: Sequence[Floats]) -> Floats:
    """Products over modalities where all show the emotion's group, or one shows another.

    Args:
        world: the dials.
        shown: of each modality, by group, shape (U, G, crests).

    Returns:
        Shape (1 + M, U, K, crests), each with its probability: all show it, the first
        does not, the second does not and so on; (1, …) without conflict.
    """
    own = [part[:, groups] for part, groups in zip(shown, world.group_table, strict=True)]
    agreed: Floats = np.sum(own, axis=0)
    if world.conflict == 0:
        return agreed[None]
    with np.errstate(divide="ignore"):
        options = [agreed + np.log1p(-world.conflict)]
    share = np.log(world.conflict) - np.log(len(shown))
    for m, (part, usual) in enumerate(zip(shown, own, strict=True)):
        options.append(agreed - usual + _other_groups(world, part, m) + share)
    return np.stack(options)


def _other_groups(world: PlantedWorld, shown: Floats, modality: int) -> Floats:
    """Log of the mean over the groups that are not the emotion's: axis G becomes K."""
    others = [
        logsumexp(np.delete(shown, group, axis=-2), axis=-2) - np.log(world.groups - 1)
        for group in range(world.groups)
    ]
    return np.stack(others, axis=-2)[..., world.group_table[modality], :]


def _pooled_likelihood(world: PlantedWorld, dialogue: PlantedDialogue) -> Floats:
    """log-likelihood of the mean tokens, the same in all styles, shape (U, styles, K)."""
    T = world.tokens
    a = world.strength * world.length / T
    free = world.distractors if world.places > world.length else 0.0
    parts = []
    for m in range(len(world.modalities)):
        y = dialogue.values[:, m].astype(np.float64).mean(axis=1) @ world.directions[m].T
        scale = T / world.deviation(m) ** 2
        one = scale * (a * y - a**2 / 2)
        same = np.eye(world.groups)
        both = scale * (a * (y[:, :, None] + y[:, None]) - a**2 * (1 + same))
        with np.errstate(divide="ignore"):
            mean = logsumexp(both, axis=2) - np.log(world.groups) + np.log(free)
            parts.append(np.logaddexp(one + np.log1p(-free), mean))
        parts[-1] *= dialogue.present[:, m, None]
    mixed = logsumexp(_options(world, [part[:, :, None] for part in parts]), axis=0)[..., 0]
    return np.repeat(mixed[:, None], world.styles, axis=1)


def _chain(
    world: PlantedWorld, dialogue: PlantedDialogue, likelihood: Floats, *, causal: bool
) -> Floats:
    """p(style of the speaker, emotion | conversation) of each utterance, shape (U, styles, K).

    The state is an array with an axis a speaker for the styles and one for the last
    emotions: (Z,) · S + (K,) · S.
    """
    S, Z, K = world.speakers, world.styles, world.emotions
    scaled = np.exp(likelihood - likelihood.max(axis=(1, 2), keepdims=True))
    state = np.full((Z,) * S + (K,) * S, Z ** -float(S))
    for s in range(S):
        state *= world.prior.reshape([K if axis == S + s else 1 for axis in range(2 * S)])
    drawn = _drawn(world)
    steps = [
        _Step(world, drawn, int(speaker), own)
        for speaker, own in zip(dialogue.speakers, scaled, strict=True)
    ]
    forward = []
    for step in steps:
        state = step.forward(state)
        state /= state.sum()
        forward.append(state)
    if not causal:
        message = np.ones_like(state)
        for u in range(len(steps) - 1, -1, -1):
            forward[u] = forward[u] * message
            message = steps[u].backward(message)
            message /= message.max()
    found = np.stack([step.own(known) for step, known in zip(steps, forward, strict=True)])
    known: Floats = found / found.sum(axis=(1, 2), keepdims=True)
    return known


def _drawn(world: PlantedWorld) -> Floats:
    """How likely an emotion that does not last is caught or comes anew, by those of the others.

    Broadcasts to (1,) · S + (K,) · S: the speaker's own emotion is the last axis, before it
    stand the last emotions of the others.
    """
    S, K = world.speakers, world.emotions
    catch = world.catch if S > 1 else 0.0
    found = np.asarray((1 - world.stay - catch) * world.prior)
    for other in range(S - 1):
        shape = [K if axis in (S + other, 2 * S - 1) else 1 for axis in range(2 * S)]
        found = found + catch * np.eye(K).reshape(shape) / (S - 1)
    return found


class _Step:
    """A turn in the chain.

    Args:
        world: the dials.
        drawn: see `_drawn`.
        speaker: whose turn it is.
        likelihood: of its tokens, shape (styles, K).
    """

    def __init__(
        self, world: PlantedWorld, drawn: Floats, speaker: int, likelihood: Floats
    ) -> None:
        self.stay, self.drawn = world.stay, drawn
        self.style, self.last = speaker, world.speakers + speaker
        shape = [1] * (2 * world.speakers)
        shape[speaker], shape[-1] = likelihood.shape
        self.likelihood = likelihood.reshape(shape)

    def forward(self, state: Floats) -> Floats:
        """The state after the turn, with what it tells."""
        before = np.moveaxis(state, self.last, -1)
        after = self.stay * before + before.sum(axis=-1, keepdims=True) * self.drawn
        return np.moveaxis(after * self.likelihood, -1, self.last)

    def backward(self, message: Floats) -> Floats:
        """What the turn and those after it tell of the state before it."""
        after = np.moveaxis(message, self.last, -1) * self.likelihood
        before = self.stay * after + (after * self.drawn).sum(axis=-1, keepdims=True)
        return np.moveaxis(before, -1, self.last)

    def own(self, state: Floats) -> Floats:
        """Style and emotion of the speaker, shape (styles, K)."""
        others = tuple(a for a in range(state.ndim) if a not in (self.style, self.last))
        return np.asarray(state.sum(axis=others))


def _starts(world: PlantedWorld, places: Sequence[Floats], joint: Floats, felt: Floats) -> Floats:
    """Probability that a modality's hotspot begins at a place, shape (U, M, places).

    Args:
        world: the dials.
        places: of each modality, `place_ratios`.
        joint: of style, emotion and crest, shape (U, styles, K, crests).
        felt: p(style, emotion), shape (U, styles, K).
    """
    crest = np.exp(joint - logsumexp(joint, axis=-1, keepdims=True)) * felt[..., None]
    found = np.zeros((len(felt), len(places), world.places))
    for m in range(len(places)):
        for z in range(world.styles):
            at = crest_places(world) + world.lags[z, m]
            for j, share in _by_jitter(world, places, m, z, crest[:, z]):
                found[:, m, at + j] += share
    return found


def _by_jitter(
    world: PlantedWorld, places: Sequence[Floats], m: int, z: int, crest: Floats
) -> Iterator[tuple[int, Floats]]:
    """Jitter and, with it, how likely the utterance crests where, shape (U, crests).

    Args:
        world: the dials.
        places: of each modality, `place_ratios`.
        m: the modality.
        z: the style.
        crest: p(style, emotion, crest), shape (U, K, crests).
    """
    J = world.jitter
    if J == 0:
        yield 0, crest.sum(axis=1)
        return
    crests = crest_places(world)
    moved = np.stack([places[m][:, :, crests + world.lags[z, m] + j] for j in range(-J, J + 1)])
    own = softmax(moved[:, :, world.group_table[m]], axis=0)
    if world.conflict:
        shown = [
            _jittered(world, part)[:, :, crests + lag]
            for part, lag in zip(places, world.lags[z], strict=True)
        ]
        differs = softmax(_options(world, shown), axis=0)[1 + m]
        own = (1 - differs) * own + differs * softmax(_other_groups(world, moved, m), axis=0)
    for j, share in zip(range(-J, J + 1), own, strict=True):
        yield j, (share * crest).sum(axis=1)


def crest_places(world: PlantedWorld) -> NDArray[np.int64]:
    """The tokens at which an utterance may crest."""
    return np.arange(world.crests) + world.lag + world.jitter
