"""Draw the figures of docs/parts.md from the code itself and from measured results.

    python scripts/docs_figures.py        # all of docs/figures, in half a minute

Where a figure shows what a part does, the part is run: the bundled model on the bundled
sample, or a module whose inputs make visible what it reads. Where it shows what a part is
worth, the numbers come from docs/results. Same code and results, same files.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import torch
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

import emospot
from emospot.analysis.types import UtteranceFinding
from emospot.model.conversation_graph import Neighbourhood, RelationalConvolution, temporal_kinds
from emospot.model.emotion_dynamics import EmotionDynamics
from emospot.model.lag_bias import LagScale
from emospot.model.turns_around import REACH, near_means, relations
from emospot.sample import sample_files

DOCS = Path(__file__).resolve().parent.parent / "docs"
BLUE, ORANGE, GREEN, RED, GREY = "#0072b2", "#e69f00", "#009e73", "#d55e00", "#767676"
"""Colours that are told apart without seeing red or green (Okabe and Ito)."""
mpl.use("svg")
mpl.rcParams.update({"font.size": 10, "axes.spines.top": False, "axes.spines.right": False})

ANGRY = 3
"""The utterance of the sample that is shown: "… I am so angry, I could scream!"."""


def hotspot_gated_fusion() -> Figure:
    """Scores and gates of the words of one utterance."""
    analysis = emospot.analyze(sample_files().transcript)
    utterance = analysis.utterances[ANGRY]
    words = utterance.modalities["words"]
    place = np.arange(len(words.gates))
    scores = [_score(utterance, span) for span in words.gate_offsets]
    figure, axes = plt.subplots(figsize=(8.2, 2.9), layout="constrained")
    axes.bar(place, scores, color=ORANGE, width=0.7, label="s: hotspot score")
    axes.plot(place, words.gates, "o-", color=BLUE, label="α: gate, mean over channels")
    text = utterance.text or ""
    axes.set_xticks(place, [text[a:b] for a, b in words.gate_offsets], rotation=60, ha="right")
    axes.set(ylim=(0, 1), ylabel="0 to 1", xlabel="tokens of one utterance")
    axes.legend(loc="upper left", frameon=False)
    return figure


def _score(utterance: UtteranceFinding, span: tuple[int, int]) -> float:
    """The strongest hotspot that overlaps some characters."""
    over = [
        hotspot.score
        for hotspot in utterance.hotspots
        if hotspot.char_start is not None
        and hotspot.char_end is not None
        and hotspot.char_start < span[1]
        and span[0] < hotspot.char_end
    ]
    return max(over, default=0.0)


def mixture_of_aligners() -> Figure:
    """Where the heads of an aligner begin, and what alignment and routing are worth."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(8.2, 3.2), layout="constrained")
    scale = LagScale(reach=30.0, scale=0.25, spacing=0.1)
    for head, values in enumerate(scale.peaks(heads=5, farthest=2.0)):
        left.plot(scale.lags, values, color=plt.get_cmap("viridis")(head / 5))
    left.set(xlim=(-4, 4), xlabel="lag τ_t − τ_t′ (s)", ylabel="bias added to the logits")
    left.set_title("five heads before training", fontsize=10)
    points = _points("controls", "Alignment and its controls")
    _bars(right, [str(p["place"]) for p in points], points)
    right.set_title("planted conversations", fontsize=10)
    return figure


def cross_modal_memory() -> Figure:
    """What reading other modalities is worth, by how many there are."""
    figure, axes = plt.subplots(figsize=(6.2, 3.2), layout="constrained")
    found = json.loads((DOCS / "results" / "modalities.json").read_text(encoding="utf-8"))
    numbers = {"two": 2, "three": 3, "four": 4, "six": 6}
    shown = {"emospot": BLUE, "plain cross-attention": ORANGE, "CORECT": GREEN}
    for (name, colour), mark in zip(shown.items(), "osD", strict=True):
        rows = [
            next(row for row in found["summary"] if _is(row, world, name, "accuracy"))
            for world in numbers
        ]
        axes.errorbar(list(numbers.values()), [100 * row["mean"] for row in rows],
                      [100 * row["sd"] for row in rows], fmt=f"{mark}-", color=colour,
                      label=name, capsize=3)  # fmt: skip
    ceiling = [100 * found["ceilings"][world][0]["accuracy"][0] for world in numbers]
    axes.plot(list(numbers.values()), ceiling, "--", color=GREY, label="best possible")
    axes.set(xticks=list(numbers.values()), xlabel="modalities", ylabel="accuracy (%)",
             ylim=(0, 102))  # fmt: skip
    axes.legend(frameon=False, loc="lower left")
    return figure


def conversation_graph() -> Figure:
    """Which node reads which."""
    turns = 7
    read = nodes_read(turns, past=3, future=1)
    names = ("none", "same turn", "past", "future", "other modality")
    colours = ("#f2f2f2", GREY, BLUE, ORANGE, GREEN)
    figure, axes = plt.subplots(figsize=(5.6, 4.3), layout="constrained")
    axes.imshow(read, cmap=mpl.colors.ListedColormap(colours), vmin=0, vmax=4)
    labels = [f"{modality} {turn + 1}" for modality in ("words", "voice") for turn in range(turns)]
    axes.set_xticks(range(2 * turns), labels, rotation=90, fontsize=8)
    axes.set_yticks(range(2 * turns), labels, fontsize=8)
    axes.set(xlabel="is read", ylabel="node that reads")
    patches = [mpl.patches.Patch(color=c, label=n) for c, n in zip(colours, names, strict=True)]
    axes.legend(handles=patches[1:], loc="upper left", bbox_to_anchor=(1.02, 1), frameon=False)
    return figure


def nodes_read(turns: int, past: int, future: int) -> NDArray[np.int_]:
    """Which node reads which, found by giving every node a channel of its own.

    Args:
        turns: utterances; both of two modalities are there.
        past: utterances before that are read.
        future: utterances after that are read.

    Returns:
        Nodes by nodes, one modality after the other: 0 not read, 1 the same turn, 2 past,
        3 future, 4 the other modality.
    """
    kinds = temporal_kinds(past, future, speaker_typed=False)
    nodes = torch.eye(2 * turns).view(turns, 2, 2 * turns).unsqueeze(0)
    edges = Neighbourhood(
        torch.ones(1, turns, 2, dtype=torch.bool),
        torch.zeros(1, turns, dtype=torch.long),
        past=past,
        future=future,
        cross_modal=True,
        speaker_typed=False,
    )
    convolution = RelationalConvolution(2 * turns, 2, kinds)
    read = np.zeros((2 * turns, 2 * turns), dtype=int)
    for kind in range(kinds + 1):
        with torch.no_grad():
            for parameter in convolution.parameters():
                parameter.zero_()
            chosen = convolution.across if kind == kinds else convolution.temporal[:, kind]
            chosen.copy_(torch.eye(2 * turns).expand_as(chosen))
            there = convolution(nodes, edges)[0] > 0
        read[there.reshape(2 * turns, -1).numpy()] = kind + 1
    order = np.arange(2 * turns).reshape(turns, 2).T.ravel()
    return read[np.ix_(order, order)]


def kernel_reader() -> Figure:
    """How much each turn around counts in the four means of a turn."""
    turns, middle = 161, 80
    speakers = np.arange(turns) % 2
    figure, axes = plt.subplots(figsize=(7.2, 2.9), layout="constrained")
    kinds = zip(relations(causal=False), near_means([speakers], causal=False), strict=True)
    styles = {(True, True): BLUE, (True, False): ORANGE, (False, True): GREEN, (False, False): RED}
    for (before, same), means in kinds:
        weights = np.asarray(means[middle].todense()).ravel()
        at = np.flatnonzero(weights)
        name = f"{'before' if before else 'after'}, {'same speaker' if same else 'other'}"
        axes.plot(
            at - middle, weights[at], "o", markersize=3, color=styles[before, same], label=name
        )
    axes.set(xlabel="turns from the one that is read", ylabel="weight in its mean", ylim=(0, None),
             xlim=(-REACH - 2, REACH + 2))  # fmt: skip
    axes.legend(frameon=False, loc="upper left")
    return figure


def chain_of_answers() -> Figure:
    """The bundled model's tables: how much likelier an emotion is after another."""
    model = emospot.load("bundled")
    chains = [m for m in model.recognizer.modules() if isinstance(m, EmotionDynamics)]
    (tables,) = [chain.log_ratio for chain in chains if chain.log_ratio.any()]
    names = model.card.labels.labels
    figure, both = plt.subplots(1, 2, figsize=(8.6, 3.9), layout="constrained", sharey=True)
    titles = ("the same speaker goes on", "another speaker answers")
    for axes, table, title in zip(both, tables[:2].exp().numpy(), titles, strict=True):
        picture = axes.imshow(np.log2(table), cmap="PuOr_r", vmin=-3, vmax=3)
        for (row, column), value in np.ndenumerate(table):
            colour = "white" if abs(np.log2(value)) > 2 else "black"
            axes.text(
                column, row, f"{value:.1f}", ha="center", va="center", fontsize=8, color=colour
            )
        axes.set_xticks(range(len(names)), names, rotation=45, ha="right")
        axes.set_yticks(range(len(names)), names)
        axes.set(xlabel="emotion after", title=title)
    both[0].set_ylabel("emotion before")
    bar = figure.colorbar(picture, ax=both, shrink=0.8, label="times as likely as usual")
    bar.set_ticks([-3, -1, 0, 1, 3], labels=["1/8", "1/2", "1", "2", "8"])
    return figure


def _points(study: str, title: str) -> list[dict[str, Any]]:
    found = json.loads((DOCS / "results" / f"{study}.json").read_text(encoding="utf-8"))
    figure = next(figure for figure in found["figures"] if figure["title"] == title)
    points: list[dict[str, Any]] = figure["points"]
    return points


def _bars(axes: Axes, names: list[str], points: list[dict[str, Any]]) -> None:
    for row, point in enumerate(points):
        axes.plot([100 * point["low"], 100 * point["high"]], [row, row], color=BLUE)
        axes.plot(100 * point["mean"], row, "o", color=BLUE)
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set(xlabel="accuracy (%), 95 % interval over seeds")
    axes.grid(axis="x", color="0.9")


def _is(row: dict[str, Any], world: str, model: str, metric: str) -> bool:
    return (row["corpus"], row["model"], row["metric"]) == (world, model, metric)


FIGURES: tuple[Callable[[], Figure], ...] = (
    hotspot_gated_fusion,
    mixture_of_aligners,
    cross_modal_memory,
    conversation_graph,
    kernel_reader,
    chain_of_answers,
)


def save(figure: Figure, path: Path) -> None:
    """Write a figure; the same figure gives the same file."""
    # Text stays text: small files, and words that can be searched and read aloud.
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "emospot"}):
        figure.savefig(path, metadata={"Date": None}, bbox_inches="tight", pad_inches=0.15)
    plt.close(figure)


def main() -> None:
    """Write all figures."""
    (DOCS / "figures").mkdir(exist_ok=True)
    for draw in FIGURES:
        path = DOCS / "figures" / f"{draw.__name__}.svg"
        save(draw(), path)
        print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
