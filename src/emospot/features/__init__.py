"""One extractor a file, and the store that keeps what they extract."""
