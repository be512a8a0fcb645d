"""Every engine makes the same store, whatever happens on the way."""

import os
import pickle
import signal
import wave
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from emospot.conversation import Conversation, Utterance
from emospot.corpora.corpus import Corpus, CorpusConversation
from emospot.corpora.engines import Here, OnCluster, OverCores, engine_of
from emospot.corpora.importing import import_corpus
from emospot.corpora.instruments import standard_instruments
from emospot.corpora.measuring import Instruments
from emospot.emotions import LabelSet
from emospot.errors import EmospotError, MediaError, MissingExtraError, UsageError
from emospot.features.base import FeatureDescription
from emospot.features.registry import voice_extractor
from emospot.features.store import FeatureStore
from emospot.hotspots.llm_endpoint import LlmEndpoint

LABELS = LabelSet("two", ("calm", "angry"))


@pytest.fixture(scope="module")
def cluster():
    """A Ray of two cores that all tests join."""
    import ray

    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield OnCluster()
    assert ray.is_initialized()  # who joins a cluster does not end it
    ray.shutdown()


@pytest.fixture(params=["here", "cores", "cluster"])
def engine(request):
    if request.param == "cluster":
        return request.getfixturevalue("cluster")
    return Here() if request.param == "here" else OverCores(2)


@pytest.fixture
def recordings(tmp_path) -> Callable[..., Corpus]:
    """Conversations of two utterances with a recording each; some recordings are broken."""

    def make(count: int = 5, broken: tuple[int, ...] = ()) -> Corpus:
        talks = []
        for number in range(count):
            path = tmp_path / f"{number}.wav"
            sound = np.random.default_rng(number).normal(0, 3000, 32000).astype(np.int16)
            with wave.open(str(path), "wb") as file:
                file.setnchannels(1)
                file.setsampwidth(2)
                file.setframerate(16000)
                file.writeframes(sound.tobytes())
            if number in broken:
                path.write_bytes(b"no sound at all")
            utterances = (
                Utterance("a", "Ann", 0.0, 0.9, "so good", label="calm"),
                Utterance("b", "Bob", 1.0, 2.0, "no!", label="angry"),
            )
            talks.append(CorpusConversation(Conversation(f"d{number}", utterances, path)))
        return Corpus("tiny", "tiny-release", LABELS, tuple(talks))

    return make


def instruments(words: str = "none") -> Instruments:
    return standard_instruments(words=words, voice="basic:0.1")


def content(store: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted(store.glob("shard-*"))]


def test_all_engines_make_the_same_store(tmp_path, recordings, cluster):
    made = recordings()
    hashes = []
    for name, engine in (("here", Here()), ("cores", OverCores(2)), ("cluster", cluster)):
        hashes.append(
            import_corpus(made, tmp_path / name, instruments("minilm-l6"), engine=engine)
        )
    assert len({one.content_hash for one in hashes}) == 1
    assert content(tmp_path / "here") == content(tmp_path / "cores")
    assert content(tmp_path / "here") == content(tmp_path / "cluster")
    assert FeatureStore.open(tmp_path / "cluster", verify=True).splits


@dataclass
class Dying:
    """The voice extractor of the tests, whose process is killed at one recording.

    Args:
        folder: where it notes how often that has happened.
        times: how often it happens.
    """

    folder: Path
    times: int

    def __post_init__(self) -> None:
        self._inner = voice_extractor("basic:0.1")

    def describe(self) -> FeatureDescription:
        return self._inner.describe()

    def extract(self, audio, start):
        died = len(list(self.folder.iterdir()))
        # The third recording, told by its first sample.
        if died < self.times and np.isclose(audio[0], marked_sample(), atol=1e-4) and start == 0:
            (self.folder / str(died)).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return self._inner.extract(audio, start)


def marked_sample() -> float:
    return float(np.random.default_rng(2).normal(0, 3000, 32000).astype(np.int16)[0]) / 32768


@pytest.fixture(params=["cores", "cluster"])
def many(request):
    if request.param == "cores":
        return OverCores(2)
    return request.getfixturevalue("cluster")


def dying(folder: Path, times: int) -> Instruments:
    import dataclasses
    import sys

    from ray import cloudpickle

    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    folder.mkdir(exist_ok=True)
    return dataclasses.replace(instruments(), voice=Dying(folder, times))


def test_a_killed_worker_changes_nothing(tmp_path, recordings, many):
    made = recordings()
    by = dying(tmp_path / "deaths", 1)
    killed = import_corpus(made, tmp_path / "killed", by, engine=many)
    assert len(list((tmp_path / "deaths").iterdir())) == 1
    whole = import_corpus(made, tmp_path / "whole", dying(tmp_path / "none", 0))
    assert killed.content_hash == whole.content_hash


def test_what_kills_every_worker_costs_itself_alone(tmp_path, recordings, many, monkeypatch):
    monkeypatch.setattr("emospot.corpora.engines.RETRIES", 1)
    made, by = recordings(), dying(tmp_path / "deaths", 99)
    with pytest.raises(MediaError, match='1 of 5 .* dialogue "d2": its process was killed'):
        import_corpus(made, tmp_path / "s", by, engine=many)
    # Tried once, then once more.
    assert len(list((tmp_path / "deaths").iterdir())) == 2
    left_out = import_corpus(made, tmp_path / "s", by, engine=many, missing="skip")
    assert left_out.resumed == 4
    assert 'dialogue "d2": its process was killed' in left_out.notices[-1]
    found = FeatureStore.open(tmp_path / "s").conversations()
    assert [one.conversation.id for one in found] == ["d0", "d1", "d3", "d4"]


def test_what_kills_a_worker_has_words_and_is_left_out_by_skip_alone(tmp_path, recordings):
    by = dying(tmp_path / "deaths", 99)
    with pytest.raises(MediaError, match="1 of 5"):
        import_corpus(recordings(), tmp_path / "s", by, engine=OverCores(2), missing="absent")


def test_one_broken_file_is_told_and_the_rest_is_stored(tmp_path, recordings, engine):
    with pytest.raises(MediaError, match=r'1 of 4 .* dialogue "d1": .*1\.wav.*repair'):
        import_corpus(recordings(4, broken=(1,)), tmp_path / "s", instruments(), engine=engine)
    again = import_corpus(recordings(4), tmp_path / "s", instruments(), engine=engine)
    assert (again.resumed, again.total.conversations) == (3, 4)


def test_an_import_goes_on_with_another_engine(tmp_path, recordings, engine, monkeypatch):
    monkeypatch.setattr("emospot.features.store_writer.SHARD_CONVERSATIONS", 1)
    made = recordings(3)

    def stop(done, total):
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_corpus(made, tmp_path / "s", instruments(), progress=stop, engine=engine)
    again = import_corpus(made, tmp_path / "s", instruments())
    assert again.resumed == 2
    whole = import_corpus(made, tmp_path / "w", instruments())
    assert again.content_hash == whole.content_hash


def test_what_is_odd_is_told_in_the_order_of_the_corpus(tmp_path, recordings, engine):
    made = recordings(4, broken=(0, 3))
    summary = import_corpus(made, tmp_path / "s", instruments(), missing="skip", engine=engine)
    assert ["d0" in text for text in summary.notices if "left out" in text] == [True, False]


class Faulty(Dying):
    def extract(self, audio, start):
        raise MissingExtraError("colours", "paint")


def test_other_errors_stop_an_import_as_themselves(tmp_path, recordings, engine):
    import dataclasses

    by = dataclasses.replace(dying(tmp_path / "d", 0), voice=Faulty(tmp_path / "d", 0))
    with pytest.raises(MissingExtraError, match=r"colours need the extra \[paint\]"):
        import_corpus(recordings(3), tmp_path / "s", by, engine=engine)


@pytest.mark.parametrize("used", [False, True])
def test_instruments_are_sent_without_their_models(recordings, used):
    for voice in ("egemaps", "ge2e", "basic"):
        by = standard_instruments(words="minilm-l6", voice=voice)
        if used:
            sound = np.random.default_rng(0).normal(0, 0.1, 32000).astype(np.float32)
            assert by.words.extract([Utterance("a", "Ann", text="so")])
            by.voice.extract(sound, 0.0)
        sent = pickle.dumps(by)
        assert len(sent) < 50_000
        assert pickle.loads(sent).identity() == by.identity()


def test_an_endpoint_of_a_language_model_is_sent_without_its_client():
    endpoint = LlmEndpoint("http://localhost:1/v1", "small", "secret")
    sent = pickle.loads(pickle.dumps(endpoint))
    assert sent == endpoint
    with sent._lock:
        assert sent._client_made is None


def test_names_of_engines():
    assert isinstance(engine_of(None), Here)
    assert isinstance(engine_of(None, 1), Here)
    assert isinstance(engine_of(None, 2), OverCores)
    assert isinstance(engine_of("local"), OverCores)
    assert isinstance(engine_of("ray"), OnCluster)
    for wrong, told in (
        (("spark",), 'no engine "spark"; known: local, ray'),
        (("local", 0), "at least 1, found 0"),
        (("local", 2, "auto"), "ask for the engine ray"),
        (("ray", 2, "auto"), "has its own workers"),
    ):
        with pytest.raises(UsageError, match=told):
            engine_of(*wrong)


def test_a_cluster_that_is_not_there(tmp_path, recordings, monkeypatch):
    import ray

    def refuse(*_, **__):
        raise ConnectionError("Could not find any\nrunning Ray instance.")

    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    monkeypatch.setattr(ray, "init", refuse)
    with pytest.raises(EmospotError, match="no Ray cluster at auto: Could not find any running R"):
        import_corpus(recordings(1), tmp_path / "s", instruments(), engine=OnCluster(None, "auto"))
