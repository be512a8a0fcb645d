"""Words of a recording without a transcript: speech recognition."""
