"""Small tables and instruments whose results can be worked out by hand."""

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from emospot.conversation import Hotspot, Tokens
from emospot.corpora.measuring import Instruments, Spotter
from emospot.corpora.table import FeatureColumn, ImportSummary, TableOptions, import_table
from emospot.features.base import FeatureDescription
from emospot.hotspots.panel import Panel

ROWS: dict[str, list[Any]] = {
    "dialogue": ["d1", "d1", "d2", "d1", "d2"],
    "utterance": ["a", "b", "a", "c", "b"],
    "speaker": ["Ann", "Bob", "Cid", "Ann", "Dan"],
    "start": [0.0, 1.0, 0.0, 2.5, 3.0],
    "end": [1.5, 2.0, 2.0, 4.0, 3.5],
    "text": ["so good", "no", "well", None, "oh my"],
    "emotion": ["happy", "angry", "happy", None, "sad"],
    "split": ["train", "train", "test", "train", "test"],
    "embedding": [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0], [9.0, 0.5]],
}


@pytest.fixture
def write_table(tmp_path) -> Callable[..., Path]:
    """Writes five rows of two dialogues as Parquet; a column set to ... is left out."""

    def write(name: str = "t.parquet", **changes: Any) -> Path:
        columns = {k: v for k, v in {**ROWS, **changes}.items() if v is not ...}
        pq.write_table(pa.table(columns), tmp_path / name)
        return tmp_path / name

    return write


class _Letters:
    """One token a letter: its code point and 1; offsets are the letter's place."""

    def __init__(self) -> None:
        self.calls = 0

    def describe(self) -> FeatureDescription:
        return FeatureDescription("words", "letters", "1", 2, pooled=False)

    def extract(self, utterances):
        self.calls += 1
        return [
            None
            if not u.text
            else Tokens(
                np.array([[ord(letter), 1.0] for letter in u.text]),
                offsets=np.array([[i, i + 1] for i in range(len(u.text))]),
            )
            for u in utterances
        ]


class _Lengths:
    """One token an utterance: how long its text is."""

    def describe(self) -> FeatureDescription:
        return FeatureDescription("words", "lengths", "1", 1, pooled=True)

    def extract(self, utterances):
        return [Tokens(np.array([[float(len(u.text))]])) if u.text else None for u in utterances]


class _Energy:
    """Three voice tokens an utterance: start, number of samples, mean."""

    def __init__(self, name: str) -> None:
        self.name = name

    def describe(self) -> FeatureDescription:
        return FeatureDescription("voice", self.name, "1", 1, pooled=False)

    def extract(self, audio, start):
        if len(audio) == 0:
            return None
        return Tokens(np.array([[start], [len(audio)], [audio.mean()]]))


class _Frames:
    """One face token a frame within the span: the frame's brightness."""

    def describe(self) -> FeatureDescription:
        return FeatureDescription("face", "brightness", "1", 1, pooled=False)

    def extract(self, frames, spans):
        seen = list(frames)
        for index, (start, end) in reversed(list(enumerate(spans))):
            own = [[float(image.mean())] for time, image in seen if start <= time < end]
            yield index, Tokens(np.array(own)) if own else None


class _Marker:
    """One hotspot in each utterance with descriptors (or, for words, with a text)."""

    def __init__(self, modality: str) -> None:
        self.modality = modality
        self.name = f"marker-{modality}"
        self.reads = {"words": (), "voice": ("energy",), "face": ("brightness",)}[modality]

    def detect(self, conversation, descriptors):
        found = []
        for utterance, tokens in zip(conversation.utterances, descriptors, strict=True):
            fires = utterance.text if self.modality == "words" else tokens is not None
            strength = 0.5 if tokens is None else min(1.0, len(tokens) / 10)
            found.append(
                [Hotspot(self.modality, utterance.start, utterance.end, strength, "marker")]
                if fires
                else []
            )
        return found


def _spotter(modality: str, **readers) -> Spotter:
    return Spotter(Panel((_Marker(modality),)), readers)


@pytest.fixture
def fake() -> SimpleNamespace:
    """Instruments without any model behind them."""

    def audio(path, spans):
        for index, (start, end) in reversed(list(enumerate(spans))):
            yield index, np.full(round((end - start) * 10), start, dtype=np.float32)

    def frames(path):
        for second in range(3):
            yield float(second), np.full((2, 2, 3), 10 * second, dtype=np.uint8)

    voice, face = _Energy("energy"), _Frames()
    return SimpleNamespace(
        letters=_Letters(),
        lengths=Instruments(words=_Lengths()),
        words=lambda: Instruments(words=_Letters(), words_hotspots=_spotter("words")),
        all=Instruments(
            words=_Letters(),
            words_hotspots=_spotter("words"),
            voice=voice,
            voice_hotspots=_spotter("voice", energy=voice),
            face=face,
            face_hotspots=_spotter("face", brightness=face),
            audio=audio,
            frames=frames,
            duration=lambda path: 2.0,
        ),
        heard_by=lambda reader: _spotter("voice", energy=reader),
        other_voice=_Energy("other"),
    )


@pytest.fixture(scope="session")
def iemocap_summary(shared_data, tmp_path_factory) -> ImportSummary:
    """The published table, imported once."""
    options = TableOptions(
        columns={"emotion": "label6"},
        label_set="iemocap6",
        features={"voice": FeatureColumn("audio_ge2e", "ge2e")},
        targets=("valence", "activation", "dominance"),
    )
    source = shared_data / "iemocap" / "iemocap.parquet"
    return import_table(source, tmp_path_factory.mktemp("iemocap") / "store", options)


@pytest.fixture
def write_csd(tmp_path) -> Callable[..., Path]:
    """Writes a computational sequence as the CMU Multimodal SDK does."""
    h5py = pytest.importorskip("h5py")

    def write(
        name: str, root: str, videos: dict[str, tuple[Any, Any]], dimensions: Any = None
    ) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with h5py.File(path, "w") as file:
            group = file.create_group(root)
            data = group.create_group("data")
            for video, (intervals, features) in videos.items():
                entry = data.create_group(video)
                entry.create_dataset("features", data=np.asarray(features), compression="gzip")
                entry.create_dataset("intervals", data=np.asarray(intervals), compression="gzip")
            metadata = group.create_group("metadata")
            for key, value in {"root name": root, "dimension names": dimensions}.items():
                text = metadata.create_dataset(key, (1,), dtype=h5py.special_dtype(vlen=str))
                text[0] = json.dumps(value)
        return path

    return write
