"""What the gates, the aligners, the graph and the modalities do, as findings.

*Gate.* A problem where it is closed, open, or the same for every token. Which way it leans at
a hotspot is no fault: inside one the hotspots' view is the token itself, outside it is what
stood out elsewhere, and either may be what a model needs.

*Aligners.* A problem where one is dead, or one has everything. At most K of E can be chosen
by an utterance, so use is held against 1 / E, and an aligner that some utterances leave
out is none the worse for it. With few utterances some are left out by chance: nothing can be
told while that happens to any of E evenly used ones with a probability above 0.05, which is
at most E · (1 − K / E)^N. A dead one is sure from 3 / N below `DEAD_SHARE` · K / E on (rule of
three).

*Contribution.* p of both the shuffled and the mean replacement of every part are corrected
together (Holm). A part

does harm    if the score rises without it
is idle      if neither replacement costs `MARGIN`, to the upper limit of the interval
contributes  if both cost something
is read, but what it adds is not shown    if only the shuffled one does
cannot tell  otherwise
"""

from collections.abc import Iterator, Mapping, Sequence

from emospot.evaluation.diagnosis.aligners import AlignerUse
from emospot.evaluation.diagnosis.contributions import GRAPH, Contribution, How
from emospot.evaluation.diagnosis.error_groups import FEWEST_DIALOGUES
from emospot.evaluation.diagnosis.findings import (
    COLLAPSED_SHARE,
    DEAD_SHARE,
    LIKELY_P,
    NO_CORRELATION,
    RULE_OF_THREE,
    SATURATED_SHARE,
    STILL,
    TAKES_ALL,
    Finding,
    Verdict,
    by_limit,
    by_p,
    percent,
    shown,
)
from emospot.evaluation.diagnosis.gates import GateUse
from emospot.evaluation.significance import Interval, holm

_OTHER_HOTSPOTS = (
    "other hotspots: --detector of emospot corpus import, or model.learned_hotspots=[{0}]"
)
_GATE_ADVICE = (
    "compare with model.fusion=global; if the score is the same, try model.gate=scalar, or "
    + _OTHER_HOTSPOTS
)

HARMS, IDLE = "does harm", "is idle"
CONTRIBUTES = "contributes"
READ = "is read, but that it adds anything is not shown"
UNKNOWN = "may or may not contribute"

_REPLACED: Mapping[How, str] = {
    "shuffled": "against a shuffled one",
    "mean": "against its mean",
    "absent": "against none",
}
_SPLIT = "diagnose on a larger split"
_LARGER = f"{_SPLIT}, or compare models {{}} over several seeds"
_GRAPH_ADVICE = {
    HARMS: "train without it (model.graph=false) and compare over several seeds",
    IDLE: "leave it out (model.graph=false), or give it what the rest has not got: wider windows "
    "(model.graph_past, model.graph_future), or model.context=none",
    READ: _LARGER.format("with and without it (model.graph=false)"),
    UNKNOWN: _LARGER.format("with and without it (model.graph=false)"),
}
_BASELINES_GRAPH_ADVICE = {
    HARMS: "compare with a model without a graph (model.kind=contextual_gru)",
    IDLE: "widen its window (model.past, model.future), or compare with a model without a graph "
    "(model.kind=contextual_gru)",
    READ: _LARGER.format("with and without a graph (model.kind=contextual_gru)"),
    UNKNOWN: _LARGER.format("with and without a graph (model.kind=contextual_gru)"),
}
_MODALITY_ADVICE = {
    HARMS: "train without {0} (model.modalities) and compare over several seeds",
    IDLE: "train on {0} alone (model.modalities=[{0}]): if that is no better than chance, its "
    "features are at fault (emospot corpus import); else raise training.modality_dropout",
    READ: _LARGER.format("with and without {0} (model.modalities)"),
    UNKNOWN: _LARGER.format("with and without {0} (model.modalities)"),
}
_ALIGNER_ADVICE = (
    "raise training.balance_weight, set model.router_noise, or take fewer model.experts"
)


def gate_findings(gates: Sequence[GateUse], untested: Mapping[str, int]) -> Iterator[Finding]:
    """What is to be said of each gate, and of how it follows its hotspots.

    Args:
        gates: with tokens to choose from.
        untested: modality of one token an utterance → utterances.
    """
    for use in gates:
        yield _gate(use)
        yield from _hotspots(use)
    for modality, count in untested.items():
        yield Finding(
            "gate",
            modality,
            "note",
            "cannot tell",
            f"the gate of {modality} cannot be tested: each of the {count} utterances is one "
            "token, and has no moments to choose from",
            f"import {modality} as tokens, not as one vector an utterance",
            {"single": count},
        )


def _gate(use: GateUse) -> Finding:
    severity, certainty, what = _gate_verdict(use)
    figures = (
        f"mean {use.mean:.2f}, deviation over tokens {use.deviation.value:.3f}, "
        f"{percent(use.closed.value)} of its values below 0.05 and {percent(use.open.value)} "
        f"above 0.95, {use.tokens} tokens"
    )
    evidence = {
        "tokens": use.tokens,
        "mean": use.mean,
        "deviation": use.deviation,
        "closed": use.closed,
        "open": use.open,
    }
    advice = "" if severity == "fine" else _GATE_ADVICE.format(use.modality)
    sentence = f"the gate of {use.modality} {what}: {figures}"
    return Finding("gate", use.modality, severity, certainty, sentence, advice, evidence)


def _gate_verdict(use: GateUse) -> Verdict:
    for share, what in ((use.closed, "is shut"), (use.open, "is wide open")):
        if share.value >= COLLAPSED_SHARE:
            beyond = share.low >= COLLAPSED_SHARE
            return "problem", by_limit(beyond=beyond, dialogues=use.dialogues), what
    if use.deviation.value < STILL:
        beyond = use.deviation.high < STILL
        what = "is the same for every token"
        return "problem", by_limit(beyond=beyond, dialogues=use.dialogues), what
    if use.closed.value + use.open.value >= SATURATED_SHARE:
        beyond = use.closed.low + use.open.low >= SATURATED_SHARE
        what = "chooses, but is mostly at its ends"
        return "note", by_limit(beyond=beyond, dialogues=use.dialogues), what
    beyond = use.deviation.low >= STILL
    return "fine", by_limit(beyond=beyond, dialogues=use.dialogues), "chooses"


def _hotspots(use: GateUse) -> Iterator[Finding]:
    m = use.modality
    if use.hotspot_share == 0:
        sentence = f"there is no hotspot of {m} in these conversations for the gate to follow"
        evidence = {"hotspot_share": 0.0}
        yield Finding("hotspots", m, "note", "sure", sentence, _OTHER_HOTSPOTS.format(m), evidence)
        return
    r = use.correlation
    if r is None:
        return
    figures = f"correlation {r.value:+.2f} ({r.low:+.2f} to {r.high:+.2f})"
    marked = use.marked_correlation
    if marked is not None:
        figures += f", with marked moments {marked.value:+.2f}"
    kind = f"its {'learned ' if use.learned else ''}hotspots"
    severity, certainty, what = _following(r, use.dialogues)
    yield Finding(
        "hotspots",
        m,
        severity,
        certainty,
        f"the gate of {m} {what.format(kind)}, {figures}",
        "" if severity == "fine" else _OTHER_HOTSPOTS.format(m),
        {
            "correlation": r,
            "marked_correlation": marked,
            "hotspot_share": use.hotspot_share,
        },
    )


def _following(r: Interval, dialogues: int) -> Verdict:
    sure = by_limit(beyond=True, dialogues=dialogues)
    if max(-r.low, r.high) < NO_CORRELATION:
        return "note", sure, "hardly depends on {0}"
    for apart, where in ((r.low > 0, "inside"), (r.high < 0, "outside")):
        if apart:
            return "fine", sure, f"depends on {{0}}: it is higher {where} them"
    return "note", "cannot tell", "may or may not depend on {0}"


def aligner_findings(aligners: Sequence[AlignerUse]) -> Iterator[Finding]:
    """What is to be said of the aligners of each pair that are ill used, and of the others."""
    healthy = []
    for use in aligners:
        found = _aligners(use)
        if found is None:
            healthy.append(use)
        else:
            yield found
    if healthy:
        yield _healthy(healthy)


def _aligners(use: AlignerUse) -> Finding | None:
    """What is wrong with the aligners of a pair, None for nothing."""
    severity, certainty, what = _aligner_verdict(use)
    if severity == "fine":
        return None
    uses = ", ".join(percent(own.value) for own in use.use)
    spread = "" if use.utterance_entropy is None else f", {use.utterance_entropy:.2f} an utterance"
    return Finding(
        "aligners",
        use.name,
        severity,
        certainty,
        f"of the {use.experts} aligners of {use.name} {what}: use {uses}, imbalance "
        f"{use.imbalance:.2f} of at most {use.experts - 1}, entropy {use.entropy:.2f}{spread}, "
        f"{use.utterances} utterances",
        _SPLIT if certainty == "cannot tell" else _ALIGNER_ADVICE,
        {
            "use": [own.value for own in use.use],
            "imbalance": use.imbalance,
            "entropy": use.entropy,
            "utterance_entropy": use.utterance_entropy,
            "deviation": use.deviation,
            "utterances": use.utterances,
        },
    )


def _aligner_verdict(use: AlignerUse) -> Verdict:
    if use.experts == 1:
        return "fine", "sure", ""
    if use.experts * (1 - use.top_k / use.experts) ** use.utterances >= LIKELY_P:
        return "note", "cannot tell", "some may be left out by chance"
    most = max(range(use.experts), key=lambda e: use.use[e].value)
    if use.use[most].value >= TAKES_ALL:
        beyond = use.use[most].low >= TAKES_ALL
        sure = by_limit(beyond=beyond, dialogues=use.dialogues)
        return "problem", sure, f"number {most + 1} takes everything"
    least = DEAD_SHARE / use.experts
    dead = [e for e, own in enumerate(use.use) if own.value < least]
    if dead:
        seen = use.utterances >= RULE_OF_THREE / (least * use.top_k)
        beyond = seen and all(use.use[e].high < least for e in dead)
        numbers = " and ".join(str(e + 1) for e in dead)
        sure = by_limit(beyond=beyond, dialogues=use.dialogues)
        return "problem", sure, f"number {numbers} {'is' if len(dead) == 1 else 'are'} dead"
    if use.deviation < STILL:
        sure = by_limit(beyond=True, dialogues=use.dialogues)
        return "note", sure, "every utterance gets the same mixture"
    return "fine", "sure", ""


def _healthy(aligners: Sequence[AlignerUse]) -> Finding:
    shares = [(own.value * use.experts, use) for use in aligners for own in use.use]
    share, use = min(shares, key=lambda one: one[0])
    names = ", ".join(own.name for own in aligners)
    beyond = all(own.low >= DEAD_SHARE / u.experts for u in aligners for own in u.use)
    return Finding(
        "aligners",
        "",
        "fine",
        by_limit(beyond=beyond, dialogues=min(u.dialogues for u in aligners)),
        f"all aligners of {names} are in use: the least used one, of {use.name}, has "
        f"{percent(share)} of even use",
        "",
        {"least_use": share, "pairs": [own.name for own in aligners]},
    )


def contribution_findings(
    contributions: Sequence[Contribution],
    metric: str,
    margin: float,
    dialogues: int,
    *,
    baseline: bool = False,
) -> Iterator[Finding]:
    """What is to be said of what the graph and the modalities contribute.

    Args:
        contributions: of all parts.
        metric: that drops are measured in.
        margin: drop that is of no use, in the metric's unit.
        dialogues: in the split.
        baseline: whether the model is a published one, with settings of its own.
    """
    of_graph = _BASELINES_GRAPH_ADVICE if baseline else _GRAPH_ADVICE
    asked: tuple[How, ...] = ("shuffled", "mean")
    corrected = holm({f"{c.part} {how}": c.by(how).p for c in contributions for how in asked})
    for contribution in contributions:
        part = contribution.part
        p = {how: corrected[f"{part} {how}"] for how in asked}
        severity, certainty, what = _contribution_verdict(contribution, p, margin, dialogues)
        costs = ", ".join(
            f"{shown(own.drop, metric, signed=True)} {_REPLACED[own.how]}"
            for own in contribution.replaced
        )
        subject, advice = ("the graph", of_graph) if part == GRAPH else (part, _MODALITY_ADVICE)
        yield Finding(
            "contribution",
            part,
            severity,
            certainty,
            f"{subject} {what}: it is worth {costs}; "
            f"{percent(contribution.by('shuffled').changed)} of the answers change when shuffled",
            advice.get(what, "").format(part),
            {
                own.how: {"drop": own.drop, "corrected_p": p.get(own.how), "changed": own.changed}
                for own in contribution.replaced
            },
        )


def _contribution_verdict(
    contribution: Contribution, p: Mapping[How, float], margin: float, dialogues: int
) -> Verdict:
    shuffle, mean = contribution.by("shuffled"), contribution.by("mean")
    for own in (mean, shuffle):
        if own.drop.high < 0 and p[own.how] < LIKELY_P:
            return "problem", by_p(p[own.how]), HARMS
    untouched = shuffle.changed == 0 and mean.changed == 0
    if max(shuffle.drop.high, mean.drop.high) < margin:
        if untouched or dialogues >= FEWEST_DIALOGUES:
            return "problem", "sure", IDLE
        return "note", "cannot tell", UNKNOWN
    helps = [own.how for own in (shuffle, mean) if own.drop.low > 0 and p[own.how] < LIKELY_P]
    if "mean" in helps:
        return "fine", by_p(max(p[how] for how in helps)), CONTRIBUTES
    if helps:
        return "note", "cannot tell", READ
    return "note", "cannot tell", UNKNOWN
