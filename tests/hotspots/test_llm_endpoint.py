"""What the environment says of an endpoint; the talk itself is tested in test_words_llm."""

from pathlib import Path

import pytest

from emospot.errors import UsageError
from emospot.hotspots.llm_endpoint import LlmEndpoint, cache_folder


@pytest.fixture(autouse=True)
def bare(monkeypatch):
    for name in ("BASE_URL", "MODEL", "API_KEY"):
        monkeypatch.delenv(f"EMOSPOT_LLM_{name}", raising=False)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


def test_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("EMOSPOT_LLM_BASE_URL", "http://here/v1")
    monkeypatch.setenv("EMOSPOT_LLM_MODEL", "small")
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    monkeypatch.setenv("EMOSPOT_CACHE", str(tmp_path))
    named = LlmEndpoint.from_environment()
    assert (named.base_url, named.model, named.key) == ("http://here/v1", "small", "k")
    assert named.cache == tmp_path / "llm"
    monkeypatch.setenv("EMOSPOT_LLM_API_KEY", "own")
    other = LlmEndpoint.from_environment("http://there/v1", "large")
    assert (other.base_url, other.model, other.key) == ("http://there/v1", "large", "own")


def test_what_is_missing_is_told():
    with pytest.raises(
        UsageError, match="--llm-base-url and --llm-model, or set EMOSPOT_LLM_BASE"
    ):
        LlmEndpoint.from_environment("http://here/v1")


def test_the_cache_folder(monkeypatch):
    monkeypatch.delenv("EMOSPOT_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "/caches")
    assert cache_folder() == Path("/caches/emospot")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder() == Path.home() / ".cache" / "emospot"
