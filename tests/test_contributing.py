"""The recipes in CONTRIBUTING.md do what they say."""

import re
import tomllib
from pathlib import Path

import numpy as np

from emospot.conversation import Conversation, Tokens, Utterance
from emospot.features.voice_descriptors import STANDARD
from emospot.hotspots.panel import Panel
from emospot.hotspots.registry import GROUP

TEXT = (Path(__file__).resolve().parent.parent / "CONTRIBUTING.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


def test_a_detector_of_ones_own():
    (code,) = blocks("python")
    names: dict = {}
    exec(code, names)  # noqa: S102
    (toml,) = blocks("toml")
    points = tomllib.loads(toml)["project"]["entry-points"][GROUP]
    (target,) = points.values()
    panel = Panel((names[target.partition(":")[2]](),))
    assert panel.name in points
    times = np.arange(100)[:, None] * 0.1 + (0.0, 0.1)
    values = np.ones((100, 4))
    values[40:45, 0] = 5.0
    tokens = Tokens(values, times=times, columns=STANDARD)
    talk = Conversation("c", (Utterance("1", "A"), Utterance("2", "A")))
    own, none = panel.detect(talk, {"basic": [tokens, None]})
    assert [(round(h.start, 1), round(h.end, 1)) for h in own] == [(4.0, 4.5)]
    assert none == []
