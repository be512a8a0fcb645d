"""The recognizer: every part of the model its own file."""
