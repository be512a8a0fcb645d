"""Decode recordings; read transcripts and annotation files."""
