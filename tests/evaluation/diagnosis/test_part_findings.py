"""The rules for gates, aligners and contributions, one figure changed at a time."""

from dataclasses import replace

import numpy as np
import pytest

from emospot.evaluation.diagnosis.aligners import AlignerUse
from emospot.evaluation.diagnosis.contributions import Contribution, Replaced
from emospot.evaluation.diagnosis.gates import GateUse
from emospot.evaluation.diagnosis.part_findings import (
    aligner_findings,
    contribution_findings,
    gate_findings,
)
from emospot.evaluation.significance import Interval


def about(value: float, reach: float = 0.001) -> Interval:
    return Interval(value, value - reach, value + reach, 0.95)


GATE = GateUse(
    modality="voice", tokens=5000, single=3, dialogues=30, channels=16, mean=0.5,
    deviation=about(0.1), channel_deviation=0.05, closed=about(0.0), open=about(0.0),
    hotspot_share=0.2, correlation=about(0.3), marked_correlation=None, learned=False,
    histogram=(),
)  # fmt: skip


def gate_finding(name: str = "gate", **changes):
    found = list(gate_findings([replace(GATE, **changes)], {}))
    return next(f for f in found if f.name == name)


def test_a_gate_that_chooses_is_fine():
    finding = gate_finding()
    assert (finding.severity, finding.certainty, finding.advice) == ("fine", "sure", "")
    assert "the gate of voice chooses: mean 0.50" in finding.sentence


@pytest.mark.parametrize(
    ("changes", "what", "certainty"),
    [
        ({"closed": about(0.99)}, "is shut", "sure"),
        ({"closed": about(0.951, 0.01)}, "is shut", "likely"),
        ({"closed": about(0.99), "dialogues": 5}, "is shut", "likely"),
        ({"open": about(0.97)}, "is wide open", "sure"),
        ({"deviation": about(0.002)}, "is the same for every token", "sure"),
        ({"deviation": about(0.0095)}, "is the same for every token", "likely"),
    ],
)
def test_a_collapsed_gate_is_a_problem(changes, what, certainty):
    finding = gate_finding(**changes)
    assert (finding.severity, finding.certainty) == ("problem", certainty)
    assert what in finding.sentence
    assert "model.fusion=global" in finding.advice
    assert "model.learned_hotspots=[voice]" in finding.advice


def test_a_gate_mostly_at_its_ends_is_worth_a_note():
    finding = gate_finding(closed=about(0.3), open=about(0.3))
    assert (finding.severity, finding.certainty) == ("note", "sure")
    assert gate_finding(closed=about(0.3), open=about(0.2001)).certainty == "likely"
    assert gate_finding(closed=about(0.24), open=about(0.25)).severity == "fine"


@pytest.mark.parametrize(
    ("correlation", "severity", "certainty", "what"),
    [
        (about(0.3), "fine", "sure", "depends on its hotspots: it is higher inside them"),
        (about(-0.3), "fine", "sure", "it is higher outside them"),
        (about(0.01, 0.02), "note", "sure", "hardly depends on its hotspots"),
        (about(-0.05, 0.02), "note", "sure", "hardly depends on its hotspots"),
        (about(0.05, 0.2), "note", "cannot tell", "may or may not depend"),
    ],
)
def test_a_gate_and_its_hotspots(correlation, severity, certainty, what):
    finding = gate_finding("hotspots", correlation=correlation)
    assert (finding.severity, finding.certainty) == (severity, certainty)
    assert what in finding.sentence
    assert bool(finding.advice) == (severity == "note")


def test_learned_hotspots_and_marks_are_named():
    finding = gate_finding("hotspots", learned=True, marked_correlation=about(0.15))
    assert "learned hotspots" in finding.sentence
    assert "with marked moments +0.15" in finding.sentence


def test_a_gate_without_hotspots_or_without_spread():
    finding = gate_finding("hotspots", hotspot_share=0.0, correlation=None)
    assert (finding.severity, finding.certainty) == ("note", "sure")
    assert "no hotspot of voice" in finding.sentence
    names = [f.name for f in gate_findings([replace(GATE, correlation=None)], {})]
    assert names == ["gate"]


def test_a_gate_of_one_token_an_utterance_is_not_accused():
    (finding,) = gate_findings([], {"voice": 12})
    assert (finding.severity, finding.certainty) == ("note", "cannot tell")
    assert "cannot be tested: each of the 12 utterances is one token" in finding.sentence


def aligners(*use: float, **changes) -> AlignerUse:
    given = {
        "axis": "tokens", "pair": "voice->words", "utterances": 1000, "dialogues": 30,
        "experts": len(use), "top_k": 2, "use": tuple(about(u) for u in use),
        "selected": use, "imbalance": 0.0, "entropy": 1.0, "utterance_entropy": 0.9,
        "deviation": 0.2,
    }  # fmt: skip
    return AlignerUse(**{**given, **changes})


@pytest.mark.parametrize(
    "use",
    [
        aligners(0.25, 0.25, 0.25, 0.25),
        aligners(0.5, 0.3, 0.15, 0.05),
        # Top-1 of many: most utterances leave each aligner out.
        aligners(*[1 / 16] * 16, top_k=1, utterance_entropy=None),
        aligners(0.89, 0.11, top_k=1, utterance_entropy=None),
        aligners(1.0, top_k=1, utterance_entropy=None, deviation=0.0),
    ],
)
def test_uneven_but_living_aligners_are_not_accused(use):
    (finding,) = aligner_findings([use])
    assert (finding.severity, finding.certainty) == ("fine", "sure")
    assert finding.advice == ""


def test_the_least_used_aligner_is_told():
    (finding,) = aligner_findings([aligners(0.4, 0.4, 0.2), aligners(0.5, 0.5, axis="utterances")])
    assert "the least used one, of voice->words (tokens), has 60 % of even use" in finding.sentence
    (finding,) = aligner_findings([replace(aligners(0.98, 0.018), use=(about(0.8), about(0.2)))])
    assert finding.severity == "fine"
    loose = aligners(0.5, 0.4, 0.1)
    loose = replace(loose, use=(*loose.use[:2], Interval(0.1, 0.0, 0.2, 0.95)))
    assert next(aligner_findings([loose])).certainty == "likely"


@pytest.mark.parametrize(
    ("use", "what", "certainty"),
    [
        (aligners(0.5, 0.5, 0.0, 0.0), "number 3 and 4 are dead", "sure"),
        (aligners(0.4, 0.3, 0.29, 0.01), "number 4 is dead", "sure"),
        # 3 / (0.05 · 2 / 4) = 120 utterances make it sure.
        (aligners(0.4, 0.3, 0.3, 0.0, utterances=119), "number 4 is dead", "likely"),
        (aligners(0.4, 0.3, 0.3, 0.0, utterances=121), "number 4 is dead", "sure"),
        (aligners(0.4, 0.3, 0.288, 0.012), "number 4 is dead", "likely"),
        (aligners(0.01, 0.95, 0.02, 0.02), "number 2 takes everything", "sure"),
        (aligners(0.9, 0.1, dialogues=4), "number 1 takes everything", "likely"),
    ],
)
def test_dead_and_greedy_aligners_are_problems(use, what, certainty):
    (finding,) = aligner_findings([use])
    assert (finding.severity, finding.certainty) == ("problem", certainty)
    assert f"of voice->words (tokens) {what}" in finding.sentence
    assert "training.balance_weight" in finding.advice


def test_aligners_left_out_by_chance_are_not_accused():
    """Of 16 evenly used ones, one is often left out by 60 utterances, hardly ever by 100."""
    used = (0.0, *[1 / 15] * 15)
    few = aligners(*used, top_k=1, utterances=60, utterance_entropy=None)
    many = replace(few, utterances=100)
    (unknown,), (dead,) = (list(aligner_findings([own])) for own in (few, many))
    assert (unknown.severity, unknown.certainty) == ("note", "cannot tell")
    assert unknown.advice == "diagnose on a larger split"
    assert (dead.severity, dead.certainty) == ("problem", "likely")
    random = np.random.default_rng(0)
    left = [len(set(random.integers(16, size=60))) < 16 for _ in range(500)]
    assert np.mean(left) > 0.05
    # All are chosen by everybody: the weights alone decide.
    assert next(aligner_findings([aligners(0.99, 0.01, utterances=3)])).severity == "problem"


def test_the_same_mixture_for_everybody_is_worth_a_note():
    sound = aligners(0.5, 0.5)
    still, fine = aligner_findings([aligners(0.3, 0.7, deviation=0.001), sound])
    assert (still.severity, still.certainty) == ("note", "sure")
    assert "the same mixture" in still.sentence
    assert fine.severity == "fine"


def part(shuffled: tuple, mean: tuple, name: str = "graph", changed: float = 0.1) -> Contribution:
    """A part by (drop, reach, p) of both replacements."""
    return Contribution(
        name,
        100,
        tuple(
            Replaced(how, 0.5, about(drop, reach), p, changed, 1)
            for how, (drop, reach, p) in (("shuffled", shuffled), ("mean", mean))
        ),
    )


HELPS, MILD, NOTHING, WIDE, HURTS = (
    (0.1, 0.02, 0.0001),
    (0.05, 0.04, 0.01),
    (0.0, 0.004, 0.9),
    (0.01, 0.05, 0.4),
    (-0.05, 0.02, 0.001),
)


@pytest.mark.parametrize(
    ("shuffled", "mean", "severity", "certainty", "what"),
    [
        (HELPS, HELPS, "fine", "sure", "contributes"),
        (HELPS, MILD, "fine", "likely", "contributes"),
        (WIDE, MILD, "fine", "likely", "contributes"),
        (NOTHING, NOTHING, "problem", "sure", "is idle"),
        (HELPS, WIDE, "note", "cannot tell", "is read, but that it adds anything is not shown"),
        (HELPS, NOTHING, "note", "cannot tell", "is read, but"),
        (WIDE, WIDE, "note", "cannot tell", "may or may not contribute"),
        (HELPS, HURTS, "problem", "sure", "does harm"),
        (HURTS, WIDE, "problem", "sure", "does harm"),
        # An interval above 0 alone, without p, shows nothing.
        ((0.1, 0.02, 0.2), (0.1, 0.02, 0.2), "note", "cannot tell", "may or may not"),
    ],
)
def test_what_a_part_is_worth(shuffled, mean, severity, certainty, what):
    (finding,) = contribution_findings([part(shuffled, mean)], "weighted_f1", 0.005, 30)
    assert (finding.severity, finding.certainty) == (severity, certainty)
    assert f"the graph {what}" in finding.sentence
    assert bool(finding.advice) == (severity != "fine")


def test_p_is_corrected_for_all_parts():
    many = [part(MILD, MILD, name=f"m{n}") for n in range(5)]
    found = list(contribution_findings(many, "weighted_f1", 0.005, 30))
    assert {f.severity for f in found} == {"note"}
    assert found[0].evidence["mean"]["corrected_p"] == pytest.approx(0.1)
    (alone,) = contribution_findings(many[:1], "weighted_f1", 0.005, 30)
    assert alone.severity == "fine"


def test_few_dialogues_show_an_idle_part_only_if_no_answer_changes():
    (finding,) = contribution_findings([part(NOTHING, NOTHING)], "weighted_f1", 0.005, 5)
    assert (finding.severity, finding.certainty) == ("note", "cannot tell")
    untouched = part((0.0, 0.0, 1.0), (0.0, 0.0, 1.0), changed=0.0)
    (finding,) = contribution_findings([untouched], "weighted_f1", 0.005, 2)
    assert (finding.severity, finding.certainty) == ("problem", "sure")


def test_a_modality_gets_advice_of_its_own():
    (finding,) = contribution_findings([part(NOTHING, NOTHING, "face")], "mae", 0.005, 30)
    assert finding.sentence.startswith("face is idle: it is worth +0.00 (+0.00 to +0.00)")
    assert "model.modalities=[face]" in finding.advice


def test_a_baselines_graph_gets_advice_of_its_own():
    (finding,) = contribution_findings(
        [part(NOTHING, NOTHING)], "weighted_f1", 0.005, 30, baseline=True
    )
    assert "model.graph" not in finding.advice
    assert "model.past" in finding.advice
