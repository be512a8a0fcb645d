"""Planted expressions are found with their times; blinks, speech and turns are not."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from emospot.conversation import Conversation, Hotspot, Tokens, Utterance
from emospot.errors import FeatureError, ShapeError
from emospot.features.face_geometry import FACE_COLUMNS
from emospot.hotspots.face_expression import MOVEMENTS, ExpressionHotspots

RATE = 15.0
NEUTRAL = {
    "inner brow left": 0.34, "inner brow right": 0.35, "outer brow left": 0.35,
    "outer brow right": 0.36, "brow gap": 0.45, "eye opening left": 0.28,
    "eye opening right": 0.29, "mouth opening": 0.02, "mouth corner left": 0.0,
    "mouth corner right": 0.01, "mouth width": 0.85, "lip thickness": 0.14,
    "jaw drop": 1.8, "yaw": 2.0, "pitch": 4.0, "roll": -1.0, "head motion": 0.1,
}  # fmt: skip
EYES = ("eye opening left", "eye opening right")


class Film:
    """Descriptors of a face, drawn on a neutral one."""

    def __init__(self, seconds: float, *, seed: int = 0, rate: float = RATE) -> None:
        self.rng = np.random.default_rng(seed)
        self.rate = rate
        self.starts = np.arange(int(seconds * rate)) / rate
        self.values = {name: np.full(len(self.starts), NEUTRAL[name]) for name in FACE_COLUMNS}

    def add(self, column: str, change: np.ndarray) -> "Film":
        self.values[column] = self.values[column] + change
        return self

    def ramp(self, onset: float, top: float, fade: float, offset: float) -> np.ndarray:
        return np.interp(self.starts, [onset, top, fade, offset], [0, 1, 1, 0])

    def move(self, weights: dict[str, float], size: float, shape: np.ndarray) -> "Film":
        """Change the columns so that their weighted sum grows by `size`."""
        norm = sum(weight**2 for weight in weights.values())
        for column, weight in weights.items():
            self.add(column, size * weight / norm * shape)
        return self

    def smile(self, size: float, shape: np.ndarray) -> "Film":
        for side in ("left", "right"):
            self.add(f"mouth corner {side}", size * shape)
        return self.add("mouth width", 1.5 * size * shape)

    def noise(self, size: float = 0.006) -> "Film":
        for column in FACE_COLUMNS[:13]:
            self.add(column, self.rng.normal(0, size, len(self.starts)))
        return self

    def blink(self, seconds: float, lasting: float = 0.2) -> "Film":
        shut = (self.starts >= seconds) & (self.starts < seconds + lasting)
        for column in EYES:
            self.values[column] = np.where(shut, 0.03, self.values[column])
        return self

    def speech(self, start: float, end: float, hertz: float = 4.0) -> "Film":
        """Mouth that opens and shuts with the syllables, jaw and lips with it."""
        inside = (self.starts >= start) & (self.starts < end)
        beat = 0.5 - 0.5 * np.cos(2 * np.pi * hertz * self.starts)
        size = self.rng.uniform(0.5, 1.0, len(self.starts)) * beat * inside
        self.add("mouth opening", 0.22 * size).add("jaw drop", 0.18 * size)
        return self.add("mouth width", -0.15 * size)

    def tokens(self, keep: np.ndarray | None = None) -> Tokens:
        values = np.column_stack([self.values[name] for name in FACE_COLUMNS])
        times = np.column_stack([self.starts, self.starts + 1 / self.rate])
        chosen = slice(None) if keep is None else keep
        return Tokens(values[chosen], times=times[chosen], columns=FACE_COLUMNS)


def detect(*descriptors: Tokens | None, speakers: str = "") -> list[list[Hotspot]]:
    speakers = speakers or "A" * len(descriptors)
    utterances = tuple(Utterance(f"u{i}", speaker) for i, speaker in enumerate(speakers))
    return ExpressionHotspots().detect(Conversation("c", utterances), descriptors)


def names(spots: list[Hotspot]) -> list[str]:
    return [spot.fired_by for spot in spots]


@pytest.mark.parametrize("movement", MOVEMENTS, ids=lambda movement: movement.name)
@pytest.mark.parametrize("seed", range(3))
def test_planted_movement_is_found_with_its_times(movement, seed: int) -> None:
    film = Film(8.0, seed=seed)
    film.move(dict(movement.weights), movement.full, film.ramp(3.0, 3.4, 4.4, 5.0))
    film.blink(1.5).blink(6.5).noise(0.05 * movement.full)
    [spots] = detect(film.tokens())
    own = [spot for spot in spots if movement.name in spot.fired_by.split(", ")]
    assert len(own) == 1
    # 30 % of ramps that begin at 3.0 and end at 5.0 s.
    assert own[0].start == pytest.approx(3.12, abs=0.15)
    assert own[0].end == pytest.approx(4.82, abs=0.2)
    # 0.9, or that of a movement with the same columns, which is the same moment.
    assert 0.79 < own[0].score <= 1.0
    # What else fires does so for this movement (shared columns), not elsewhere.
    assert all(spot.start > 2.8 and spot.end < 5.3 for spot in spots)


def test_a_smile_is_a_smile_only() -> None:
    film = Film(8.0)
    film.smile(0.14, film.ramp(3.0, 3.4, 4.4, 5.0)).noise()
    [spots] = detect(film.tokens())
    assert names(spots) == ["smile"]


def test_stronger_is_higher() -> None:
    scores = []
    for size in (0.07, 0.10, 0.13):
        film = Film(8.0)
        film.smile(size, film.ramp(3.0, 3.4, 4.4, 5.0)).noise()
        [[spot]] = detect(film.tokens())
        scores.append(spot.score)
    assert scores[0] < scores[1] < scores[2] < 1.0


@pytest.mark.parametrize("seed", range(5))
def test_neutral_face_with_noise_and_blinks_is_quiet(seed: int) -> None:
    film = Film(60.0, seed=seed).noise(0.008)
    for seconds in np.arange(1.0, 59.0, 2.3):
        film.blink(seconds, lasting=film.rng.uniform(0.1, 0.33))
    assert detect(film.tokens()) == [[]]


def test_eyes_that_stay_closed_fire() -> None:
    film = Film(10.0).noise().blink(3.0).blink(5.0, lasting=1.2)
    [spots] = detect(film.tokens())
    assert names(spots) == ["eyes closed"]
    assert spots[0].start == pytest.approx(5.0, abs=0.1)
    assert spots[0].end == pytest.approx(6.2, abs=0.1)


@pytest.mark.parametrize("hertz", [3.0, 4.0, 6.0])
@pytest.mark.parametrize("begins", [0.0, 4.0])
def test_speech_alone_is_quiet(hertz: float, begins: float) -> None:
    film = Film(30.0).speech(begins, 26.0, hertz).noise()
    assert detect(film.tokens()) == [[]]


def test_expressions_are_found_in_speech() -> None:
    film = Film(20.0).speech(2.0, 18.0).noise()
    film.smile(0.14, film.ramp(8.0, 8.4, 10.0, 10.5))
    raised = film.ramp(14.0, 14.3, 15.2, 15.6)
    film.move(dict(MOVEMENTS[0].weights), 0.1, raised)
    [spots] = detect(film.tokens())
    assert names(spots) == ["smile", "brow raise"]
    assert spots[0].start == pytest.approx(8.12, abs=0.2)
    assert spots[1].end == pytest.approx(15.48, abs=0.25)


def test_a_jaw_that_stays_down_in_speech_fires() -> None:
    film = Film(12.0).speech(2.0, 6.0).noise()
    shape = film.ramp(7.0, 7.2, 8.5, 9.0)
    film.add("jaw drop", 0.25 * shape).add("mouth opening", 0.25 * shape)
    [spots] = detect(film.tokens())
    assert names(spots) == ["jaw drop"]


@pytest.mark.parametrize("angle", ["yaw", "pitch"])
def test_turning_the_head_alone_is_quiet(angle: str) -> None:
    film = Film(20.0).noise()
    degrees = 25.0 * np.sin(2 * np.pi * film.starts / 3.0) * (film.starts > 2.0)
    film.add(angle, degrees).add("head motion", np.abs(np.gradient(degrees)) / 4)
    # What turned heads were seen to add to the columns by themselves.
    for column in FACE_COLUMNS[:4]:
        film.add(column, 0.0015 * degrees)
    for column in ("mouth corner left", "mouth corner right"):
        film.add(column, -0.0015 * degrees)
    film.add("jaw drop", 0.006 * degrees).add("mouth width", 0.002 * degrees)
    assert detect(film.tokens()) == [[]]


def test_expression_on_a_turned_head() -> None:
    film = Film(10.0).noise()
    film.add("yaw", 15.0 * film.ramp(2.0, 3.0, 7.0, 8.0))
    film.smile(0.14, film.ramp(4.0, 4.4, 5.4, 6.0))
    [spots] = detect(film.tokens())
    assert names(spots) == ["smile"]


@pytest.mark.parametrize("seed", range(3))
def test_irregular_frames(seed: int) -> None:
    film = Film(10.0, seed=seed).noise()
    film.smile(0.14, film.ramp(4.0, 4.4, 5.6, 6.2))
    keep = film.rng.random(len(film.starts)) < 0.6
    [spots] = detect(film.tokens(keep))
    assert names(spots) == ["smile"]
    kept = film.starts[keep]
    # Onset and offset can only be seen where a frame was kept.
    assert spots[0].start == pytest.approx(kept[kept > 4.12].min(), abs=0.2)
    assert spots[0].end == pytest.approx(kept[kept < 6.02].max(), abs=0.25)


def test_two_frames_are_too_few_to_tell() -> None:
    film = Film(10.0, rate=4.0)
    film.smile(0.14, (film.starts >= 5.0) & (film.starts < 5.5))
    longer = Film(10.0, rate=4.0)
    longer.smile(0.14, (longer.starts >= 5.0) & (longer.starts < 6.0))
    assert detect(film.tokens()) == [[]]
    assert names(detect(longer.tokens())[0]) == ["smile"]


def test_no_hotspot_reaches_across_a_gap() -> None:
    film = Film(12.0).noise()
    film.smile(0.14, film.ramp(4.0, 4.3, 9.0, 9.4))
    away = (film.starts > 5.5) & (film.starts < 7.0)
    [spots] = detect(film.tokens(~away))
    assert names(spots) == ["smile", "smile"]
    assert spots[0].end <= 5.6
    assert spots[1].start >= 7.0


def test_each_speaker_has_an_own_neutral_that_lasts_over_turns() -> None:
    anna = Film(6.0, seed=1).noise()
    # Ben's brows lie higher than Anna's raised ones.
    ben = Film(6.0, seed=2).noise()
    for column in FACE_COLUMNS[:4]:
        ben.add(column, 0.2)
    raised = Film(3.0, seed=3).noise()
    raised.move(dict(MOVEMENTS[0].weights), 0.1, np.ones(len(raised.starts)))
    spots = detect(anna.tokens(), ben.tokens(), raised.tokens(), ben.tokens(), speakers="ABAB")
    # From the first frame of her second turn on: known from the first turn.
    assert [names(of_turn) for of_turn in spots] == [[], [], ["brow raise"], []]
    assert spots[2][0].start == pytest.approx(0.0, abs=0.1)


def test_nothing_is_read_from_the_future() -> None:
    film = Film(10.0).noise()
    film.smile(0.14, film.ramp(3.0, 3.4, 4.4, 5.0))
    changed = Film(10.0).noise()
    changed.smile(0.14, changed.ramp(3.0, 3.4, 4.4, 5.0))
    changed.smile(-0.3, (changed.starts > 6.0).astype(float))
    [one], [other] = detect(film.tokens()), detect(changed.tokens())
    assert one[0] == next(spot for spot in other if "smile" in spot.fired_by.split(", "))


def test_detecting_twice_gives_the_same() -> None:
    film = Film(8.0)
    film.smile(0.14, film.ramp(3.0, 3.4, 4.4, 5.0)).noise()
    detector = ExpressionHotspots()
    conversation = Conversation("c", (Utterance("u", "A"),))
    tokens = film.tokens()
    assert detector.detect(conversation, [tokens]) == detector.detect(conversation, [tokens])


def test_a_lasting_change_becomes_neutral() -> None:
    film = Film(60.0).noise()
    film.smile(0.14, (film.starts > 10.0).astype(float))
    [spots] = detect(film.tokens())
    assert names(spots) == ["smile"]
    assert spots[0].end < 30.0


def test_without_a_face_or_with_hardly_any() -> None:
    film = Film(1.0)
    short = film.tokens(np.arange(len(film.starts)) < 2)
    assert detect(None, short, None) == [[], [], []]


def test_wrong_input() -> None:
    film = Film(2.0)
    with pytest.raises(ShapeError, match="1 face descriptors for 2"):
        detect(film.tokens(), speakers="AB")
    tokens = film.tokens()
    with pytest.raises(FeatureError, match="times"):
        detect(Tokens(tokens.values, columns=tokens.columns))
    with pytest.raises(FeatureError, match="inner brow left"):
        detect(Tokens(tokens.values[:, :1], times=tokens.times, columns=("loudness",)))


@pytest.mark.skipif(importlib.util.find_spec("mediapipe") is None, reason="needs the extra [face]")
@pytest.mark.parametrize(
    ("name", "smile"),
    [
        # Neutral until 0.65 s of the face's presence, then a broad smile that stays.
        ("single_face.mp4", (0.65, 2.4)),
        ("face_noface.mov", (0.65, 2.4)),
        ("noface_face.mov", (4.6, 6.35)),
        ("no_face.mp4", None),
    ],
)
def test_recorded_faces(shared_data: Path, name: str, smile: tuple[float, float] | None) -> None:
    from emospot.features.face_mesh import FaceMesh
    from emospot.media.decode import video_frames

    frames = video_frames(shared_data / "faces" / name, max_fps=15, max_height=360)
    [(_, tokens)] = FaceMesh(max_faces=1).extract(frames, [(0.0, 60.0)])
    [spots] = detect(tokens)
    if smile is None:
        assert spots == []
        return
    [found] = [spot for spot in spots if "smile" in spot.fired_by.split(", ")]
    assert (found.start, found.end) == pytest.approx(smile, abs=0.2)
    assert found.score > 0.7
