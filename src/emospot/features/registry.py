"""Extractors by name: the names that the command line and configurations use.

Nothing heavy is imported before an extractor is asked for.
"""

from collections.abc import Callable
from typing import TypeVar

from emospot.errors import UsageError
from emospot.features.base import FaceExtractor, VoiceExtractor, WordsExtractor

T = TypeVar("T")

DEFAULT_WORDS = "minilm-l6"
DEFAULT_VOICE = "ge2e"
DEFAULT_FACE = "facemesh"
FRAME_SECONDS = 0.01
"""What a token of a voice lasts where nothing else is asked for."""


def words_extractor(name: str = DEFAULT_WORDS, *, allow_download: bool = False) -> WordsExtractor:
    """An extractor of words.

    Args:
        name: "minilm-l6", or the Hugging Face name or local folder of any
            encoder. Whether such a model exists shows on first use.
        allow_download: whether the model may be fetched from Hugging Face.

    Raises:
        UsageError: if the name is empty.
    """
    if not name.strip():
        raise UsageError(
            f'found no words extractor\'s name: take "{DEFAULT_WORDS}" or the Hugging Face name '
            "or local folder of an encoder"
        )
    from emospot.features.words import TransformerWords

    return TransformerWords(name, allow_download=allow_download)


def voice_extractor(name: str = DEFAULT_VOICE) -> VoiceExtractor:
    """An extractor of voice: "egemaps", "basic" or "ge2e".

    Args:
        name: which; of the first two, ":" and the seconds of a token may follow
            ("basic:0.1"), a hundredth without.

    Raises:
        UsageError: if there is none of that name.
        MissingExtraError: if its packages are not installed.
    """
    known: dict[str, Callable[[], VoiceExtractor]] = {
        "egemaps": _egemaps,
        "basic": _basic,
        "ge2e": _ge2e,
    }
    plain, _, seconds = name.partition(":")
    if not seconds or plain not in _FRAMED:
        return _choose("voice", name, known)()
    try:
        hop = float(seconds)
    except ValueError:
        raise UsageError(
            f'voice extractor "{name}": expected seconds after the colon, as in "{plain}:0.1"'
        ) from None
    return _FRAMED[plain](hop)


def face_extractor(name: str = DEFAULT_FACE) -> FaceExtractor:
    """An extractor of face: "facemesh".

    Raises:
        UsageError: if there is none of that name.
        MissingExtraError: if its packages are not installed.
    """
    known: dict[str, Callable[[], FaceExtractor]] = {"facemesh": _facemesh}
    return _choose("face", name, known)()


def _choose(kind: str, name: str, known: dict[str, T]) -> T:
    if name not in known:
        names = ", ".join(f'"{k}"' for k in known)
        raise UsageError(f'there is no {kind} extractor "{name}"; known ones: {names}')
    return known[name]


def _egemaps(hop: float = FRAME_SECONDS) -> VoiceExtractor:
    from emospot.features.voice_egemaps import EgemapsVoice

    return EgemapsVoice(hop)


def _basic(hop: float = FRAME_SECONDS) -> VoiceExtractor:
    from emospot.features.voice_basic import BasicVoice

    return BasicVoice(hop)


_FRAMED: dict[str, Callable[[float], VoiceExtractor]] = {"egemaps": _egemaps, "basic": _basic}


def _ge2e() -> VoiceExtractor:
    from emospot.features.voice_ge2e import Ge2eVoice

    return Ge2eVoice()


def _facemesh() -> FaceExtractor:
    from emospot.features.face_mesh import FaceMesh

    return FaceMesh()
