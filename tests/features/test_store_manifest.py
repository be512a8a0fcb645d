import dataclasses
import hashlib
import json

import pytest

from emospot.emotions import LabelSet
from emospot.errors import StoreError
from emospot.features.base import FeatureDescription
from emospot.features.store_manifest import (
    ShardEntry,
    SplitCounts,
    StoreManifest,
    next_link,
    read_manifest,
)

VOICE = FeatureDescription("voice", "hum", "2", 3, pooled=True, options={"rates": (1, 2)})


@pytest.fixture
def manifest():
    shards = (
        ShardEntry(
            "s0", 12, 100, "aa", {"train": SplitCounts(2, 10, 7), "dev": SplitCounts(1, 2)}
        ),
        ShardEntry("s1", 3, 50, "bb", {"train": SplitCounts(1, 3, 3)}),
    )
    return StoreManifest(
        "tiny", "table", "f", LabelSet("two", ("a", "b")), {"voice": VOICE}, "float16",
        {"voice": ("x", "y", "z")}, shards, next_link("", "digest"), {"voice": "laughs"},
    )  # fmt: skip


def write(path, manifest, **changes):
    plain = {**json.loads(manifest.to_json()), **changes}
    path.write_text(json.dumps({k: v for k, v in plain.items() if v is not ...}))
    return path


def test_round_trip(tmp_path, manifest):
    back = read_manifest(write(tmp_path / "m", manifest))
    assert back.content_hash == manifest.content_hash
    assert back.differences(manifest) == []
    assert back.shards == manifest.shards
    assert back.label_set == manifest.label_set
    assert back.columns == manifest.columns
    assert back.detectors == {"voice": "laughs"}


def test_a_store_from_before_detectors_were_named(tmp_path, manifest):
    found = read_manifest(write(tmp_path / "m", manifest, detectors=...))
    assert found.detectors == {"voice": "prosody"}  # which was all there was


def test_splits_add_up(manifest):
    assert manifest.splits == {"train": SplitCounts(3, 13, 10), "dev": SplitCounts(1, 2, 0)}
    assert json.loads(manifest.to_json())["splits"]["train"]["labelled"] == 10


def test_chain_depends_on_every_link_and_their_order():
    assert next_link("", "a") == hashlib.sha256(b"a").hexdigest()
    assert next_link(next_link("", "a"), "b") != next_link(next_link("", "b"), "a")


@pytest.mark.parametrize(
    "changes",
    [
        {"label_set": LabelSet("two", ("b", "a"))},
        {"features": {"voice": dataclasses.replace(VOICE, version="3")}},
        {"features": {"voice": dataclasses.replace(VOICE, options={"rates": (1,)})}},
        {"value_type": "float32"},
        {"chain": "other"},
        {"columns": {"voice": ("x", "z", "y")}},
    ],
)
def test_content_hash_covers_what_changes_results(manifest, changes):
    assert dataclasses.replace(manifest, **changes).content_hash != manifest.content_hash


@pytest.mark.parametrize(
    "changes",
    [
        {"shards": ()},
        {"emospot_version": "9"},
        {"features": {"voice": dataclasses.replace(VOICE, licence="research only")}},
    ],
)
def test_content_hash_leaves_out_what_does_not(manifest, changes):
    assert dataclasses.replace(manifest, **changes).content_hash == manifest.content_hash


def test_differences_are_named(manifest):
    other = dataclasses.replace(
        manifest,
        corpus="big",
        features={"voice": dataclasses.replace(VOICE, dim=4), "face": VOICE},
    )
    assert manifest.differences(other) == ["corpus", "features of voice", "features of face"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": "zip"}, "not the manifest of an emospot store"),
        (
            {"format_version": 7, "emospot_version": "3.1"},
            "store format 7, written by emospot 3.1",
        ),
        ({"label_set": {"name": "two", "labels": ["b", "a"]}}, "changed after it was written"),
        ({"shards": ...}, "'shards' missing or malformed"),
        ({"features": {"voice": {"width": 3}}}, "missing or malformed"),
    ],
)
def test_wrong_manifests_are_told(tmp_path, manifest, changes, message):
    with pytest.raises(StoreError, match=message):
        read_manifest(write(tmp_path / "m", manifest, **changes))


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe", b"[]"])
def test_what_is_no_json_object_is_told(tmp_path, content):
    path = tmp_path / "m"
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"manifest"):
        read_manifest(path)
