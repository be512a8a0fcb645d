"""`emospot models`: what models there are, with their cards."""

from dataclasses import asdict
from typing import Annotated

import typer

from emospot.cli.console import say, say_json


def models(
    json_output: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """List the models that come with emospot.

    Example: emospot models
    """
    from emospot.analysis.models import bundled_cards

    cards = bundled_cards()
    if json_output:
        say_json({name: asdict(card) for name, card in cards.items()})
        return
    for name, card in cards.items():
        say(f"{name}: {', '.join(card.labels.labels)}")
        say("  reads " + ", ".join(f"{m} ({f.extractor})" for m, f in card.features.items()))
        for metric, value in (card.scores or {}).items():
            say(f"  {metric}: {value:.4f}")
        say(f"  licence: {card.licence}")
        for limit in card.limits:
            say(f"  limit: {limit}")
