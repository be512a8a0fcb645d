"""Faces that are drawn, not filmed: landmark sequences with known expressions.

Nobody has marked to the frame when a face begins to smile, is at its height and lets go.
Here it is known, because the landmarks of the mesh are moved by hand. Each film has

- a person: a drawn face with an anatomy of its own (every landmark shifted a little);
- a head that turns, nods and shifts slowly, at some distance from the camera;
- blinks, 0.3 a second, of 0.1 to 0.25 s;
- speech for half of the time: the jaw opens and shuts 3 to 6 times a second;
- noise of the landmarks, a quarter of a pixel where 60 pixels lie between the eyes;
- none to three expressions: a rise of 0.25 to 0.6 s, a hold of 0.3 to 1.5 s, a fall of
  0.3 to 0.8 s, at 50 to 120 % of their usual size;
- in every fourth film, two to four seconds without a face.

The columns are measured from the landmarks as from a recording's (`face_geometry`). The
seed decides everything.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from emospot.conversation import Tokens
from emospot.features.face_geometry import (
    FACE_COLUMNS,
    FRONTAL_HEAD,
    MESH_POINTS,
    STABLE_LANDMARKS,
    expression,
    head_frame,
    head_motion,
)

Points = NDArray[np.float64]

RATE = 15.0
SECONDS = 20.0
FIRST = 2.5
"""Seconds before the first expression: nobody knows a face before having seen it."""
APART = 1.0
PIXELS = 60.0
NOISE = 0.25
_ANATOMY, _FILM = 1, 2  # of one seed several streams, none of which may be another

# In inter-ocular units: x to the person's left, y up from the line of the eyes.
_LEFT_BROW = {
    285: (0.22, 0.32), 295: (0.30, 0.36), 296: (0.40, 0.42), 336: (0.24, 0.40),
    282: (0.50, 0.36), 283: (0.62, 0.34), 293: (0.64, 0.40), 334: (0.52, 0.44),
}  # fmt: skip
_RIGHT_BROW = {
    55: (-0.22, 0.32), 65: (-0.30, 0.36), 66: (-0.40, 0.42), 107: (-0.24, 0.40),
    52: (-0.50, 0.36), 53: (-0.62, 0.34), 63: (-0.64, 0.40), 105: (-0.52, 0.44),
}  # fmt: skip
_UPPER_LIDS = {385: (0.4, 0.07), 386: (0.5, 0.08), 387: (0.6, 0.07),
               160: (-0.6, 0.07), 159: (-0.5, 0.08), 158: (-0.4, 0.07)}  # fmt: skip
_LOWER_LIDS = {380: (0.4, -0.05), 374: (0.5, -0.06), 373: (0.6, -0.05),
               144: (-0.6, -0.05), 145: (-0.5, -0.06), 153: (-0.4, -0.05)}  # fmt: skip
_UPPER_LIP = {0: (0.0, -0.98), 37: (-0.1, -0.98), 267: (0.1, -0.98),
              13: (0.0, -1.06), 82: (-0.1, -1.06), 312: (0.1, -1.06)}  # fmt: skip
_LOWER_LIP = {14: (0.0, -1.08), 87: (-0.1, -1.08), 317: (0.1, -1.08),
              17: (0.0, -1.18), 84: (-0.1, -1.18), 314: (0.1, -1.18)}  # fmt: skip
_CORNERS = {291: (0.42, -1.08), 61: (-0.42, -1.08)}
_CHIN = {152: (0.0, -1.75)}
_PARTS = (_LEFT_BROW, _RIGHT_BROW, _UPPER_LIDS, _LOWER_LIDS, _UPPER_LIP, _LOWER_LIP, _CORNERS,
          _CHIN)  # fmt: skip

_JAW = (*_LOWER_LIP, *_CHIN)

EXPRESSIONS: dict[str, tuple[tuple[Iterable[int], tuple[float, float]], ...]] = {
    "smile": (((291,), (0.06, 0.15)), ((61,), (-0.06, 0.15)), ((374, 145), (0.0, 0.02))),
    "brow raise": (((*_LEFT_BROW, *_RIGHT_BROW), (0.0, 0.10)),),
    "brow lower": ((_LEFT_BROW, (-0.03, -0.07)), (_RIGHT_BROW, (0.03, -0.07))),
    "corners down": (((291, 61), (0.0, -0.08)),),
    "jaw drop": ((_JAW, (0.0, -0.26)), (_UPPER_LIDS, (0.0, 0.05))),
    "lip press": (((0, 37, 267), (0.0, -0.05)), ((17, 84, 314), (0.0, 0.06))),
}
"""Expression → landmarks and how far they go at its usual size."""


@dataclass(frozen=True, slots=True)
class Expression:
    """A known expression.

    Args:
        name: of `EXPRESSIONS`.
        onset: seconds, where it begins to rise.
        apex: seconds, the middle of the hold.
        offset: seconds, where it has gone.
        size: 1 is usual.
    """

    name: str
    onset: float
    apex: float
    offset: float
    size: float


@dataclass(frozen=True, slots=True)
class Film:
    """A drawn face over time.

    Args:
        person: whose anatomy.
        number: of the person's films, from 0.
        tokens: columns of `face_geometry` with times, as from a recording.
        expressions: in order of time.
        nods: spans in which the head nods, which is no expression.
    """

    person: int
    number: int
    tokens: Tokens
    expressions: tuple[Expression, ...]
    nods: tuple[tuple[float, float], ...]


def films(people: Sequence[int], *, each: int = 4, seed: int = 0) -> Iterator[Film]:
    """Draw films.

    Args:
        people: numbers; each is another anatomy.
        each: films a person.
        seed: of every choice.
    """
    for person in people:
        base = _person(np.random.default_rng((seed, person, _ANATOMY)))
        for number in range(each):
            yield _film(
                person, number, base, np.random.default_rng((seed, person, _FILM + number))
            )


def _person(random: np.random.Generator) -> Points:
    points = np.zeros((MESH_POINTS, 3))
    points[list(STABLE_LANDMARKS)] = FRONTAL_HEAD
    for part in _PARTS:
        for landmark, place in part.items():
            points[landmark] = (*place, 0.3)
    return points + random.normal(0, 0.015, points.shape)


def _film(person: int, number: int, base: Points, random: np.random.Generator) -> Film:
    times = np.arange(int(SECONDS * RATE)) / RATE
    faces = np.repeat(base[None], len(times), axis=0)
    expressions = _expressions(random)
    for one in expressions:
        course = _course(one, times)
        for landmarks, way in EXPRESSIONS[one.name]:
            faces[:, list(landmarks), :2] += one.size * course[:, None, None] * np.array(way)
    _speak(faces, times, random)
    _blink(faces, times, random)
    nods = _nods(random)
    seen = _filmed(faces, times, nods, random)
    kept = np.ones(len(times), dtype=bool)
    if number % 4 == 3:
        start = _free_stretch(expressions, random)
        kept = (times < start) | (times >= start + random.uniform(2.0, 4.0))
    return Film(person, number, _measured(seen, times, kept), expressions, nods)


def _expressions(random: np.random.Generator) -> tuple[Expression, ...]:
    names = random.choice(list(EXPRESSIONS), size=int(random.integers(4)), replace=False)
    found: list[Expression] = []
    clock = FIRST
    for name in names:
        rise, hold, fall = (random.uniform(*r) for r in ((0.25, 0.6), (0.3, 1.5), (0.3, 0.8)))
        onset = clock + random.uniform(0.0, 2.0)
        middle, offset = onset + rise + hold / 2, onset + rise + hold + fall
        size = random.uniform(0.5, 1.2)
        found.append(Expression(str(name), onset, middle, offset, size))
        clock = offset + APART
    return tuple(found)


def _course(one: Expression, times: Points) -> Points:
    """From 0 at the onset to 1 around the apex and back, smoothly."""
    rise, fall = one.apex - one.onset, one.offset - one.apex
    hold = 0.5 * min(rise, fall)
    marks = [one.onset, one.apex - hold, one.apex + hold, one.offset]
    return np.asarray(np.sin(np.pi / 2 * np.interp(times, marks, [0, 1, 1, 0])) ** 2)


def _speak(faces: Points, times: Points, random: np.random.Generator) -> None:
    clock = random.uniform(0.0, 2.0)
    while clock < SECONDS:
        end = clock + random.uniform(1.0, 3.0)
        said = (times >= clock) & (times < end)
        phase = random.uniform(3.0, 6.0) * (times - clock)
        loud = random.uniform(0.4, 1.0, 32)[phase.astype(int) % 32]  # a syllable each
        gape = np.where(said, loud * (0.5 - 0.5 * np.cos(2 * np.pi * phase)), 0.0)
        faces[:, list(_JAW), 1] -= 0.18 * gape[:, None]
        faces[:, 291, 0] -= 0.04 * gape
        faces[:, 61, 0] += 0.04 * gape
        clock = end + random.uniform(1.0, 3.0)


def _blink(faces: Points, times: Points, random: np.random.Generator) -> None:
    for clock in np.flatnonzero(random.random(len(times)) < 0.3 / RATE) / RATE:
        shut = (times >= clock) & (times < clock + random.uniform(0.1, 0.25))
        for upper, lower in zip(_UPPER_LIDS, _LOWER_LIDS, strict=True):
            faces[shut, upper, 1] = faces[shut, lower, 1] + 0.01


def _nods(random: np.random.Generator) -> tuple[tuple[float, float], ...]:
    if random.random() < 0.5:
        return ()
    start = random.uniform(1.0, SECONDS - 3.0)
    return ((start, start + random.uniform(1.0, 1.8)),)


def _filmed(
    faces: Points,
    times: Points,
    nods: Sequence[tuple[float, float]],
    random: np.random.Generator,
) -> Points:
    """As a camera sees them: turned, shifted, x right, y down, z away, in pixels."""
    yaw, pitch, roll = (_drift(times, size, random) for size in (10.0, 7.0, 4.0))
    for start, end in nods:
        inside = (times >= start) & (times < end)
        pitch = pitch + np.where(inside, 6.0 * np.sin(2 * np.pi * 2.2 * (times - start)), 0.0)
    turn = Rotation.from_euler("zxy", np.column_stack([roll, -pitch, yaw]), degrees=True)
    centre = np.array([200.0, 150.0, 0.0])
    shift = centre + np.column_stack([_drift(times, 25.0, random) for _ in range(3)])
    near = 1 + _drift(times, 0.1, random)
    turned = np.einsum("tij,tpj->tpi", turn.as_matrix(), faces)
    seen = turned * np.array([PIXELS, -PIXELS, -PIXELS]) * near[:, None, None] + shift[:, None]
    return np.asarray(seen + random.normal(0, NOISE, seen.shape))


def _drift(times: Points, size: float, random: np.random.Generator) -> Points:
    """A slow wandering: three waves of 0.05 to 0.3 Hz."""
    waves = [
        np.sin(2 * np.pi * (random.uniform(0.05, 0.3) * times + random.random())) for _ in range(3)
    ]
    return np.asarray(size * np.mean(waves, axis=0))


def _free_stretch(expressions: Sequence[Expression], random: np.random.Generator) -> float:
    """Where the face leaves: after the last expression, or anywhere if that is too late."""
    last = max((one.offset for one in expressions), default=FIRST)
    return float(random.uniform(min(last + 0.5, SECONDS - 4.0), SECONDS - 4.0))


def _measured(seen: Points, times: Points, kept: NDArray[np.bool_]) -> Tokens:
    rows = []
    for number in np.flatnonzero(kept).tolist():
        frame = head_frame(seen[number])
        before = seen[max(number - 1, 0)]
        motion = head_motion(before, seen[number], frame.pixels, 1 / RATE)
        rows.append([*expression(frame.points), *frame.angles, motion])
    starts = times[kept]
    return Tokens(
        np.array(rows),
        times=np.column_stack([starts, starts + 1 / RATE]),
        columns=FACE_COLUMNS,
    )
