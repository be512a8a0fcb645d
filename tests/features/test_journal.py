"""What has been measured is found again, of the same recording alone."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from emospot.conversation import Tokens
from emospot.errors import EmospotError
from emospot.features.base import FACE_TRACK_COLUMNS, FeatureDescription
from emospot.features.journal import Journal, JournaledFace, JournaledFaces, JournaledVoice

SPANS = [(0.0, 1.0), (1.5, 2.0), (1.8, 4.0)]


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "talk.wav"
    path.write_bytes(b"sound")
    return path


def tokens(seed: int, columns: tuple[str, ...] | None = None) -> Tokens:
    random = np.random.default_rng(seed)
    times = np.stack([np.arange(3.0), np.arange(1.0, 4.0)], axis=1)
    return Tokens(random.normal(size=(3, 2)).astype(np.float32), times, times.astype(int), columns)


def same(one: Tokens | None, other: Tokens | None) -> bool:
    if one is None or other is None:
        return one is other
    parts = [
        np.array_equal(one.values, other.values) and one.values.dtype == other.values.dtype,
        np.array_equal(one.times, other.times),
        np.array_equal(one.offsets, other.offsets),
        one.columns == other.columns,
    ]
    return all(parts)


class Counting:
    """Extracts what its input says, and counts how often it is asked."""

    def __init__(self, stop_at: int | None = None) -> None:
        self.asked: list[float] = []
        self.stop_at = stop_at

    def describe(self) -> FeatureDescription:
        return FeatureDescription("voice", "counting", "1", 2, pooled=False)

    def one(self, start: float) -> Tokens | None:
        if len(self.asked) == self.stop_at:
            raise KeyboardInterrupt
        self.asked.append(start)
        return None if start == 1.5 else tokens(int(10 * start), ("a", "b"))


class Voice(Counting):
    def extract(self, audio: np.ndarray, start: float) -> Tokens | None:
        return self.one(start)


class Face(Counting):
    def extract(self, frames, spans):
        for index, span in enumerate(spans):
            yield index, self.one(span[0])


def test_what_is_put_is_found_again_after_a_kill(recording: Path, tmp_path: Path) -> None:
    journal = Journal(tmp_path / "out" / "j", recording)
    kept = {"a": tokens(1), "b": tokens(2, ("x", "y")), "c": None, "d": Tokens(np.ones((1, 4)))}
    for key, one in kept.items():
        journal.put(key, one)
    # As after a kill: what held the file is gone.
    journal.close()
    again = Journal(tmp_path / "out" / "j", recording)
    assert len(again) == 4
    for key, one in kept.items():
        assert again.has(key)
        assert same(again.get(key), one)
    assert not again.has("e")
    assert again.get("e") is None
    again.remove()
    assert list((tmp_path / "out").iterdir()) == []


def test_of_a_recording_that_has_changed_nothing_is_found(recording: Path, tmp_path: Path) -> None:
    path = tmp_path / "j"
    first = Journal(path, recording)
    first.put("a", None)
    first.close()
    other = tmp_path / "other.wav"
    other.write_bytes(b"sound")
    second = Journal(path, other)
    assert len(second) == 0
    second.close()
    first = Journal(path, recording)
    first.put("a", None)
    first.close()
    os.utime(recording, (1, 1))
    assert len(Journal(path, recording)) == 0


def test_a_damaged_journal_is_begun_anew(recording: Path, tmp_path: Path) -> None:
    (tmp_path / "j").write_bytes(b"no database" * 1000)
    journal = Journal(tmp_path / "j", recording)
    journal.put("a", None)
    assert journal.has("a")


def test_a_place_that_cannot_be_written_is_told(recording: Path, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(EmospotError, match="choose another folder"):
        Journal(tmp_path / "folder", recording)
    with pytest.raises(EmospotError, match=r"gone\.wav"):
        Journal(tmp_path / "j", tmp_path / "gone.wav")


def test_one_process_alone_writes_it(recording: Path, tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j", recording)
    with pytest.raises(EmospotError, match="is in use"):
        Journal(tmp_path / "j", recording)
    journal.put("a", None)
    assert journal.has("a")
    journal.close()
    assert Journal(tmp_path / "j", recording).has("a")


def test_another_database_gives_way(recording: Path, tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "j")
    other.execute("CREATE TABLE of (something TEXT)")
    other.close()
    journal = Journal(tmp_path / "j", recording)
    journal.put("a", None)
    assert journal.has("a")


def test_where_nothing_can_be_kept_the_measurement_goes_on(
    recording: Path, tmp_path: Path
) -> None:
    journal = Journal(tmp_path / "j", recording)
    journal._database.execute("PRAGMA max_page_count = 1")
    for number in range(50):
        journal.put(str(number), tokens(number))
    assert "full" in journal.failed
    assert len(journal) < 50


@pytest.mark.parametrize("kind", ["voice", "face"])
def test_nothing_is_measured_twice(recording: Path, tmp_path: Path, kind: str) -> None:
    def run(extractor: Counting) -> dict[int, Tokens | None]:
        with closing(Journal(tmp_path / "j", recording)) as journal:
            if isinstance(extractor, Face):
                return dict(JournaledFace(extractor, journal).extract(iter(()), SPANS))
            journaled = JournaledVoice(extractor, journal)
            assert journaled.describe() == extractor.describe()
            return {
                index: journaled.extract(np.zeros(int(100 * (end - start))), start)
                for index, (start, end) in enumerate(SPANS)
            }

    make = {"voice": Voice, "face": Face}[kind]
    whole = {index: make().one(start) for index, (start, _) in enumerate(SPANS)}
    stopped, rest, nothing = make(stop_at=2), make(), make()
    with pytest.raises(KeyboardInterrupt):
        run(stopped)
    assert stopped.asked == [0.0, 1.5]
    found = run(rest)
    assert rest.asked == [1.8]
    assert sorted(found) == [0, 1, 2]
    assert all(same(found[index], whole[index]) for index in whole)
    run(nothing)
    assert nothing.asked == []


class Everybody(Face):
    """Two faces a span, whose shots and tracks are counted from 0 and 1 in each pass."""

    def faces(self, frames, spans):
        for index, span in enumerate(spans):
            if self.one(span[0]) is None:
                yield index, None
                continue
            rows = [[span[0], index, 2 * index + face, 5.0] for face in (1, 2)]
            yield index, Tokens(np.array(rows), columns=("a", *FACE_TRACK_COLUMNS))


def test_tracks_before_and_after_a_kill_are_not_the_same(recording: Path, tmp_path: Path) -> None:
    def run(extractor: Everybody) -> dict[int, Tokens | None]:
        with closing(Journal(tmp_path / "j", recording)) as journal:
            return dict(JournaledFaces(extractor, journal).faces(iter(()), SPANS))

    whole = dict(Everybody().faces((), SPANS))
    stopped, rest, nothing = Everybody(stop_at=2), Everybody(), Everybody()
    with pytest.raises(KeyboardInterrupt):
        run(stopped)
    found = run(rest)
    assert rest.asked == [1.8]
    first, none, last = (found[index] for index in range(3))
    assert same(first, whole[0])
    assert none is None
    assert last is not None
    assert last.column("track").tolist() == [4.0, 5.0]  # of a new pass 1 and 2; 1 and 2 were used
    assert last.column("shot").tolist() == [1.0, 1.0]
    assert (last.column("a") == SPANS[2][0]).all()
    assert all(
        same(again, own)
        for again, own in zip(run(nothing).values(), (first, none, last), strict=True)
    )
    assert nothing.asked == []


def test_every_face_and_one_face_are_kept_apart(recording: Path, tmp_path: Path) -> None:
    with closing(Journal(tmp_path / "j", recording)) as journal:
        journaled = JournaledFaces(Everybody(), journal)
        every, one = dict(journaled.faces((), SPANS)), dict(journaled.extract((), SPANS))
        assert every[0] is not None
        assert one[0] is not None
        assert every[0].columns != one[0].columns
