"""The study on talks of tones, whose truth and voices are known; and the published page."""

import json
from pathlib import Path

import numpy as np
import pytest

from emospot.analysis.listening import WRONG_OF_TWO, WRONG_SPEAKER
from emospot.corpora.ravdess_talks import Talk
from emospot.corpora.speaker_truths import VoicedDialogue
from emospot.experiments import speakers_study
from emospot.experiments.speakers_study import counts_of, run_speakers, summary_of
from emospot.experiments.speakers_tables import speakers_page
from emospot.speakers.voice_clusters import COHESION

DOCS = Path(__file__).parents[2] / "docs"
RATE = 16_000


def a_talk(name, speakers, noisy):
    turns = tuple((2.0 * i, 2.0 * i + 2.0, f"s{i % speakers}") for i in range(8))
    time = np.arange(16 * RATE) / RATE
    pitch = 200 + 400 * ((time // 2) % speakers)
    audio = (0.3 * np.sin(2 * np.pi * pitch * time)).astype(np.float32)
    return Talk(name, audio, turns, speakers, mixed=speakers > 1, noisy=noisy)


class ToneEncoder:
    def windows(self, audio, step):
        count = int(len(audio) / RATE / step + 1e-6)
        moments = (np.arange(count) + 0.5) * step
        embeddings = np.zeros((count, 256), np.float32)
        for number, moment in enumerate(moments):
            part = audio[max(0, int((moment - 0.1) * RATE)) : int((moment + 0.1) * RATE)]
            embeddings[number, (int((np.diff(np.signbit(part)) != 0).sum()) + 40) // 80] = 1.0
        return moments, embeddings


@pytest.fixture
def results(monkeypatch, tmp_path):
    made = [a_talk("one", 1, True), a_talk("two", 2, False), a_talk("three", 3, True)]
    eye = np.eye(256, dtype=np.float32)
    dialogue = VoicedDialogue(
        "d", tuple((i, i + 1.0, "AB"[i % 2]) for i in range(6)), eye[[0, 1] * 3]
    )
    monkeypatch.setattr(speakers_study, "Ge2eVoice", ToneEncoder)
    monkeypatch.setattr(speakers_study, "speech_spans", lambda blocks: [(0.0, 7.0), (7.0, 16.0)])
    monkeypatch.setattr(speakers_study, "talks_for_thresholds", lambda data: made)
    monkeypatch.setattr(speakers_study, "talks_for_figures", lambda data: made)
    monkeypatch.setattr(speakers_study, "voiced_dialogues", lambda data: [dialogue])
    told = []
    found = run_speakers(tmp_path, tell=told.append)
    assert told[0] == "for choosing: one"
    assert told[-1] == "dialogues"
    return found


def row(results, group, way, collar=0.0):
    (found,) = [
        r
        for r in results["summary"]
        if (r["group"], r["way"], r["collar"]) == (group, way, collar)
    ]
    return found


def test_what_is_easy_is_found(results):
    assert results["counts"] == {"1": {"1": 1}, "2": {"2": 1}, "3": {"3": 1}}
    assert row(results, "all", "number given", 0.25)["confusion"][0] < 0.1
    assert row(results, "all", "number found", 0.25)["miss"][0] == 0.0
    assert results["dialogues"]["number given"][0] == 0.0
    assert results["dialogues"]["all as one"][0] == pytest.approx(0.5)
    (chosen,) = [r for r in results["fit"] if r["cohesion"] == COHESION]
    assert chosen["confusion"] < 0.15
    assert (chosen["right_number"], chosen["talks"]) == (1.0, 3)


def test_all_as_one_confuses_what_is_not_the_most_frequent(results):
    assert row(results, "2 speakers", "all as one")["confusion"][0] == pytest.approx(0.5)
    assert row(results, "1 speaker", "all as one")["confusion"][0] == 0.0
    assert row(results, "with noise", "all as one")["talks"] == 2
    assert row(results, "women and men", "all as one")["talks"] == 2


def test_shares_are_of_the_speech_of_all_talks():
    def talk(speakers, confusion, speech):
        errors = {"miss": 1.0, "false_alarm": 2.0, "confusion": confusion, "speech": speech}
        ways = {way: {"0.25": errors, "0": errors} for way in speakers_study.WAYS}
        return {"speakers": speakers, "found": 2, "mixed": True, "noisy": False, "errors": ways}

    measured = [talk(2, 0.0, 10.0), talk(2, 6.0, 30.0)]
    whole = next(r for r in summary_of(measured) if r["group"] == "all")
    assert whole["confusion"][0] == pytest.approx(6 / 40)
    assert whole["der"][0] == pytest.approx((6 + 2 + 4) / 40)
    low, high = whole["der"][1:]
    assert low <= whole["der"][0] <= high
    assert counts_of(measured) == {"2": {"2": 2}}


def test_the_page_shows_every_figure(results):
    page = speakers_page(results)
    assert "| 2 speakers | 1 | number found |" in page
    assert "| 3 |  |  | 1 |" in page
    assert page.count("all as one") == 3


def test_the_documentation_shows_what_was_measured():
    results = json.loads((DOCS / "results" / "speakers.json").read_text(encoding="utf-8"))
    page = (DOCS / "speakers.md").read_text(encoding="utf-8")
    for line in speakers_page(results).splitlines():
        assert line in page
    assert len(results["talks"]) >= 40
    wrong = {r["way"]: r["confusion"][0] for r in results["summary"] if r["group"] == "all"}
    assert WRONG_SPEAKER["found"] == pytest.approx(wrong["number found"], abs=0.005)
    two = [r["confusion"][0] for r in results["summary"] if r["group"] == "2 speakers"]
    assert pytest.approx(two[0], abs=0.005) == WRONG_OF_TWO
    assert WRONG_SPEAKER["given"] == pytest.approx(wrong["number given"], abs=0.005)


def test_the_threshold_is_the_one_that_was_chosen():
    results = json.loads((DOCS / "results" / "speakers.json").read_text(encoding="utf-8"))
    best = min(results["fit"], key=lambda r: r["confusion"])
    assert results["cohesion"] == COHESION == best["cohesion"]
