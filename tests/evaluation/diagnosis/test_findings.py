"""How sure a finding is, and how its figures are written."""

import re

import pytest
import yaml

from emospot.config import parse_config
from emospot.evaluation.diagnosis import answer_findings, part_findings
from emospot.evaluation.diagnosis.findings import by_limit, by_p, percent, shown
from emospot.evaluation.significance import Interval


@pytest.mark.parametrize(
    ("p", "expected"),
    [(0.0, "sure"), (0.0099, "sure"), (0.01, "likely"), (0.05, "cannot tell"), (1, "cannot tell")],
)
def test_certainty_by_p(p, expected):
    assert by_p(p) == expected


def test_few_dialogues_are_never_sure():
    assert by_limit(beyond=True, dialogues=6) == "sure"
    assert by_limit(beyond=True, dialogues=5) == "likely"
    assert by_limit(beyond=False, dialogues=100) == "likely"


def test_figures_have_no_minus_before_a_zero():
    tiny = Interval(-0.0001, -0.0002, 0.02, 0.95)
    assert shown(tiny, "weighted_f1", signed=True) == "+0.0 points (+0.0 to +2.0)"
    assert percent(1.0) == "100 %"
    assert percent(-0.05) == "-5.0 %"


def settings(text: str) -> list[tuple[str, str, str]]:
    """Section, key and value of every setting that a text names."""
    return re.findall(r"\b(model|training)\.(\w+)(?:=([\w\[\]]+))?", text)


def advice_of(table: object) -> str:
    return table if isinstance(table, str) else " ".join(table.values())


@pytest.mark.parametrize(
    ("table", "kind"),
    [
        (part_findings._GATE_ADVICE, "emospot"),
        (part_findings._ALIGNER_ADVICE, "emospot"),
        (part_findings._GRAPH_ADVICE, "emospot"),
        (part_findings._MODALITY_ADVICE, "emospot"),
        (part_findings._MODALITY_ADVICE, "cogmen"),
        (part_findings._BASELINES_GRAPH_ADVICE, "cogmen"),
        (answer_findings._ADVICE, "emospot"),
        (answer_findings._BASELINES_ADVICE, "mlp"),
        (answer_findings._CALIBRATE, "cogmen"),
        (answer_findings._CONFUSED, "cogmen"),
    ],
)
def test_what_is_advised_can_be_set(table, kind):
    """Every key and value that an advice names is one that this kind of model reads."""
    named = settings(advice_of(table).format("words"))
    assert named
    base = parse_config({"model": {"kind": kind}})
    for section, key, value in named:
        assert key in type(getattr(base, section)).model_fields
        if value:
            given = {"model": {"kind": kind}, "training": {}}
            given[section][key] = yaml.safe_load(value)
            if key == "dev":
                given["training"]["choose"] = "last"
            parse_config(given)
