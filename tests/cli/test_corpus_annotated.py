"""The loop: analyse, correct in ELAN and Praat, learn from it, score against it."""

import json
import shutil
from collections import defaultdict

import pympi
import pytest
from praatio import textgrid
from praatio.utilities.constants import Interval

from emospot.features.store import FeatureStore
from emospot.sample import sample_files

ELAN, PRAAT = "first.emotions.eaf", "second.emotions.TextGrid"


@pytest.fixture(scope="module")
def analysed(tmp_path_factory):
    """The sample, analysed once under two names."""
    from emospot.analysis.analyze import analyze
    from emospot.report.analysis_files import write_exports
    from emospot.report.files import write_analysis

    sample, folder = sample_files(), tmp_path_factory.mktemp("analysed")
    analysis = analyze(sample.conversation, sample.transcript)
    for name, form in (("first", "eaf"), ("second", "textgrid")):
        media = folder / f"{name}.ogg"
        shutil.copy(sample.conversation, media)
        write_exports(analysis, folder, name, [form], media=media)
    write_analysis(analysis, folder / "first.analysis.json")
    return analysis, folder


def correct_in_elan(path):
    """Two labels and one moment, as a person would; the tiers get names of her own."""
    eaf = pympi.Eaf(str(path))
    for tier, time, label in (
        ("ANNA - emotion", 500, "neutral"),
        ("BEN - emotion", 14000, "anger"),
    ):
        eaf.remove_ref_annotation(tier, time)
        eaf.add_ref_annotation(tier, tier.split(" ")[0], time, label)
    eaf.remove_annotation("voice hotspots", 2000)
    eaf.add_annotation("voice hotspots", 600, 1500, "she laughs")
    eaf.rename_tier("ANNA - emotion", "how she feels")
    eaf.add_tier("remarks")
    eaf.add_annotation("remarks", 0, 1000, "a door")
    eaf.to_file(str(path))
    path.with_suffix(".bak").unlink(missing_ok=True)


def correct_in_praat(path):
    grid = textgrid.openTextgrid(str(path), includeEmptyIntervals=False)
    for name, time, label in (
        ("ANNA - emotion", 38.0, "happiness"),
        ("BEN - emotion", 35.0, "excited"),
    ):
        tier = grid.getTier(name)
        (old,) = [e for e in tier.entries if e.start <= time <= e.end]
        tier.insertEntry(
            Interval(old.start, old.end, label),
            collisionMode="replace",
            collisionReportingMode="silence",
        )
    spots = grid.getTier("voice hotspots")
    (old,) = [e for e in spots.entries if e.start <= 12.0 <= e.end]
    spots.deleteEntry(old)
    grid.save(str(path), format="long_textgrid", includeBlankSpaces=True)


@pytest.fixture
def corrected(analysed, tmp_path):
    analysis, folder = analysed
    shutil.copytree(folder, tmp_path / "marks")
    correct_in_elan(tmp_path / "marks" / ELAN)
    correct_in_praat(tmp_path / "marks" / PRAAT)
    (tmp_path / "files.csv").write_text(
        f"file,split\nmarks/{ELAN},train\nmarks/{PRAAT},test\n", encoding="utf-8"
    )
    return analysis, tmp_path


def imported(emospot, folder, *more):
    marks = folder / "marks"
    return emospot(
        "corpus", "import", "annotated", marks / ELAN, marks / PRAAT, "--out", folder / "store",
        "--list", folder / "files.csv", "--voice", "basic:0.1", "--marks", "voice=corpus", *more,
    )  # fmt: skip


def test_the_loop(emospot, corrected):
    analysis, folder = corrected
    ran = imported(emospot, folder, "--json")
    assert ran.status == 0, ran.err
    assert '"remarks"' in ran.err
    store = FeatureStore.open(folder / "store")
    assert store.label_set.name == "iemocap6"  # from ELAN's vocabulary
    stored = {one.conversation.id: one for one in store.conversations()}
    assert {name: one.conversation.split for name, one in stored.items()} == {
        "first": "train", "second": "test",
    }  # fmt: skip
    before = [u.emotion if u.emotion != "unsure" else None for u in analysis.utterances]
    changes = {"first": {0: "neutral", 3: "anger"}, "second": {7: "excited", 8: "happiness"}}
    spots = [[h for h in u.hotspots if h.modality == "voice"] for u in analysis.utterances]
    for name, one in stored.items():
        utterances = one.conversation.utterances
        assert [u.text for u in utterances] == [u.text for u in analysis.utterances]
        assert [u.speaker for u in utterances] == [u.speaker for u in analysis.utterances]
        assert [u.start for u in utterances] == pytest.approx(
            [u.start for u in analysis.utterances], abs=0.001
        )
        labels = [changes[name].get(place, label) for place, label in enumerate(before)]
        assert [u.label for u in utterances] == labels
        marks = defaultdict(list)
        for place, own in enumerate(one.hotspots):
            marks[place] = [h for h in own if h.modality == "voice"]
        changed = 0 if name == "first" else 2
        for place, own in enumerate(spots):
            if place != changed:
                assert [(m.start, m.end) for m in marks[place]] == [
                    (pytest.approx(h.start, abs=0.001), pytest.approx(h.end, abs=0.001))
                    for h in own
                ]
                assert [m.score for m in marks[place]] == [
                    pytest.approx(h.score, abs=0.005) for h in own
                ]
    (laugh,) = [h for h in stored["first"].hotspots[0] if h.modality == "voice"]
    assert (laugh.start, laugh.end, laugh.score) == (0.6, 1.5, 1.0)
    assert [h for h in stored["second"].hotspots[2] if h.modality == "voice"] == []

    run = folder / "run"
    trained = emospot(
        "train", folder / "store", "--out", run, "--dev", "none", "--json",
        *(part for setting in (
            "training.choose=last", "training.epochs=1", "model.width=16", "model.heads=2",
            "model.modalities=[words,voice]", "model.learned_hotspots=[voice]",
            "training.marks_weight=1",
        ) for part in ("--set", setting)),
    )  # fmt: skip
    assert trained.status == 0, trained.err
    evaluated = emospot("evaluate", run, folder / "store", "--json")
    assert evaluated.status == 0, evaluated.err
    assert json.loads(evaluated.out)


def test_an_analysis_is_scored_against_what_was_corrected(emospot, corrected):
    _, folder = corrected
    found = folder / "marks" / "first.analysis.json"
    ran = emospot(
        "hotspots", "evaluate", folder / "marks" / ELAN, "--found", found, "--modality", "voice",
        "--json",
    )  # fmt: skip
    assert ran.status == 0, ran.err
    scores = json.loads(ran.out)[str(found)]
    count = sum(
        h["modality"] == "voice"
        for u in json.loads(found.read_text())["utterances"]
        for h in u["hotspots"]
    )
    # One of all was taken away, and another put in its place.
    assert scores["precision"]["value"] == pytest.approx((count - 1) / count)
    assert scores["recall"]["value"] == pytest.approx((count - 1) / count)
    # Nothing else than hotspots is taken for one.
    words = emospot(
        "hotspots", "evaluate", folder / "marks" / ELAN, "--found", found, "--modality", "words",
        "--json",
    )  # fmt: skip
    assert json.loads(words.out)[str(found)]["precision"]["value"] == 1.0


def test_marks_of_a_corrected_file_for_another_corpus(emospot, corrected):
    _, folder = corrected
    marks = folder / "marks"
    ran = emospot(
        "corpus", "import", "annotated", marks / PRAAT, "--out", folder / "other", "--words",
        "none", "--voice", "basic:0.1", "--marks", f"voice={marks / PRAAT}", "--json",
    )  # fmt: skip
    assert ran.status == 0, ran.err
    assert "warning: the label set is what was found" in ran.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--label-set", "meld7"), 'label "excited" is not in the label set meld7'),
        (("--tier", "emotion=gone"), 'no file has a tier "gone"'),
        (("--tier", "mood=remarks"), 'tier "remarks" cannot be "mood"'),
        (("--tier", "ignore=remarks", "--tier", "emotion=remarks"), "names a tier twice"),
        (("--media", "nowhere"), "nowhere is not there"),
        (("--split", "nine"), 'split "nine"'),
    ],
)
def test_wrong_use_is_one_line(emospot, corrected, arguments, message):
    _, folder = corrected
    ran = imported(emospot, folder, *arguments)
    assert ran.status in (1, 2)
    (line,) = ran.error_lines
    assert message in line
