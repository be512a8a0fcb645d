"""What a study file says: corpora × features × models × protocols × seeds.

A study is a small YAML file in which every entry is a difference over a base:

    title: Two models on my corpus
    seeds: 5
    corpora:
      mine: {source: mine.parquet, labels: [calm, angry]}
    features:
      tokens: {}
      pooled: {pool: [words]}
    base:
      training: {epochs: 20}
    models:
      emospot: {}
      gru: {model: {kind: contextual_gru}, candidate: true}
    ablations:
      no graph: {model: {graph: false}}
    primary: emospot

Every combination is a *job*: one training on the training conversations, one
reading of the test conversations.
"""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from emospot.config import Config, as_written, parse_config, problem, read_yaml
from emospot.errors import ConfigError
from emospot.experiments.corpus_entry import CorpusEntry
from emospot.experiments.disturbances import Disturbances
from emospot.experiments.figure_entry import FigureEntry
from emospot.experiments.metric import INSIDE, SMALLER_IS_BETTER, check_metric, is_share

DATA_VARIABLE = "EMOSPOT_DATA"
DATA_DEFAULT = "../shared/data"


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FeatureEntry(_Entry):
    """What of a corpus is read: which modalities, and which of them pooled."""

    modalities: tuple[str, ...] = ()
    pool: tuple[str, ...] = ()
    unlabelled: bool = True
    """Whether utterances without a label stay as context; where a corpus has no label
    set, those without any target."""


class ModelEntry(_Entry):
    """A model: differences over the base configuration.

    `candidate`: whether it may be the opponent of the primary model.
    """

    model: dict[str, Any] = {}
    training: dict[str, Any] = {}
    features: tuple[str, ...] = ()
    candidate: bool = False


class Protocol(_Entry):
    """Which conversations are trained on and which are tested on.

    - official: the corpus's own splits;
    - leave_one_out: each group in turn is tested on, and all others trained on;
      a group is what `groups`, a regular expression, finds in the dialogue's id;
    - cross_validation: within the official training conversations, by `groups`
      or else in `folds` seeded parts.

    `answers` asks the models about some of their classes alone, or about unions of them:
    class → what it is called in the answer. Utterances of other classes are context. Where
    another protocol has the same conversations and all classes, its models are asked.
    """

    kind: Literal["official", "leave_one_out", "cross_validation"] = "official"
    groups: str | None = None
    folds: int = Field(4, ge=2)
    seeds: int | None = None
    answers: dict[str, str] = {}

    @property
    def asked(self) -> tuple[str, ...]:
        """The classes of the answers, where not all of a model's are asked about."""
        return tuple(dict.fromkeys(self.answers.values()))

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.kind == "leave_one_out" and self.groups is None:
            raise ValueError("leave_one_out needs groups, a regular expression over dialogue ids")
        if len(self.asked) == 1:
            raise ValueError(f"answers must be two at least, found {self.asked[0]} alone")
        return self


STARTS = (("bare", "+"), ("full", "-"))
"""The models that parts are added to and taken from."""


class Mechanisms(_Entry):
    """Which part of a model each world of planted conversations has been made for.

    - plain: the corpus in which no part has anything to do;
    - parts: part → the corpus in which it has.

    The models are called "bare", "bare + PART", "full" and "full - PART".
    """

    plain: str
    parts: dict[str, str]

    @property
    def models(self) -> tuple[str, ...]:
        """The models that there must be."""
        bare, full = ([f"{b} {s} {part}" for part in self.parts] for b, s in STARTS)
        return "bare", *bare, "full", *full


class Study(_Entry):
    """A whole study; see the module's docstring.

    `metric`: what models are compared by and the opponent is chosen by; one of
    `metric.metrics_of` their main task. `opponent`: where it is not chosen here but
    was named before, by another study. `together`: a regular expression over dialogue
    ids; dialogues in which it finds the same depend on each other (they share an actor,
    or recordings), and are drawn and swapped together. `mechanisms`: see `Mechanisms`.
    `disturbances`: see `experiments.disturbances`. `inside`: whether gates and aligners of
    every model are looked at, see `experiments.inside`. `contrasts`, `figures`:
    see the modules of these names.
    """

    title: str
    seeds: int = Field(5, ge=1)
    corpora: dict[str, CorpusEntry]
    features: dict[str, FeatureEntry] = {"all": FeatureEntry()}
    base: ModelEntry = ModelEntry()
    models: dict[str, ModelEntry]
    ablations: dict[str, ModelEntry] = {}
    ablated: str | None = None
    primary: str | None = None
    mechanisms: Mechanisms | None = None
    disturbances: Disturbances = Disturbances()
    inside: bool = False
    contrasts: dict[str, dict[str, float]] = {}
    figures: tuple[FigureEntry, ...] = ()
    metric: str = "weighted_f1"
    protocols: dict[str, Protocol] = {"official": Protocol()}
    choose_opponent: Protocol | None = None
    opponent: str | None = None
    together: str | None = None

    @model_validator(mode="after")
    def _names_exist(self) -> Self:
        named = {"primary": self.primary, "ablated": self.ablated, "opponent": self.opponent}
        for what, name in named.items():
            if name is not None and name not in self.models:
                raise ValueError(f"{what} {name} is not among the models {list(self.models)}")
        if self.ablations and self.ablated is None:
            raise ValueError("ablations need ablated: the name of the model that loses its parts")
        for name, entry in self.models.items():
            for wanted in entry.features:
                if wanted not in self.features:
                    raise ValueError(f"model {name} reads unknown features {wanted}")
        if self.mechanisms is not None:
            plain = [Protocol()] == list(self.protocols.values()) and len(self.features) == 1
            if not plain or self.choose_opponent or self.metric in SMALLER_IS_BETTER:
                raise ValueError(
                    "mechanisms are compared on the official test conversations alone, with one "
                    "kind of features and by a metric of which more is better"
                )
            for kind, needed, there in (
                (
                    "corpora",
                    (self.mechanisms.plain, *self.mechanisms.parts.values()),
                    self.corpora,
                ),
                ("models", self.mechanisms.models, self.models),
            ):
                absent = [name for name in needed if name not in there]
                if absent:
                    raise ValueError(f"mechanisms need {absent[0]} among the {kind} {list(there)}")
        for name, entry in self.entries().items():
            told = {**self.base.model, **entry.model}.get("oracle", False)
            if told and "oracle" not in name:
                raise ValueError(f'model {name} reads marks: its name must say "oracle"')
        self._check_figures()
        if self.choose_opponent and self.opponent:
            raise ValueError("give either opponent, or choose_opponent to find one")
        if self.opponent is not None and self.opponent == self.primary:
            raise ValueError(f"opponent and primary are both {self.primary}: name two models")
        if self.choose_opponent and self.choose_opponent.kind != "cross_validation":
            raise ValueError("choose_opponent must be of the kind cross_validation")
        if self.choose_opponent and self.choose_opponent.answers:
            raise ValueError("choose_opponent reads no answers: it compares on all classes")
        return self

    def _check_figures(self) -> None:
        models = set(self.entries())
        if (self.contrasts or self.disturbances != Disturbances()) and not is_share(self.metric):
            raise ValueError(
                f"contrasts and disturbances are told in points: {self.metric} is no share"
            )
        if self.contrasts and next(iter(self.protocols.values())).kind != "official":
            raise ValueError("contrasts are of the official test conversations: name that first")
        for name, weights in self.contrasts.items():
            if len(weights) < 2 or (strangers := sorted(set(weights) - models)):
                found = strangers[0] if len(weights) > 1 else ", ".join(weights) or "none"
                raise ValueError(
                    f"contrast {name} needs two models at least of {sorted(models)}, found {found}"
                )
        for figure in self.figures:
            self._check_asked(figure)
            over = {"corpora": set(self.corpora), "models": models}.get(figure.over, set())
            lines = set(self.corpora) if figure.over == "models" else models
            corpus = {figure.corpus} if figure.corpus is not None else set()
            for what, named, known in (
                (f"places over {figure.over}", set(figure.names), over),
                ("lines", set(figure.lines), lines),
                ("corpus", corpus, set(self.corpora)),
            ):
                if strangers := sorted(named - known):
                    raise ValueError(
                        f'figure "{figure.title}": {what} {strangers[0]} is not in the study, '
                        f"only {', '.join(sorted(known))}"
                    )

    def _check_asked(self, figure: FigureEntry) -> None:
        """Whether what a figure shows is asked for."""
        kinds = Disturbances.model_fields
        if figure.over in kinds and not getattr(self.disturbances, figure.over):
            raise ValueError(f'figure "{figure.title}" needs disturbances: {figure.over}')
        inside = (figure.metric or "").startswith(f"{INSIDE}:")
        if (figure.over == "gates" or inside) and not self.inside:
            raise ValueError(f'figure "{figure.title}" needs inside: true')

    def entries(self) -> dict[str, ModelEntry]:
        """The models, and the ablated model without each of its parts."""
        found = dict(self.models)
        for name, change in self.ablations.items():
            whole = self.models[str(self.ablated)]
            found[f"{self.ablated}, {name}"] = ModelEntry(
                model={**whole.model, **change.model},
                training={**whole.training, **change.training},
                features=change.features or whole.features,
            )
        return found

    def as_recorded(self, configurations: Mapping[str, Mapping[str, Any]]) -> Self:
        """The study as it was run: defaults that have changed since stay what they were.

        Args:
            configurations: model → whole configuration, as results.json holds it.
        """
        models = dict(self.models)
        for name, entry in self.models.items():
            if name not in configurations:
                continue
            recorded = configurations[name]
            model = as_written(recorded["model"])
            if "modalities" not in {**self.base.model, **entry.model}:
                # Not a choice of the study: all of a store's are read.
                del model["modalities"]
            changes = {"model": model, "training": dict(recorded["training"])}
            models[name] = entry.model_copy(update=changes)
        return self.model_copy(update={"models": models, "base": ModelEntry()})

    def protocol_of(self, job: "Job") -> Protocol | None:
        """What a job trains and tests on; None where no opponent is chosen."""
        return self.choose_opponent if job.protocol == OPPONENT else self.protocols[job.protocol]

    def config(self, name: str) -> Config:
        """The whole configuration of a model.

        Raises:
            ConfigError: naming the model and the key that is wrong.
        """
        entry = self.entries()[name]
        # Another kind of model has other keys: the base's model does not hold for it.
        shares = entry.model.get("kind") == self.base.model.get("kind")
        base = self.base.model if shares else {}
        try:
            return parse_config(
                {
                    "model": {**base, **entry.model},
                    "training": {**self.base.training, **entry.training},
                }
            )
        except ConfigError as error:
            raise ConfigError(f"model {name}: {error}") from None


@dataclass(frozen=True, slots=True)
class Job:
    """One training and one reading of the conversations it is tested on.

    Args:
        corpus: name in the study.
        features: name in the study.
        model: name in the study.
        protocol: name in the study, or "opponent" where the opponent is chosen.
        fold: which part is tested on; "" under the official protocol.
        seed: of every random choice.
    """

    corpus: str
    features: str
    model: str
    protocol: str
    fold: str
    seed: int

    @property
    def id(self) -> str:
        """A name that is unique in the study."""
        parts = (self.corpus, self.features, self.model, self.protocol, self.fold)
        return " / ".join(part for part in parts if part) + f" / seed {self.seed}"

    @property
    def folder(self) -> str:
        """A name for files: readable at the front, unique at the end."""
        plain = "".join(c if c.isalnum() else "-" for c in f"{self.model}-{self.features}")
        digest = hashlib.sha256(self.id.encode()).hexdigest()[:10]
        return f"{plain[:40].strip('-').lower()}-{self.seed}-{digest}"


OPPONENT = "opponent"
"""The protocol under which the opponent is chosen, within the training conversations."""


STUDIES = Path(__file__).parent / "studies"
"""The studies that come with emospot, and the small table of `smoke`."""


def shipped_studies() -> list[str]:
    """The names of the studies that come with emospot."""
    return sorted(file.stem for file in STUDIES.glob("*.yaml"))


def shipped_file(name: str) -> Path | None:
    """A data file that comes with emospot, or None."""
    path = STUDIES / name
    return path if path.is_file() and path.parent == STUDIES else None


def load_study(name_or_file: str) -> Study:
    """A shipped study by its name, or one from a file.

    Raises:
        ConfigError: if there is none, or a key or value is wrong.
    """
    shipped = name_or_file in shipped_studies()
    path = STUDIES / f"{name_or_file}.yaml" if shipped else Path(name_or_file)
    try:
        values = read_yaml(path)
    except OSError:
        raise ConfigError(
            f"no study {name_or_file}: give a YAML file or one of {', '.join(shipped_studies())}"
        ) from None
    return parse_study(values, name_or_file)


def parse_study(values: Any, where: str) -> Study:
    """Check a nested mapping and make it a study.

    Raises:
        ConfigError: naming the key, what was found and what was expected.
    """
    try:
        study = Study.model_validate(values)
    except ValidationError as error:
        sentences = (
            f'key "{".".join(str(part) for part in e["loc"]) or "study"}": {problem(e)}'
            for e in error.errors()
        )
        raise ConfigError(f"{where}: {'; '.join(sentences)}") from None
    tasks = {name: study.config(name).training.tasks[0] for name in study.entries()}
    try:
        check_metric(study.metric, tasks)
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from None
    return study


def data_folder() -> Path:
    """Where the sources of a study lie."""
    return Path(os.environ.get(DATA_VARIABLE, DATA_DEFAULT))
