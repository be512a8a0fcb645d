"""The instruments by the names that the command line knows.

Voice and face are measured only where a table names recordings, so their extras
need not be installed for a table that brings ready-made features.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from emospot.conversation import FACE, VOICE, WORDS
from emospot.corpora.measuring import E, Instruments, Spotter
from emospot.errors import MissingExtraError, UsageError
from emospot.features.registry import (
    DEFAULT_WORDS,
    FRAME_SECONDS,
    face_extractor,
    voice_extractor,
    words_extractor,
)
from emospot.hotspots.base import HotspotDetector
from emospot.hotspots.marks import MarkedHotspots
from emospot.hotspots.panel import Panel
from emospot.hotspots.registry import DEFAULTS, panel, panels

NONE = "none"


def corpus_instruments(
    ready_made: Mapping[str, str],
    *,
    words: str | None = None,
    voice: str = NONE,
    face: str = NONE,
    detectors: Iterable[str] = (),
    marks: Mapping[str, MarkedHotspots] | None = None,
) -> Instruments:
    """What measures a corpus, by what is asked for and what it brings itself.

    Args:
        ready_made: modality → extractor of the features that the corpus brings itself,
            "" where detectors cannot read them (`Corpus.ready_made`).
        words: words extractor, or "none"; None: the usual one, unless the corpus
            brings features of words.
        voice: voice extractor of the recordings, or "none".
        face: face extractor of the recordings, or "none".
        detectors: as in `standard_instruments`.
        marks: as in `standard_instruments`.

    Raises:
        UsageError: as `standard_instruments`.
        MissingExtraError: as `standard_instruments`.
    """
    return standard_instruments(
        words=words or (NONE if WORDS in ready_made else DEFAULT_WORDS),
        voice=voice,
        face=face,
        detectors=detectors,
        marks=marks,
        ready_made=ready_made,
    )


def standard_instruments(
    *,
    words: str = NONE,
    voice: str = NONE,
    face: str = NONE,
    detectors: Iterable[str] = (),
    marks: Mapping[str, MarkedHotspots] | None = None,
    ready_made: Mapping[str, str] | None = None,
) -> Instruments:
    """Put together what measures a corpus.

    Args:
        words: words extractor, or "none".
        voice: voice extractor, or "none".
        face: face extractor, or "none".
        detectors: choices of hotspot detectors (`hotspots.registry`). A modality
            without a choice gets the usual detector where its features are measured;
            one with a choice is looked at for hotspots even where they are not.
        marks: modality → marked moments, which take the place of a detector.
        ready_made: modality → extractor of features that are there already; detectors
            that read what it makes get them.

    Raises:
        UsageError: if there is no extractor or detector of that name, or a modality is
            to have both marks and a detector.
        MissingExtraError: if its packages are not installed.
    """
    asked = {WORDS: words, VOICE: voice, FACE: face}
    usual = {m: panel(DEFAULTS[m]) for m, name in asked.items() if name != NONE}
    named, marked = panels(detectors), {m: Panel((own,)) for m, own in (marks or {}).items()}
    for modality in named.keys() & marked.keys():
        raise UsageError(
            f"the hotspots of {modality} are to be marks and what {named[modality].name} finds: "
            "choose one of them"
        )
    chosen = {**usual, **named, **marked}
    there = ready_made or {}
    found = Instruments()
    if WORDS in chosen:
        reading = words_extractor(words) if words != NONE else None
        spotter = spotter_for(chosen[WORDS], words_extractor, reading, there.get(WORDS, ""))
        found = replace(found, words=reading, words_hotspots=spotter)
    if VOICE not in chosen and FACE not in chosen:
        return found
    from emospot.media.decode import audio_of_spans, duration, video_frames

    found = replace(found, duration=duration)
    if VOICE in chosen:
        hearing = voice_extractor(voice) if voice != NONE else None
        found = replace(
            found,
            voice=hearing,
            voice_hotspots=spotter_for(
                chosen[VOICE], voice_extractor, hearing, there.get(VOICE, "")
            ),
            audio=audio_of_spans,
        )
    if FACE in chosen:
        seeing = face_extractor(face) if face != NONE else None
        found = replace(
            found,
            face=seeing,
            face_hotspots=spotter_for(chosen[FACE], face_extractor, seeing, there.get(FACE, "")),
            frames=video_frames,
        )
    return found


def spotter_for(
    detectors: Panel,
    extractor: Callable[[str], E],
    shared: E | None = None,
    ready_made: str = "",
) -> Spotter[E]:
    """Detectors with what they read: the extractor at hand where they can, else their own.

    Args:
        detectors: of one modality.
        extractor: gives the extractor of a name.
        shared: one that measures anyway, or None.
        ready_made: extractor of features that are there already, or "".

    Raises:
        UsageError: if a detector reads an extractor that is not known.
        MissingExtraError: if the packages of all extractors that a detector reads are
            not installed.
    """
    own = shared.describe().extractor if shared is not None else ""
    if shared is not None and shared.describe().options.get("hop", FRAME_SECONDS) != FRAME_SECONDS:
        own = ""  # detectors look at the finest frames
    readers: dict[str, E] = {}
    given = ""
    for detector in detectors.detectors:
        if ready_made in detector.reads:
            given = ready_made
        elif shared is not None and own in detector.reads:
            readers[own] = shared
        elif detector.reads and not set(detector.reads) & set(readers):
            name, reader = _first_installed(detector, extractor)
            readers[name] = reader
    return Spotter(detectors, readers, given)


def _first_installed(detector: HotspotDetector, extractor: Callable[[str], E]) -> tuple[str, E]:
    missing = []
    for name in detector.reads:
        try:
            return name, extractor(name)
        except MissingExtraError as error:
            missing.append(error)
    raise missing[0]
