import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from emospot.analysis.frames import hotspots_frame, utterances_frame
from emospot.errors import MissingExtraError


def test_a_row_an_utterance(sample_analysis):
    frame = sample_analysis.to_frame()
    pd.testing.assert_frame_equal(frame, utterances_frame(sample_analysis))
    found = sample_analysis.utterances
    assert frame["utterance"].tolist() == [u.id for u in found]
    assert frame["start"].tolist() == [u.start for u in found]
    assert frame["emotion"].tolist() == [u.emotion for u in found]
    assert frame["hotspots"].tolist() == [len(u.hotspots) for u in found]
    probabilities = frame[[f"p_{label}" for label in sample_analysis.model.labels]]
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0)
    assert probabilities.idxmax(axis=1).str[2:].tolist() == frame["top"].tolist()
    np.testing.assert_array_equal(probabilities.max(axis=1), frame["confidence"])
    assert set(frame["recording"]) == {sample_analysis.recording}


def test_modalities_have_their_columns(sample_analysis):
    frame = sample_analysis.to_frame()
    for modality in ("words", "voice", "face"):
        told = [u.modalities[modality] for u in sample_analysis.utterances]
        assert frame[f"{modality}_read"].tolist() == [one.used_by_model for one in told]
        gates = [np.nan if one.mean_gate is None else one.mean_gate for one in told]
        np.testing.assert_array_equal(frame[f"{modality}_gate"], gates)
    assert not frame["face_read"].any()


def test_effects_are_numbers_where_they_are_known(sample_analysis):
    first = sample_analysis.utterances[0]
    words = replace(first.modalities["words"], effect=0.25)
    told = replace(first, modalities={"words": words})
    frame = replace(sample_analysis, utterances=(told,)).to_frame()
    assert frame["words_effect"].tolist() == [0.25]
    assert np.isnan(frame["voice_effect"]).all()
    assert frame["voice_read"].tolist() == [False]


def test_a_row_a_hotspot(sample_analysis):
    frame = sample_analysis.hotspots_frame()
    pd.testing.assert_frame_equal(frame, hotspots_frame(sample_analysis))
    pairs = [(u, h) for u in sample_analysis.utterances for h in u.hotspots]
    assert len(pairs) > 0
    assert frame["utterance"].tolist() == [u.id for u, _ in pairs]
    assert frame["score"].tolist() == [h.score for _, h in pairs]
    assert frame["used_by_model"].tolist() == [h.used_by_model for _, h in pairs]
    words = frame[frame["modality"] == "words"]
    assert len(words) > 0
    texts = sample_analysis.to_frame().set_index("utterance")["text"]
    for row in words.itertuples():
        assert row.text in texts[row.utterance]
    assert frame[frame["modality"] == "voice"]["text"].isna().all()


def test_frames_of_nothing_have_the_same_columns_and_kinds(sample_analysis):
    nothing = replace(sample_analysis, utterances=())
    for whole, empty in (
        (sample_analysis.to_frame(), nothing.to_frame()),
        (sample_analysis.hotspots_frame(), nothing.hotspots_frame()),
    ):
        assert len(empty) == 0
        pd.testing.assert_series_equal(empty.dtypes, whole.dtypes)
        assert len(pd.concat([whole, empty])) == len(whole)


def test_without_pandas_it_says_what_to_install(sample_analysis, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    for ask in (sample_analysis.to_frame, sample_analysis.hotspots_frame):
        with pytest.raises(MissingExtraError, match=r"emospot\[pandas\]"):
            ask()
