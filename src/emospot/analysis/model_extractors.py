"""The extractors of what a model reads, where a recording gives that."""

from emospot.conversation import FACE, VOICE, WORDS
from emospot.errors import MissingExtraError, UsageError
from emospot.features.base import (
    Extractor,
    FaceExtractor,
    FeatureDescription,
    VoiceExtractor,
    WordsExtractor,
)


def words_reading(wanted: FeatureDescription, unread: dict[str, str]) -> WordsExtractor | None:
    """The extractor of the words that a model reads, or None.

    Args:
        wanted: what the model reads.
        unread: modality → why there is none, which is added.

    Raises:
        FeatureError: if the extractor is not on this machine.
    """
    from emospot.features.registry import words_extractor

    reading = words_extractor(wanted.extractor)
    return reading if _fits(reading, wanted, WORDS, unread) else None


def voice_reading(wanted: FeatureDescription, unread: dict[str, str]) -> VoiceExtractor | None:
    """The extractor of the voice that a model reads, or None; see `words_reading`."""
    from emospot.features.registry import voice_extractor

    try:
        hop = wanted.options.get("hop")
        reading = voice_extractor(wanted.extractor + (f":{hop}" if hop else ""))
    except MissingExtraError as error:
        unread[VOICE] = str(error)
        return None
    except UsageError:
        unread[VOICE] = f"the model was trained on {_named(wanted)}, which emospot cannot measure"
        return None
    return reading if _fits(reading, wanted, VOICE, unread) else None


def face_reading(wanted: FeatureDescription, unread: dict[str, str]) -> FaceExtractor | None:
    """The extractor of the face that a model reads, or None; see `words_reading`.

    Raises:
        MissingExtraError: if its packages are not installed.
    """
    from emospot.features.registry import face_extractor

    reading = face_extractor()
    return reading if _fits(reading, wanted, FACE, unread) else None


def _fits(
    reading: Extractor, wanted: FeatureDescription, modality: str, unread: dict[str, str]
) -> bool:
    """Whether a recording gives what the model reads."""
    found = reading.describe()
    if (found.extractor, found.dim, found.pooled) == (wanted.extractor, wanted.dim, wanted.pooled):
        return True
    unread[modality] = (
        f"the model was trained on {_named(wanted)}, but a recording gives {_named(found)}"
    )
    return False


def _named(feature: FeatureDescription) -> str:
    unit = "an utterance" if feature.pooled else "a token"
    return f'"{feature.extractor}" ({feature.dim} numbers {unit})'
