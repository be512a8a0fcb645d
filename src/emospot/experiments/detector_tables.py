"""The detectors' results as Markdown: a table for each set of known moments."""

from collections.abc import Mapping, Sequence
from typing import Any

AT_RANDOM = "at random places"
"""Reference: a detector's own hotspots put elsewhere."""


def detectors_page(results: Mapping[str, Any]) -> str:
    """The results as a page with one table a set of moments."""
    parts = [f"# {results['title']}", results.get("how_to_read", _HOW_TO_READ)]
    for name in dict.fromkeys(run["corpus"] for run in results["runs"]):
        runs = [run for run in results["runs"] if run["corpus"] == name]
        parts.append(f"## {name}: {results['truths'][name]}")
        parts.append(_table(name, runs, results))
    return "\n\n".join(parts) + "\n"


_HOW_TO_READ = (
    "Per cent, with 95 % intervals by bootstrap over actors, speakers or dialogues. Right is a "
    "span that overlaps a marked one by at least half (IoU). Average precision and AUC of words "
    "are means over utterances; order is the share of pairs in which the stronger moment is found "
    "to be that (a tie counts half), spearman the mean over speakers of the correlation of known "
    "and found strength. The column *at random places* is the same detector's hotspots turned "
    "round their utterances (for spearman: in others of similar length), 20 times; *phrases at "
    "random* are as many phrases as `phrases` finds, whichever. Δ is the difference to the "
    "column, p by swapping actors, speakers or dialogues (all swaps, or 10,000), Holm-corrected. "
    "The real-time factor is what the detector costs beyond its features."
)


def _table(name: str, runs: Sequence[Mapping[str, Any]], results: Mapping[str, Any]) -> str:
    metrics = list(runs[0]["scores"])
    main = metrics[0]
    timed = any(run.get("real_time_factor") is not None for run in runs)
    head = ["detector", *(m.replace("_", " ") for m in metrics), AT_RANDOM, "Δ", "p"]
    head += ["real-time factor"] if timed else []
    lines = [_line(head), _line(["---"] * len(head))]
    for run in runs:
        cells = [run["model"]]
        for metric in metrics:
            own = [s for s in results["summary"] if _same(s, run) and s["metric"] == metric]
            cells.append(_figure(metric, run["scores"].get(metric), own[0]["ci"] if own else None))
        against = [
            c
            for c in results["comparisons"]
            if _same(c, run) and c["metric"] == main and c["reference"] == AT_RANDOM
        ]
        if against:
            (one,) = against
            elsewhere = run["scores"][main] - one["difference"]
            low, high = one["ci"]
            cells += [
                f"{100 * elsewhere:.1f}",
                f"{100 * one['difference']:+.1f} [{100 * low:+.1f}, {100 * high:+.1f}]",
                f"{one['p']:.4f}",
            ]
            factor = run.get("real_time_factor")
            cells += [] if factor is None else [f"{factor:.4f}"]
        lines.append(_line([*cells, *[""] * (len(head) - len(cells))]))
    text = "\n".join(lines)
    for run in runs:
        if "tokens" in run:
            low, high = run["tokens"]["ci"]
            text += (
                f"\n\n{run['model']}, token by token of what it reads: correlation of score and "
                f"mark {run['tokens']['mark_correlation']:.2f} [{low:.2f}, {high:.2f}] "
                f"(point-biserial); scores of mean {run['tokens']['mean']:.3f} and variance "
                f"{run['tokens']['variance']:.4f}."
            )
    for one in results["comparisons"]:
        if one["corpus"] == name and one["reference"] != AT_RANDOM:
            low, high = one["ci"]
            kind = "Primary comparison" if one["primary"] else "Beside it"
            text += (
                f"\n\n{kind}: {one['model']} less {one['reference']}, "
                f"{one['metric']}: {100 * one['difference']:+.1f} "
                f"[{100 * low:+.1f}, {100 * high:+.1f}], p {one['p']:.4f}."
            )
    return text


def _same(row: Mapping[str, Any], run: Mapping[str, Any]) -> bool:
    return (row["model"], row["corpus"]) == (run["model"], run["corpus"])


def _figure(metric: str, value: float | None, interval: Sequence[float] | None) -> str:
    if value is None:
        return "–"
    if metric.endswith("_error"):
        within = f" [{interval[0]:.2f}, {interval[1]:.2f}]" if interval else ""
        return f"{value:.2f} s{within}"
    if interval is None:
        return f"{100 * value:.1f}"
    return f"{100 * value:.1f} [{100 * interval[0]:.1f}, {100 * interval[1]:.1f}]"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
