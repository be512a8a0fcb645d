"""Analyses that the tests of the report share."""

import math
import random
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from emospot.analysis.types import (
    Analysis,
    HotspotFinding,
    ModalityFinding,
    ModelFinding,
    NeighbourFinding,
    UtteranceFinding,
)
from emospot.emotions import IEMOCAP6

MODEL = ModelFinding(
    name="words-voice",
    version="1.2",
    label_set="iemocap6",
    labels=IEMOCAP6.labels,
    temperature=1.37,
    unsure_below=0.4,
    licence="research use only (IEMOCAP)",
    features={"words": "minilm-l6", "voice": "ge2e"},
    limits=(
        "Trained on English conversations acted by ten speakers",
        "Not for decisions about a person",
    ),
)

# Speaker, start, end, text, emotion, confidence, word hotspots (word, score).
TURNS = (
    ("Mara", 0.6, 3.9, "You said you would be here at six. It is almost nine.", "frustration",
     0.58, [("almost nine", 0.41)]),
    ("Jonas", 4.3, 6.1, "I know. The train stood still for two hours.", "neutral", 0.61, []),
    ("Mara", 6.0, 9.8, "And nobody has a phone on that train? I was scared to death!", "anger",
     0.66, [("scared to death", 0.92), ("nobody", 0.33)]),
    ("Jonas", 10.2, 12.4, "The battery was gone. I am sorry.", "unsure", 0.34, [("sorry", 0.48)]),
    ("Mara", 13.0, 15.2, "You are always sorry.", "frustration", 0.49, [("always", 0.3)]),
    ("Jonas", 16.1, 20.9, "Listen. I got the job. They called while I was waiting at the station.",
     "excited", 0.53, [("got the job", 0.77)]),
    ("Mara", 21.4, 22.3, "Wait, what?", "unsure", 0.37, []),
    ("Jonas", 22.5, 26.3, "The one in Lisbon! I start in March, and they pay for the move!",
     "excited", 0.81, [("Lisbon!", 0.52), ("pay for the move!", 0.64)]),
    ("Mara", 27.2, 31.5, "That is wonderful. I am happy for you, I really am.", "happiness", 0.57,
     [("wonderful", 0.88), ("happy", 0.83)]),
    ("Mara", 33.8, 38.0, "It is only that it is so very far away.", "sadness", 0.63,
     [("so very far away", 0.57)]),
)  # fmt: skip
NO_FACE = "no face seen in this utterance"


def probabilities(top: str, confidence: float) -> dict[str, float]:
    """A distribution with the given greatest probability."""
    others = [label for label in IEMOCAP6.labels if label != top]
    weights = [len(others) - place for place, _ in enumerate(others)]
    shares = [(1 - confidence) * weight / sum(weights) for weight in weights]
    spread = dict(zip(others, shares, strict=True))
    return {label: confidence if label == top else spread[label] for label in IEMOCAP6.labels}


def word_pieces(text: str) -> tuple[tuple[int, int], ...]:
    """Character offsets of the words of a text."""
    offsets, at = [], 0
    for word in text.split():
        start = text.index(word, at)
        at = start + len(word)
        offsets.append((start, at))
    return tuple(offsets)


def make_utterance(index: int, turn: tuple, shift: float = 0.0) -> UtteranceFinding:
    """An utterance with hotspots in words (used), voice and face (not used)."""
    speaker, start, end, text, emotion, confidence, words = turn
    start, end = start + shift, end + shift
    length = end - start
    spots = []
    for phrase, score in words:
        first = text.index(phrase)
        last = first + len(phrase)
        times = [start + length * char / len(text) for char in (first, last)]
        spots.append(
            HotspotFinding(
                "words",
                *times,
                score,
                "lexicon",
                True,
                0.2 + 0.6 * score,
                first,
                last,
                # Weak words spoke against the answer.
                effect=0.3 * (score - 0.35),
            )
        )
    if confidence > 0.45:
        spots.append(
            HotspotFinding(
                "voice", start + 0.4 * length, start + 0.55 * length, confidence, "loudness", False
            )
        )
    seen = index % 3 != 1
    if seen and emotion != "neutral":
        spots.append(
            HotspotFinding(
                "face", start + 0.5 * length, start + 0.8 * length, 0.5, "brow raise", False
            )
        )
    pieces = word_pieces(text)
    gates = tuple(0.15 + 0.7 * abs(math.sin(3 * place + index)) for place, _ in enumerate(pieces))
    top = "sadness" if emotion == "unsure" else emotion
    return UtteranceFinding(
        id=f"turn-{index}",
        speaker=speaker,
        start=start,
        end=end,
        text=text,
        emotion=emotion,
        confidence=confidence,
        probabilities=probabilities(top, confidence),
        hotspots=tuple(sorted(spots, key=lambda spot: spot.start)),
        modalities={
            "words": ModalityFinding(
                True, True, "", sum(gates) / len(gates), gates, pieces, effect=confidence / 3
            ),
            "voice": ModalityFinding(True, True, "", 0.44, effect=0.05 - 0.02 * (index % 5)),
            "face": ModalityFinding(seen, False, "this model reads no face" if seen else NO_FACE),
        },
        word_times_estimated=index % 2 == 0,
        neighbours=neighbours_of(index),
    )


def neighbours_of(index: int) -> tuple[NeighbourFinding, ...]:
    """The graph reads up to three turns back, the nearest most."""
    return tuple(
        NeighbourFinding(f"turn-{index - back}", weight)
        for back, weight in ((1, 0.4), (2, 0.2), (3, 0.1))
        if index >= back
    )


def conversation(turns: int, seed: int = 3) -> Analysis:
    """An analysis of as many turns; the ten of `TURNS` come again and again."""
    lap = 39.2
    utterances = tuple(
        make_utterance(index, TURNS[index % len(TURNS)], lap * (index // len(TURNS)))
        for index in range(turns)
    )
    duration = math.ceil((utterances[-1].end or 0) + 1.0)
    steps = min(2000, 20 * int(duration))
    chance = random.Random(seed)  # noqa: S311
    amplitudes = [0.02] * steps
    for utterance in utterances:
        first, last = (int(steps * time / duration) for time in (utterance.start, utterance.end))
        for step in range(first, last):
            amplitudes[step] = 0.15 + 0.6 * chance.random() * abs(math.sin(step / 9))
    loudness = tuple(0.9 * sum(amplitudes[max(0, i - 4) : i + 5]) / 9 for i in range(steps))
    return Analysis(
        recording="evening.mp4",
        duration=float(duration),
        utterances=utterances,
        model=MODEL,
        warnings=("the transcript's last line ends 0.4 s after the recording",),
        extractors={
            "words": "minilm-l6 1.0, lexicon 3.3.2",
            "voice": "ge2e 0.1.4, egemaps 2.5",
            "face": "facemesh 0.10.14",
        },
        waveform=tuple(amplitudes),
        loudness=loudness,
        seconds_by_stage={"decode": 0.61, "words": 0.42, "voice": 1.9, "face": 4.2, "model": 0.21},
        created="2026-11-03T09:30:00+00:00",
        emospot_version="0.1.0",
    )


@pytest.fixture
def analysis() -> Analysis:
    """Two speakers, ten utterances, hotspots in three modalities, two unsure."""
    return conversation(10)


@pytest.fixture
def bare_text(analysis: Analysis) -> Analysis:
    """The same as a transcript without times: words only."""
    utterances = tuple(
        replace(
            utterance,
            start=None,
            end=None,
            hotspots=tuple(
                replace(spot, start=None, end=None)
                for spot in utterance.hotspots
                if spot.modality == "words"
            ),
            modalities={
                "words": utterance.modalities["words"],
                "voice": ModalityFinding(False, True, "the input is a text without sound"),
            },
            word_times_estimated=False,
        )
        for utterance in analysis.utterances
    )
    return replace(analysis, duration=None, utterances=utterances, waveform=(), loudness=())


@pytest.fixture
def long_analysis() -> Callable[[int], Analysis]:
    """Makes an analysis of any number of turns."""
    return conversation


VOID = {"meta", "link", "br", "img", "input", "hr"}


class Node:
    """An element of a parsed page."""

    def __init__(self, tag: str, attributes: dict[str, str]) -> None:
        self.tag = tag
        self.attributes = attributes
        self.children: list[Node | str] = []

    @property
    def text(self) -> str:
        """All text within."""
        return "".join(c if isinstance(c, str) else c.text for c in self.children)

    @property
    def line(self) -> str:
        """All text within, with a blank between elements and runs of blanks as one."""
        parts = (c if isinstance(c, str) else c.line for c in self.children)
        return " ".join(" ".join(parts).split())

    def all(self, tag: str | None = None, **attributes: str) -> list["Node"]:
        """The elements within of that tag and with these attributes; a class is one of many."""
        found = []
        for child in self.children:
            if isinstance(child, str):
                continue
            same = all(
                value in child.attributes.get("class", "").split()
                if name == "cls"
                else child.attributes.get(name.replace("_", "-")) == value
                for name, value in attributes.items()
            )
            if tag in (None, child.tag) and same:
                found.append(child)
            found += child.all(tag, **attributes)
        return found

    def one(self, tag: str | None = None, **attributes: str) -> "Node":
        """The only such element."""
        found = self.all(tag, **attributes)
        assert len(found) == 1, f"{len(found)} elements {tag} {attributes}"
        return found[0]


class TreeParser(HTMLParser):
    """Builds nodes and refuses tags that are not closed in order."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Node("", {})
        self.open = [self.root]

    def handle_starttag(self, tag: str, attrs: list) -> None:
        node = Node(tag, {name: value or "" for name, value in attrs})
        self.open[-1].children.append(node)
        if tag not in VOID:
            self.open.append(node)

    def handle_startendtag(self, tag: str, attrs: list) -> None:
        self.open[-1].children.append(Node(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open[-1].tag == tag, f"</{tag}> closes <{self.open[-1].tag}>"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)


@pytest.fixture
def parse() -> Callable[[str], Node]:
    """Parses a page into nodes, independently of the template engine."""

    def parsed(page: str) -> Node:
        parser = TreeParser()
        parser.feed(page)
        parser.close()
        assert parser.open == [parser.root], "an element is not closed"
        return parser.root

    return parsed


@pytest.fixture
def awkward(analysis: Analysis) -> Analysis:
    """Utterances as nobody wants them.

    Speakers called like tiers and like formulas, markup, quotes and arrows in texts, one
    speaker who talks over herself, no length, no words, no times, hotspots that overlap.
    """
    plain = analysis.utterances[0]

    def said(
        name: str,
        speaker: str,
        start: float | None,
        end: float | None,
        text: str | None,
        *hotspots: HotspotFinding,
        emotion: str = "anger",
    ) -> UtteranceFinding:
        return replace(plain, id=name, speaker=speaker, start=start, end=end, text=text,
                       emotion=emotion, hotspots=hotspots, confidence=1 / 3)  # fmt: skip

    def spot(start: float, end: float, score: float = 0.5) -> HotspotFinding:
        return HotspotFinding("voice", start, end, score, 'a "peak"', False, apex=start)

    utterances = (
        said("=1", "text", 0.125, 1.0, '=SUM(A1) --> "quoted" & <b>bold</b>', spot(0.2, 0.9)),
        said("u2", "@Eve <script>", 0.5, 2.0, "I & I", spot(0.6, 1.5, 0.25), spot(1.0, 1.25)),
        said("u3", "@Eve <script>", 1.5, 3.0, "über   alles\x01", emotion="unsure"),
        said("u4", "@Eve <script>", 3.0, 3.0, "-"),
        said("u5", "Zoë - B", 3.1234567, 4.0, None),
        said("u6", "Zoë - B", None, None, "no times"),
    )
    return replace(analysis, recording="a b&ü.wav", duration=5.0, utterances=utterances)
