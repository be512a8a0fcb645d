"""Whose face speaks: lips that move while a speaker talks, and rest while they do not.

Of several faces in the picture, an utterance should read the face of its speaker. The
evidence is the motion of the lips. With o the gap between the inner lips (inter-ocular
distances), the motion of a face at time t is

    m(t) = ln(1 + v(t) / v₀),    v(t) = |o(t) − o(t − 1/15 s)| · 15/s, mean of 0.4 s

A lip at rest trembles with the landmarks by some 0.05 distances a second, one that talks
moves by about 1: the logarithm keeps one yawn from counting for a sentence. For speaker s
and face (track) k, with M the mean of m over the frames in which k is seen,

    c(s, k) = M over all utterances of s − R(s, k)
    R(s, k) = M over the utterances of others, as if 1 s of resting lips had been seen too

How a face rests is thus taken from itself, where it has been seen while others spoke: who
chews or smiles all the time gains nothing by it. In a shot with several faces an utterance
of s reads the face k with the greatest c(s, k), if

- c(s, k) ≥ MARGIN: its lips do move with the voice. Nobody's do where the speaker is not
  in the picture, or where the voices were not told apart;
- c(s, k) exceeds that of every other face seen at the same time by MARGIN;
- the lips of k were seen for a second or more while s spoke, and for another while
  somebody else did: who weeps beside a voice without a face is no speaker;
- in this utterance by itself no other face exceeds k, as it does where the speaker is
  mistaken in it.

Otherwise the face is *unclear*: no face is better than another person's. Also unclear is a
lone face, in a shot that has several, which clearly belongs to another speaker. Everywhere
else a face that is alone is taken, whoever speaks: that of `face_tracks`.

A face is not known again after a cut, or when it was away for two seconds: each track has
its own evidence. Nothing hears and sees the very same syllables together (audio-visual
synchrony): that needs a trained network.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emospot.conversation import Tokens
from emospot.features.base import FACE_TRACK_COLUMNS

UNCLEAR = "several faces, and which one speaks is not clear"
"""Why an utterance has no face."""

MARGIN = 0.5
"""Least difference of lip motion (in e-folds) that is clear; see docs/speakers.md."""

LEAST_SECONDS = 1.0
"""A speaker's face is known once it was seen for so long while they spoke."""

SEVERAL_SHARE = 0.2
"""Share of the frames of a shot in an utterance from which two faces are not by chance."""

LIPS = "mouth opening"
"""The column that holds the gap between the inner lips."""

_USUAL_SPEED = 0.1  # v₀, inter-ocular distances a second
_STEP = 1.0 / 15.0
_LONGEST_STEP = 0.25
_SMOOTHED = 0.4
_RESTING_MOTION = float(np.log1p(0.05 / _USUAL_SPEED))
_RESTING_SECONDS = 1.0
_EARLY = 1e-3  # frames' times are rounded


Scene = tuple[int, int]
"""The part of an utterance (its index) within a shot (its number)."""


@dataclass(frozen=True, slots=True)
class SpeakingFace:
    """The face of an utterance.

    Args:
        tokens: rows of the face that was chosen, without `FACE_TRACK_COLUMNS`, or None.
        tracks: the numbers of its tracks, one a shot in which it is clear.
        unclear: whether there are faces, but it is not clear in any shot which one speaks.
    """

    tokens: Tokens | None
    tracks: tuple[int, ...] = ()
    unclear: bool = False


@dataclass(frozen=True, slots=True)
class _Rows:
    """The faces seen in all utterances, one row an utterance, frame and face, shape (n,)."""

    utterance: NDArray[np.intp]
    place: NDArray[np.intp]  # row in the utterance's tokens
    start: NDArray[np.float64]
    seconds: NDArray[np.float64]
    shot: NDArray[np.intp]
    track: NDArray[np.intp]
    weight: NDArray[np.float64]
    motion: NDArray[np.float64]


def lip_motion(times: NDArray[np.floating], opening: NDArray[np.floating]) -> NDArray[np.float64]:
    """How much the lips of one face move, m(t).

    Args:
        times: seconds of the frames in which it was seen, rising, shape (n,).
        opening: gap between its inner lips, inter-ocular distances, shape (n,).

    Returns:
        Shape (n,); NaN where the face was not seen shortly before.

    >>> times = np.arange(30) / 15
    >>> resting, talking = np.full(30, 0.1), 0.1 + 0.1 * np.sin(25 * times)
    >>> lip_motion(times, resting)[1:].max(), bool(lip_motion(times, talking)[1:].min() > 2)
    (np.float64(0.0), True)
    """
    times = np.asarray(times, dtype=np.float64)
    before = np.searchsorted(times, times - _STEP + _EARLY, side="right") - 1
    elapsed = times - times[np.maximum(before, 0)]
    known = (before >= 0) & (elapsed <= _LONGEST_STEP)
    way = np.abs(opening - opening[np.maximum(before, 0)])
    speed = np.where(known, way / np.where(known, elapsed, 1.0), 0.0)
    first = np.searchsorted(times, times - _SMOOTHED / 2)
    end = np.searchsorted(times, times + _SMOOTHED / 2, side="right")
    total, count = (np.concatenate([[0.0], np.cumsum(x)]) for x in (speed, known))
    mean = (total[end] - total[first]) / np.maximum(count[end] - count[first], 1)
    motion: NDArray[np.float64] = np.where(known, np.log1p(mean / _USUAL_SPEED), np.nan)
    return motion


def speaking_faces(faces: Sequence[Tokens | None], speakers: Sequence[str]) -> list[SpeakingFace]:
    """The face of each utterance's speaker.

    Args:
        faces: of each utterance all faces, as from `FacesExtractor.faces`, with the column
            "mouth opening" and times, shape (U,).
        speakers: who speaks, shape (U,).

    Returns:
        Shape (U,).
    """
    rows = _rows(faces)
    evidence = _Evidence(rows, speakers)
    scenes = _scenes(rows)
    contested = {scene for scene, inside in scenes.items() if _several(rows, inside)}
    speaking = {scene: evidence.face(scene[0], scenes[scene]) for scene in contested}
    owners: dict[int, set[str]] = {}
    for (utterance, _), track in speaking.items():
        if track is not None:
            owners.setdefault(track, set()).add(speakers[utterance])
    kept: list[list[int]] = [[] for _ in faces]
    for scene, inside in scenes.items():
        utterance, _ = scene
        if scene in contested:
            track = speaking[scene]
        else:
            track = int(rows.track[inside[rows.weight[inside].argmax()]])
            if speakers[utterance] not in owners.get(track, {speakers[utterance]}):
                track = None
        kept[utterance] += rows.place[inside[rows.track[inside] == track]].tolist()
    return [_chosen(all_of_them, own) for all_of_them, own in zip(faces, kept, strict=True)]


def _chosen(faces: Tokens | None, kept: list[int]) -> SpeakingFace:
    if faces is None or not kept:
        return SpeakingFace(None, unclear=faces is not None)
    wide = len(FACE_TRACK_COLUMNS)
    places = sorted(kept)
    tokens = Tokens(
        faces.values[places, :-wide],
        None if faces.times is None else faces.times[places],
        columns=None if faces.columns is None else faces.columns[:-wide],
    )
    tracks = dict.fromkeys(faces.column("track")[places].astype(int).tolist())
    return SpeakingFace(tokens, tuple(tracks))


def _rows(faces: Sequence[Tokens | None]) -> _Rows:
    seen = [(index, own) for index, own in enumerate(faces) if own is not None]
    if not seen:
        none, nothing = np.zeros(0, np.intp), np.zeros(0)
        return _Rows(none, none, nothing, nothing, none, none, nothing, nothing)
    times = np.concatenate([own.times for _, own in seen if own.times is not None])
    shot, track, weight = (
        np.concatenate([own.column(name) for _, own in seen]) for name in FACE_TRACK_COLUMNS
    )
    opening = np.concatenate([own.column(LIPS) for _, own in seen]).astype(np.float64)
    motion = np.zeros(len(times))
    for own in _groups(track.astype(np.intp)).values():
        # Utterances may overlap: each frame counts once.
        at, first, again = np.unique(times[own, 0], return_index=True, return_inverse=True)
        motion[own] = lip_motion(at, opening[own][first])[again]
    return _Rows(
        utterance=np.repeat([index for index, _ in seen], [len(own) for _, own in seen]),
        place=np.concatenate([np.arange(len(own)) for _, own in seen]),
        start=times[:, 0].astype(np.float64),
        seconds=(times[:, 1] - times[:, 0]).astype(np.float64),
        shot=shot.astype(np.intp),
        track=track.astype(np.intp),
        weight=weight.astype(np.float64),
        motion=motion,
    )


def _groups(values: NDArray[np.intp]) -> dict[int, NDArray[np.intp]]:
    """Value → where it stands."""
    order = np.argsort(values, kind="stable")
    found, first = np.unique(values[order], return_index=True)
    parts = np.split(order, first[1:]) if len(found) else []
    return dict(zip(found.tolist(), parts, strict=True))


def _scenes(rows: _Rows) -> dict[Scene, NDArray[np.intp]]:
    """The part of an utterance within a shot → its rows."""
    return {
        (utterance, shot): inside[own]
        for utterance, inside in _groups(rows.utterance).items()
        for shot, own in _groups(rows.shot[inside]).items()
    }


def _several(rows: _Rows, inside: NDArray[np.intp]) -> bool:
    _, faces = np.unique(rows.start[inside], return_counts=True)
    return bool((faces > 1).mean() >= SEVERAL_SHARE)


class _Evidence:
    """The lip motion of each track while a speaker talks, against the rest."""

    def __init__(self, rows: _Rows, speakers: Sequence[str]) -> None:
        self._rows = rows
        self._speakers = speakers
        names = {name: number for number, name in enumerate(dict.fromkeys(speakers))}
        numbers = np.array([names[name] for name in speakers], dtype=np.intp)
        self._speaking = numbers[rows.utterance]
        self._numbers = numbers
        self._of_track = _groups(rows.track)
        self._known: dict[tuple[int, int], tuple[float, float, float]] = {}

    def face(self, utterance: int, inside: NDArray[np.intp]) -> int | None:
        """The track that clearly speaks in an utterance, or None.

        Args:
            utterance: its index.
            inside: rows of its part within one shot.
        """
        rows, speaker = self._rows, int(self._numbers[utterance])
        frames = len(np.unique(rows.start[inside]))
        here = {
            track: inside[own]
            for track, own in _groups(rows.track[inside]).items()
            if len(own) >= SEVERAL_SHARE * frames
        }
        overall = {track: self._contrast(speaker, track) for track in here}
        if not here:
            return None
        best = max(here, key=lambda track: overall[track])
        if overall[best] < MARGIN or self._compared(speaker, best) < LEAST_SECONDS:
            return None
        for rival, own in here.items():
            together = np.isin(rows.start[own], rows.start[here[best]]).any()
            if rival == best or not together:
                continue
            now = self._now(speaker, rival, own) - self._now(speaker, best, here[best])
            if overall[best] - overall[rival] < MARGIN or now > 0:
                return None
        return best

    def _contrast(self, speaker: int, track: int) -> float:
        """c(s, k); minus infinity of a face that has not been followed."""
        talking, resting, _ = self._of(speaker, track)
        return talking - resting

    def _compared(self, speaker: int, track: int) -> float:
        """Seconds for which the face was seen both in the speaker's talk and in others'."""
        return self._of(speaker, track)[2]

    def _now(self, speaker: int, track: int, own: NDArray[np.intp]) -> float:
        """The contrast in one utterance alone."""
        mean, seconds = self._mean(own)
        return mean - self._of(speaker, track)[1] if seconds else 0.0

    def _of(self, speaker: int, track: int) -> tuple[float, float, float]:
        """Motion while the speaker talks and at rest, and the seconds seen of either."""
        if (speaker, track) not in self._known:
            own = self._of_track[track]
            during = self._speaking[own] == speaker
            talking, seconds = self._mean(own[during])
            outside = own[~during]
            start = self._rows.start
            outside = outside[~np.isin(start[outside], start[own[during]])]
            rest, rested = self._mean(outside)
            resting = (rest * rested + _RESTING_MOTION * _RESTING_SECONDS) / (
                rested + _RESTING_SECONDS
            )
            self._known[speaker, track] = (
                talking if seconds else -np.inf,
                resting,
                min(seconds, rested),
            )
        return self._known[speaker, track]

    def _mean(self, own: NDArray[np.intp]) -> tuple[float, float]:
        """Mean motion and the seconds that it is known for."""
        own = own[~np.isnan(self._rows.motion[own])]
        seconds = float(self._rows.seconds[own].sum())
        if not seconds:
            return 0.0, 0.0
        return float(self._rows.motion[own] @ self._rows.seconds[own]) / seconds, seconds
