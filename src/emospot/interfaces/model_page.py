"""The page of a published model, `README.md`: our card with the header that Hugging Face reads.

The header (YAML between two lines of dashes) holds language, licence, library, task, tags
and metrics. Hugging Face knows licences by short names; a sentence such as "research use
only" is `license: other`, and the sentence stands in the page.
"""

import re
from typing import Any

import yaml

from emospot.conversation import WORDS
from emospot.model.pretrained import ModelCard

LIBRARY = "emospot"
TASK = "emotion-recognition-in-conversation"

KNOWN_LICENCES = frozenset(
    {
        *("apache-2.0", "mit", "bsd", "bsd-2-clause", "bsd-3-clause", "mpl-2.0", "unlicense"),
        *("cc", "cc0-1.0", "cc-by-2.0", "cc-by-3.0", "cc-by-4.0", "cc-by-sa-3.0", "cc-by-sa-4.0"),
        *("cc-by-nc-2.0", "cc-by-nc-3.0", "cc-by-nc-4.0", "cc-by-nd-4.0", "cc-by-nc-nd-3.0"),
        *("cc-by-nc-nd-4.0", "cc-by-nc-sa-2.0", "cc-by-nc-sa-3.0", "cc-by-nc-sa-4.0"),
        *("gpl-3.0", "lgpl-3.0", "agpl-3.0", "openrail"),
    }
)
"""Short names of licences as Hugging Face writes them; others are "other"."""


def model_page(card: ModelCard) -> str:
    """The page of a model.

    Args:
        card: what must be known to use it rightly.

    Returns:
        Markdown with a YAML header.
    """
    header = yaml.safe_dump(page_header(card), sort_keys=False, allow_unicode=True)
    parts = [f"---\n{header}---\n", f"# {_plain(card.name)}", _said(card)]
    if card.licence:
        parts.append(f"**Licence: {_plain(card.licence)}**")
    parts += [_reads(card), _figures(card), _limits(card), _use()]
    return "\n\n".join(part for part in parts if part) + "\n"


def page_header(card: ModelCard) -> dict[str, Any]:
    """What the header says, in the order in which it is written.

    Args:
        card: of the model.
    """
    licence = card.licence.strip().lower()
    named = licence in KNOWN_LICENCES
    header: dict[str, Any] = {}
    if card.language:
        header["language"] = [card.language]
    if licence:
        header["license"] = licence if named else "other"
    if licence and not named:
        header["license_name"] = re.sub(r"[^a-z0-9]+", "-", licence)[:60].strip("-")
    header["library_name"] = LIBRARY
    reads_sound = set(card.features) - {WORDS}
    header["pipeline_tag"] = "audio-classification" if reads_sound else "text-classification"
    header["tags"] = [
        LIBRARY,
        TASK,
        "emotion-recognition",
        "conversation",
        *card.features,
        "model_hub_mixin",
    ]
    header["metrics"] = ["mae"] if card.main.kind == "number" else ["f1"]
    return header


def _said(card: ModelCard) -> str:
    what = {
        "single": "One of these an utterance",
        "several": "Any of these an utterance",
        "number": "A number an utterance",
    }[card.main.kind]
    return f"{what}: {', '.join(map(_plain, card.main.outputs))}."


def _reads(card: ModelCard) -> str:
    lines = ["## What it reads", ""]
    for modality, feature in card.features.items():
        unit = "an utterance" if feature.pooled else "a token"
        text = f"- {modality}: `{_code(feature.extractor)}`, {feature.dim} numbers {unit}"
        licence = f" ({_plain(feature.licence)})" if feature.licence else ""
        lines.append(text + licence)
    return "\n".join(lines)


def _figures(card: ModelCard) -> str:
    rows = [f"| {_plain(name)} | {value:.4f} |" for name, value in (card.scores or {}).items()]
    if card.main.kind == "single":
        rows.append(f'| "unsure" below a probability of | {card.unsure_below:.2f} |')
        rows.append(f"| temperature | {card.temperature:.2f} |")
    return "\n".join(["## Figures", "", "| | |", "|---|---|", *rows]) if rows else ""


def _limits(card: ModelCard) -> str:
    stated = [f"- {_plain(limit)}" for limit in card.limits]
    return "\n".join(["## Limits", "", *(stated or ["- None were stated by its maker."])])


def _use() -> str:
    return (
        "## Use\n\n```python\nimport emospot\n\n"
        'pipe = emospot.EmotionPipeline("hf:OWNER/NAME")\n'
        'pipe([{"speaker": "Anna", "text": "I am so happy!"}])\n```\n\n'
        "The weights are `model.safetensors`, everything else is `model.json`: loading runs no "
        "code."
    )


def _plain(text: str) -> str:
    """A text in one line that Markdown and HTML do not read anything into."""
    return re.sub(r"([\\`*_{}\[\]<>|#])", r"\\\1", " ".join(text.split()))


def _code(text: str) -> str:
    return " ".join(text.replace("`", "'").split())
