"""What measuring one conversation of a corpus gives, wherever it is done."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from emospot.corpora.clips import measure_clips
from emospot.corpora.corpus import CorpusConversation
from emospot.corpora.measuring import AudioReader, Instruments, measure
from emospot.errors import MediaError
from emospot.features.store import StoredConversation
from emospot.media.audio import SAMPLE_RATE
from emospot.processes import one_thread


@dataclass(frozen=True, slots=True)
class Measured:
    """What came of a conversation.

    Args:
        stored: what is to be stored; None where that could not be made.
        notices: what was odd but is no error, one sentence each.
        unreadable: of recordings that could not be read and were left out.
        broken: why there is nothing to store, else "".
    """

    stored: StoredConversation | None
    notices: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()
    broken: str = ""


@dataclass(frozen=True, slots=True)
class Measuring:
    """Measures conversations; can be sent to other processes and machines.

    Args:
        by: the instruments. They load their models when they are first used, so send
            them before that.
        absent: whether voice and face are left out where a recording cannot be read.
    """

    by: Instruments
    absent: bool = False

    def __call__(self, one: CorpusConversation) -> Measured:
        """Measure one conversation; a recording that cannot be read raises nothing.

        It is done within one thread: how sums are split among threads changes the last
        digits, and the same corpus must give the same store on any number of cores.

        Raises:
            MissingExtraError: if an extractor's packages are not installed.
        """
        unreadable: list[str] | None = [] if self.absent else None
        told: list[str] = []
        try:
            with one_thread(), threadpool_limits(1):
                stored = _measured(one, self.by, unreadable, told)
        except MediaError as error:
            return Measured(None, broken=str(error))
        told += (text for own in self.by.panels() for text in own.notices)
        notices = tuple(f"{one.conversation.id}: {text}" for text in told)
        return Measured(stored, notices, tuple(unreadable or ()))


def _measured(
    one: CorpusConversation, by: Instruments, unreadable: list[str] | None, told: list[str]
) -> StoredConversation:
    if one.sound is not None:
        by = replace(by, audio=_reader_of(one.sound()), frames=None)
    if one.clips:
        return measure_clips(one.conversation, one.clips, by, one.tokens, unreadable, told)
    return measure(one.conversation, by, one.tokens, unreadable, one.video, told)


def _reader_of(sound: NDArray[np.float32]) -> AudioReader:
    """Reads spans of samples (mono, 16 kHz) that are there already."""

    def read(
        _: Path, spans: Sequence[tuple[float, float]]
    ) -> Iterator[tuple[int, NDArray[np.float32]]]:
        for index, span in enumerate(spans):
            start, end = (round(seconds * SAMPLE_RATE) for seconds in span)
            yield index, sound[start:end]

    return read
