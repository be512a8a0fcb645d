import time

import pytest

from emospot.analysis.stopwatch import Stopwatch


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that is moved by hand: its only entry is the time."""
    now = [100.0]
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])
    return now


def test_an_inner_stage_halts_the_outer(clock):
    watch = Stopwatch()
    with watch.stage("voice"):
        clock[0] += 2
        with watch.stage("decode"):
            clock[0] += 5
        clock[0] += 1
    clock[0] += 50  # between stages nothing is counted
    with watch.stage("voice"):
        clock[0] += 4
    assert watch.seconds() == {"decode": 5, "voice": 7}


def test_decoding_counts_the_time_until_a_piece_is_there(clock):
    def blocks():
        for piece in "ab":
            clock[0] += 3
            yield piece
        clock[0] += 1

    watch = Stopwatch()
    seen = []
    with watch.stage("face"):
        for piece in watch.decoding(blocks()):
            seen.append(piece)
            clock[0] += 10
    assert seen == ["a", "b"]
    assert watch.seconds() == {"decode": 7, "face": 20}


def test_an_error_ends_the_stage(clock):
    watch = Stopwatch()

    def fail():
        clock[0] += 1
        raise KeyError("x")

    with pytest.raises(KeyError), watch.stage("words"):
        fail()
    with watch.stage("model"):
        clock[0] += 2
    assert watch.seconds() == {"words": 1, "model": 2}


def test_stages_come_in_the_order_of_the_data(clock):
    watch = Stopwatch()
    for name in ("export", "model", "face", "decode"):
        with watch.stage(name):
            pass
    assert list(watch.seconds()) == ["decode", "face", "model", "export"]
