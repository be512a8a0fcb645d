"""Options that several commands share: which detectors, and whom to ask for one of them."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from emospot.hotspots.llm_endpoint import LlmEndpoint

DetectorChoices = Annotated[
    list[str] | None,
    typer.Option(
        help="Hotspot detectors: NAME, NAME+NAME (what either finds) or NAME=2,NAME=1 (a weighted "
        "vote); may be repeated. Without it, the usual one of each modality.",
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


def endpoint(base_url: str, model: str) -> "LlmEndpoint | None":
    """The endpoint that was named, None where the environment shall say."""
    from emospot.hotspots.llm_endpoint import LlmEndpoint

    if not (base_url or model):
        return None
    return LlmEndpoint.from_environment(base_url, model)
