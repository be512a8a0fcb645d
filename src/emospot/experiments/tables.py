"""`table.md`: the figures of a study as one Markdown table a corpus, protocol and features."""

from collections.abc import Sequence

from emospot.corpora.planted import NAME as PLANTED
from emospot.experiments.job import DISTURBED
from emospot.experiments.metric import INSIDE, SMALLER_IS_BETTER, better, is_share
from emospot.experiments.study import Study
from emospot.experiments.summary import Figure, PairedFigure, Summary

SHOWN = {
    "weighted_f1": "w-F1",
    "macro_f1": "macro F1",
    "accuracy": "accuracy",
    "uar": "UAR",
    "hotspot_f1": "F1 of hotspots",
    "way": "way to the ceiling",
    "mae": "MAE",
    "micro_f1": "micro F1",
    "mean_weighted_f1": "mean w-F1",
    "weighted_accuracy": "weighted accuracy",
    "correlation": "r",
    "concordance": "CCC",
    "acc7": "Acc-7",
    "acc5": "Acc-5",
    "acc2_negative_nonnegative": "Acc-2 (neg./non-neg.)",
    "f1_negative_nonnegative": "F1 (neg./non-neg.)",
    "acc2_negative_positive": "Acc-2 (neg./pos.)",
    "f1_negative_positive": "F1 (neg./pos.)",
}
EACH = {
    "f1": "F1",
    "weighted_f1": "w-F1 of both answers",
    "weighted_accuracy": "weighted accuracy",
    DISTURBED: "on worse test conversations",
    INSIDE: "inside the model",
}
"""What is shown of each label, disturbance or part of a model, and how it is called."""


def markdown(study: Study, summary: Summary, opponents: dict[str, str]) -> str:
    """The whole document."""
    parts = [f"# {study.title}", _how_to_read(study)]
    for table in dict.fromkeys(figure.row.table for figure in summary.figures):
        corpus, protocol, features = table
        figures = [f for f in summary.figures if f.row.table == table]
        pairs = [c for c in summary.comparisons if c.row.table == table]
        parts.append(f"## {corpus}, {features}, {protocol}")
        parts.append(_asked(study, protocol))
        opponent = opponents.get(f"{corpus} / {features}")
        if opponent is not None:
            parts.append(
                f"Opponent, named beforehand: **{opponent}**."
                if study.opponent
                else "Opponent, chosen by cross-validation on the training dialogues: "
                f"**{opponent}**."
            )
        parts.append(_main_table(study, figures, pairs))
        # The emotions of planted conversations differ by their numbers alone.
        alike = study.corpora[corpus].kind == PLANTED
        parts += [_class_table(figures, metric) for metric in EACH if metric != "f1" or not alike]
        if not alike:
            parts += _confusions(summary, table, study)
    return "\n\n".join(part for part in parts if part) + "\n"


def _asked(study: Study, protocol: str) -> str:
    """Which classes the models of a table are asked about; "" for all of theirs."""
    how = study.protocols[protocol]
    if not how.asked:
        return ""
    unions = [
        " or ".join(name for name, answer in how.answers.items() if answer == asked)
        for asked in how.asked
    ]
    return (
        f"The models of the protocol with all classes, asked about {', '.join(unions)} alone; "
        "utterances of other classes are context."
    )


def _how_to_read(study: Study) -> str:
    drawn = "dialogues"
    if study.together is not None:
        drawn = f"groups of dialogues (alike in `{study.together}`)"
    text = (
        "Per cent (MAE, r and CCC as they are), mean ± standard deviation over seeds; in "
        f"brackets the 95 % interval of the mean by bootstrap over {drawn}. Best model by "
        f"{SHOWN.get(study.metric, study.metric)} first"
        + (", of which less is better." if study.metric in SMALLER_IS_BETTER else ".")
    )
    if study.primary:
        text += (
            f" Δ: {study.primary} less the model of the line, with p by swapping {drawn} "
            "(10,000 draws); * marks the primary comparison, all others are Holm-corrected."
        )
    return text


def _main_table(study: Study, figures: Sequence[Figure], pairs: Sequence[PairedFigure]) -> str:
    metrics = [m for m in dict.fromkeys(f.metric for f in figures) if ":" not in m]
    rows = list(dict.fromkeys(f.row for f in figures))
    value = {(f.row, f.metric): f for f in figures}
    rows.sort(key=lambda row: -better(study.metric, value[row, study.metric].mean))
    compared = {c.reference: c for c in pairs if c.row.model == (study.primary or study.ablated)}
    head = ["model", "seeds", *(SHOWN.get(m, m) for m in metrics)]
    head += ["Δ", "p"] if compared else []
    lines = [_line(head), _line(["---"] * len(head))]
    for row in rows:
        cells = [row.model, str(value[row, study.metric].n or "")]
        cells += [_cell(value[row, m]) if (row, m) in value else "" for m in metrics]
        if compared:
            cells += _pair_cells(compared.get(row.model))
        lines.append(_line(cells))
    return "\n".join(lines)


def _pair_cells(pair: PairedFigure | None) -> list[str]:
    if pair is None:
        return ["", ""]
    scale, digits = _scale(pair.metric)
    values = (pair.difference, *pair.ci)
    difference, low, high = (f"{scale * value:+.{digits}f}" for value in values)
    mark = "*" if pair.primary else ""
    return [f"{difference} [{low}, {high}]", f"{pair.p:.4f}{mark}"]


def _class_table(figures: Sequence[Figure], metric: str) -> str:
    """A figure of each label; "" where there is none."""
    start = f"{metric}:"
    names = dict.fromkeys(f.metric for f in figures if f.metric.startswith(start))
    # The distribution of a gate is for a figure.
    classes = [m for m in names if not (metric == INSIDE and " to " in m)]
    if not classes:
        return ""
    value = {(f.row, f.metric): f for f in figures}
    head = [EACH[metric], *(c.removeprefix(start) for c in classes)]
    lines = [_line(head), _line(["---"] * len(head))]
    for row in dict.fromkeys(f.row for f in figures if f.metric in classes):
        cells = (_cell(value[row, c]) if (row, c) in value else "" for c in classes)
        lines.append(_line([row.model, *cells]))
    return "\n".join(lines)


def _confusions(summary: Summary, table: tuple[str, str, str], study: Study) -> list[str]:
    """The confusion matrix of the primary model, in per cent of the true class."""
    parts = []
    for row, counts in summary.confusions.items():
        if row.table != table or row.model != (study.primary or row.model):
            continue
        labels = study.protocols[row.protocol].asked or summary.labels[row.corpus]
        lines = [_line([row.model, *labels]), _line(["---"] * (len(labels) + 1))]
        for label, own in zip(labels, counts, strict=True):
            total = max(1, sum(own))
            lines.append(_line([label, *(f"{100 * n / total:.0f}" for n in own)]))
        parts.append("Confusions, per cent of the true class (by line):\n\n" + "\n".join(lines))
    return parts


def _cell(figure: Figure) -> str:
    scale, digits = _scale(figure.metric)
    text = f"{scale * figure.mean:.{digits}f}"
    if figure.n > 1:
        text += f" ± {scale * figure.sd:.{digits}f}"
    if figure.ci is not None:
        low, high = (f"{scale * limit:.{digits}f}" for limit in figure.ci)
        text += f" [{low}, {high}]"
    return text


def _scale(metric: str) -> tuple[int, int]:
    """By what a figure is multiplied, and how many digits are shown."""
    return (100, 1) if is_share(metric) else (1, 3)


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |"
