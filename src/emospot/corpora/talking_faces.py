"""Films of several people in one picture, of whom it is known who talks when.

The people are filmed or photographed; what they say is not: a mouth is opened and shut in
the picture. Below the line between the lips the picture is moved down, most at the middle
of the mouth, less and less beside it and below the chin, and the gap is filled with dark
red. A turn is a run of syllables, 3 to 6 a second, each opening the mouth by up to
`GAPE` inter-ocular distances. What else the faces do (blinks, smiles, weeping, turned
heads) is left as it was filmed, and each film begins anywhere and plays to and fro.

So the films show whether the one who talks is found among real faces that do something
else. They do not show lips that form sounds, nor people who answer each other.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from emospot.conversation import Conversation, Utterance
from emospot.errors import CorpusError, MissingExtraError

Picture = NDArray[np.uint8]

RATE = 15.0
SIDE = 240
"""Pixels of a person's square part of the picture."""
GAPE = 0.18
"""Opening of the loudest syllable, inter-ocular distances."""
SYLLABLES = (3.0, 6.0)
"""Least and greatest number a second."""

_MARGIN = 1.9  # side of the square over the greater side of the face
_EYES = ((33, 133), (263, 362))
_CORNERS = (61, 291)
_INNER_LIPS = (13, 14)
_CHIN = 152
_MOUTH = (40, 15, 15)
_LOWER_LIP = 0.35
_BELOW_CHIN = 0.5


@dataclass(frozen=True, slots=True)
class Portrait:
    """A person who is filmed, with the places of the landmarks.

    Args:
        pictures: shape (n, SIDE, SIDE, 3).
        landmarks: in pixels of the pictures, shape (n, 468, 2).
    """

    pictures: NDArray[np.uint8]
    landmarks: NDArray[np.float64]

    def mirrored(self) -> "Portrait":
        """The person as in a mirror."""
        flipped = self.landmarks * (-1.0, 1.0) + (SIDE - 1.0, 0.0)
        swapped = flipped.copy()
        for left, right in (_CORNERS, *zip(*_EYES, strict=True)):
            swapped[:, [left, right]] = flipped[:, [right, left]]
        return replace(self, pictures=self.pictures[:, :, ::-1].copy(), landmarks=swapped)


def portrait(frames: Iterable[tuple[float, Picture]]) -> Portrait:
    """A person cut out of a film that shows one.

    Args:
        frames: time and RGB picture.

    Raises:
        MissingExtraError: if MediaPipe is not installed.
        CorpusError: if there is no face.
    """
    try:
        import cv2
        from mediapipe.python.solutions.face_mesh import FaceMesh
    except ImportError as error:
        raise MissingExtraError("talking faces", "face") from error
    seen: list[tuple[Picture, NDArray[np.float64]]] = []
    with FaceMesh(max_num_faces=1, refine_landmarks=True) as mesh:
        for _, image in frames:
            found = mesh.process(np.ascontiguousarray(image)).multi_face_landmarks
            if found:
                height, width = image.shape[:2]
                points = [(p.x * width, p.y * height) for p in found[0].landmark[:468]]
                seen.append((image, np.array(points)))
    if not seen:
        raise CorpusError("found no face in the film, expected one person in every picture")
    low = np.min([points.min(0) for _, points in seen], axis=0)
    high = np.max([points.max(0) for _, points in seen], axis=0)
    face = max(float(np.ptp(points, axis=0).max()) for _, points in seen)
    scale = SIDE / (_MARGIN * face)
    shift = SIDE / 2 - scale * (low + high) / 2
    place = np.array([[scale, 0.0, shift[0]], [0.0, scale, shift[1]]])
    cut = [
        cv2.warpAffine(image, place, (SIDE, SIDE), borderMode=cv2.BORDER_REPLICATE)
        for image, _ in seen
    ]
    return Portrait(np.array(cut), np.array([scale * points + shift for _, points in seen]))


def opened(image: Picture, landmarks: NDArray[np.floating], gape: float) -> Picture:
    """The picture with the mouth opened.

    Args:
        image: RGB.
        landmarks: of the face in pixels, shape (468, 2).
        gape: by how much, inter-ocular distances.
    """
    import cv2

    eyes = [landmarks[list(eye)].mean(0) for eye in _EYES]
    unit = float(np.linalg.norm(eyes[0] - eyes[1]))
    right, left = (landmarks[corner] for corner in _CORNERS)
    half = float(np.linalg.norm(left - right)) / 2
    along = (left - right) / (2 * half)
    down = np.array([-along[1], along[0]])
    middle = landmarks[list(_INNER_LIPS)].mean(0)
    chin = float((landmarks[_CHIN] - middle) @ down)
    height, width = image.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float64)
    u = (x - middle[0]) * along[0] + (y - middle[1]) * along[1]
    v = (x - middle[0]) * down[0] + (y - middle[1]) * down[1]
    lens = np.clip(1.0 - (u / half) ** 2, 0.0, None)
    wide = np.exp(-((u / (1.8 * half)) ** 2))
    share = np.clip(v / (_LOWER_LIP * unit), 0.0, 1.0)
    fade = np.clip(1.0 - (v - chin) / (_BELOW_CHIN * unit), 0.0, 1.0)
    way = np.where(v >= 0, gape * unit * ((1 - share) * lens + share * wide) * fade, 0.0)
    gap = (v >= 0) & (v < way)
    moved = cv2.remap(
        image,
        (x - way * down[0]).astype(np.float32),
        (y - way * down[1]).astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    soft = cv2.GaussianBlur(gap.astype(np.float32), (0, 0), 0.7)[..., None]
    blended: Picture = (moved * (1 - soft) + np.array(_MOUTH) * soft).round().astype(np.uint8)
    return blended


def gapes(
    turns: Sequence[tuple[float, float]],
    seconds: float,
    random: np.random.Generator,
    gape: float = GAPE,
) -> NDArray[np.float64]:
    """How far a mouth is open in each picture, shape (seconds · RATE,).

    Args:
        turns: start and end of what the person says.
        seconds: length of the film.
        random: of the syllables.
        gape: of the loudest syllable.
    """
    times = np.arange(round(seconds * RATE)) / RATE
    found = np.zeros(len(times))
    for start, end in turns:
        said = (times >= start) & (times < end)
        phase = random.uniform(*SYLLABLES) * (times - start)
        loud = random.uniform(0.4, 1.0, 32)[phase.astype(int) % 32]  # a syllable each
        found += np.where(said, gape * loud * (0.5 - 0.5 * np.cos(2 * np.pi * phase)), 0.0)
    return found


def film(
    people: Sequence[Portrait],
    conversation: Conversation,
    seconds: float,
    *,
    seed: int = 0,
    gape: float = GAPE,
) -> Iterator[tuple[float, Picture]]:
    """Time and picture of people side by side.

    Args:
        people: from left to right; the one at place i is the speaker "i".
        conversation: who speaks when; a speaker of another name is not in the picture.
        seconds: length of the film.
        seed: of the syllables and of where each person's film begins.
        gape: of the loudest syllable.
    """
    random = np.random.default_rng(seed)
    said: list[NDArray[np.float64]] = []
    played: list[NDArray[np.intp]] = []
    for place, person in enumerate(people):
        own = [u for u in conversation.utterances if u.speaker == str(place)]
        turns = [(u.start, u.end) for u in own if u.start is not None and u.end is not None]
        said.append(gapes(turns, seconds, random, gape))
        to_and_fro = [*range(len(person.pictures)), *range(len(person.pictures) - 2, 0, -1)]
        first = int(random.integers(len(to_and_fro)))
        steps = (first + np.arange(len(said[-1]))) % len(to_and_fro)
        played.append(np.array(to_and_fro)[steps])
    for number in range(round(seconds * RATE)):
        parts = []
        for person, open_by, places in zip(people, said, played, strict=True):
            image, points = person.pictures[places[number]], person.landmarks[places[number]]
            now = float(open_by[number])
            parts.append(opened(image, points, now) if now > 0 else image)
        yield number / RATE, np.concatenate(parts, axis=1)


def talk(speakers: Sequence[str], turns: int, seed: int = 0) -> tuple[Conversation, float]:
    """A conversation in which each turn is another speaker's, and its length in seconds.

    Args:
        speakers: who takes part.
        turns: their number; each lasts 1 to 4 s, with 0.2 to 0.8 s between.
        seed: of everything.
    """
    random = np.random.default_rng((seed, 1))
    clock, last = 0.3, ""
    utterances = []
    for number in range(turns):
        others = [name for name in speakers if name != last] or list(speakers)
        last = str(random.choice(others))
        end = clock + random.uniform(1.0, 4.0)
        utterances.append(Utterance(str(number), last, clock, end))
        clock = end + random.uniform(0.2, 0.8)
    return Conversation(f"talk {seed}", tuple(utterances)), clock
