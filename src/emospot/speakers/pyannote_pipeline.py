"""Who speaks when, told by a pipeline of pyannote.audio that the user has.

pyannote.audio (H. Bredin, "pyannote.audio 2.1 speaker diarization pipeline", Interspeech
2023) segments speakers with a network, overlaps included. Its models are not part of
emospot and must be accepted at their source by whoever uses them; here they are read from
a path. While the pipeline is loaded, the Hugging Face client is told to be offline, so
that a configuration which names models by their address finds those that are stored on
this machine and fetches none; pyannote's own usage reports are switched off.
"""

import importlib.util
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emospot.errors import MissingExtraError, ModelError
from emospot.media.audio import SAMPLE_RATE, audio_blocks
from emospot.speakers.turns import Turn, named_in_order

_OFFLINE = {"HF_HUB_OFFLINE": "1", "PYANNOTE_METRICS_ENABLED": "0"}


def load_pipeline(path: str) -> Any:
    """Load a diarisation pipeline.

    Args:
        path: its folder, or its `config.yaml`.

    Raises:
        MissingExtraError: if pyannote.audio is not installed.
        ModelError: if there is no such path, or what lies there cannot be loaded.
    """
    place = Path(path).expanduser()
    if not place.exists():
        raise ModelError(
            f"{path}: there is no such pipeline of pyannote; name its folder or its "
            "config.yaml on this machine (nothing is downloaded)"
        )
    if not _installed():
        raise MissingExtraError("pipelines of pyannote", "pyannote")
    with _offline():
        from pyannote.audio import Pipeline

        try:
            pipeline = Pipeline.from_pretrained(place)
        except (OSError, ValueError, RuntimeError, KeyError, TypeError) as error:
            raise ModelError(f"{path}: is no pipeline that pyannote can load: {error}") from error
    if pipeline is None:  # how older versions say that a part is not there
        raise ModelError(f"{path}: a model of the pipeline is not on this machine")
    return pipeline


def turns_by_pipeline(pipeline: Any, recording: Path, speakers: int | None = None) -> list[Turn]:
    """The turns that a pipeline finds in a recording.

    Args:
        pipeline: called with the sound and, if it is known, `num_speakers`; gives an
            annotation with `itertracks`, or something that holds one as
            `speaker_diarization`.
        recording: the whole sound of it is held in memory.
        speakers: how many there are, None where that is to be found out.

    Returns:
        Turns in order of time, speakers named in order of their first; turns of
        different speakers may overlap.

    Raises:
        MediaError: if the recording cannot be read.
    """
    import torch

    sound: NDArray[np.float32] = np.concatenate(list(audio_blocks(recording)))
    given = {"waveform": torch.from_numpy(sound)[None], "sample_rate": SAMPLE_RATE}
    with _offline():
        answer = pipeline(given, **({} if speakers is None else {"num_speakers": speakers}))
    annotation = getattr(answer, "speaker_diarization", answer)
    found = sorted(
        (float(segment.start), float(segment.end), str(label))
        for segment, _, label in annotation.itertracks(yield_label=True)
    )
    labels = list(dict.fromkeys(label for _, _, label in found))
    names = named_in_order([labels.index(label) for _, _, label in found])
    return [(start, end, name) for (start, end, _), name in zip(found, names, strict=True)]


def _installed() -> bool:
    try:
        return importlib.util.find_spec("pyannote.audio") is not None
    except ModuleNotFoundError:  # no package of pyannote at all
        return False


@contextmanager
def _offline() -> Iterator[None]:
    """The Hugging Face client fetches nothing."""
    from huggingface_hub import constants

    before = {name: os.environ.get(name) for name in _OFFLINE}
    was = constants.HF_HUB_OFFLINE
    os.environ.update(_OFFLINE)
    constants.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = was
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
