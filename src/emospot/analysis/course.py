"""How a measurement is watched while it goes on, and what is kept of it."""

from collections.abc import Callable
from dataclasses import dataclass, field

from emospot.analysis.stopwatch import Stopwatch
from emospot.features.base import FaceExtractor, FacesExtractor, VoiceExtractor
from emospot.features.journal import Journal, JournaledFace, JournaledFaces, JournaledVoice

OnStage = Callable[[str], None]
OnShare = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Course:
    """How a measurement is watched, and what is kept of it on the way.

    Args:
        on_stage: told which stage begins.
        on_share: told how much of the stage is done, from 0 to 1, where that takes long.
        watch: counts the time of each stage.
        journal: keeps what has been measured of voice and face, so that a killed
            measurement goes on; None: nothing is kept.
    """

    on_stage: OnStage = lambda stage: None
    on_share: OnShare = lambda share: None
    watch: Stopwatch = field(default_factory=Stopwatch)
    journal: Journal | None = None

    def voice(self, extractor: VoiceExtractor) -> VoiceExtractor:
        """The extractor, which measures nothing twice where there is a journal."""
        return extractor if self.journal is None else JournaledVoice(extractor, self.journal)

    def face(self, extractor: FaceExtractor) -> FaceExtractor:
        """The extractor, which measures nothing twice where there is a journal."""
        if self.journal is None:
            return extractor
        if isinstance(extractor, FacesExtractor):
            return JournaledFaces(extractor, self.journal)
        return JournaledFace(extractor, self.journal)
