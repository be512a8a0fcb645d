"""The results of telling voices apart as Markdown."""

from collections.abc import Mapping, Sequence
from typing import Any

from emospot.experiments.speakers_study import FOUND, GIVEN, ONE, PARTS, WAYS

_HEADS = {"der": "DER", "confusion": "confusion", "miss": "miss", "false_alarm": "false alarm"}


def speakers_page(results: Mapping[str, Any]) -> str:
    """All tables of a results file, with what they show."""
    return (
        "\n\n".join(
            [
                "Talks, collar of 0.25 s, per cent of the speech with 95 % intervals over talks:",
                _errors(results["summary"], 0.25),
                "The same without a collar:",
                _errors(results["summary"], 0.0),
                "How many speakers were found (number of talks):",
                _counts(results["counts"]),
                "Real dialogues of two, one embedding an utterance, per cent of the time given to "
                "the wrong one:",
                _dialogues(results["dialogues"]),
                "The threshold, chosen on the talks of other people:",
                _fit(results["fit"]),
            ]
        )
        + "\n"
    )


def _errors(summary: Sequence[Mapping[str, Any]], collar: float) -> str:
    lines = [_line(["talks", "", "number", *_HEADS.values()]), _line(["---"] * 7)]
    for row in summary:
        if row["collar"] != collar or (row["way"] == ONE and row["group"] != "all"):
            continue
        figures = [_figure(row[part]) for part in PARTS]
        lines.append(_line([row["group"], str(row["talks"]), row["way"], *figures]))
    return "\n".join(lines)


def _counts(counts: Mapping[str, Mapping[str, int]]) -> str:
    columns = sorted({int(found) for own in counts.values() for found in own})
    lines = [_line(["speakers", *(f"found {n}" for n in columns)])]
    lines.append(_line(["---"] * (1 + len(columns))))
    for true, own in counts.items():
        lines.append(_line([true, *(str(own.get(str(n), "")) for n in columns)]))
    return "\n".join(lines)


def _dialogues(dialogues: Mapping[str, Any]) -> str:
    found = ", ".join(f"{n} in {count}" for n, count in dialogues["found"].items())
    lines = [_line(["dialogues", *WAYS, "speakers found"]), _line(["---"] * 5)]
    figures = [_figure(dialogues[way]) for way in (FOUND, GIVEN, ONE)]
    lines.append(_line([str(dialogues["dialogues"]), *figures, found]))
    return "\n".join(lines)


def _fit(fit: Sequence[Mapping[str, Any]]) -> str:
    lines = [_line(["cohesion", "confusion", "right number"]), _line(["---"] * 3)]
    for row in fit:
        figures = [f"{100 * row[name]:.1f}" for name in ("confusion", "right_number")]
        lines.append(_line([f"{row['cohesion']:.2f}", *figures]))
    return "\n".join(lines)


def _figure(interval: Sequence[float]) -> str:
    value, low, high = (100 * number for number in interval)
    return f"{value:.1f} [{low:.1f}, {high:.1f}]"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
