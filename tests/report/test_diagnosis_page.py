"""The page of a diagnosis: everything that was found is on it, and nothing runs."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from emospot.errors import EmospotError
from emospot.evaluation.diagnosis.aligners import AlignerUse
from emospot.evaluation.diagnosis.contributions import Contribution, Replaced
from emospot.evaluation.diagnosis.diagnosis import Diagnosis
from emospot.evaluation.diagnosis.error_groups import Confusion, ErrorGroup, GroupComparison
from emospot.evaluation.diagnosis.findings import Finding
from emospot.evaluation.diagnosis.gates import GateUse
from emospot.evaluation.diagnosis.reliability import Reliability, ReliabilityBin
from emospot.evaluation.significance import Interval
from emospot.report.diagnosis_page import MOST_GROUPS, diagnosis_page, write_diagnosis_page

EVIL = "</script></style><img src=x onerror=alert(1)>\"'&{{ 7*7 }}"


def about(value: float, reach: float = 0.02) -> Interval:
    return Interval(value, value - reach, value + reach, 0.95)


def contribution(part: str, drop: float) -> Contribution:
    ways = ("shuffled", "mean") if part == "graph" else ("shuffled", "mean", "absent")
    return Contribution(
        part, 90, tuple(Replaced(how, 0.6, about(drop), 0.01, 0.2, 5) for how in ways)
    )


def group(family: str, name: str, error: float, n: int = 40, compared: bool = True) -> ErrorGroup:
    found = GroupComparison(about(error - 0.3), 0.01, 0.02) if compared else None
    return ErrorGroup(family, name, n, 9, about(error), found)


@pytest.fixture
def diagnosis() -> Diagnosis:
    gate = GateUse(
        "voice", 900, 3, 9, 16, 0.02, about(0.003), 0.01, about(0.98), about(0.0), 0.2,
        about(0.3), None, False, (90,) + (0,) * 18 + (10,),
    )  # fmt: skip
    use = (about(0.6), about(0.4), about(0.0))
    aligners = AlignerUse(
        "tokens", "voice->words", 90, 9, 3, 2, use, (1.0, 0.9, 0.1), 0.56, 0.61, 0.8, 0.1
    )
    bins = (
        ReliabilityBin(0.4, 0.5, 30, 0.45, about(0.5)),
        ReliabilityBin(0.9, 1, 60, 1, about(1)),
    )
    findings = (
        Finding("gate", "voice", "problem", "sure", "the gate of voice is shut", "other hotspots"),
        Finding("contribution", "graph", "problem", "likely", "the graph is idle", "none"),
        Finding("speaker", "Bo", "note", "sure", "speaker: more errors for Bo", "", {"Bo": {}}),
        Finding("contribution", "words", "fine", "sure", "words contributes"),
    )
    return Diagnosis(
        model="my run", kind="emospot", task="emotion", task_kind="single",
        labels=("calm", "cross"), metric="weighted_f1", margin=0.005, conversations=9,
        utterances=90, score=about(0.61), contributions=(
            contribution("graph", 0.0), contribution("words", 0.2)
        ),
        gates=(gate,), untested_gates={}, aligners=(aligners,),
        calibration=Reliability(about(0.06), 0.02, 0.04, about(0.05), bins),
        confusion=((40, 10), (5, 35)),
        confusions=(Confusion("calm", "cross", 10, 0.2, 0.67),),
        groups=(group("speaker", "Ann", 0.2), group("speaker", "Bo", 0.4)),
        left_out={"face": "no utterance has face"}, findings=findings, draws=5, random_seed=0,
        split="test", store_hash="abc", seed=1, seeds=(0, 1),
    )  # fmt: skip


def test_headline(diagnosis, parse):
    page = parse(diagnosis_page(diagnosis))
    assert page.one("h1").line == "my run, seed 1 on test"
    assert page.one(id="fact-score").line == "61.0 % (59.0 to 63.0)"
    assert page.one(id="fact-problems").line == "2"
    assert page.one(id="fact-conversations").line == "9"
    assert page.one(id="fact-utterances").line == "90"
    assert "One of the run's 2 seeds (0, 1)" in page.one("header").line


def test_findings_come_first_by_how_bad_they_are(diagnosis, parse):
    page = parse(diagnosis_page(diagnosis))
    lists = page.all("ul", cls="found")
    assert [node.attributes["class"].split()[1] for node in lists] == ["problem", "note", "fine"]
    shown = [[li.line for li in node.all("li")] for node in lists]
    assert shown[0] == [
        "sure The gate of voice is shut. Try: other hotspots.",
        "likely The graph is idle. Try: none.",
    ]
    assert shown[1:] == [["sure Speaker: more errors for Bo."], ["sure Words contributes."]]
    sections = [h.attributes.get("id") for h in page.all("h2")]
    assert sections[:4] == ["problem", "note", "fine", "worth"]


def test_every_figure_is_there_in_numbers(diagnosis, parse):
    page = parse(diagnosis_page(diagnosis))
    rows = {
        row.one("th").line: row
        for row in page.all("tr")
        if len(row.all("svg")) == 1 and row.all("th")
    }
    assert rows["graph, at its mean"].one(cls="num").line == "0.0 (−2.0 to 2.0)"
    assert rows["words, withheld"].one(cls="num").line == "20.0 (18.0 to 22.0)"
    assert rows["aligner 1"].one(cls="num").line == "60.0 (58.0 to 62.0)"
    assert rows["Bo (40)"].one(cls="num").line == "40.0 (38.0 to 42.0)"
    marked = {name for name, row in rows.items() if "marked" in row.attributes.get("class", "")}
    assert marked == {"graph, shuffled", "graph, at its mean", "Bo (40)"}
    text = page.one("main").line
    for part in ("0.003", "98%", "+0.30 (+0.28 to +0.32)", "0.56 of 2", "6.0 % (4.0 to 8.0)"):
        assert part in text
    cells = [[td.line for td in row.all("td")] for row in page.one(cls="matrix").all("tr")[1:]]
    assert cells == [["40", "10", "50"], ["5", "35", "40"]]
    assert [d.line for d in page.one(id="left-out").all()] == []
    assert "face no utterance has face" in text


def test_drawings_lie_within_their_frames(diagnosis, parse):
    for svg in parse(diagnosis_page(diagnosis)).all("svg"):
        left, top, width, height = map(float, svg.attributes["viewbox"].split())
        for node in svg.all():
            for name, low, size in (("x", left, width), ("y", top, height)):
                for suffix in ("", "1", "2"):
                    value = node.attributes.get(f"{name}{suffix}")
                    if value is not None and "transform" not in node.attributes:
                        assert low <= float(value) <= low + size, (node.tag, node.attributes)
        assert "nan" not in svg.text


def test_what_a_model_has_not_got_is_not_drawn(diagnosis, parse):
    bare = replace(
        diagnosis, contributions=(), gates=(), aligners=(), calibration=None, confusion=(),
        confusions=(), groups=(), left_out={}, findings=(), seeds=(1,),
    )  # fmt: skip
    page = parse(diagnosis_page(bare))
    assert [h.line for h in page.all("h2")] == ["How sure"]
    assert page.one(id="fact-problems").line == "none"
    assert page.all("svg") == []


def test_the_error_of_a_number_is_no_per_cent(diagnosis, parse):
    number = replace(
        diagnosis, task_kind="number", metric="mae", margin=0.01, calibration=None,
        confusion=(), confusions=(), labels=("valence",),
    )  # fmt: skip
    page = parse(diagnosis_page(number))
    assert page.one(id="fact-score").line == "0.610 (0.590 to 0.630)"
    text = page.one("main").line
    assert "greater mean absolute error without it" in text
    assert "mean absolute error; the line: all utterances" in text


def test_of_many_groups_the_worst_are_drawn(diagnosis, parse):
    many = [group("speaker", f"S{n}", n / 100, compared=n != 39) for n in range(40)]
    page = parse(diagnosis_page(replace(diagnosis, groups=tuple(many), findings=())))
    names = [row.one("th").line for row in page.all("tr") if row.all("th") and row.all("svg")]
    drawn = [name for name in names if name.startswith("S")]
    # One that was not compared stands behind all that were.
    assert drawn == [f"S{n} (40)" for n in range(38, 38 - MOST_GROUPS, -1)]
    assert f"{40 - MOST_GROUPS} more in diagnosis.json" in page.one("main").line


def test_marked_moments_and_a_gate_without_spread(diagnosis, parse):
    gate = replace(
        diagnosis.gates[0], correlation=None, marked_correlation=about(0.4), learned=True
    )
    text = parse(diagnosis_page(replace(diagnosis, gates=(gate,)))).one("main").line
    assert "tokens in learned hotspots 20%" in text
    assert "correlation with them –" in text
    assert "with marked moments +0.40 (+0.38 to +0.42)" in text


def test_hostile_names_are_shown_and_never_markup(diagnosis, parse):
    hostile = replace(
        diagnosis,
        model=EVIL,
        labels=(EVIL, "cross"),
        task=EVIL,
        split=EVIL,
        contributions=(contribution(EVIL, 0.1),),
        gates=(replace(diagnosis.gates[0], modality=EVIL),),
        aligners=(replace(diagnosis.aligners[0], pair=EVIL),),
        confusions=(Confusion(EVIL, "cross", 10, 0.2, 0.67),),
        groups=(group("speaker", EVIL, 0.2), group("speaker", "Bo", 0.4)),
        left_out={EVIL: EVIL},
        findings=(Finding("gate", EVIL, "note", "sure", f"the gate of {EVIL}", EVIL),),
    )
    page = parse(diagnosis_page(hostile))
    assert page.one("h1").line == " ".join(f"{EVIL}, seed 1 on {EVIL}".split())
    assert page.all("img") == []
    assert page.all("script") == []
    assert len(page.all("style")) == 1
    assert not [n for node in page.all() for n in node.attributes if n.startswith("on")]


def test_nothing_is_fetched_and_nothing_runs(diagnosis, parse):
    text = diagnosis_page(diagnosis)
    assert "://" not in text
    assert "@import" not in text
    assert all(part.startswith(("#", "data:")) for part in re.findall(r"url\(([^)]*)\)", text))
    policy = parse(text).one("meta", http_equiv="Content-Security-Policy").attributes["content"]
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:;")


def test_written_beside_and_renamed(diagnosis, tmp_path):
    path = tmp_path / "new" / "diagnosis.html"
    write_diagnosis_page(diagnosis, path)
    assert path.read_text(encoding="utf-8") == diagnosis_page(diagnosis)
    (tmp_path / "file").write_text("")
    with pytest.raises(EmospotError, match="the page"):
        write_diagnosis_page(diagnosis, Path(tmp_path, "file", "diagnosis.html"))
