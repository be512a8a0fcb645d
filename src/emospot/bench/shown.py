"""What a bench of models is shown as: a table of text, and a page of figures."""

import math

import numpy as np

from emospot.bench.models import ModelBench, Row
from emospot.experiments.figures import Point, StudyFigure
from emospot.experiments.figures_page import figures_page

TITLES = {
    "train": "Training",
    "infer": "Answering",
    "length": "Cost of one conversation by its length",
    "memory": "Memory of training",
}
CAPTIONS = {
    "train": "More is better. Putting batches together, loss, gradients, the optimiser and the "
    "average of the weights are in it.",
    "infer": "More is better. Putting batches together is in it; features are there already.",
    "length": "Less is better. A line that stays level is linear in the length.",
    "memory": "Less is better. The conversations and the model are in it, libraries are not.",
}
SHORT = {"train": "utt/s", "infer": "utt/s", "length": "ms/utt", "memory": "MB"}
"""Heads of columns; a terminal is narrow."""
SHOWN = (
    "Large dot: median over rounds; line through it: half of the rounds lie within; small dots: "
    "the rounds."
)


def bench_title(bench: ModelBench) -> str:
    """What stands over the table."""
    return (
        f"{bench.study}: {TITLES[bench.what].lower()}, {bench.unit}; "
        f"ratios to {bench.against}, in brackets the half of the rounds in the middle"
    )


def bench_rows(bench: ModelBench) -> tuple[list[str], list[list[str]]]:
    """The head and the rows of a table."""
    places = any(row.place for row in bench.rows)
    head = ["model", *(["of"] if places else []), SHORT[bench.what], f"× {bench.against}"]
    head += [] if places else ["parameters", "edges/utt"]
    return head, [_cells(bench, row, places=places) for row in bench.rows]


def _cells(bench: ModelBench, row: Row, *, places: bool) -> list[str]:
    facts = bench.facts[row.name]
    figure = row.failed if row.median is None else _short(row.median)
    found = [row.name, *([row.place] if places else []), figure]
    ratio = row.ratio
    found += [f"{ratio.median:.2f} [{ratio.low:.2f}, {ratio.high:.2f}]" if ratio else ""]
    if not places:
        edges = "" if facts.edges is None else f"{facts.edges:.1f}"
        found += [f"{facts.parameters:,}", edges]
    return found


def _short(value: float) -> str:
    """Three digits that count.

    >>> _short(1234.5), _short(0.12345)
    ('1,234', '0.123')
    """
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def bench_page(bench: ModelBench) -> str:
    """One file that needs no network."""
    points = tuple(_point(row, bench.what) for row in bench.rows if row.median is not None)
    title = TITLES[bench.what]
    over = "utterances of the conversation" if bench.what == "length" else "features"
    figure = StudyFigure(title, over, bench.unit, CAPTIONS[bench.what], points)
    return figures_page(bench.study, [figure], shown=SHOWN, one="round", shares=False)


def _point(row: Row, what: str) -> Point:
    low, high = np.quantile(row.figures, (0.25, 0.75))
    length = float(row.place.split()[0]) if what == "length" else None
    return Point(
        row.name if what == "length" else row.model,
        row.features if length is None else f"{length:.0f}",
        # Lengths stand at equal ratios.
        None if length is None else math.log10(length),
        float(row.median or 0.0),
        float(low),
        float(high),
        row.figures,
    )
