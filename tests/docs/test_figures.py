"""The figures of the parts are there, small, told in words, and show what the code does."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = (ROOT / "docs" / "parts.md").read_text(encoding="utf-8")
PICTURES = dict(re.findall(r"!\[([^\]]+)\]\(figures/([\w.]+)\)", PAGE)[n][::-1] for n in range(6))
AXES = {
    "hotspot_gated_fusion": "tokens of one utterance",
    "mixture_of_aligners": "lag τ_t − τ_t′ (s)",
    "cross_modal_memory": "accuracy (%)",
    "conversation_graph": "node that reads",
    "kernel_reader": "turns from the one that is read",
    "chain_of_answers": "emotion before",
}


@pytest.fixture(scope="module")
def figures() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_figures", ROOT / "scripts/docs_figures.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_figure_is_on_the_page(figures: ModuleType):
    drawn = {f"{draw.__name__}.svg" for draw in figures.FIGURES}
    assert drawn == set(PICTURES) == {path.name for path in (ROOT / "docs/figures").iterdir()}


@pytest.mark.parametrize("name", sorted(AXES))
def test_a_figure_is_small_and_has_axes_and_words(name: str):
    path = ROOT / "docs" / "figures" / f"{name}.svg"
    assert path.stat().st_size < 100_000
    parsed = ElementTree.parse(path)  # noqa: S314 - our own file
    texts = {element.text for element in parsed.iter() if element.text}
    assert AXES[name] in texts
    assert len(PICTURES[f"{name}.svg"].split()) > 15


def test_the_graph_reads_what_the_design_says(figures: ModuleType):
    turns, past, future = 6, 2, 1
    expected = np.zeros((2 * turns, 2 * turns), dtype=int)
    for reader in range(2 * turns):
        for source in range(2 * turns):
            (m, i), (k, j) = divmod(reader, turns), divmod(source, turns)
            if m == k and -past <= j - i <= future:
                expected[reader, source] = 1 if j == i else 2 if j < i else 3
            elif m != k and i == j:
                expected[reader, source] = 4
    assert np.array_equal(figures.nodes_read(turns, past, future), expected)


def test_the_same_figure_twice_is_the_same_file(figures: ModuleType, tmp_path: Path):
    # Without loading a model: those that are drawn from modules and results alone.
    for draw in (figures.conversation_graph, figures.kernel_reader, figures.mixture_of_aligners):
        figures.save(draw(), tmp_path / "again.svg")
        stored = ROOT / "docs" / "figures" / f"{draw.__name__}.svg"
        assert sorted_numbers(tmp_path / "again.svg") == pytest.approx(
            sorted_numbers(stored), abs=2
        )


def sorted_numbers(path: Path) -> list[float]:
    """The numbers of a drawing's paths; fonts of another machine move them a little."""
    found = re.findall(r' d="([^"]*)"', path.read_text(encoding="utf-8"))
    return sorted(float(n) for n in re.findall(r"-?\d+\.?\d*", " ".join(found)))
