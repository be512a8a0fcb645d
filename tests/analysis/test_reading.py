import json
import random
from dataclasses import replace

import pytest

from emospot.analysis.reading import read_analysis
from emospot.analysis.types import (
    Analysis,
    HotspotFinding,
    ModalityFinding,
    ModelFinding,
    NeighbourFinding,
    UtteranceFinding,
)
from emospot.errors import AnalysisError


def drawn(seed):
    """An analysis of random numbers with all their digits; every field is filled."""
    chance = random.Random(seed)  # noqa: S311
    share = chance.random
    spot = HotspotFinding(
        "words",
        share(),
        1e5 * share(),
        share(),
        "x",
        True,
        share(),
        0,
        3,
        1e-7 * share(),
        -share(),
    )
    own = ModalityFinding(
        True, False, "why", share(), (share(), share()), ((0, 1), (1, 3)), share()
    )
    said = UtteranceFinding(
        "u\n1", "Änne", None, None, None, "unsure", share(), {"b": share(), "a": share()},
        (spot, replace(spot, start=None, apex=None)), {"words": own}, True,
        (NeighbourFinding("u2", share()),),
    )  # fmt: skip
    model = ModelFinding(
        "m", "1", "own", ("b", "a"), share(), share(), "mine", {"words": "w"}, ("a limit",)
    )
    return Analysis(
        "talk.wav", 3.0, (said, replace(said, id="u2", start=1.0, end=2.5, text="= so")), model,
        ("careful",), {"words": "w 1"}, (share(), 1.0), (0.0,), {"model": share()}, "2026", "0.1",
        "voices", "whisper tiny", "abc",
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(5))
def test_it_comes_back_exactly(seed):
    analysis = drawn(seed)
    for back in (
        Analysis.from_dict(analysis.to_dict()),
        Analysis.from_json(analysis.to_json()),
        Analysis.from_dict(json.loads(analysis.to_json())),
    ):
        assert back == analysis
        assert repr(back) == repr(analysis)  # tuples are tuples, 3.0 is no 3
        assert list(back.utterances[0].probabilities) == ["b", "a"]


def test_what_older_and_newer_versions_write(tmp_path):
    analysis = drawn(1)
    plain = analysis.to_dict()
    plain["invented_later"] = 1
    for name in ("speakers_from", "words_from", "loudness"):
        del plain[name]
    path = tmp_path / "talk.analysis.json"
    path.write_text("\ufeff" + json.dumps(plain), encoding="utf-8")
    assert read_analysis(path) == replace(analysis, speakers_from="", words_from="", loudness=())


def changed(**fields):
    plain = json.loads(drawn(0).to_json())
    plain.update(fields)
    return plain


def without(plain, *path):
    inner = plain
    for key in path[:-1]:
        inner = inner[key]
    del inner[path[-1]]
    return plain


@pytest.mark.parametrize(
    ("plain", "message"),
    [
        ([], "found no dictionary, expected an analysis; analyse the recording again"),
        ({"hotspots": []}, "found a dictionary without utterances"),
        (changed(format_version=2), "is of format version 2, and this emospot reads version 1"),
        (changed(format_version=None), "is of format version None"),
        (changed(duration="3"), r"duration: .*found '3'"),
        (
            changed(utterances=[{}]),
            r"utterances\.0\.id: field required; .*; and \d+ more; analyse",
        ),
        (without(changed(), "model"), "model: field required"),
        (
            without(changed(), "utterances", 1, "hotspots", 0, "score"),
            r"utterances\.1\.hotspots\.0\.score: field required",
        ),
        (changed(recording={1}), "not JSON serializable"),
    ],
)
def test_what_is_no_analysis(plain, message):
    with pytest.raises(AnalysisError, match=message):
        Analysis.from_dict(plain)


def test_broken_files(tmp_path):
    with pytest.raises(AnalysisError, match=r"gone\.json: cannot be read \(No such file"):
        read_analysis(tmp_path / "gone.json")
    for content, message in (
        (b'{"utterances": [', "is no JSON"),
        (b"\xff\xfe\x00", "is not UTF-8"),
        (b"[" * 200_000, "is no JSON"),
    ):
        path = tmp_path / "bad.json"
        path.write_bytes(content)
        with pytest.raises(AnalysisError, match=rf"bad\.json: {message}"):
            read_analysis(path)
