"""The bundled causal model, and the sound and words of the bundled sample."""

import numpy as np
import pytest
from numpy.typing import NDArray

from emospot.analysis.inputs import read_inputs
from emospot.analysis.models import BUNDLED_CAUSAL, load
from emospot.conversation import Conversation
from emospot.media.decode import audio_blocks
from emospot.model.pretrained import PretrainedModel
from emospot.sample import sample_files


@pytest.fixture(scope="session")
def causal() -> PretrainedModel:
    return load(BUNDLED_CAUSAL)


@pytest.fixture(scope="session")
def sound() -> NDArray[np.float32]:
    """Of the sample, mono at 16 kHz."""
    return np.concatenate(list(audio_blocks(sample_files().conversation)))


@pytest.fixture(scope="session")
def talk() -> Conversation:
    """The sample with its words."""
    return read_inputs(sample_files().conversation, sample_files().transcript).conversation
