"""The types that pass between the rooms: conversations, tokens, hotspots."""

from emospot.conversation.types import (
    FACE,
    MODALITIES,
    VOICE,
    WORDS,
    Conversation,
    Hotspot,
    Tokens,
    Utterance,
    Word,
)

__all__ = [
    "FACE",
    "MODALITIES",
    "VOICE",
    "WORDS",
    "Conversation",
    "Hotspot",
    "Tokens",
    "Utterance",
    "Word",
]
