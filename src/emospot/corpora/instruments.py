"""The instruments by the names that the command line knows.

Voice and face are measured only where a table names recordings, so their extras
need not be installed for a table that brings ready-made features.
"""

from collections.abc import Collection
from dataclasses import replace

from emospot.conversation import WORDS
from emospot.corpora.measuring import Instruments
from emospot.features.registry import (
    DEFAULT_WORDS,
    default_voice_descriptors,
    face_extractor,
    voice_extractor,
    words_extractor,
)
from emospot.hotspots.words_lexicon import LexiconHotspots

NONE = "none"
DESCRIPTORS = ("egemaps", "basic")
"""Voice features that hotspot detectors can read as well."""


def corpus_instruments(
    ready_made: Collection[str], *, words: str | None = None, voice: str = NONE, face: str = NONE
) -> Instruments:
    """What measures a corpus, by what is asked for and what it brings itself.

    Args:
        ready_made: modalities that the corpus brings features of.
        words: words extractor, or "none"; None: the usual one, unless the corpus
            brings features of words.
        voice: voice extractor of the recordings, or "none".
        face: face extractor of the recordings, or "none".

    Raises:
        UsageError: as `standard_instruments`.
        MissingExtraError: as `standard_instruments`.
    """
    return standard_instruments(
        words=words or (NONE if WORDS in ready_made else DEFAULT_WORDS),
        voice=voice,
        face=face,
        recordings=voice != NONE or face != NONE,
    )


def standard_instruments(
    *, words: str = DEFAULT_WORDS, voice: str = NONE, face: str = NONE, recordings: bool = False
) -> Instruments:
    """Put together what measures a corpus.

    Args:
        words: words extractor, or "none".
        voice: voice extractor, or "none".
        face: face extractor, or "none".
        recordings: whether there are recordings; without, voice and face are
            not measured.

    Raises:
        UsageError: if there is no extractor of that name.
        MissingExtraError: if its packages are not installed.
    """
    found = Instruments()
    if words != NONE:
        found = replace(found, words=words_extractor(words), words_hotspots=LexiconHotspots())
    if not recordings:
        return found
    from emospot.media.decode import audio_of_spans, probe, video_frames

    found = replace(found, duration=lambda path: probe(path).duration)
    if voice != NONE:
        from emospot.hotspots.voice_prosody import ProsodyHotspots

        reading = voice_extractor(voice)
        found = replace(
            found,
            voice=reading,
            voice_descriptors=reading if voice in DESCRIPTORS else default_voice_descriptors(),
            voice_hotspots=ProsodyHotspots(),
            audio=audio_of_spans,
        )
    if face != NONE:
        from emospot.hotspots.face_expression import ExpressionHotspots

        found = replace(
            found,
            face=face_extractor(face),
            face_hotspots=ExpressionHotspots(),
            frames=video_frames,
        )
    return found
