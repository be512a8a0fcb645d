"""Emotion recognition in conversations that shows its evidence."""

__version__ = "0.1.0"
