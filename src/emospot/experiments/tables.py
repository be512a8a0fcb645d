"""`table.md`: the figures of a study as one Markdown table a corpus, protocol and features."""

from collections.abc import Sequence

from emospot.experiments.study import Study
from emospot.experiments.summary import Figure, PairedFigure, Summary

SHOWN = {
    "weighted_f1": "w-F1",
    "macro_f1": "macro F1",
    "accuracy": "accuracy",
    "uar": "UAR",
    "mae": "MAE",
    "correlation": "r",
}
SHARES = ("weighted_f1", "macro_f1", "accuracy", "uar", "f1:", "acc", "micro")


def markdown(study: Study, summary: Summary, opponents: dict[str, str]) -> str:
    """The whole document."""
    parts = [f"# {study.title}", _how_to_read(study)]
    for table in dict.fromkeys(figure.row.table for figure in summary.figures):
        corpus, protocol, features = table
        figures = [f for f in summary.figures if f.row.table == table]
        pairs = [c for c in summary.comparisons if c.row.table == table]
        parts.append(f"## {corpus}, {features}, {protocol}")
        opponent = opponents.get(f"{corpus} / {features}")
        if opponent is not None:
            parts.append(
                f"Opponent, chosen by cross-validation on the training dialogues: **{opponent}**."
            )
        parts.append(_main_table(study, figures, pairs))
        parts.append(_class_table(figures))
        parts += _confusions(summary, table, study)
    return "\n\n".join(part for part in parts if part) + "\n"


def _how_to_read(study: Study) -> str:
    text = (
        "Per cent, mean ± standard deviation over seeds; in brackets the 95 % interval of the "
        "mean by bootstrap over dialogues."
    )
    if study.primary:
        text += (
            f" Δ: {study.primary} less the model of the line, with p by swapping dialogues "
            "(10,000 draws); * marks the primary comparison, all others are Holm-corrected."
        )
    return text


def _main_table(study: Study, figures: Sequence[Figure], pairs: Sequence[PairedFigure]) -> str:
    metrics = [m for m in dict.fromkeys(f.metric for f in figures) if ":" not in m]
    rows = list(dict.fromkeys(f.row for f in figures))
    value = {(f.row, f.metric): f for f in figures}
    rows.sort(key=lambda row: -value[row, study.metric].mean)
    compared = {c.reference: c for c in pairs if c.row.model == (study.primary or study.ablated)}
    head = ["model", "seeds", *(SHOWN.get(m, m) for m in metrics)]
    head += ["Δ", "p"] if compared else []
    lines = [_line(head), _line(["---"] * len(head))]
    for row in rows:
        cells = [row.model, str(value[row, study.metric].n)]
        cells += [_cell(value[row, m]) if (row, m) in value else "" for m in metrics]
        if compared:
            cells += _pair_cells(compared.get(row.model))
        lines.append(_line(cells))
    return "\n".join(lines)


def _pair_cells(pair: PairedFigure | None) -> list[str]:
    if pair is None:
        return ["", ""]
    scale = 100 if _is_share(pair.metric) else 1
    low, high = (scale * limit for limit in pair.ci)
    mark = "*" if pair.primary else ""
    return [f"{scale * pair.difference:+.1f} [{low:+.1f}, {high:+.1f}]", f"{pair.p:.4f}{mark}"]


def _class_table(figures: Sequence[Figure]) -> str:
    classes = [m for m in dict.fromkeys(f.metric for f in figures) if m.startswith("f1:")]
    if not classes:
        return ""
    value = {(f.row, f.metric): f for f in figures}
    head = ["F1", *(c.removeprefix("f1:") for c in classes)]
    lines = [_line(head), _line(["---"] * len(head))]
    for row in dict.fromkeys(f.row for f in figures):
        lines.append(_line([row.model, *(_cell(value[row, c]) for c in classes)]))
    return "\n".join(lines)


def _confusions(summary: Summary, table: tuple[str, str, str], study: Study) -> list[str]:
    """The confusion matrix of the primary model, in per cent of the true class."""
    parts = []
    for row, counts in summary.confusions.items():
        if row.table != table or row.model != (study.primary or row.model):
            continue
        labels = summary.labels[row.corpus]
        lines = [_line([row.model, *labels]), _line(["---"] * (len(labels) + 1))]
        for label, own in zip(labels, counts, strict=True):
            total = max(1, sum(own))
            lines.append(_line([label, *(f"{100 * n / total:.0f}" for n in own)]))
        parts.append("Confusions, per cent of the true class (by line):\n\n" + "\n".join(lines))
    return parts


def _cell(figure: Figure) -> str:
    scale, digits = (100, 1) if _is_share(figure.metric) else (1, 3)
    text = f"{scale * figure.mean:.{digits}f}"
    if figure.n > 1:
        text += f" ± {scale * figure.sd:.{digits}f}"
    if figure.ci is not None:
        low, high = (f"{scale * limit:.{digits}f}" for limit in figure.ci)
        text += f" [{low}, {high}]"
    return text


def _is_share(metric: str) -> bool:
    return metric.startswith(SHARES) or metric.endswith(("f1", "accuracy"))


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |"
