"""Whisper through faster-whisper: words with times, on the processor or a GPU.

Whisper (A. Radford et al., "Robust speech recognition via large-scale weak
supervision", ICML 2023) writes down speech of about 100 languages; faster-whisper runs
it on CTranslate2 and aligns the words by the attention of its decoder. No model comes
with it. A model is a folder with `model.bin` and `tokenizer.json`, as
`ct2-transformers-converter` makes it, or a name that Hugging Face knows.

A name is looked up among what Hugging Face has already stored on this machine. If it is
not there, it is fetched only where the user has allowed that. (Without a tokenizer in the
folder, faster-whisper would fetch one by itself: such a folder is refused.)
"""

import importlib.util
import math
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emospot.errors import MissingExtraError, ModelError
from emospot.media.transcript_types import TimedWord

PACKAGE = "faster_whisper"
FILES = ("model.bin", "tokenizer.json")


class FasterWhisper:
    """A Whisper model (a `Recogniser`).

    Args:
        model: its folder, or a name, e.g. "small" or "Systran/faster-whisper-small".
        allow_download: whether a model that is not on this machine may be fetched.

    Raises:
        MissingExtraError: if faster-whisper is not installed.
        ModelError: if the model is not there or cannot be loaded.
    """

    def __init__(self, model: str, *, allow_download: bool = False) -> None:
        if importlib.util.find_spec(PACKAGE) is None:
            raise MissingExtraError("words without a transcript", "asr")
        self._model = model
        self._folder = _folder(model, allow_download=allow_download)
        self._network  # noqa: B018 - what is wrong with it is said before anything is measured

    @property
    def name(self) -> str:
        """The recogniser and its model."""
        return f"faster-whisper ({Path(self._model).name})"

    @cached_property
    def _network(self) -> Any:
        from faster_whisper import WhisperModel

        try:
            return WhisperModel(str(self._folder), device="auto", local_files_only=True)
        # CTranslate2 tells of damaged files and of devices by these.
        except (RuntimeError, ValueError, OSError) as error:
            raise ModelError(
                f"{self._folder}: cannot be loaded as a model of faster-whisper ({error}); "
                "expected the folder of a Whisper model converted for CTranslate2"
            ) from error

    def words(self, audio: NDArray[np.float32], language: str) -> tuple[Sequence[TimedWord], str]:
        """The words of a stretch of sound; see `Recogniser`."""
        if len(audio) == 0:
            return [], language
        # What was said before does not help, and a mistake would go on and on.
        segments, info = self._network.transcribe(
            audio,
            language=language or None,
            word_timestamps=True,
            condition_on_previous_text=False,
        )
        found = [word for segment in segments for word in segment.words or ()]
        timed = [
            TimedWord(float(w.start), max(float(w.start), float(w.end)), w.word) for w in found
        ]
        return [w for w in timed if math.isfinite(w.start + w.end)], str(info.language)


def _folder(model: str, *, allow_download: bool) -> Path:
    """Where the model lies, after it was fetched if need be and allowed."""
    folder = Path(model).expanduser()
    if not folder.is_dir():
        folder = _stored(model, allow_download=allow_download)
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        raise ModelError(
            f"{folder}: has no {' and no '.join(missing)}; expected the folder of a Whisper "
            f"model converted for CTranslate2, with {' and '.join(FILES)}"
        )
    return folder


def _stored(name: str, *, allow_download: bool) -> Path:
    """The folder of a model that has been fetched before, or is fetched now."""
    from faster_whisper.utils import download_model

    try:
        return Path(download_model(name, local_files_only=not allow_download))
    except (OSError, ValueError) as error:
        if allow_download:
            raise ModelError(f'the model "{name}" cannot be fetched: {error}') from error
        raise ModelError(
            f'the model "{name}" is not on this machine: there is no such folder, and nothing '
            "of that name has been fetched before. Name the folder of a converted Whisper "
            "model, or allow the download with --allow-download"
        ) from error
