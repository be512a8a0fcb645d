import numpy as np
import pytest

from emospot.corpora.speaker_truths import (
    talks_for_figures,
    talks_for_thresholds,
    voiced_dialogues,
)
from emospot.errors import CorpusError


def test_figures_come_from_other_people_than_thresholds(shared_data):
    fitting, testing = (
        next(talks_for_thresholds(shared_data)),
        next(talks_for_figures(shared_data)),
    )
    assert 1 <= int(fitting.turns[0][2][-2:]) <= 12
    assert 13 <= int(testing.turns[0][2][-2:]) <= 24


def test_dialogues_of_two_with_a_voice_an_utterance(shared_data):
    dialogues = voiced_dialogues(shared_data)
    assert len(dialogues) == 151
    for one in dialogues:
        assert len({speaker for _, _, speaker in one.turns}) == 2
        assert one.embeddings.shape == (len(one.turns), 256)
        np.testing.assert_allclose(np.linalg.norm(one.embeddings, axis=1), 1.0, atol=1e-3)
    assert sum(len(one.turns) for one in dialogues) > 9000


def test_without_the_data_it_is_told(tmp_path):
    with pytest.raises(CorpusError):
        next(talks_for_thresholds(tmp_path))
    with pytest.raises(CorpusError):
        voiced_dialogues(tmp_path)
