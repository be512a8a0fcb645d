"""Formulas that score models and hotspots."""
