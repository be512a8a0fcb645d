"""One hotspot detector a file."""
