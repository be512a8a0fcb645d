"""Made-up lips with known answers, and two faces in one picture of which one talks."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from emospot.conversation import Tokens
from emospot.features.base import FACE_TRACK_COLUMNS
from emospot.speakers.speaking_faces import (
    LEAST_SECONDS,
    LIPS,
    SpeakingFace,
    lip_motion,
    speaking_faces,
)

COLUMNS = ("who", LIPS, *FACE_TRACK_COLUMNS)
RATE = 15.0


@dataclass(frozen=True)
class Lips:
    """A made-up face: when its lips move, when it is seen."""

    track: int
    moves: Sequence[tuple[float, float]] = ()
    seen: Sequence[tuple[float, float]] = ((0.0, 1000.0),)
    size: float = 1.0
    shot: int = 0
    swing: float = 0.1

    def opening(self, seconds: float) -> float:
        talks = any(start <= seconds < end for start, end in self.moves)
        return 0.1 + (self.swing * np.sin(25 * seconds) if talks else 0.0)


def faces(
    lips: Sequence[Lips], spans: Sequence[tuple[float, float]], rate: float = RATE
) -> list[Tokens | None]:
    """All faces of each span; the column "who" says whose a row is."""
    found: list[Tokens | None] = []
    for start, end in spans:
        times, rows = [], []
        for frame in range(int(np.ceil(start * rate - 1e-9)), int(np.ceil(end * rate - 1e-9))):
            at = frame / rate
            for one in lips:
                if any(first <= at < last for first, last in one.seen):
                    times.append((at, at + 1 / rate))
                    rows.append((one.track, one.opening(at), one.shot, one.track, one.size))
        found.append(Tokens(np.array(rows), np.array(times), columns=COLUMNS) if rows else None)
    return found


def who(found: Sequence[SpeakingFace]) -> list[int | str | None]:
    """Whose face each utterance got."""
    said: list[int | str | None] = []
    for one in found:
        if one.tokens is None:
            said.append("unclear" if one.unclear else None)
            continue
        assert not one.unclear
        assert one.tokens.columns == ("who", LIPS)
        (track,) = set(one.tokens.column("who").astype(int).tolist())
        assert one.tracks == (track,)
        said.append(track)
    return said


TURNS = [(0.0, 2.0), (2.5, 4.5), (5.0, 7.0), (7.5, 9.5)]
SPEAKERS = ["A", "B", "A", "B"]
OF_A, OF_B = TURNS[::2], TURNS[1::2]


@pytest.mark.parametrize("rate", [10.0, 15.0, 30.0])
def test_each_speaker_gets_the_face_whose_lips_move(rate: float) -> None:
    both = faces([Lips(1, OF_A), Lips(2, OF_B, size=9.0)], TURNS, rate)
    found = speaking_faces(both, SPEAKERS)
    assert who(found) == [1, 2, 1, 2]
    assert [len(one.tokens or ()) for one in found] == [2 * rate] * 4


def test_the_face_keeps_its_rows_as_they_are() -> None:
    both = faces([Lips(1, OF_A), Lips(2, OF_B)], TURNS)
    [one, *_] = speaking_faces(both, SPEAKERS)
    assert both[0] is not None
    assert one.tokens is not None
    own = both[0].column("track") == 1
    assert np.array_equal(one.tokens.values, both[0].values[own, :2])
    assert np.array_equal(one.tokens.times, both[0].times[own])


def test_faces_that_all_move_or_all_rest_are_unclear() -> None:
    still = faces([Lips(1), Lips(2)], TURNS)
    assert who(speaking_faces(still, SPEAKERS)) == ["unclear"] * 4
    lively = faces([Lips(1, TURNS), Lips(2, TURNS)], TURNS)
    assert who(speaking_faces(lively, SPEAKERS)) == ["unclear"] * 4


def test_one_face_is_taken_whoever_speaks() -> None:
    for one in (Lips(1), Lips(1, OF_A)):
        assert who(speaking_faces(faces([one], TURNS), SPEAKERS)) == [1, 1, 1, 1]


def test_no_face_is_nothing_and_not_unclear() -> None:
    assert who(speaking_faces([None, None], ["A", "B"])) == [None, None]
    assert speaking_faces([], []) == []


def test_a_face_that_never_talks_is_nobodys() -> None:
    # B is not in the picture; a listener is.
    both = faces([Lips(1, OF_A), Lips(2, size=9.0)], TURNS)
    assert who(speaking_faces(both, SPEAKERS)) == [1, "unclear", 1, "unclear"]


def test_who_chews_all_the_time_does_not_talk() -> None:
    both = faces([Lips(1, OF_A), Lips(2, [(0, 100)])], TURNS)
    assert who(speaking_faces(both, SPEAKERS)) == [1, "unclear", 1, "unclear"]
    # Over many turns what the chewer does anyway is taken off.
    turns = [(3.0 * n, 3.0 * n + 2.5) for n in range(12)]
    both = faces([Lips(1, turns[::2]), Lips(2, [(0, 100)], swing=0.05)], turns)
    assert who(speaking_faces(both, ["A", "B"] * 6))[::2] == [1] * 6


def test_a_mistaken_voice_does_not_give_another_persons_face() -> None:
    turns = [(3.0 * n, 3.0 * n + 2.0) for n in range(8)]
    truly = ["A", "B"] * 4
    heard = [*truly[:6], "B", "B"]
    both = faces([Lips(1, turns[::2]), Lips(2, turns[1::2])], turns)
    assert who(speaking_faces(both, heard)) == [1, 2, 1, 2, 1, 2, "unclear", 2]


def test_a_face_is_not_known_by_a_moment() -> None:
    short = LEAST_SECONDS - 0.2
    both = faces([Lips(1, [(0.0, short)]), Lips(2)], [(0.0, short)])
    assert who(speaking_faces(both, ["A"])) == ["unclear"]
    again = [(0.0, short), (3.0, 3.0 + short), (5.0, 7.0)]
    both = faces([Lips(1, again[:2]), Lips(2)], again)
    assert who(speaking_faces(both, ["A", "A", "B"])) == [1, 1, "unclear"]


def test_who_was_never_seen_while_others_spoke_is_unclear() -> None:
    """Nobody tells a face that talks from one that weeps beside a voice without a face."""
    both = faces([Lips(1, TURNS), Lips(2)], TURNS)
    assert who(speaking_faces(both, ["A"] * 4)) == ["unclear"] * 4


def test_a_face_that_passes_by_changes_nothing() -> None:
    passing = Lips(2, OF_A, seen=[(0.5, 0.7)])
    assert who(speaking_faces(faces([Lips(1), passing], TURNS), SPEAKERS)) == [1] * 4


def test_a_face_that_is_lost_and_found_is_not_two() -> None:
    before, after = Lips(1, seen=[(0.0, 4.0)], size=4.0), Lips(2, seen=[(6.5, 10.0)])
    found = speaking_faces(faces([before, after], [(0.0, 10.0)]), ["A"])
    assert who(found) == [1]  # the one that was seen longer, as without speakers


def test_tracks_that_are_lost_have_evidence_of_their_own() -> None:
    # The face of A is lost and found as another track; that of B stays.
    first = Lips(1, OF_A, seen=[(0.0, 4.7)])
    second = Lips(3, OF_A, seen=[(4.8, 10.0)])
    found = speaking_faces(faces([first, second, Lips(2, OF_B)], TURNS), SPEAKERS)
    assert who(found) == [1, 2, 3, 2]


def test_tracks_that_swap_people_are_unclear_or_right() -> None:
    """Two people cross and the tracks go on with the other one: no wrong face is certain."""
    turns = [(3.0 * n, 3.0 * n + 2.0) for n in range(8)]
    first = [*turns[:4:2], *turns[5::2]]
    second = [*turns[1:4:2], *turns[4::2]]
    found = who(speaking_faces(faces([Lips(1, first), Lips(2, second)], turns), ["A", "B"] * 4))
    truth = [1, 2, 1, 2, 2, 1, 2, 1]
    assert all(own in (true, "unclear") for own, true in zip(found, truth, strict=True))


def test_a_lone_face_that_belongs_to_another_speaker_is_unclear() -> None:
    away = Lips(2, OF_B, seen=[(0.0, 7.2)])  # B leaves before the last turn
    found = speaking_faces(faces([Lips(1, OF_A), away], TURNS), SPEAKERS)
    assert who(found) == [1, 2, 1, "unclear"]


def test_shots_are_judged_apart() -> None:
    together = [Lips(1, OF_A, seen=[(0.0, 5.0)]), Lips(2, OF_B, seen=[(0.0, 5.0)])]
    alone = [Lips(3, shot=1, seen=[(5.0, 7.2)]), Lips(4, shot=2, seen=[(7.2, 10.0)])]
    found = speaking_faces(faces([*together, *alone], TURNS), SPEAKERS)
    assert who(found) == [1, 2, 3, 4]


def test_a_clear_shot_remains_of_an_utterance_with_an_unclear_one() -> None:
    still = [Lips(n, seen=[(0.0, 2.0)]) for n in (1, 2)]
    found = speaking_faces(
        faces([*still, Lips(3, shot=1, seen=[(2.0, 4.0)])], [(0.0, 4.0)]), ["A"]
    )
    assert who(found) == [3]


def test_who_speaks_at_the_same_time_is_not_held_against_a_face() -> None:
    spans = [(0.0, 3.0), (1.5, 3.0), (3.5, 5.0)]
    both = faces([Lips(1, [(0.0, 3.0)]), Lips(2, [(1.5, 3.0), (3.5, 5.0)])], spans)
    assert who(speaking_faces(both, ["A", "B", "B"])) == [1, 2, 2]


def test_crumbs_of_tracks_are_nobodys() -> None:
    crumbs = [Lips(n, seen=[(0.2 * (n // 2), 0.2 * (n // 2) + 0.2)]) for n in range(20)]
    assert who(speaking_faces(faces(crumbs, [(0.0, 2.0)]), ["A"])) == ["unclear"]


def test_lip_motion_is_the_logarithm_of_the_speed() -> None:
    times = np.arange(60) / RATE
    rising = lip_motion(times, 0.3 * times)
    assert np.isnan(rising[0])
    assert rising[1:] == pytest.approx(np.log1p(0.3 / 0.1))
    assert lip_motion(times, np.full(60, 0.4))[1:] == pytest.approx(0.0)


def test_lip_motion_hardly_knows_the_rate() -> None:
    def mean(rate: float) -> float:
        times = np.arange(0, 6, 1 / rate)
        return float(np.nanmean(lip_motion(times, 0.1 * np.sin(20 * times))))

    assert mean(60.0) == pytest.approx(mean(15.0), rel=0.05)


def test_lip_motion_does_not_reach_across_a_gap() -> None:
    times = np.array([0.0, 0.07, 0.14, 2.0, 2.07])
    found = lip_motion(times, np.array([0.1, 0.1, 0.1, 0.9, 0.9]))
    assert np.isnan(found).tolist() == [True, False, False, True, False]
    assert found[[1, 2, 4]] == pytest.approx(0.0)
    assert len(lip_motion(np.zeros(0), np.zeros(0))) == 0
