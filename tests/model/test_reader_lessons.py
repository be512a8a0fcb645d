"""The lessons of a kernel reader: cut into blocks they are what they are as a whole."""

import numpy as np
import pytest
import torch

from emospot.model.kernel_reader import KernelReader
from emospot.model.reader_lessons import Lessons
from emospot.model.reading import TIMING, Reading
from emospot.model.turns_around import TurnsAround

DIMS = {"words": 6, "voice": 5}
ALONE = (None, "words", "voice")


def conversation(seed: int) -> tuple[Reading, np.ndarray]:
    """Five to nine turns of two speakers; some parts and some answers are missing."""
    random = np.random.default_rng(seed)
    count = 5 + seed % 5
    present = {m: random.random(count) < 0.8 for m in DIMS}
    texts = [f"turn {i} of {seed}" if there else "" for i, there in enumerate(present["words"])]
    vectors = {
        m: random.normal(size=(count, dim)).astype(np.float32) * present[m][:, None]
        for m, dim in DIMS.items()
    }
    vectors[TIMING] = random.normal(size=(count, 6)).astype(np.float32)
    present[TIMING] = np.ones(count, dtype=bool)
    reading = Reading(texts, random.integers(2, size=count), vectors, present)
    return reading, random.integers(-1, 3, size=count)


TOLD = [conversation(seed) for seed in range(8)]
READINGS = [reading for reading, _ in TOLD]
ANSWERS = [answers for _, answers in TOLD]


def lessons(causal: bool = False) -> Lessons:
    return Lessons(READINGS, ANSWERS, tuple(DIMS), causal=causal)


def seen(view: str | None) -> list[Reading]:
    return READINGS if view is None else [reading.alone(view) for reading in READINGS]


def taught(view: str | None) -> np.ndarray:
    """Which utterances are lessons of a view, written down once more."""
    known = np.concatenate([reading.known for reading in seen(view)])
    return np.flatnonzero(known & (np.concatenate(ANSWERS) >= 0))


@pytest.mark.parametrize("size", [1, 12, 10_000])
def test_blocks_hold_every_lesson_once_with_what_it_reads(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emospot.model.reader_lessons.BLOCK", size)
    found = np.full((len(lessons()), 5), np.nan)
    for block in lessons().blocks():
        voices = np.concatenate(
            [r.vectors["voice"] * r.present["voice"][:, None] for r in block.readings]
        )
        found[block.lessons] = list(block.around.of(voices))[1][block.labelled]
    around = TurnsAround([reading.speakers for reading in READINGS], causal=False)
    expected = []
    for view in ALONE:
        voices = np.concatenate(
            [r.vectors["voice"] * r.present["voice"][:, None] for r in seen(view)]
        )
        expected.append(list(around.of(voices))[1][taught(view)])
    np.testing.assert_allclose(found, np.concatenate(expected), atol=1e-6)


def test_classes_and_letters_belong_to_the_lesson_s_utterance() -> None:
    scale = np.arange(1.0, len(np.concatenate(ANSWERS)) + 1)
    rows = lessons().rows(scale).toarray()
    right = lessons().right
    assert len(rows) == len(right) == len(lessons())
    done = 0
    for view in ALONE:
        for utterance in taught(view):
            assert right[done] == np.concatenate(ANSWERS)[utterance]
            expected = np.zeros(len(scale))
            expected[utterance] = 0.0 if view == "voice" else scale[utterance]
            np.testing.assert_array_equal(rows[done], expected)
            done += 1


@pytest.mark.parametrize("name", [*DIMS, TIMING])
def test_statistics_are_those_of_all_lessons_that_have_the_source(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emospot.model.reader_lessons.BLOCK", 10)
    values = []
    for view in ALONE:
        every = np.concatenate([reading.vectors[name] for reading in seen(view)])
        there = np.concatenate([reading.present[name] for reading in seen(view)])
        own = taught(view)
        values.append(every[own[there[own]]])
    expected = np.concatenate(values).astype(np.float64)
    mean, deviation, count = lessons().statistics(name)
    assert count == len(expected)
    np.testing.assert_allclose(mean, expected.mean(axis=0))
    np.testing.assert_allclose(deviation, expected.std(axis=0))


@pytest.mark.parametrize("causal", [False, True], ids=["both sides", "causal"])
def test_what_is_learned_does_not_depend_on_the_blocks(
    causal: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    learned = []
    for size in (7, 10_000):
        monkeypatch.setattr("emospot.model.reader_lessons.BLOCK", size)
        reader = KernelReader(DIMS, 3, causal=causal)
        reader.fit(READINGS, ANSWERS)
        learned.append(torch.cat(reader(READINGS)))
    torch.testing.assert_close(*learned, atol=1e-3, rtol=1e-3)
