"""From a recording to its explained emotions."""
