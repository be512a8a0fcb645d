import sys

import numpy as np
import pytest

from emospot.corpora.csd import Segments, open_sequence
from emospot.errors import CorpusError, MissingExtraError

TWO = ([[0.0, 1.0], [1.0, 2.5]], [[1.0, 2.0], [3.0, 4.0]])


def test_videos_are_read_by_name(write_csd):
    path = write_csd("a.csd", "COVAREP", {"v1": TWO, "v2": TWO}, ["f0", "nap"])
    with open_sequence(path) as sequence:
        assert (sequence.name, sequence.dimensions) == ("COVAREP", ("f0", "nap"))
        assert list(sequence.groups) == ["v1", "v2"]
        found = sequence.read("v1")
        assert found.intervals.tolist() == TWO[0]
        assert found.features.tolist() == TWO[1]
        assert sequence.read("v3") is None


def test_cut_videos_are_joined_by_number(write_csd):
    one = {f"v[{n}]": ([[n, n + 1.0]], [[float(n)]]) for n in (10, 2, 0)}
    with open_sequence(write_csd("a.csd", "words", one)) as sequence:
        assert sequence.read("v").features.tolist() == [[0], [2], [10]]


@pytest.mark.parametrize("dimensions", [None, {"a": 1}, [1, 2], "a"])
def test_names_of_dimensions_may_be_missing(write_csd, dimensions):
    with open_sequence(write_csd("a.csd", "x", {"v": TWO}, dimensions)) as sequence:
        assert sequence.dimensions == ()


def test_metadata_may_be_missing(write_csd):
    path = write_csd("a.csd", "x", {"v": TWO}, ["f0", "nap"])
    import h5py

    with h5py.File(path, "a") as file:
        del file["x/metadata"]
    with open_sequence(path) as sequence:
        assert sequence.dimensions == ()


def test_segments_within_a_span_are_cut_to_it():
    segments = Segments(np.array(TWO[0]), np.array(TWO[1]))
    found = segments.within(0.5, 1.5)
    assert found.intervals.tolist() == [[0.5, 1.0], [1.0, 1.5]]
    assert segments.within(1.0, 2.0).features.tolist() == [[3, 4]]
    assert len(segments.within(3.0, 4.0).features) == 0


@pytest.mark.parametrize(
    ("videos", "message"),
    [
        ({"v": ([[0.0, 1.0]], TWO[1])}, r"intervals \(1, 2\) and features \(2, 2\) do not fit"),
        ({"v": ([0.0, 1.0], TWO[1])}, r"intervals \(2,\)"),
        ({"v": (TWO[0], [1.0, 2.0])}, r"features \(2,\)"),
        ({"v": ([[0.0, np.nan]], [[1.0]])}, "an interval is not finite"),
        ({"v[0]": TWO, "v[1]": (TWO[0], [[1.0], [2.0]])}, "features have 1 and 2 numbers"),
    ],
)
def test_damaged_videos_are_named(write_csd, videos, message):
    with (
        open_sequence(write_csd("a.csd", "x", videos)) as sequence,
        pytest.raises(CorpusError, match=rf'a\.csd, video "v": .*{message}'),
    ):
        sequence.read("v")


def test_a_video_without_features(write_csd):
    path = write_csd("a.csd", "x", {"v": TWO})
    import h5py

    with h5py.File(path, "a") as file:
        del file["x/data/v/features"]
    with (
        open_sequence(path) as sequence,
        pytest.raises(CorpusError, match="intervals or features cannot be read"),
    ):
        sequence.read("v")


def test_files_that_are_none(write_csd, tmp_path):
    with pytest.raises(CorpusError, match="no such file"), open_sequence(tmp_path / "b.csd"):
        pass
    whole = write_csd("a.csd", "x", {"v": TWO})
    (tmp_path / "cut.csd").write_bytes(whole.read_bytes()[:900])
    with (
        pytest.raises(CorpusError, match=r"cut\.csd is no whole HDF5 file.*download it again"),
        open_sequence(tmp_path / "cut.csd"),
    ):
        pass
    import h5py

    with h5py.File(tmp_path / "c.csd", "w") as file:
        file["numbers"] = [1, 2]
    with (
        pytest.raises(CorpusError, match="no computational sequence: .* found no group"),
        open_sequence(tmp_path / "c.csd"),
    ):
        pass


def test_without_h5py_the_extra_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "h5py", None)
    with (
        pytest.raises(MissingExtraError, match=r"pip install 'emospot\[mosei\]'"),
        open_sequence(tmp_path / "a.csd"),
    ):
        pass
