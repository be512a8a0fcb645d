"""Several choices of detectors over one measurement, for whoever compares them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from emospot.conversation import Conversation, Tokens
from emospot.hotspots.panel import Found, Panel


@dataclass(frozen=True)
class SideBySide(Panel):
    """Choices of one modality that look at the same tokens; their finds stay apart.

    A recording is then read once for all of them. Made by `side_by_side`.

    Args:
        choices: the panels, of different names.
        found: name of a choice → what it found in the last `detect`; nothing of those
            that were not asked.
    """

    choices: tuple[Panel, ...] = ()
    found: dict[str, Found] = field(default_factory=dict)

    def of_language(self, language: str) -> "SideBySide | None":
        """The choices that understand a language, with the same `found`."""
        fit = [one for one in (c.of_language(language) for c in self.choices) if one is not None]
        return replace(side_by_side(fit), found=self.found) if fit else None

    def detect(
        self, conversation: Conversation, tokens: Mapping[str, Sequence[Tokens | None]]
    ) -> Found:
        """What the first choice finds; that and the others' stand in `found`."""
        for one in self.choices:
            self.found[one.name] = one.detect(conversation, tokens)
        return self.found[self.choices[0].name]


def side_by_side(choices: Sequence[Panel]) -> SideBySide:
    """The choices as one panel that reads once.

    Args:
        choices: at least one, all of one modality.
    """
    every = tuple(detector for one in choices for detector in one.detectors)
    return SideBySide(every, choices=tuple(choices))
