"""Whether each part of a model gains where its mechanism is, and nowhere else.

For every seed, world and part there are two gains: of the bare model with the part over
the bare one, and of the full model over that without the part. The test, named
beforehand: the gain in the world that the part is for less that in the plain world, by
Student's t over the differences of the seeds; the p of all parts and both starts are
corrected together (Holm).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from emospot.evaluation.significance import holm
from emospot.experiments.job import Result
from emospot.experiments.results_file import short
from emospot.experiments.student import interval_over_seeds, p_over_seeds, points, shown_p
from emospot.experiments.study import STARTS, Mechanisms, Study

DIGITS = 4


@dataclass(frozen=True, slots=True)
class Gain:
    """What a part gives in a world.

    Args:
        part: which.
        start: "bare": added to it; "full": there or not.
        world: corpus of the study.
        mean: over seeds.
        low: lower limit of the 95 % interval by Student's t over seeds.
        high: upper limit.
        seeds: the gain of each seed.
        own: whether the world is the one that the part is for.
    """

    part: str
    start: str
    world: str
    mean: float
    low: float
    high: float
    seeds: tuple[float, ...]
    own: bool


@dataclass(frozen=True, slots=True)
class MechanismTest:
    """The gain of a part in its own world less that in the plain one.

    Args:
        part: which.
        start: as in `Gain`.
        world: its own.
        difference: mean over seeds.
        low: lower limit of the 95 % interval.
        high: upper limit.
        p: of no difference, corrected for all tests of the study.
    """

    part: str
    start: str
    world: str
    difference: float
    low: float
    high: float
    p: float


@dataclass(frozen=True, slots=True)
class MechanismMatrix:
    """All gains and tests of a study."""

    gains: tuple[Gain, ...]
    tests: tuple[MechanismTest, ...]

    def to_dict(self) -> dict[str, list[dict[str, Any]]]:
        """As results.json holds it."""
        return {
            "gains": [short(asdict(one), DIGITS) for one in self.gains],
            "tests": [short(asdict(one), DIGITS) for one in self.tests],
        }


def mechanism_matrix(study: Study, results: Sequence[Result]) -> MechanismMatrix:
    """The matrix of a study that names `mechanisms`; what is not finished is left out.

    Args:
        study: what was run.
        results: the finished jobs.
    """
    if study.mechanisms is None:
        return MechanismMatrix((), ())
    scores: dict[tuple[str, str], dict[int, float]] = {}
    for result in results:
        own = scores.setdefault((result.job.corpus, result.job.model), {})
        own[result.job.seed] = result.scores[study.metric]
    gains = {
        (part, start, world): gain
        for part in study.mechanisms.parts
        for start, sign in STARTS
        for world in study.corpora
        if (gain := _gain(scores, world, start, f"{start} {sign} {part}"))
    }
    found = []
    for (part, start, world), gain in gains.items():
        seeds, meant = tuple(gain.values()), study.mechanisms.parts[part] == world
        found.append(Gain(part, start, world, *interval_over_seeds(seeds), seeds, meant))
    return MechanismMatrix(tuple(found), tuple(_tests(study.mechanisms, gains)))


def _gain(
    scores: Mapping[tuple[str, str], Mapping[int, float]], world: str, start: str, other: str
) -> dict[int, float]:
    """Of every seed that both models have."""
    first, second = scores.get((world, start), {}), scores.get((world, other), {})
    sign = 1 if start == "bare" else -1
    return {seed: sign * (second[seed] - first[seed]) for seed in sorted(set(first) & set(second))}


def _tests(
    mechanisms: Mechanisms, gains: Mapping[tuple[str, str, str], Mapping[int, float]]
) -> Iterator[MechanismTest]:
    differences: dict[str, list[float]] = {}
    for part, world in mechanisms.parts.items():
        for start, _ in STARTS:
            own = gains.get((part, start, world), {})
            plain = gains.get((part, start, mechanisms.plain), {})
            differences[f"{part}\n{start}"] = [
                own[seed] - plain[seed] for seed in own if seed in plain
            ]
    # Corrected for all that are planned, finished or not.
    corrected = holm({name: p_over_seeds(values) for name, values in differences.items()})
    for name, values in differences.items():
        if len(values) > 1:
            part, start = name.split("\n")
            world = mechanisms.parts[part]
            yield MechanismTest(part, start, world, *interval_over_seeds(values), corrected[name])


def read_matrix(values: Mapping[str, Any]) -> MechanismMatrix:
    """The matrix that `MechanismMatrix.to_dict` wrote into a results.json."""
    return MechanismMatrix(
        tuple(Gain(**{**gain, "seeds": tuple(gain["seeds"])}) for gain in values["gains"]),
        tuple(MechanismTest(**test) for test in values["tests"]),
    )


def matrix_markdown(matrix: MechanismMatrix) -> str:
    """The matrix as a table: a line a part and start, a column a world; "" without gains."""
    if not matrix.gains:
        return ""
    worlds = list(dict.fromkeys(gain.world for gain in matrix.gains))
    cells = {(g.part, g.start, g.world): _cell(g) for g in matrix.gains}
    tests = {(one.part, one.start): one for one in matrix.tests}
    lines = [
        "## What each part gives in each world",
        "Points, with the 95 % interval over seeds (Student's t); bold: the world that the part "
        "is for. Last: the gain there less that in the plain world, p corrected for all lines "
        "(Holm).",
    ]
    rows = [["part", *worlds, "own − plain", "p"]]
    for part, start in dict.fromkeys((g.part, g.start) for g in matrix.gains):
        name = f"bare + {part}" if start == "bare" else f"full, with {part} or without"
        row = [name, *(cells.get((part, start, world), "") for world in worlds)]
        row += _test_cells(tests.get((part, start)))
        rows.append(row)
    rows.insert(1, ["---"] * len(rows[0]))
    table = "\n".join("| " + " | ".join(row) + " |" for row in rows)
    return "\n\n".join([*lines, table])


def _test_cells(test: MechanismTest | None) -> list[str]:
    if test is None:
        return ["", ""]
    return [points(test.difference, test.low, test.high), shown_p(test.p)]


def _cell(gain: Gain) -> str:
    text = points(gain.mean, gain.low, gain.high)
    return f"**{text}**" if gain.own else text
