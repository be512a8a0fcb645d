"""Answers while people speak."""
