"""`curves.html`: loss and dev score of every job, epoch by epoch, on one page.

Plain SVG in one file that needs no network. One small chart a model: a thin line
a seed and fold, a dot at the chosen epoch.
"""

from collections import defaultdict
from collections.abc import Sequence

from emospot.experiments.drawing import rendered
from emospot.experiments.job import Result
from emospot.experiments.jobs import trains_itself
from emospot.experiments.study import OPPONENT, Study

WIDTH, HEIGHT, MARGIN = 320, 170, 34


def curves_page(study: Study, results: Sequence[Result]) -> str:
    """The whole page."""
    groups: dict[tuple[str, str, str], dict[str, list[Result]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for result in results:
        job = result.job
        trained = job.protocol != OPPONENT and trains_itself(study, job)
        if result.history and trained:
            groups[job.corpus, job.features, job.protocol][job.model].append(result)
    return rendered(
        "curves.html.j2",
        title=study.title,
        width=WIDTH,
        height=HEIGHT,
        margin=MARGIN,
        tables=[
            {
                "name": ", ".join(table),
                "charts": [
                    {"model": model, **_chart(own), "jobs": len(own)}
                    for model, own in models.items()
                ],
            }
            for table, models in groups.items()
        ],
    )


def _chart(results: Sequence[Result]) -> dict[str, object]:
    score = next((name for name in results[0].history[0] if name.startswith("dev")), "")
    scored = results if score else ()
    scores = [[h[score] for h in r.history] for r in scored]
    losses = [[h["loss"] for h in r.history] for r in results]
    epochs = max(len(r.history) for r in results)
    dev, loss = _Axis(scores), _Axis(losses)
    return {
        "epochs": epochs,
        "score": score.replace("_", " "),
        "dev_range": dev.ends if score else ("", ""),
        "loss_range": loss.ends,
        "dev": [_line(s, dev, epochs) for s in scores],
        "loss": [_line(s, loss, epochs) for s in losses],
        "chosen": [
            (_x(r.epoch, epochs), dev.y(s[r.epoch]))
            for r, s in zip(scored, scores, strict=True)
            if r.epoch < len(s)
        ],
    }


class _Axis:
    """A vertical axis that spans all values."""

    def __init__(self, series: Sequence[Sequence[float]]) -> None:
        values = [v for one in series for v in one] or [0.0]
        self.low, self.high = min(values), max(values)

    @property
    def ends(self) -> tuple[str, str]:
        """The least and the greatest value, to be read."""
        return f"{self.low:.3g}", f"{self.high:.3g}"

    def y(self, value: float) -> float:
        """The place of a value from the top."""
        share = (value - self.low) / (self.high - self.low) if self.high > self.low else 0.5
        return round(MARGIN + (1 - share) * (HEIGHT - 2 * MARGIN), 1)


def _x(epoch: int, epochs: int) -> float:
    return round(MARGIN + epoch / max(1, epochs - 1) * (WIDTH - 2 * MARGIN), 1)


def _line(values: Sequence[float], axis: _Axis, epochs: int) -> str:
    return " ".join(f"{_x(e, epochs)},{axis.y(v)}" for e, v in enumerate(values))
