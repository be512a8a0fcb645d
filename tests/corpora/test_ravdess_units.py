"""Stills of action units: the pair stands where it is said to stand."""

import numpy as np
import pytest

from emospot.corpora.ravdess import ACTION_UNITS, action_units
from emospot.corpora.ravdess_units import intensity_films
from emospot.errors import CorpusError


def _table(folder, codes, columns=35):
    from pyarrow import Table
    from pyarrow.parquet import write_table

    vectors = [np.full(columns, number, dtype=np.float32) for number in range(len(codes))]
    folder.mkdir(exist_ok=True)
    write_table(
        Table.from_pydict({"clip": codes, "au35": [v.tolist() for v in vectors]}),
        folder / "au35.parquet",
    )
    return folder


NEUTRAL = [f"03-01-01-01-0{s}-0{r}-13" for s in (1, 2) for r in (1, 2)]
PAIRS = ["03-01-03-01-01-01-13", "03-01-03-02-01-01-13", "03-01-05-01-02-01-13",
         "03-01-05-02-02-01-13", "03-01-06-02-01-01-13"]  # fmt: skip


def test_films_of_generated_units(tmp_path):
    folder = _table(tmp_path / "r", [*NEUTRAL, *PAIRS])
    assert len(action_units(folder)) == 9
    first, second = intensity_films(folder, [13])  # fear has no clip of normal intensity
    for film, expected in ((first, (4, 5)), (second, (7, 6))):
        assert film.seconds == 14.0
        assert film.tokens.columns == ACTION_UNITS
        middles = film.tokens.times.mean(axis=1)
        stills = [set(film.tokens.values[(middles // 2) == n, 0]) for n in range(7)]
        assert stills == [{0}, {1}, {2}, {3}, {expected[0]}, {0}, {expected[1]}]
    assert first.emotional == ((8.0, 10.0, 1), (12.0, 14.0, 2))
    assert second.emotional == ((8.0, 10.0, 2), (12.0, 14.0, 1))


def test_what_is_missing_is_told(tmp_path):
    with pytest.raises(CorpusError, match="holds no au35.parquet"):
        list(intensity_films(tmp_path, [13]))
    folder = _table(tmp_path / "r", [*NEUTRAL[:3], *PAIRS])
    with pytest.raises(CorpusError, match="3 neutral clips of actor 13, expected 4"):
        list(intensity_films(folder, [13]))
    short = _table(tmp_path / "s", NEUTRAL, columns=3)
    with pytest.raises(CorpusError, match="au35 has 3 numbers a clip, expected 35"):
        action_units(short)


def test_every_published_pair(shared_data):
    """Seven emotions, two sentences, two repetitions of each actor."""
    films = list(intensity_films(shared_data / "ravdess", [13, 14]))
    assert [film.number for film in films] == [*range(28), *range(28)]
