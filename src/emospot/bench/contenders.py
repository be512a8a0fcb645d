"""Who is measured: models of a study, each on features of the study."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from emospot.errors import UsageError
from emospot.experiments.study import Job, Study, load_study

OWN_STUDY = Path(__file__).parent / "contenders.yaml"
"""What is measured where no study is named."""


@dataclass(frozen=True, slots=True)
class Contender:
    """A model of a study on features of the study.

    Args:
        model: its name in the study.
        features: their name in the study.
        name: how it is told, unique in a bench.
    """

    model: str
    features: str
    name: str

    def job(self, study: Study) -> Job:
        """What of the study's first corpus and protocol it would read, as seed 0."""
        protocol = next(iter(study.protocols))
        return Job(next(iter(study.corpora)), self.features, self.model, protocol, "", 0)


def bench_study(name_or_file: str | None) -> Study:
    """The study whose models are measured.

    Raises:
        ConfigError: if there is none, or it is wrong.
        UsageError: if its first protocol has folds.
    """
    study = load_study(name_or_file or str(OWN_STUDY))
    first, how = next(iter(study.protocols.items()))
    if how.kind != "official":
        raise UsageError(
            f"the protocol {first} of this study has folds: name one of the kind official first"
        )
    return study


def contenders(
    study: Study, models: Sequence[str] = (), features: Sequence[str] = ()
) -> list[Contender]:
    """The models of a study that can be measured, on the features that they read.

    Args:
        study: that names them.
        models: which of them; none: all that are trained by steps.
        features: which of them; none: all.

    Raises:
        UsageError: if the study lacks one that is asked for.
    """
    entries = study.entries()
    for what, asked, known in (("model", models, entries), ("features", features, study.features)):
        for name in asked:
            if name not in known:
                raise UsageError(f'the study has no {what} "{name}", only {", ".join(known)}')
    kinds = [name for name in study.features if not features or name in features]
    chosen = [
        (name, kind)
        for kind in kinds
        for name, entry in entries.items()
        if (name in models if models else _trained(study, name))
        and (not entry.features or kind in entry.features)
    ]
    for name in models:
        if not _trained(study, name):
            raise UsageError(
                f'model "{name}" is not trained by steps: only models before their training are '
                "measured here"
            )
        if not any(model == name for model, _ in chosen):
            raise UsageError(
                f'model "{name}" does not read {", ".join(kinds)}: name other features'
            )
    if not chosen:
        raise UsageError(f"none of the models reads {', '.join(kinds)}: name others")
    several = len({kind for _, kind in chosen}) > 1
    return [Contender(m, kind, f"{m} ({kind})" if several else m) for m, kind in chosen]


def _trained(study: Study, name: str) -> bool:
    """Whether a model learns step by step."""
    return not getattr(study.config(name).model, "closed_form", False)


def reference(study: Study, found: Sequence[Contender], named: str | None) -> str:
    """The model that the others are compared with, each on its own features.

    Args:
        study: of the contenders.
        found: the contenders.
        named: by the user; else the study's opponent or primary, or the first.

    Raises:
        UsageError: if it is not among them.
    """
    models = list(dict.fromkeys(one.model for one in found))
    if named is not None:
        if named not in models:
            raise UsageError(f'--against "{named}" is not measured, only {", ".join(models)}')
        return named
    return next(one for one in (study.opponent, study.primary, models[0]) if one in models)
