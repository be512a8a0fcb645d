"""Emotion recognition in conversations that shows its evidence.

    import emospot

    analysis = emospot.analyze("talk.mp4", transcript="talk.srt")
    for utterance in analysis.utterances:
        print(utterance.speaker, utterance.emotion, utterance.hotspots)

Everything heavy is imported when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emospot.analysis.analyze import analyze
    from emospot.analysis.models import load
    from emospot.analysis.spot import find_hotspots
    from emospot.interfaces.classifier import EmotionClassifier
    from emospot.interfaces.pipeline import EmotionPipeline, pipeline
    from emospot.interfaces.recognizer import EmotionRecognizer
    from emospot.live.stream import Stream

__version__ = "0.1.0"
__all__ = [
    "EmotionClassifier",
    "EmotionPipeline",
    "EmotionRecognizer",
    "Stream",
    "__version__",
    "analyze",
    "find_hotspots",
    "load",
    "pipeline",
]

_LAZY = {
    "EmotionClassifier": "emospot.interfaces.classifier",
    "EmotionPipeline": "emospot.interfaces.pipeline",
    "EmotionRecognizer": "emospot.interfaces.recognizer",
    "Stream": "emospot.live.stream",
    "analyze": "emospot.analysis.analyze",
    "find_hotspots": "emospot.analysis.spot",
    "load": "emospot.analysis.models",
    "pipeline": "emospot.interfaces.pipeline",
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'emospot' has no attribute {name!r}")
    return getattr(import_module(_LAZY[name]), name)
