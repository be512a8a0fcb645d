"""How often the speaker's face is found: `python scripts/speaking_faces.py VIDEOS`.

VIDEOS is the folder of the face videos (docs/corpora.md). Prints two tables in Markdown:
the margin, chosen on made-up tracks, and the figures on films of real faces whose mouths
are made to talk (`corpora.talking_faces`), measured by the face mesh. Needs the extra
[face] and some minutes.
"""

import argparse
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path

import numpy as np

from emospot.conversation import Conversation, Tokens
from emospot.corpora.talking_faces import GAPE, RATE, Portrait, film, gapes, portrait, talk
from emospot.features import face_mesh
from emospot.features.base import FACE_TRACK_COLUMNS
from emospot.features.face_mesh import FaceMesh
from emospot.features.face_tracks import FaceTracks, Track
from emospot.media.decode import video_frames
from emospot.sample import sample_files
from emospot.speakers import speaking_faces

MARGINS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0)
TURNS = 8
MADE_UP = 150
"""Conversations of a kind whose tracks are made up."""
FILMED = 2
"""Films of each set of people."""
NOISE = 0.004
WRONG_VOICES = 0.2
HEAD = "right | wrong | unclear | nobody's, given | nobody's, unclear"

KINDS = {
    "two faces, both talk": (2, ("0", "1"), GAPE, 0.0),
    "the same, mumbling (a third of the opening)": (2, ("0", "1"), GAPE / 3, 0.0),
    "the same, one voice in five mistaken": (2, ("0", "1"), GAPE, WRONG_VOICES),
    "two faces, a third speaker not in the picture": (2, ("0", "1", "2"), GAPE, 0.0),
    "two faces, one talks, one listens": (2, ("0",), GAPE, 0.0),
    "two faces, only somebody else talks": (2, ("2",), GAPE, 0.0),
    "three faces, all talk": (3, ("0", "1", "2"), GAPE, 0.0),
}
"""What is filmed → faces, who speaks, opening, share of utterances with a wrong speaker."""


class PlacedTracks(FaceTracks):
    """Remembers where each track was last."""

    places: dict[int, float] = {}  # noqa: RUF012

    def follow(self, *args: object, **more: object) -> list[tuple[Track, Track | None]]:
        """As `FaceTracks.follow`."""
        found = super().follow(*args, **more)  # type: ignore[arg-type]
        self.places |= {track.id: float(track.centre[0]) for track, _ in found}
        return found


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("videos", type=Path)
    videos = parser.parse_args().videos
    chosen = speaking_faces.MARGIN
    print(f"| margin | {HEAD} | of the wrong ones, with mistaken voices |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for margin in MARGINS:
        speaking_faces.MARGIN = margin
        total: Counter[str] = Counter()
        for kind in KINDS:
            for seed in range(MADE_UP):
                total += _made_up(kind, seed)
        print(f"| {margin:.1f} | {_cells(total)} | {total['by voice']} |")
    speaking_faces.MARGIN = chosen
    print(f"\n| film | {HEAD} |")
    print("| --- | --- | --- | --- | --- | --- |")
    face_mesh.FaceTracks = PlacedTracks  # type: ignore[misc]
    people = [
        portrait(video_frames(path, max_fps=RATE, max_height=360))
        for path in (
            sample_files().face,
            videos / "WolfgangLanger_Pexels.mp4",
            videos / "single_face.mp4",
        )
    ]
    for kind in KINDS:
        total = sum((one for one in _filmed(kind, people)), Counter())
        print(f"| {kind} | {_cells(total)} |", flush=True)


def _cells(total: Counter[str]) -> str:
    return " | ".join(
        str(total[key]) for key in ("right", "wrong", "unclear", "nobody's", "nobody")
    )


def _scored(
    truth: Conversation, faces: Sequence[Tokens | None], who: dict[int, str], mistaken: float
) -> Counter[str]:
    """What an utterance's face turned out to be, for speakers who were mistaken in some."""
    random = np.random.default_rng([3, *truth.id.encode()])
    names = sorted({u.speaker for u in truth.utterances})
    speakers = [
        str(random.choice([name for name in names if name != u.speaker]))
        if random.random() < mistaken
        else u.speaker
        for u in truth.utterances
    ]
    found: Counter[str] = Counter()
    chosen = speaking_faces.speaking_faces(faces, speakers)
    for utterance, face in zip(truth.utterances, chosen, strict=True):
        seen = utterance.speaker in who.values()
        if face.tokens is None:
            found["unclear" if seen else "nobody"] += 1
        elif not seen:
            found["nobody's"] += 1
        else:
            own = {who[track] for track in face.tracks}
            found["right" if own == {utterance.speaker} else "wrong"] += 1
            found["by voice"] += own != {utterance.speaker} and mistaken > 0
    return found


def _made_up(kind: str, seed: int) -> Counter[str]:
    """Lips that are drawn: talk, trembling landmarks, laughs and short answers of listeners."""
    count, speakers, gape, mistaken = KINDS[kind]
    truth, seconds = talk(speakers, TURNS, seed)
    random = np.random.default_rng((seed, 2))
    times = np.arange(round(seconds * RATE)) / RATE
    openings = [
        _lips(truth, str(place), seconds, random.uniform(0.5, 1.0) * gape, random)
        for place in range(count)
    ]
    faces: list[Tokens | None] = []
    for utterance in truth.utterances:
        assert utterance.start is not None and utterance.end is not None  # noqa: S101, PT018
        inside = np.flatnonzero((times >= utterance.start) & (times < utterance.end))
        rows = [(openings[k][i], 0, k + 1, 1.0) for i in inside for k in range(count)]
        at = np.repeat(times[inside], count)
        faces.append(
            Tokens(
                np.array(rows),
                np.column_stack([at, at + 1 / RATE]),
                columns=(speaking_faces.LIPS, *FACE_TRACK_COLUMNS),
            )
        )
    return _scored(truth, faces, {k + 1: str(k) for k in range(count)}, mistaken)


def _lips(
    truth: Conversation, name: str, seconds: float, gape: float, random: np.random.Generator
) -> np.ndarray:
    own = [(u.start or 0.0, u.end or 0.0) for u in truth.utterances if u.speaker == name]
    others = [u.start or 0.0 for u in truth.utterances if u.speaker != name]
    answers = [(a + 0.5, a + 0.9) for a in others if random.random() < 0.3]
    opening = gapes(own, seconds, random, gape) + gapes(answers, seconds, random, gape)
    clock = random.exponential(5.0)
    times = np.arange(len(opening)) / RATE
    while clock < seconds:  # an expression that opens or shuts the mouth
        for moment, way in ((clock, 1.0), (clock + random.uniform(0.5, 3.0), -1.0)):
            opening += way * 0.2 / (1 + np.exp(-(times - moment) * 12))
        clock += random.exponential(5.0)
    return np.asarray(opening + random.normal(0, NOISE, len(opening)))


def _filmed(kind: str, people: Sequence[Portrait]) -> Iterator[Counter[str]]:
    count, speakers, gape, mistaken = KINDS[kind]
    for number, shown in enumerate(combinations(people, count)):
        for seed in range(FILMED if count == 2 else 3 * FILMED):
            truth, seconds = talk(speakers, TURNS, 100 * number + seed)
            frames = film(shown, truth, seconds, seed=seed, gape=gape)
            PlacedTracks.places.clear()
            spans = [(u.start or 0.0, u.end or 0.0) for u in truth.utterances]
            faces = [
                tokens
                for _, tokens in sorted(
                    FaceMesh().faces(frames, spans), key=lambda found: found[0]
                )
            ]
            side = shown[0].pictures.shape[2]
            who = {track: str(int(x // side)) for track, x in PlacedTracks.places.items()}
            yield _scored(truth, faces, who, mistaken)


if __name__ == "__main__":
    main()
