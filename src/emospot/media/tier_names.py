"""What a tier (TextGrid, ELAN) holds, as far as its name says.

| name | holds |
|---|---|
| `Anna` | not said: by custom, what Anna says |
| `Anna - utterances`, `text`, `transcription` | what somebody says |
| `Anna - words`, `Anna - phones` | as forced aligners write |
| `Anna - emotion` | a label an utterance |
| `Anna - confidence` | a number an utterance |
| `voice hotspots`, `Anna - voice hotspots` | moments, each with a text and perhaps a score |

The speaker may also stand behind, as is the custom in ELAN (`emotion@Anna`), and a number
at the end counts tiers of one kind (`voice hotspots 2`). ELAN also names a tier's type,
which stays when the tier is given another name.
"""

import re
from dataclasses import dataclass

UTTERANCES = "utterances"
TOKENS = "words"
PHONES = "phones"
EMOTION = "emotion"
CONFIDENCE = "confidence"
HOTSPOTS = "hotspots"

_KIND = (
    r"(?:(?P<words>words?)|(?P<phones>phones?|phonemes?)"
    r"|(?P<emotion>emotions?)|(?P<confidence>confidences?)"
    r"|(?:(?P<modality>words|voice|face)[\s_]+)?(?P<hotspots>hotspots?)"
    r"|(?P<utterances>utterances?|sentences?|segments?|text|transcript(?:ion)?|orthography))"
    r"(?:\s+\d+)?"
)
_WITHOUT = re.compile(rf"{_KIND}$", re.IGNORECASE)
_BEFORE = re.compile(rf"(?P<speaker>.*\S)\s*[-–_/:]\s*{_KIND}$", re.IGNORECASE)
_BEHIND = re.compile(rf"{_KIND}@(?P<speaker>.*\S)$", re.IGNORECASE)
_ROLES = (UTTERANCES, TOKENS, PHONES, EMOTION, CONFIDENCE, HOTSPOTS)


@dataclass(frozen=True, slots=True)
class TierName:
    """What a name says.

    Args:
        role: UTTERANCES, TOKENS, PHONES, EMOTION, CONFIDENCE or HOTSPOTS.
        speaker: whose, or None where the name does not say.
        modality: of hotspots, "" where the name does not say.
    """

    role: str
    speaker: str | None = None
    modality: str = ""


def understood(name: str, kind: str = "") -> TierName | None:
    """What a tier holds, None where neither its name nor its type says so.

    Args:
        name: of the tier.
        kind: its type in ELAN; believed where the name says nothing.

    >>> understood("Anna - emotion")
    TierName(role='emotion', speaker='Anna', modality='')
    >>> understood("my own name", "voice hotspots")
    TierName(role='hotspots', speaker=None, modality='voice')
    >>> understood("Anna") is None
    True
    """
    return _of_name(name.strip()) or _of_name(kind.strip())


def _of_name(name: str) -> TierName | None:
    match = _WITHOUT.match(name) or _BEFORE.match(name) or _BEHIND.match(name)
    if match is None:
        return None
    found = match.groupdict()
    role = next(role for role in _ROLES if found[role])
    return TierName(role, found.get("speaker"), (found["modality"] or "").lower())
