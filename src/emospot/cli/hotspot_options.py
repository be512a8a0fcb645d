"""Options that several commands share: which detectors, and whom to ask for one of them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from emospot.cli.console import pair
from emospot.errors import UsageError

if TYPE_CHECKING:
    from emospot.corpora.corpus import Corpus
    from emospot.hotspots.llm_endpoint import LlmEndpoint
    from emospot.hotspots.marks import MarkedHotspots

DetectorChoices = Annotated[
    list[str] | None,
    typer.Option(
        help="Hotspot detectors: NAME, NAME+NAME (what either finds) or NAME=2,NAME=1 (a weighted "
        "vote); may be repeated. Without it, the usual one of each modality.",
    ),
]

Marks = Annotated[
    list[str] | None,
    typer.Option(
        help="MODALITY=FILE: moments that people marked, in the place of a detector, to teach a "
        "model by training.marks_weight; MODALITY=corpus: those that the corpus brings itself."
    ),
]

LlmBaseUrl = Annotated[
    str,
    typer.Option(
        help="OpenAI-compatible endpoint of the detector llm, e.g. http://localhost:11434/v1; "
        "without it, EMOSPOT_LLM_BASE_URL. The key is read from EMOSPOT_LLM_API_KEY or "
        "OPENAI_API_KEY."
    ),
]
LlmModel = Annotated[
    str, typer.Option(help="Model of that endpoint; without it, EMOSPOT_LLM_MODEL.")
]


def marks_of(
    choices: list[str] | None, corpus: "Corpus | None" = None
) -> "dict[str, MarkedHotspots]":
    """Modality → marked moments, as `--marks` names them."""
    from emospot.evaluation.marks import marks_from

    pairs = [pair(text, "--marks") for text in choices or ()]
    named = dict(pairs)
    if len(named) < len(pairs):
        raise UsageError("--marks names a modality twice: put its marks into one folder")
    return marks_from({modality: Path(file) for modality, file in named.items()}, corpus)


def endpoint(base_url: str, model: str) -> "LlmEndpoint | None":
    """The endpoint that was named, None where the environment shall say."""
    from emospot.hotspots.llm_endpoint import LlmEndpoint

    if not (base_url or model):
        return None
    return LlmEndpoint.from_environment(base_url, model)
