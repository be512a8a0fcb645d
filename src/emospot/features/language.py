"""Which language a conversation is in.

A model of one language gives confident nonsense on another, so the language is
told before. The guess is made on all texts together, since single utterances
("No no no.") are too short. py3langid, a naive Bayes classifier over byte
n-grams, knows about 100 languages and works offline; its scores are tempered by
the length of the text before they are turned into probabilities, so that a
short text gives a low probability and not a wrong language.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from emospot.errors import FeatureError

UNKNOWN_LANGUAGE = ""
"""The code of no language: too little text, or none more probable than the others."""

_LEAST_LETTERS = 10
_LEAST_PROBABILITY = 0.5
_NO_LANGUAGE = "zxx"  # the classifier's (and ISO 639's) code for what is no language


@dataclass(frozen=True, slots=True)
class LanguageGuess:
    """The most probable language.

    Args:
        code: ISO 639-1 code, e.g. "en", or "" where the text is too short,
            is no language at all, or no language is more probable than all others together.
        probability: of the most probable language, in [0, 1]; 0 where the text
            was too short to ask.
    """

    code: str
    probability: float


def language_of(texts: Sequence[str]) -> LanguageGuess:
    """Guess the language of a conversation from its texts together.

    Args:
        texts: the texts of its utterances; empty ones do no harm.

    Raises:
        FeatureError: if the classifier cannot be unpacked (no space left).

    >>> language_of(["I don't know what to do.", "Are you really angry with me?"]).code
    'en'
    >>> language_of(["Ich weiß nicht, was ich tun soll.", "Bist du böse auf mich?"]).code
    'de'
    >>> language_of(["Ok."])
    LanguageGuess(code='', probability=0.0)
    """
    text = " ".join(texts)
    if sum(letter.isalpha() for letter in text) < _LEAST_LETTERS:
        return LanguageGuess(UNKNOWN_LANGUAGE, 0.0)
    code, probability = _identifier().classify(text)
    known = probability > _LEAST_PROBABILITY and code != _NO_LANGUAGE
    return LanguageGuess(code if known else UNKNOWN_LANGUAGE, float(probability))


@lru_cache(maxsize=1)
def _identifier() -> Any:
    # Loading takes about two seconds, so it happens once and only when needed.
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    try:
        return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    except OSError as error:
        # It unpacks its model into a temporary file, and the system names none.
        raise FeatureError(
            "the language cannot be told, since py3langid could not be unpacked into "
            f"{tempfile.gettempdir()}: {error.strerror or error}; free space there, or set "
            "TMPDIR to another folder"
        ) from error
