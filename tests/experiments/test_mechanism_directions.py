"""The mechanism matrix in two minutes: each part gains in its own world, by far.

The shipped study with a fifth of its conversations (aligners need two) and one seed, its
three parts added to the bare model in their own world and in the plain one.
"""

from pathlib import Path

import pytest

from emospot.experiments.mechanisms import mechanism_matrix
from emospot.experiments.runner import run_study
from emospot.experiments.study import Study, load_study, parse_study

from .conftest import in_this_process

LEAST = 0.04
"""Points of accuracy that the gain in its own world must be ahead; the whole study has more."""


def _smaller(study: Study) -> Study:
    values = study.model_dump(mode="json")
    values["seeds"] = 1
    parts = study.mechanisms.parts
    values["mechanisms"] = {"plain": "plain", "parts": parts}
    del values["corpora"]["all"]
    for name, corpus in values["corpora"].items():
        train = 1600 if name == parts["aligners"] else 800
        corpus["world"]["dialogues"] = {"train": train, "test": 120}
    return parse_study(values, "smaller")


@pytest.mark.slow
@pytest.mark.untraced
def test_each_part_gains_where_its_mechanism_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    study = _smaller(load_study("mechanisms"))
    asked = {("bare", world) for world in study.corpora}
    for part, world in study.mechanisms.parts.items():
        asked |= {(f"bare + {part}", world), (f"bare + {part}", study.mechanisms.plain)}
    run_here = in_this_process([])

    def some(self, jobs):
        yield from run_here(self, [job for job in jobs if (job.model, job.corpus) in asked])

    monkeypatch.setattr("emospot.experiments.runner._Runner._results", some)
    matrix = mechanism_matrix(study, run_study(study, tmp_path).results)
    gains = {(gain.part, gain.world): gain.mean for gain in matrix.gains if gain.start == "bare"}
    for part, world in study.mechanisms.parts.items():
        ahead = gains[part, world] - gains[part, study.mechanisms.plain]
        assert ahead > LEAST, f"{part}: {gains}"
