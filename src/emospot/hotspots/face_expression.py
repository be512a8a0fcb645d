"""Hotspots of the face: the apex of an expression, from its onset to its offset.

A *movement* is a weighted sum of the columns of `features.face_geometry`, made
so that it grows when the face does what its name says ("brow raise", "smile",
"jaw drop"). Its deviation from the person's own neutral (`face_neutral`), less
what a turned head alone can feign, is

    e[t] = max(0, x[t] − c[t] − leak · (|yaw − yaw_c| + |pitch − pitch_c|))

Only what is *held* counts: e is opened with a flat window of L = 0.4 s

    o[t] = max over windows W of length L that contain t of  min over W of e

which removes every peak shorter than L (`excursions.opened`). Blinks (0.1 to
0.3 s) and the open-and-shut of the speaking mouth (3 to 7 times a second) are
such peaks. Where o exceeds the movement's threshold (35 % of its full strength,
or twice the person's usual deviation, but never more than 60 %) it has an apex;
the hotspot reaches from there, on both sides, to where o falls below 30 % of
the apex. Its score is the apex over the full strength, at most 1.

Nothing is read from the future: neutral is what was seen before. Hence the
first 0.4 s of a face, and an expression that is there from the first frame on,
give no hotspot. No hotspot reaches across half a second without a face.

Full strengths and leaks were set by looking at the few recorded faces at hand;
they are not learned. A hotspot says that the face moved, not what was felt.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emospot.conversation import FACE, Conversation, Hotspot, Tokens
from emospot.errors import FeatureError, ShapeError
from emospot.hotspots.excursions import excursions, opened, unbroken
from emospot.hotspots.face_neutral import RunningNeutral
from emospot.hotspots.moments import united

HELD_SECONDS = 0.4
"""An expression counts at the strength that it holds for this long."""

EDGE_SHARE = 0.3
"""Onset and offset lie where the strength falls below this share of the apex."""

FIRE_SHARE = 0.35
"""Share of the full strength from which a movement fires."""

SURE_SHARE = 0.6
"""Share of the full strength from which it fires however lively the face is."""

LONGEST_GAP = 0.5
"""Seconds without a face that end an expression."""

_USUAL_TIMES = 2.0
_NOISE_SHARE = 0.06
_LONGEST_FRAME = 0.25
_FEWEST_FRAMES = 3


@dataclass(frozen=True, slots=True)
class Movement:
    """Something that a face does.

    Args:
        name: what a hotspot says that it was fired by.
        weights: column → weight; the sum grows with the movement.
        full: the sum at a strong expression, over neutral.
        leak: what a degree of turning the head can add by itself.
    """

    name: str
    weights: Mapping[str, float]
    full: float
    leak: float


MOVEMENTS = (
    Movement(
        "brow raise",
        {
            "inner brow left": 0.25,
            "inner brow right": 0.25,
            "outer brow left": 0.25,
            "outer brow right": 0.25,
        },
        full=0.10,
        leak=0.002,
    ),
    Movement(
        "brow lower",
        {"inner brow left": -0.4, "inner brow right": -0.4, "brow gap": -0.4},
        full=0.08,
        leak=0.002,
    ),
    Movement("eyes wide", {"eye opening left": 0.5, "eye opening right": 0.5}, 0.16, 0.004),
    Movement("eyes closed", {"eye opening left": -0.5, "eye opening right": -0.5}, 0.22, 0.004),
    Movement("smile", {"mouth corner left": 0.5, "mouth corner right": 0.5}, 0.15, 0.002),
    Movement(
        "mouth corners down",
        {"mouth corner left": -0.5, "mouth corner right": -0.5},
        full=0.07,
        leak=0.002,
    ),
    # A smile widens the mouth too; only what it does not explain counts.
    Movement(
        "lip stretch",
        {"mouth width": 1.0, "mouth corner left": -1.0, "mouth corner right": -1.0},
        full=0.25,
        leak=0.004,
    ),
    Movement("lip press", {"lip thickness": -1.0}, full=0.06, leak=0.001),
    Movement("jaw drop", {"jaw drop": 1.0}, full=0.25, leak=0.008),
)
"""The movements that are looked for, in inter-ocular units."""

TURNS = ("yaw", "pitch")
"""The columns that tell how far the head is turned, in degrees."""


class ExpressionHotspots:
    """Finds the hotspots of the face (a `HotspotDetector`).

    The neutral face is learned per speaker, in turn order, anew in each call.

    Args:
        movements: what is looked for.
        turns: columns of how far the head is turned; none where it is not known.
    """

    name = "expression"
    modality = FACE
    reads: tuple[str, ...] = ("facemesh",)

    def __init__(
        self, movements: Sequence[Movement] = MOVEMENTS, turns: Sequence[str] = TURNS
    ) -> None:
        self.movements = tuple(movements)
        self.turns = tuple(turns)
        noise = [_NOISE_SHARE * movement.full for movement in self.movements]
        self._floor = np.array([*noise, *(1.0 for _ in self.turns)])
        self._leaks = np.array([movement.leak for movement in self.movements])
        self._full = np.array([movement.full for movement in self.movements])

    def detect(
        self, conversation: Conversation, descriptors: Sequence[Tokens | None]
    ) -> list[list[Hotspot]]:
        """The hotspots of every utterance, each list in order of time.

        Args:
            conversation: the utterances in turn order.
            descriptors: the face tokens of each utterance (columns of
                `features.face_geometry`, with times), None without a face.

        Returns:
            One list an utterance. Movements are judged one by one; those of the
            same moment (a smile that also stretches the lips) are one hotspot, with
            the borders of the strongest (`hotspots.moments`).

        Raises:
            ShapeError: if there is not one entry an utterance.
            FeatureError: if a column or the times are missing.
        """
        if len(descriptors) != len(conversation.utterances):
            raise ShapeError(
                f"{len(descriptors)} face descriptors for "
                f"{len(conversation.utterances)} utterances"
            )
        neutrals: dict[str, RunningNeutral] = {}
        found: list[list[Hotspot]] = []
        for utterance, tokens in zip(conversation.utterances, descriptors, strict=True):
            if tokens is None:
                found.append([])
                continue
            neutral = neutrals.setdefault(utterance.speaker, RunningNeutral(self._floor))
            found.append(self._hotspots(tokens, neutral))
        return found

    def _hotspots(self, tokens: Tokens, neutral: RunningNeutral) -> list[Hotspot]:
        if tokens.times is None:
            raise FeatureError("face descriptors need token times to find expressions")
        times = np.asarray(tokens.times, dtype=np.float64)
        excess, threshold = self._excess(tokens, times, neutral)
        hotspots = []
        for part in unbroken(times, LONGEST_GAP):
            held = opened(excess[part], times[part], HELD_SECONDS)
            for k, movement in enumerate(self.movements):
                for found in excursions(held[:, k], threshold[part, k], EDGE_SHARE):
                    if found.last - found.first + 1 < _FEWEST_FRAMES:
                        continue
                    hotspots.append(
                        Hotspot(
                            modality=FACE,
                            start=float(times[part][found.first, 0]),
                            end=float(times[part][found.last, 1]),
                            score=min(1.0, found.strength / movement.full),
                            fired_by=movement.name,
                            apex=float(times[part][found.apex].mean()),
                        )
                    )
        moments = united(enumerate(hotspots))
        return sorted(moments, key=lambda spot: (spot.start or 0.0, spot.fired_by))

    def _excess(
        self, tokens: Tokens, times: NDArray[np.float64], neutral: RunningNeutral
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Deviation from neutral and threshold, shape (T, movements) both; neutral learns."""
        signals = np.column_stack(
            [
                *(
                    sum(weight * tokens.column(name) for name, weight in m.weights.items())
                    for m in self.movements
                ),
                *(tokens.column(name) for name in self.turns),
            ]
        ).astype(np.float64)
        signals = _without_single_frames(signals)
        moves = len(self.movements)
        excess = np.zeros((len(signals), moves))
        threshold = np.zeros_like(excess)
        seconds = np.clip(times[:, 1] - times[:, 0], 0.0, _LONGEST_FRAME)
        for t, (values, lasted) in enumerate(zip(signals, seconds, strict=True)):
            usual = _USUAL_TIMES * neutral.spread[:moves]
            threshold[t] = np.clip(usual, FIRE_SHARE * self._full, SURE_SHARE * self._full)
            if neutral.ready:
                deviation = values - neutral.centre
                turned = float(np.abs(deviation[moves:]).sum())
                excess[t] = np.maximum(0.0, deviation[:moves] - self._leaks * turned)
            neutral.observe(values, float(lasted))
        return excess, threshold


def _without_single_frames(signals: NDArray[np.float64]) -> NDArray[np.float64]:
    """The median of each frame and its neighbours: one bad frame breaks no expression."""
    if len(signals) < _FEWEST_FRAMES:
        return signals
    middle = np.median([signals[:-2], signals[1:-1], signals[2:]], axis=0)
    return np.concatenate([signals[:1], middle, signals[-1:]])
